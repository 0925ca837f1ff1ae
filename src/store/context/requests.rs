//! What goes to the server in one pipeline, and what comes back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::{Cmd, Pipeline, Value, cmd};

use super::stored::hex;
use super::{ContextStore, Digest, Stored, scripts};
use crate::connection::Script;
use crate::error::{Error, Result};

/// A mark is of use for so long after the last change.
const MARK_KEPT: Duration = Duration::from_secs(120);
/// Bytes that one answer to a fetch has, roughly, at most.
const FETCH_BYTES: usize = 4 * 1024 * 1024;

/// One key is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Write {
    /// `None` deletes it.
    pub(crate) value: Option<Vec<u8>>,
    /// Only if what is there is one of these; `None`: in any case.
    pub(crate) bases: Option<Vec<Digest>>,
    /// When it expires stays as it is.
    pub(crate) keep_expiry: bool,
}

/// What a guarded write or an operation was answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Written {
    /// It is there.
    Done,
    /// It was not written: this is there.
    WasFirst(Option<Stored>),
}

/// What came of counting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Counted {
    /// The sum.
    Sum(i64),
    /// It can't be counted by the server: this is there.
    Other(Option<Stored>),
}

/// What a server that lost its data in the meantime is asked in vain. `None`: nobody knows what it had.
pub(crate) type Epoch = Option<Arc<str>>;

/// What else is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    /// Adds to a whole number.
    Count { key: String, by: i64, epoch: Epoch },
    /// Has a key expire after so many ms.
    Expire { key: String, ms: u64 },
    /// Writes one key; answered even if it is not guarded.
    Write { key: String, write: Write, epoch: Epoch },
    /// Sets what is not there, with the ms after which it expires.
    Refill { key: String, value: Vec<u8>, ms: Option<u64> },
    /// Says how far our changes have come; it is not kept for long.
    Mark { key: String, mark: u64 },
    /// Reads keys; as many as fit into an answer.
    Fetch { keys: Vec<String>, epoch: Epoch },
}

/// What was answered to a [`Request`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// To counting.
    Counted(Counted),
    /// Whether something was done.
    Done(bool),
    /// To a write.
    Written(Written),
    /// To a fetch.
    Fetched(Fetched),
}

/// The values of the first keys of those that were asked for, each with the ms after which it expires.
pub(crate) type Fetched = Vec<(Option<Stored>, Option<u64>)>;

/// What came of the writes, and what else was answered.
pub(crate) type Exchanged = (Vec<Result<Written>>, Vec<Result<Answer>>);

impl ContextStore {
    /// Sends writes and then requests in one pipeline, once, on this very connection. Fails as a
    /// whole when nobody knows what was run. What is compared before it is written is written in this epoch: a server that
    /// has lost its data since has nothing that somebody else has set.
    pub(crate) async fn exchange(
        &self,
        session: u64,
        (writes, epoch): (&[(String, Write)], &Epoch),
        requests: &[Request],
    ) -> Result<Exchanged> {
        let mut pipe = Pipeline::new();
        let mut set = cmd("MSET");
        let mut del = cmd("DEL");
        let (mut sets, mut dels) = (0_usize, 0_usize);
        for (key, write) in writes.iter().filter(|(_, write)| write.bases.is_none()) {
            match &write.value {
                Some(value) => {
                    set.arg(key).arg(value);
                    sets += 1;
                }
                None => {
                    del.arg(key);
                    dels += 1;
                }
            }
        }
        if sets > 0 {
            pipe.add_command(set);
        }
        if dels > 0 {
            pipe.add_command(del);
        }
        for (key, write) in writes.iter().filter(|(_, write)| write.bases.is_some()) {
            pipe.add_command(self.compare(key, write, epoch));
        }
        for request in requests {
            pipe.add_command(self.command(request));
        }
        if pipe.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let replies = self.connection.pipeline(session, &pipe).await?;
        if replies.iter().any(|reply| matches!(reply, Err(error) if is_unknown_script(error))) {
            self.scripts_unknown.store(true, Ordering::Relaxed);
        }
        let mut replies = replies.into_iter();
        let mut next = || replies.next().unwrap_or(Err(malformed("a pipeline")));
        let set = if sets > 0 { next().map(drop) } else { Ok(()) };
        let del = if dels > 0 { next().map(drop) } else { Ok(()) };
        let mut written: Vec<Option<Result<Written>>> = writes
            .iter()
            .map(|(_, write)| {
                let outcome = if write.value.is_some() { &set } else { &del };
                write.bases.is_none().then(|| outcome.clone().map(|()| Written::Done))
            })
            .collect();
        for ((key, _), outcome) in writes.iter().zip(&mut written) {
            if outcome.is_none() {
                *outcome = Some(next().and_then(|reply| self.written(key, reply)));
            }
        }
        let answers = requests
            .iter()
            .map(|request| next().and_then(|reply| self.answer(request, reply)))
            .collect();
        Ok((written.into_iter().flatten().collect(), answers))
    }

    fn command(&self, request: &Request) -> Cmd {
        match request {
            Request::Count { key, by, epoch } => {
                let mut arguments = vec![by.to_string(), self.max_value.to_string()];
                arguments.extend(epoch.as_deref().map(str::to_owned));
                self.call(&scripts::COUNT, &self.keys_of(key, epoch), &arguments)
            }
            Request::Expire { key, ms } => cmd("PEXPIRE").arg(key).arg(ms.to_string()).clone(),
            Request::Write { key, write, epoch } => self.compare(key, write, epoch),
            Request::Refill { key, value, ms } => {
                let mut set = cmd("SET");
                set.arg(key).arg(value).arg("NX");
                if let Some(ms) = ms {
                    set.arg("PX").arg(ms.to_string());
                }
                set
            }
            Request::Mark { key, mark } => {
                let mark = mark.to_string();
                cmd("SET")
                    .arg(key)
                    .arg(mark)
                    .arg("PX")
                    .arg(MARK_KEPT.as_millis().to_string())
                    .clone()
            }
            Request::Fetch { keys, epoch } => {
                let mut arguments = vec![self.max_value.to_string(), FETCH_BYTES.to_string()];
                arguments.extend(epoch.as_deref().map(str::to_owned));
                let mut keys = keys.clone();
                keys.extend(epoch.as_ref().map(|_| self.keys.context_epoch()));
                self.call(&scripts::FETCH, &keys, &arguments)
            }
        }
    }

    fn compare(&self, key: &str, write: &Write, epoch: &Epoch) -> Cmd {
        let word = match (&write.value, write.keep_expiry) {
            (None, _) => "del",
            (Some(_), true) => "keep",
            (Some(_), false) => "set",
        };
        let mut arguments: Vec<Vec<u8>> = vec![
            word.into(),
            write.value.clone().unwrap_or_default(),
            self.max_value.to_string().into(),
            epoch.as_deref().unwrap_or_default().into(),
        ];
        arguments.extend(write.bases.iter().flatten().map(|base| hex(base).into_bytes()));
        self.call(&scripts::COMPARE, &self.keys_of(key, epoch), &arguments)
    }

    fn keys_of(&self, key: &str, epoch: &Epoch) -> Vec<String> {
        let epoch = epoch.as_ref().map(|_| self.keys.context_epoch());
        std::iter::once(key.to_owned()).chain(epoch).collect()
    }

    pub(super) fn call<A: redis::ToRedisArgs>(
        &self,
        script: &Script,
        keys: &[String],
        args: &[A],
    ) -> Cmd {
        match self.scripts_unknown.load(Ordering::Relaxed) {
            true => script.by_text(keys, args),
            false => script.by_hash(keys, args),
        }
    }

    fn written(&self, key: &str, reply: Value) -> Result<Written> {
        match reply {
            Value::Int(1) => Ok(Written::Done),
            Value::Array(items) => match items.into_iter().next() {
                Some(item) => Ok(Written::WasFirst(self.found(key, item))),
                None => Ok(Written::WasFirst(None)),
            },
            _ => Err(malformed("the compare script")),
        }
    }

    fn answer(&self, request: &Request, reply: Value) -> Result<Answer> {
        match (request, reply) {
            (Request::Count { .. }, Value::Int(sum)) => Ok(Answer::Counted(Counted::Sum(sum))),
            (Request::Count { key, .. }, Value::Array(items)) => {
                let found = items.into_iter().next().and_then(|item| self.found(key, item));
                Ok(Answer::Counted(Counted::Other(found)))
            }
            (Request::Expire { .. }, Value::Int(count)) => Ok(Answer::Done(count > 0)),
            (Request::Write { key, .. }, reply) => self.written(key, reply).map(Answer::Written),
            (Request::Refill { .. } | Request::Mark { .. }, reply) => {
                Ok(Answer::Done(reply != Value::Nil))
            }
            (Request::Fetch { keys, .. }, Value::Array(items)) => {
                let found = keys.iter().zip(items).map(|(key, item)| self.fetched(key, item));
                Ok(Answer::Fetched(found.collect()))
            }
            _ => Err(malformed("a command")),
        }
    }

    /// The same with the ms after which it expires, if it does.
    fn fetched(&self, key: &str, item: Value) -> (Option<Stored>, Option<u64>) {
        match item {
            Value::Array(items) => {
                let mut items = items.into_iter();
                let found = items.next().and_then(|item| self.found(key, item));
                match items.next() {
                    Some(Value::Int(ms)) => (found, u64::try_from(ms).ok()),
                    _ => (found, None),
                }
            }
            item => (self.found(key, item), None),
        }
    }

    /// What stands under a key.
    fn found(&self, key: &str, item: Value) -> Option<Stored> {
        let largest = self.max_value;
        let (problem, bytes) = match item {
            Value::Nil | Value::Boolean(false) => return None,
            // Earlier modules deleted like that.
            Value::BulkString(bytes) if bytes.is_empty() => return None,
            Value::BulkString(bytes) => match Stored::decode(key, &bytes, largest) {
                Ok(stored) => return Some(stored),
                Err(error) => (error, Some(bytes)),
            },
            Value::Int(length @ 0..) => {
                let problem =
                    format!("too large: {length} bytes, and 'context.maxValue' is {largest}");
                (Error::value(key, problem), None)
            }
            _ => (Error::value(key, "it is not a string; delete the key"), None),
        };
        self.complain(key, &problem);
        Some(Stored::unreadable(bytes.as_deref()))
    }
}

fn malformed(command: &str) -> Error {
    Error::Server { command: command.to_owned(), detail: "unexpected answer".to_owned() }
}

/// Whether nothing was done, because the server has lost its data since the epoch was read.
pub(crate) fn has_lost_data(error: &Error) -> bool {
    matches!(error, Error::Server { detail, .. } if detail.starts_with("EPOCH"))
}

/// Whether nothing was done, because the server has forgotten the script.
pub(crate) fn is_unknown_script(error: &Error) -> bool {
    matches!(error, Error::Server { detail, .. } if detail.starts_with("NOSCRIPT"))
}
