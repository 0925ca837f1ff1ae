//! Reading one report. Whoever may write to the server may have written it: nothing in it is more than a text of
//! so many characters, a number, or a short list of them.

use serde::Serialize;
use serde_json::value::RawValue;

use super::plain_text::plain_text;
use crate::config::Role;
use crate::content::{Text, members};

/// The most characters of each kind of text.
mod most {
    pub(super) const HOST: usize = 100;
    pub(super) const WORD: usize = 64;
    pub(super) const VERSION: usize = 40;
    pub(super) const LABEL: usize = 64;
    pub(super) const PROBLEM: usize = 200;
    /// And entries of each kind of list.
    pub(super) const LABELS: usize = 32;
    pub(super) const PROBLEMS: usize = 4;
    pub(super) const TABS: usize = 64;
}

/// The largest number that JavaScript counts exactly.
const LARGEST: f64 = 9_007_199_254_740_991.0;

/// The options of tabs that run once.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Once {
    /// How long a lease is, in ms.
    pub(super) lease: Number,
    /// What becomes of a tab while the server is away.
    pub(super) when_away: String,
}

/// An error that was logged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct LastError {
    pub(super) text: String,
    /// s
    pub(super) ago: Number,
}

/// How late the event loop was since the report before, in ms.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Delay {
    p99: Number,
    max: Number,
}

/// The figures of the shared context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Context {
    keys: Number,
    bytes: Number,
    unsent: Number,
    conflicts: Number,
}

/// What an instance has told of itself. Ages were true when the report was made. docs/fleet.md has it as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) host: String,
    /// The same for each start of one installation.
    pub(super) place: String,
    pub(super) role: Role,
    pub(super) labels: Vec<String>,
    pub(super) once: Option<Once>,
    version: String,
    node_red: String,
    node: String,
    /// s
    uptime: Number,
    /// What runs; on an admin what the server has.
    pub(super) revision: Option<String>,
    /// For how long it has, in s.
    pub(super) since: Option<Number>,
    /// On an admin: the revisions before, the newest first.
    pub(super) recent: Vec<String>,
    pub(super) ready: bool,
    /// Why it is not.
    pub(super) missing: Vec<String>,
    pub(super) notes: Vec<String>,
    flows: String,
    missing_types: Vec<String>,
    packages: Option<String>,
    connection: String,
    errors: Number,
    pub(super) last_error: Option<LastError>,
    /// bytes
    rss: Number,
    delay: Delay,
    /// How long ago JavaScript ran, in ms.
    pub(super) tick: Number,
    tabs: Vec<String>,
    context: Option<Context>,
}

/// A number from 0 to the largest that JavaScript counts exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Number(f64);

impl Number {
    /// The number.
    pub(super) fn get(self) -> f64 {
        self.0
    }
}

impl Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        match self.0.fract() == 0.0 {
            true => serializer.serialize_u64(self.0 as u64),
            false => serializer.serialize_f64(self.0),
        }
    }
}

/// The members of an object that may be anything.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'t> Members<'t> {
    /// `None` for what is no object.
    fn new(text: &'t str) -> Option<Self> {
        members("report", text).ok().map(Self)
    }

    fn raw(&self, name: &str) -> Option<&'t str> {
        self.0.iter().find(|(member, _)| member == name).map(|(_, raw)| raw.get())
    }

    fn object(&self, name: &str) -> Option<Members<'t>> {
        self.raw(name).and_then(Members::new)
    }

    fn text(&self, name: &str, most: usize) -> String {
        self.raw(name).and_then(text_of).map(|text| plain_text(&text, most)).unwrap_or_default()
    }

    fn text_or_none(&self, name: &str) -> Option<String> {
        Some(self.text(name, most::WORD)).filter(|text| !text.is_empty())
    }

    fn texts(&self, name: &str, most: usize, each: usize) -> Vec<String> {
        let list: Vec<&RawValue> =
            self.raw(name).and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default();
        let texts = list.into_iter().take(most).filter_map(|raw| text_of(raw.get()));
        texts.map(|text| plain_text(&text, each)).filter(|text| !text.is_empty()).collect()
    }

    /// `None` for what is no number.
    fn number_or_none(&self, name: &str) -> Option<Number> {
        let number: f64 = self.raw(name).and_then(|raw| serde_json::from_str(raw).ok())?;
        number.is_finite().then(|| Number(number.clamp(0.0, LARGEST)))
    }

    fn number(&self, name: &str) -> Number {
        self.number_or_none(name).unwrap_or_default()
    }
}

fn text_of(raw: &str) -> Option<String> {
    serde_json::from_str::<Text>(raw).ok().map(|Text(text)| text)
}

/// Reads a report; `None` when it is none.
pub(super) fn read_report(text: &str) -> Option<Report> {
    let told = Members::new(text)?;
    let role = match told.text("role", most::WORD).as_str() {
        "admin" => Role::Admin,
        "worker" => Role::Worker,
        _ => return None,
    };
    let host = Some(told.text("host", most::HOST)).filter(|host| !host.is_empty());
    Some(Report {
        host: host.unwrap_or_else(|| "?".into()),
        place: told.text("place", most::WORD),
        role,
        labels: told.texts("labels", most::LABELS, most::LABEL),
        once: told.object("once").map(|once| Once {
            lease: once.number("lease"),
            when_away: once.text("whenAway", most::WORD),
        }),
        version: told.text("version", most::VERSION),
        node_red: told.text("nodeRed", most::VERSION),
        node: told.text("node", most::VERSION),
        uptime: told.number("uptime"),
        revision: told.text_or_none("revision"),
        since: told.number_or_none("since"),
        recent: told.texts("recent", most::LABELS, most::WORD),
        ready: told.raw("ready") == Some("true"),
        missing: told.texts("missing", most::PROBLEMS, most::PROBLEM),
        notes: told.texts("notes", most::PROBLEMS, most::PROBLEM),
        flows: told.text("flows", most::WORD),
        missing_types: told.texts("missingTypes", most::LABELS, most::LABEL),
        packages: told.text_or_none("packages"),
        connection: told.text("connection", most::WORD),
        errors: told.number("errors"),
        last_error: told.object("lastError").map(|error| LastError {
            text: error.text("text", most::PROBLEM),
            ago: error.number("ago"),
        }),
        rss: told.number("rss"),
        delay: told.object("delay").map_or_else(Delay::default, |delay| Delay {
            p99: delay.number("p99"),
            max: delay.number("max"),
        }),
        tick: told.number("tick"),
        tabs: told.texts("tabs", most::TABS, most::WORD),
        context: told.object("context").map(|context| Context {
            keys: context.number("keys"),
            bytes: context.number("bytes"),
            unsent: context.number("unsent"),
            conflicts: context.number("conflicts"),
        }),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::report;
    use super::*;

    #[test]
    fn what_is_told_is_read() {
        let told = json!({
            "tick": 12.5, "host": "box", "place": "aaaa", "role": "admin", "labels": ["a", "b"],
            "once": { "lease": 2000, "whenAway": "keep" }, "version": "5.0.0", "nodeRed": "4.1.0", "node": "v20.0.0",
            "uptime": 60, "revision": "1002", "since": 30, "recent": ["1002", "1001"], "ready": true,
            "missing": ["m"], "notes": ["n"], "flows": "running", "missingTypes": ["t"], "packages": "in step",
            "connection": "ready", "errors": 3, "lastError": { "text": "no", "ago": 4 }, "rss": 1_000_000,
            "delay": { "p99": 0.7, "max": 2 }, "tabs": ["t1"],
            "context": { "keys": 1, "bytes": 2, "unsent": 3, "conflicts": 4 },
        });
        let read = serde_json::to_value(read_report(&told.to_string())).unwrap();
        assert_eq!(read, told);
    }

    #[test]
    fn what_is_no_report_is_none() {
        let nested = format!(r#"{{"role":"worker","x":{}}}"#, "[".repeat(1000));
        for text in ["", "no JSON", "[]", "null", "{}", r#"{"role":"king"}"#, &nested] {
            assert_eq!(read_report(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_is_longer_more_or_something_else_than_expected() {
        let labels: Vec<String> = (0..100).map(|label| format!("l{label}")).collect();
        let told = report(&json!({
            "host": "h".repeat(300), "labels": labels, "revision": { "toString": "x" }, "since": "x",
            "recent": [1, 2, {}], "ready": "yes", "missing": ["a\u{1b}[2J\nb\u{202e}", 7], "errors": "12",
            "rss": -5, "tick": 1e308, "delay": [], "lastError": { "text": "<img onerror=alert(1)>", "ago": null },
            "context": "x", "once": [], "__proto__": { "evil": true },
        }));
        let read = read_report(&told.to_string()).unwrap();
        assert_eq!(read.host, format!("{}…", "h".repeat(99)));
        assert_eq!(read.labels, labels[..32]);
        assert_eq!((read.revision, read.since, read.recent), (None, None, vec![]));
        assert_eq!((read.ready, read.missing), (false, vec!["a [2J b".to_owned()]));
        assert_eq!((read.errors.0, read.rss.0, read.tick.0), (0.0, 0.0, LARGEST));
        assert_eq!((read.delay, read.context, read.once), (Delay::default(), None, None));
        let error = read.last_error.unwrap();
        assert_eq!((error.text.as_str(), error.ago.0), ("<img onerror=alert(1)>", 0.0));
    }

    #[test]
    fn half_of_a_character_is_no_reason_to_leave_a_report_out() {
        let read = read_report(r#"{"role":"worker","host":"a\ud83d","\ud83d":1}"#).unwrap();
        assert!(read.host.starts_with('a'), "{}", read.host);
    }
}
