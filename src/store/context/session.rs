//! What is asked at the beginning of a connection: scripts, epoch, names.

use std::sync::atomic::Ordering;

use redis::{Pipeline, Value, cmd};

use super::{ContextStore, scripts};
use crate::error::{Error, Result};
use crate::keyspace::escape_glob;
use crate::store::reply::{plain_text, text_list};

/// Keys that the server looks at for one answer.
const PAGE: usize = 1000;

/// What came of the beginning of an epoch.
#[derive(Debug)]
pub(crate) enum Begun {
    /// The one that counts; `None`: what is there is none.
    Epoch(Option<String>),
    /// The server has lost its data meanwhile.
    Lost,
}

fn valid_epoch(reply: &Value) -> Option<String> {
    plain_text(reply).filter(|epoch| !epoch.is_empty() && epoch.len() <= 100)
}

impl ContextStore {
    /// Makes the scripts known to the server.
    pub(crate) async fn load_scripts(&self, session: u64) -> Result<()> {
        let mut pipe = Pipeline::new();
        for script in [&scripts::COMPARE, &scripts::FETCH, &scripts::COUNT, &scripts::BEGIN] {
            pipe.cmd("SCRIPT").arg("LOAD").arg(script.code());
        }
        let replies = self.connection.pipeline(session, &pipe).await?;
        let refused = replies.into_iter().find_map(Result::err);
        self.scripts_unknown.store(refused.is_some(), Ordering::Relaxed);
        if let Some(error @ Error::Permission { .. }) = refused {
            let consequence = "scripts are sent as a whole each time";
            self.connection.warn_missing_right(&error, consequence);
        }
        Ok(())
    }

    /// Fails if a master that was demoted answers: it may have just taken over the data of another, and
    /// the connection is about to end.
    pub(crate) async fn require_master(&self, session: u64) -> Result<()> {
        let mut pipe = Pipeline::new();
        pipe.cmd("ROLE");
        let role = match self.one(session, &pipe).await {
            Ok(Value::Array(role)) => role.first().and_then(plain_text),
            Ok(_) | Err(Error::Permission { .. } | Error::Server { .. }) => None,
            Err(error) => return Err(error),
        };
        match role.as_deref() {
            Some("slave" | "replica") => {
                Err(Error::Unavailable { reason: "the server is no longer the master".to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Since when the server has kept the context; `None`: it has none, or has lost it.
    pub(crate) async fn epoch(&self, session: u64) -> Result<Option<String>> {
        let mut pipe = Pipeline::new();
        pipe.cmd("GET").arg(self.keys.context_epoch());
        let reply = self.one(session, &pipe).await?;
        Ok(valid_epoch(&reply))
    }

    /// How far the server says that our changes have come; 0: it does not say.
    pub(crate) async fn mark(&self, session: u64, key: &str) -> Result<u64> {
        let mark = self.read_note(session, key).await?;
        Ok(mark.and_then(|mark| mark.parse().ok()).unwrap_or(0))
    }

    /// Sets the epoch, unless somebody was first, if the server has kept everything since this mark of ours was set.
    pub(crate) async fn begin_epoch(
        &self,
        session: u64,
        epoch: &str,
        (mark_key, mark): (&str, u64),
    ) -> Result<Begun> {
        let keys = [self.keys.context_epoch(), mark_key.to_owned()];
        let mut pipe = Pipeline::new();
        pipe.add_command(self.call(&scripts::BEGIN, &keys, &[epoch.to_owned(), mark.to_string()]));
        Ok(match self.one(session, &pipe).await? {
            Value::Int(_) => Begun::Lost,
            reply => Begun::Epoch(valid_epoch(&reply)),
        })
    }

    /// The names of all keys of the context, some of them twice: scope and key. Of more than `most`,
    /// the rest is left out.
    pub(crate) async fn scan(&self, session: u64, most: usize) -> Result<Vec<(String, String)>> {
        let parse =
            |name: &str| self.keys.parse_context(name).map(|(scope, key)| (scope.to_owned(), key));
        self.names(session, &self.keys.context_prefix(), most, parse).await
    }

    /// What is made of the names of all keys that begin with `head`, of some of them twice. Of more than
    /// `most`, the rest is left out.
    pub(super) async fn names<T>(
        &self,
        session: u64,
        head: &str,
        most: usize,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>> {
        let pattern = format!("{}*", escape_glob(head));
        let mut found = Vec::new();
        let mut cursor = "0".to_owned();
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(&cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(PAGE);
            let mut pipe = Pipeline::new();
            pipe.add_command(scan);
            let Value::Array(reply) = self.one(session, &pipe).await? else { break };
            let [next, page] = reply.as_slice() else { break };
            found.extend(text_list(page.clone()).iter().filter_map(|name| parse(name)));
            cursor = plain_text(next).unwrap_or_else(|| "0".to_owned());
            if found.len() > most {
                self.connection.warn_once(
                    "context names",
                    format_args!(
                        "there are more than {most} keys under '{head}': not all are read"
                    ),
                );
                break;
            }
            if cursor == "0" {
                break;
            }
        }
        Ok(found)
    }

    /// Reads a text of our own beside the keys, such as the orphans.
    pub(crate) async fn read_note(&self, session: u64, key: &str) -> Result<Option<String>> {
        let mut pipe = Pipeline::new();
        pipe.cmd("GET").arg(key);
        Ok(plain_text(&self.one(session, &pipe).await?))
    }

    /// Writes one; an empty one is deleted.
    pub(crate) async fn write_note(&self, session: u64, key: &str, text: &str) -> Result<()> {
        let mut pipe = Pipeline::new();
        match text.is_empty() {
            true => pipe.cmd("DEL").arg(key),
            false => pipe.cmd("SET").arg(key).arg(text),
        };
        self.one(session, &pipe).await.map(drop)
    }

    async fn one(&self, session: u64, pipe: &Pipeline) -> Result<Value> {
        let replies = self.connection.pipeline(session, pipe).await?;
        replies.into_iter().next().unwrap_or(Ok(Value::Nil))
    }
}
