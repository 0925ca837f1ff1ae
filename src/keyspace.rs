//! The names of all keys: the only place where they are spelled.

/// Names the keys of one cluster of instances; each begins with the prefix, without exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyspace {
    prefix: String,
}

impl Keyspace {
    /// The keys under `prefix`, which is taken as it is (usually with a colon at its end).
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// What every key begins with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    /// The flow array.
    pub fn flows(&self) -> String {
        self.key("flows")
    }

    /// The encrypted credentials.
    pub fn credentials(&self) -> String {
        self.key("credentials")
    }

    /// The shared part of the settings.
    pub fn settings(&self) -> String {
        self.key("settings")
    }

    /// The editor's log-in sessions.
    pub fn sessions(&self) -> String {
        self.key("sessions")
    }

    /// The package list.
    pub fn packages(&self) -> String {
        self.key("packages")
    }

    /// The revision record: what a receiver of a hint reads first.
    pub fn revision(&self) -> String {
        self.key("revision")
    }

    /// The lease of the admin that owns the prefix.
    pub fn lease(&self) -> String {
        self.key("lease")
    }

    /// Flows that were found in the way of other flows, kept under the time (in ms) of the
    /// replacement.
    pub fn backup(&self, time_ms: u64) -> String {
        format!("{}backup:{time_ms}", self.prefix)
    }

    /// A `SCAN` pattern that matches the backups of this prefix, and may match other keys.
    pub fn backup_pattern(&self) -> String {
        format!("{}backup:*", escape_glob(&self.prefix))
    }

    /// The time of a backup's key; `None` when the key is no backup of this prefix.
    pub fn parse_backup_key(&self, key: &str) -> Option<u64> {
        let time = key.strip_prefix(self.prefix.as_str())?.strip_prefix("backup:")?.parse().ok()?;
        (self.backup(time) == key).then_some(time)
    }

    /// The index of the history.
    pub fn history(&self) -> String {
        self.key("history")
    }

    /// What is kept of one deploy.
    pub fn history_entry(&self, sequence: u64) -> String {
        format!("{}history:{sequence}", self.prefix)
    }

    /// A library entry. Type and path are to be checked first
    /// (see [`crate::content::check_library_type`]).
    pub fn library_entry(&self, library_type: &str, path: &str) -> String {
        format!("{}library:{library_type}:{path}", self.prefix)
    }

    /// A `SCAN` pattern that matches the library entries of this prefix and no other key.
    pub fn library_pattern(&self) -> String {
        format!("{}library:*", escape_glob(&self.prefix))
    }

    /// The same of all that the index of the library is kept under.
    pub fn library_index_pattern(&self) -> String {
        format!("{}index:*", escape_glob(&self.prefix))
    }

    /// The index of one library folder (empty for the root of a type), a hash.
    pub fn library_folder(&self, library_type: &str, folder: &str) -> String {
        format!("{}index:library:{library_type}:{folder}", self.prefix)
    }

    /// Present once the library index has been built.
    pub fn library_index_built(&self) -> String {
        self.key("index:library")
    }

    /// What all keys of the shared context begin with.
    pub fn context_prefix(&self) -> String {
        self.key("context:")
    }

    /// One top-level key of the shared context. A key has no colon on the server, so that the last
    /// one ends the scope, which may have some (`node:tab`).
    pub fn context(&self, scope: &str, key: &str) -> String {
        let mut name = format!("{}context:{scope}:", self.prefix);
        push_escaped(&mut name, key);
        name
    }

    /// Scope and key of a name in the shared context; `None` when it is no such name. They come from
    /// the server.
    pub fn parse_context<'n>(&self, name: &'n str) -> Option<(&'n str, String)> {
        let rest = name.strip_prefix(self.prefix.as_str())?.strip_prefix("context:")?;
        let (scope, encoded) = rest.rsplit_once(':')?;
        if scope.is_empty() || encoded.is_empty() {
            return None;
        }
        let key = encoded.replace("%3A", ":").replace("%25", "%");
        (self.context(scope, &key) == name).then_some((scope, key))
    }

    /// A `SCAN` pattern for the shared context.
    pub fn context_pattern(&self) -> String {
        format!("{}context:*", escape_glob(&self.prefix))
    }

    /// Says that the server has kept the shared context since this text was written. No scope is
    /// empty, so it collides with no key.
    pub fn context_epoch(&self) -> String {
        self.key("context::epoch")
    }

    /// Scopes that no flow is known for, and since when.
    pub fn context_orphans(&self) -> String {
        self.key("context::orphans")
    }

    /// What was imported from other stores, and when.
    pub fn context_imported(&self) -> String {
        self.key("context::imported")
    }

    /// How far the changes of one instance have come.
    pub fn context_mark(&self, id: &str) -> String {
        format!("{}context::mark-{id}", self.prefix)
    }

    /// The ids of the instances that report, with the time of each one's last report.
    pub fn fleet(&self) -> String {
        self.key("fleet")
    }

    /// What one instance reports of itself.
    pub fn fleet_report(&self, id: &str) -> String {
        format!("{}fleet:{id}", self.prefix)
    }

    /// Which worker runs a tab that runs once.
    pub fn once(&self, tab: &str) -> String {
        let mut name = format!("{}once:", self.prefix);
        push_escaped(&mut name, tab);
        name
    }

    /// The last fence that was given out for that tab.
    pub fn once_fence(&self, tab: &str) -> String {
        let mut name = self.once(tab);
        name.push_str(":fence");
        name
    }

    /// The pattern that grants all of these keys.
    pub fn once_pattern(&self) -> String {
        format!("{}once:*", escape_glob(&self.prefix))
    }

    /// Since when this server process has kept such leases. No tab's id is empty, so it collides with no
    /// key.
    pub fn once_epoch(&self) -> String {
        self.key("once::epoch")
    }

    /// The channel that wakes workers when a tab has become free. Not a key.
    pub fn once_channel(&self) -> String {
        self.key("once")
    }

    /// Which workers somebody looks at.
    pub fn fleet_watch(&self) -> String {
        self.key("fleet:watch")
    }

    /// The channel on which workers tell those who look.
    pub fn fleet_debug_channel(&self) -> String {
        self.key("fleet:debug")
    }

    /// Type and path of a library entry's key; `None` when the key is none of this prefix's
    /// library. They come from the server: check them before they name a file.
    pub fn parse_library_key<'k>(&self, key: &'k str) -> Option<(&'k str, &'k str)> {
        let rest = key.strip_prefix(self.prefix.as_str())?.strip_prefix("library:")?;
        let (library_type, path) = rest.split_once(':')?;
        (!library_type.is_empty() && !path.is_empty()).then_some((library_type, path))
    }
}

/// Appends what is to have no colon of its own.
fn push_escaped(name: &mut String, part: &str) {
    for character in part.chars() {
        match character {
            '%' => name.push_str("%25"),
            ':' => name.push_str("%3A"),
            character => name.push(character),
        }
    }
}

/// Escapes what Redis reads as a pattern (`stringmatchlen`): `*`, `?`, `[`, `]`, `\` and, inside
/// brackets, `^` and `-`, which can't occur unescaped once the brackets are escaped.
pub(crate) fn escape_glob(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spells_every_key_under_the_prefix() {
        let keys = Keyspace::new("plant-1:");
        assert_eq!(keys.flows(), "plant-1:flows");
        assert_eq!(keys.credentials(), "plant-1:credentials");
        assert_eq!(keys.settings(), "plant-1:settings");
        assert_eq!(keys.sessions(), "plant-1:sessions");
        assert_eq!(keys.packages(), "plant-1:packages");
        assert_eq!(keys.revision(), "plant-1:revision");
        assert_eq!(keys.lease(), "plant-1:lease");
        assert_eq!(keys.backup(1_700_000_000_123), "plant-1:backup:1700000000123");
        assert_eq!(keys.library_entry("functions", "a/b.js"), "plant-1:library:functions:a/b.js");
        assert_eq!(keys.library_folder("flows", ""), "plant-1:index:library:flows:");
        assert_eq!(keys.library_folder("flows", "a/b"), "plant-1:index:library:flows:a/b");
        assert_eq!(keys.library_index_built(), "plant-1:index:library");
        assert_eq!(keys.library_pattern(), "plant-1:library:*");
        assert_eq!(keys.fleet(), "plant-1:fleet");
        assert_eq!(keys.fleet_report("0a1b"), "plant-1:fleet:0a1b");
        assert_eq!(keys.once("a1.b2"), "plant-1:once:a1.b2");
        assert_eq!(keys.once_fence("a%:"), "plant-1:once:a%25%3A:fence");
        assert_eq!(keys.once_epoch(), "plant-1:once::epoch");
        assert_eq!(keys.once_channel(), "plant-1:once");
    }

    #[test]
    fn knows_its_own_backups() {
        let keys = Keyspace::new("n*:");
        assert_eq!(keys.backup_pattern(), r"n\*:backup:*");
        assert_eq!(keys.parse_backup_key(&keys.backup(12)), Some(12));
        for other in
            ["n*:backup:", "n*:backup:012", "n*:backup:+1", "n*:backup:flows", "nn:backup:1"]
        {
            assert_eq!(keys.parse_backup_key(other), None, "{other}");
        }
    }

    #[test]
    fn no_two_keys_are_the_same() {
        let keys = Keyspace::new("n:");
        let all = [
            keys.flows(),
            keys.credentials(),
            keys.settings(),
            keys.sessions(),
            keys.packages(),
            keys.revision(),
            keys.lease(),
            keys.backup(1),
            keys.history(),
            keys.history_entry(1),
            keys.library_entry("flows", "flows"),
            keys.library_folder("flows", "flows"),
            keys.library_folder("flows", ""),
            keys.library_index_built(),
            keys.fleet(),
            keys.fleet_report(""),
            keys.once("a"),
            keys.once_fence("a"),
            keys.once("a:fence"),
            keys.once("epoch"),
            keys.once(":epoch"),
            keys.once_epoch(),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn reads_type_and_path_of_a_library_key() {
        let keys = Keyspace::new("n:");
        assert_eq!(keys.parse_library_key("n:library:flows:a"), Some(("flows", "a")));
        assert_eq!(
            keys.parse_library_key("n:library:functions:a/b:c.js"),
            Some(("functions", "a/b:c.js"))
        );
        for other in [
            "n:flows",
            "n:library:",
            "n:library:flows",
            "n:library:flows:",
            "n:library::a",
            "m:library:flows:a",
            "library:flows:a",
            "n:index:library:flows:a",
            "",
        ] {
            assert_eq!(keys.parse_library_key(other), None, "{other}");
        }
    }

    #[test]
    fn context_names_are_read_back() {
        let keys = Keyspace::new("n:");
        assert_eq!(keys.context("global", "a"), "n:context:global:a");
        for (scope, key) in
            [("global", "a:b"), ("node:tab", "100%3A"), ("fa:a1", "%:%25"), ("a1-b1-c1", " ")]
        {
            let name = keys.context(scope, key);
            assert_eq!(keys.parse_context(&name), Some((scope, key.to_owned())), "{name}");
        }
        for other in [
            keys.context_epoch().as_str(),
            "n:context:global:",
            "n:context:a",
            "n:context:a:%",
            "n:context:a:%3a",
            "m:context:a:b",
            "n:flows",
        ] {
            assert_eq!(keys.parse_context(other), None, "{other}");
        }
    }

    #[test]
    fn escapes_the_prefix_in_the_pattern() {
        assert_eq!(
            Keyspace::new("a*[b]?\\{c}:").library_pattern(),
            "a\\*\\[b\\]\\?\\\\{c}:library:*"
        );
    }

    /// `stringmatchlen` of the server without brackets, which our patterns never contain
    /// unescaped.
    fn matches(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => {
                matches(rest, text) || (!text.is_empty() && matches(pattern, &text[1..]))
            }
            ([b'[' | b'?', ..], _) => panic!("unescaped pattern character"),
            ([b'\\', wanted, rest @ ..], [first, others @ ..])
            | ([wanted, rest @ ..], [first, others @ ..]) => {
                wanted == first && matches(rest, others)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn the_pattern_matches_own_entries_only(
            prefix in "[a-c*?\\[\\]\\\\:^-]{1,8}",
            other in "[a-c*?\\[\\]\\\\:^-]{1,8}",
            path in "[a-z/]{1,8}",
        ) {
            let keys = Keyspace::new(&prefix);
            let pattern = keys.library_pattern();
            let entry = keys.library_entry("flows", &path);
            prop_assert!(matches(pattern.as_bytes(), entry.as_bytes()));
            prop_assert_eq!(keys.parse_library_key(&entry), Some(("flows", path.as_str())));
            let foreign = Keyspace::new(&other).library_entry("flows", &path);
            prop_assert_eq!(
                matches(pattern.as_bytes(), foreign.as_bytes()),
                foreign.starts_with(&format!("{prefix}library:"))
            );
        }
    }
}
