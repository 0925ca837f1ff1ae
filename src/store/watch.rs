//! Who looks at which workers: one key that goes by itself, as JSON
//! `{ "<who>": { "ends": ms, "heard": n, "wants": { "<worker>": "kinds" } } }`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use redis::Value;
use serde::Deserialize;

use super::fetch::fetch;
use super::reply::stored_text;
use crate::connection::{Connection, Script};
use crate::error::{Error, Result};
use crate::keyspace::Keyspace;

/// Who does not say so again no longer looks after this long.
pub const WATCH: Duration = Duration::from_secs(30);

/// Bytes of what all who look want together.
const MOST_BYTES: usize = 64 * 1024;
/// How many can look at a time.
const MOST_LOOKING: usize = 100;
/// Characters of who looks, of a worker, of kinds.
const MOST_NAME: usize = 255;
/// Stands for every worker.
const EVERYONE: &str = "*";

/// Kinds, separated by commas, by the id or name of a worker, `*` for all.
pub type Wants = BTreeMap<String, String>;

// KEYS: that one. ARGV: who looks, what is wanted as JSON ('' for nothing), ms that it lasts, the most
// bytes, how often it has begun to listen. Everything by the server's clock: others may be hours off. What is there is somebody's text.
static LOOK: LazyLock<Script> = LazyLock::new(|| {
    Script::guarded(
        r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lasts, most = tonumber(ARGV[3]), tonumber(ARGV[4])
local text = redis.pcall('GETRANGE', KEYS[1], 0, most)
if type(text) == 'table' and not string.find(text.err, 'WRONGTYPE', 1, true) then return text end
local read, all = false, nil
if type(text) == 'string' then read, all = pcall(cjson.decode, text) end
if not read or type(all) ~= 'table' then all = {} end
local kept, last = {}, 0
for who, one in pairs(all) do
  if type(who) == 'string' and who ~= ARGV[1] and type(one) == 'table' and type(one.wants) == 'table'
    and type(one.ends) == 'number' and one.ends > now and one.ends <= now + lasts then
    kept[who] = {ends = one.ends, wants = one.wants, heard = tonumber(one.heard) or 0}
    last = math.max(last, one.ends)
  end
end
if ARGV[2] ~= '' then
  kept[ARGV[1]] = {ends = now + lasts, wants = cjson.decode(ARGV[2]), heard = tonumber(ARGV[5])}
  last = now + lasts
end
if last == 0 then
  redis.call('DEL', KEYS[1])
  return 'OK'
end
local written = cjson.encode(kept)
if #written > most then return 'FULL' end
redis.call('SET', KEYS[1], written, 'PX', last - now)
return 'OK'
",
    )
});

/// Says that `who` looks at this for the next [`WATCH`], or at nothing any more if it is empty. `heard`
/// grows when it has begun to listen anew, and may have missed something.
pub async fn write_watch(
    connection: &Connection,
    keys: &Keyspace,
    who: &str,
    wants: &Wants,
    heard: u64,
) -> Result<()> {
    let text = match wants.is_empty() {
        true => String::new(),
        false => serde_json::to_string(wants)
            .map_err(|error| Error::Internal(format!("a watch that is none: {error}")))?,
    };
    let (lasts, most) = (WATCH.as_millis().to_string(), MOST_BYTES.to_string());
    let key = keys.fleet_watch();
    let arguments = [who, &text, &lasts, &most, &heard.to_string()];
    let answer = connection.script(&LOOK, &[&key], &arguments).await?;
    match answer {
        Value::BulkString(word) if word == b"FULL" => {
            Err(Error::value(key, format!("more than {most} bytes are looked at together")))
        }
        _ => Ok(()),
    }
}

/// What is looked at, by who looks, which is another one when it listens anew. What can't be read
/// counts as nobody.
pub async fn read_watch(
    connection: &Connection,
    keys: &Keyspace,
) -> Result<BTreeMap<String, Wants>> {
    let key = keys.fleet_watch();
    let reply = connection.command(&fetch(&key, MOST_BYTES)).await;
    match stored_text(&key, reply, MOST_BYTES) {
        Ok(text) => Ok(text.as_deref().map(parse).unwrap_or_default()),
        Err(error @ Error::Value { .. }) => {
            tracing::debug!("{error}; nobody looks at this instance");
            Ok(BTreeMap::new())
        }
        Err(error) => Err(error),
    }
}

fn parse(text: &str) -> BTreeMap<String, Wants> {
    #[derive(Deserialize)]
    struct One {
        wants: Wants,
        #[serde(default)]
        heard: u64,
    }
    let all: BTreeMap<String, One> = serde_json::from_str(text).unwrap_or_default();
    let short = |name: &str| name.len() <= MOST_NAME;
    all.into_iter()
        .filter(|(who, one)| {
            short(who) && one.wants.iter().all(|(worker, kinds)| short(worker) && short(kinds))
        })
        .take(MOST_LOOKING)
        .map(|(who, one)| (format!("{who}/{}", one.heard), one.wants))
        .collect()
}

/// What is wanted of the worker with one of these names, by who looks.
pub fn wanted_of(watch: &BTreeMap<String, Wants>, names: &[&str]) -> BTreeMap<String, String> {
    let mut wanted = BTreeMap::new();
    for (who, wants) in watch {
        let mut kinds: Vec<&str> = names
            .iter()
            .chain([&EVERYONE])
            .filter_map(|name| wants.get(*name))
            .flat_map(|kinds| kinds.split(','))
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        if !kinds.is_empty() {
            wanted.insert(who.clone(), kinds.join(","));
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_have_written_is_read_only_where_it_has_the_form() {
        let text = r#"{"a":{"ends":1,"wants":{"w1":"debug","*":"log"}},"b":{"ends":2,"wants":{}}}"#;
        let watch = parse(text);
        assert_eq!(watch.len(), 2);
        for other in ["", "[]", "7", "{", r#"{"a":{}}"#, r#"{"a":{"wants":{"w":1}}}"#] {
            assert!(parse(other).is_empty(), "{other}");
        }
        let long = format!(r#"{{"a":{{"wants":{{"{}":"debug"}}}}}}"#, "w".repeat(300));
        assert!(parse(&long).is_empty());
    }

    #[test]
    fn a_worker_is_meant_by_its_id_by_its_name_and_with_all() {
        let text = r#"{"a":{"wants":{"w1":"debug,log","site":"debug"}},"b":{"heard":3,"wants":{"*":"status"}},"c":{"wants":{"w2":"log"}}}"#;
        let wanted = wanted_of(&parse(text), &["w1", "site"]);
        let wanted: Vec<(&str, &str)> =
            wanted.iter().map(|(who, kinds)| (who.as_str(), kinds.as_str())).collect();
        assert_eq!(wanted, [("a/0", "debug,log"), ("b/3", "status")]);
    }
}
