//! What the server tells of keys that others have changed (`CLIENT TRACKING`, RESP3).
//!
//! Invalidations are hints: names are kept once each, and beyond a limit only that there were many,
//! so that a flood of them costs no memory.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use redis::aio::{AsyncPushSender, SendError};
use redis::{Cmd, PushInfo, PushKind, Value};
use tokio::sync::Notify;

/// More names than these between two looks count as all of them.
const NAMES_KEPT: usize = 20_000;
/// Bytes of a name that is kept.
const LONGEST_NAME: usize = 4096;

/// What was heard since the last look.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Keys that others have changed, with their prefix.
    pub names: HashSet<String>,
    /// Any key may have changed, as after `FLUSHDB`.
    pub everything: bool,
}

/// Changes of the keys under one prefix, but for those made on the connection itself.
#[derive(Debug, Default)]
pub struct Tracking {
    prefix: String,
    heard: Mutex<Heard>,
    session: Mutex<u64>,
    news: Notify,
    /// A connection without it serves as well.
    optional: bool,
    enabled: AtomicBool,
}

impl Tracking {
    /// Follows the keys that begin with `prefix`.
    pub fn new(prefix: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { prefix: prefix.into(), ..Self::default() })
    }

    /// The same where the connection is of use without, too: of a server that does not know it, or does
    /// not allow it.
    pub fn optional(prefix: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { prefix: prefix.into(), optional: true, ..Self::default() })
    }

    pub(super) fn is_optional(&self) -> bool {
        self.optional
    }

    /// Whether the server tells of changes; otherwise they are found by looking.
    pub fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    pub(super) fn set_enabled(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::Relaxed);
    }

    /// Takes what was heard; empty when there is nothing new.
    pub fn take(&self) -> Heard {
        std::mem::take(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns when something was heard, or a connection was made, since the last return.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Counts the connections on which tracking was enabled; what was heard on an earlier one, or
    /// between two, is not complete.
    pub fn session(&self) -> u64 {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The command that enables it.
    pub(super) fn enable(&self) -> Cmd {
        let mut enable = redis::cmd("CLIENT");
        enable.arg("TRACKING").arg("ON").arg("BCAST").arg("PREFIX").arg(&self.prefix).arg("NOLOOP");
        enable
    }

    /// A connection is up on which it is enabled.
    pub(super) fn begins(&self) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.news.notify_one();
    }

    fn hear(&self, data: &[Value]) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match data.first() {
            Some(Value::Array(keys)) => {
                for key in keys {
                    let Value::BulkString(key) = key else { continue };
                    // Database numbers and ACLs are of no account to the server here.
                    match std::str::from_utf8(key) {
                        Ok(name)
                            if name.starts_with(&self.prefix) && name.len() <= LONGEST_NAME =>
                        {
                            if heard.names.len() < NAMES_KEPT {
                                heard.names.insert(name.to_owned());
                            } else if !heard.names.contains(name) {
                                heard.everything = true;
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => heard.everything = true,
        }
        drop(heard);
        self.news.notify_one();
    }
}

/// Takes the pushes of one connection.
pub(super) struct Pushes(pub(super) Arc<Tracking>);

impl AsyncPushSender for Pushes {
    fn send(&self, info: PushInfo) -> Result<(), SendError> {
        if info.kind == PushKind::Invalidate {
            self.0.hear(&info.data);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<Value> {
        let name = |name: &&str| Value::BulkString(name.as_bytes().to_vec());
        vec![Value::Array(names.iter().map(name).collect())]
    }

    #[test]
    fn names_are_kept_once_and_those_of_others_not_at_all() {
        let tracking = Tracking::new("n:context:");
        tracking.hear(&names(&["n:context:a:b", "n:context:a:b", "m:context:a:b"]));
        let heard = tracking.take();
        assert_eq!(heard.names.into_iter().collect::<Vec<_>>(), ["n:context:a:b"]);
        assert!(!heard.everything);
        assert_eq!(tracking.take(), Heard::default());
    }

    #[test]
    fn a_flush_and_a_flood_are_everything() {
        let tracking = Tracking::new("n:");
        tracking.hear(&[Value::Nil]);
        assert!(tracking.take().everything);
        for number in 0..NAMES_KEPT + 10 {
            tracking.hear(&names(&[&format!("n:{number}")]));
        }
        let heard = tracking.take();
        assert_eq!((heard.names.len(), heard.everything), (NAMES_KEPT, true));
    }
}
