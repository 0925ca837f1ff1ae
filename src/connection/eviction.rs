//! Whether a server throws away what it was given.

use super::once::Once;

/// Says once that a server throws away keys for which nobody has set an end, by its answer to `INFO memory`. One that
/// does not let this user ask is believed to keep what it is given.
pub(super) fn warn(memory: &[u8], server: &str, once: &Once) {
    if let Some(policy) = policy(&String::from_utf8_lossy(memory)) {
        once.warn(
            "eviction",
            format_args!(
                "{server} throws away any key when its memory is full ('maxmemory-policy {policy}'): deploys are lost until the admin writes them again, and a tab that runs once may run twice. Set 'maxmemory-policy noeviction', or one that begins with 'volatile'"
            ),
        );
    }
}

/// The policy of a server that has a limit and goes by all keys.
fn policy(memory: &str) -> Option<&str> {
    let field =
        |name: &str| memory.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let is_limited = field("maxmemory").is_some_and(|bytes| bytes.trim() != "0");
    field("maxmemory_policy")
        .map(str::trim)
        .filter(|name| is_limited && name.starts_with("allkeys"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_with_a_limit_any_key_may_go() {
        let told = |bytes: &str, name: &str| {
            let text = format!(
                "# Memory\r\nmaxmemory:{bytes}\r\nmaxmemory_human:1B\r\nmaxmemory_policy:{name}\r\n"
            );
            policy(&text).map(str::to_owned)
        };
        assert_eq!(told("100", "allkeys-lru"), Some("allkeys-lru".into()));
        assert_eq!(told("0", "allkeys-lru"), None);
        assert_eq!(told("100", "volatile-lru"), None);
        assert_eq!(told("100", "noeviction"), None);
        assert_eq!(policy("used_memory:1\r\n"), None);
    }
}
