//! The shared context on the server: one string a top-level key, read and written in pipelines.

mod foreign;
mod requests;
mod scripts;
mod session;
mod stored;

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use self::foreign::Foreign;
pub(crate) use self::requests::{
    Answer, Counted, Epoch, Request, Write, Written, has_lost_data, is_unknown_script,
};
pub(crate) use self::session::Begun;
pub(crate) use self::stored::{Digest, Stored};
use crate::connection::{Connection, Tracking};
use crate::error::Error;
use crate::keyspace::Keyspace;

/// This many keys that can't be read are named in the log.
const MOST_COMPLAINTS: usize = 1000;

/// The shared context under one prefix, reached over a connection that tracks it.
#[derive(Debug)]
pub(crate) struct ContextStore {
    connection: Connection,
    tracking: Arc<Tracking>,
    keys: Keyspace,
    max_value: usize,
    /// Scripts are sent as a whole.
    scripts_unknown: AtomicBool,
    complained: Mutex<HashSet<String>>,
}

impl ContextStore {
    /// Values of more than `max_value` bytes of text are not read.
    pub(crate) fn new(
        connection: Connection,
        tracking: Arc<Tracking>,
        keys: Keyspace,
        max_value: usize,
    ) -> Self {
        Self {
            connection,
            tracking,
            keys,
            max_value,
            scripts_unknown: AtomicBool::new(false),
            complained: Mutex::default(),
        }
    }

    /// The connection underneath.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What others change.
    pub(crate) fn tracking(&self) -> &Tracking {
        &self.tracking
    }

    /// The names of all keys.
    pub(crate) fn keys(&self) -> &Keyspace {
        &self.keys
    }

    /// Names a key that can't be read, once.
    fn complain(&self, key: &str, problem: &Error) {
        let mut complained = self.complained.lock().unwrap_or_else(PoisonError::into_inner);
        if complained.len() < MOST_COMPLAINTS && complained.insert(key.to_owned()) {
            tracing::error!("{problem}; it counts as missing until it is set anew");
        }
    }
}
