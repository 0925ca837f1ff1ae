//! Lua scripts, sent by hash.

use redis::{Cmd, ToRedisArgs, cmd};

/// A Lua script and its hash.
#[derive(Debug, Clone)]
pub struct Script {
    code: String,
    hash: String,
}

impl Script {
    /// Takes the text of a script.
    pub fn new(code: &str) -> Self {
        Self { code: code.to_owned(), hash: redis::Script::new(code).get_hash().to_owned() }
    }

    pub(super) fn by_hash<K: ToRedisArgs, A: ToRedisArgs>(&self, keys: &[K], args: &[A]) -> Cmd {
        call("EVALSHA", &self.hash, keys, args)
    }

    pub(super) fn by_text<K: ToRedisArgs, A: ToRedisArgs>(&self, keys: &[K], args: &[A]) -> Cmd {
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
