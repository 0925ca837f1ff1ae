//! Lua scripts, sent by hash.

use redis::{Cmd, ToRedisArgs, cmd};

/// A Lua script and its hash.
#[derive(Debug, Clone)]
pub struct Script {
    code: String,
    hash: String,
    guarded: bool,
}

impl Script {
    /// Takes the text of a script.
    pub fn new(code: &str) -> Self {
        let hash = redis::Script::new(code).get_hash().to_owned();
        Self { code: code.to_owned(), hash, guarded: false }
    }

    /// The text of a script that does no harm when it runs twice, because it compares what is
    /// stored with what it was based on.
    pub fn guarded(code: &str) -> Self {
        Self { guarded: true, ..Self::new(code) }
    }

    /// The same script where it has nothing to compare with.
    pub fn unguarded(&self) -> Self {
        Self { guarded: false, ..self.clone() }
    }

    pub(super) fn is_guarded(&self) -> bool {
        self.guarded
    }

    /// Its text.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    pub(crate) fn by_hash<K: ToRedisArgs, A: ToRedisArgs>(&self, keys: &[K], args: &[A]) -> Cmd {
        call("EVALSHA", &self.hash, keys, args)
    }

    pub(crate) fn by_text<K: ToRedisArgs, A: ToRedisArgs>(&self, keys: &[K], args: &[A]) -> Cmd {
        call("EVAL", &self.code, keys, args)
    }
}

fn call<K: ToRedisArgs, A: ToRedisArgs>(name: &str, script: &str, keys: &[K], args: &[A]) -> Cmd {
    let mut call = cmd(name);
    call.arg(script).arg(keys.len());
    for key in keys {
        call.arg(key);
    }
    for arg in args {
        call.arg(arg);
    }
    call
}
