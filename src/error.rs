//! The one error type of the core.

use std::time::Duration;

/// Everything that can go wrong in the core.
///
/// [`Error::code`] is stable and is what JavaScript sees as `error.code`. A message names the
/// option, key or package at fault and what to do; it never holds a password, a credential or a
/// URL that could carry one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option of `settings.valkey` is wrong, unsupported or contradicts another.
    #[error("option '{option}' {problem}")]
    Option {
        /// Name of the option as written in settings.js, e.g. `port` or `sentinels[0].host`.
        option: String,
        /// What was given and what is allowed, as the rest of a sentence.
        problem: String,
    },
    /// No connection to the server at the moment.
    #[error("Valkey is not reachable: {reason}")]
    Unavailable {
        /// Why, in the words of the last failed attempt.
        reason: String,
    },
    /// The server did not answer a command in time.
    #[error("no answer to {command} within {} ms", .limit.as_millis())]
    Timeout {
        /// Name of the command, without arguments.
        command: String,
        /// The limit that ran out.
        limit: Duration,
    },
    /// User name or password refused, or one is needed and was not given.
    #[error("the server refused the login ({detail}); check 'username' and 'password'")]
    Authentication {
        /// The server's own words.
        detail: String,
    },
    /// TLS could not be agreed on, or one side refuses the other's certificate.
    #[error("no TLS connection: {problem}")]
    Tls {
        /// Which check failed, as a sentence.
        problem: String,
    },
    /// The ACL user may not run a command, use a key or use a channel.
    #[error("the server user lacks a permission for {command}: {detail}; add {rule} to its rules")]
    Permission {
        /// Name of the command, without arguments.
        command: String,
        /// The server's own words.
        detail: String,
        /// What its rules lack, as `ACL SETUSER` takes it where the server has told.
        rule: String,
    },
    /// The server answered a command with an error.
    #[error("{command} failed: {detail}")]
    Server {
        /// Name of the command, without arguments.
        command: String,
        /// The server's own words, beginning with its error code.
        detail: String,
    },
    /// What is stored under a key can't be used.
    #[error("the value of key '{key}' can't be used: {problem}")]
    Value {
        /// The full key, prefix included.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Another living admin owns the prefix.
    #[error(
        "another admin ({owner}) is active on this key prefix; what was saved here is on this disk only. Stop one of the two, or give each its own 'keyPrefix'"
    )]
    OtherAdmin {
        /// The admin that holds the lease, for people.
        owner: String,
    },
    /// There is no such library entry.
    #[error("Library Entry not found {path}")]
    LibraryEntryNotFound {
        /// The path that was asked for.
        path: String,
    },
    /// A library type or path would leave the library's folder.
    #[error("library path '{path}' is not allowed")]
    LibraryPath {
        /// The offending type or path.
        path: String,
    },
    /// More than the shared context may hold; nothing of it was taken.
    #[error("{problem}")]
    ContextLimit {
        /// What is too large, and the option that says so.
        problem: String,
    },
    /// An operation that does not fit what a context key holds, e.g. counting with a text.
    #[error("context '{key}' {problem}")]
    ContextValue {
        /// Scope and key.
        key: String,
        /// What does not fit, as the rest of a sentence.
        problem: String,
    },
    /// An entry of the history can't be given.
    #[error("entry {sequence} of the history {problem}")]
    History {
        /// Which.
        sequence: u64,
        /// Why not, as the rest of a sentence.
        problem: String,
    },
    /// Our own file in the user directory can't be read or written.
    #[error("can't use {path}: {problem}")]
    Disk {
        /// Path of the file.
        path: String,
        /// The system's own words.
        problem: String,
    },
    /// npm can't be run, or failed for a reason that is no single package's.
    #[error("npm: {problem}")]
    Npm {
        /// What is wrong, in npm's or the system's own words.
        problem: String,
    },
    /// The instance was closed.
    #[error("the storage is closed")]
    Closed,
    /// A fault of our own code, kept from crossing into Node-RED as a crash.
    #[error("internal error: {0}")]
    Internal(String),
}

/// Every code that [`Error::code`] can give; what they mean to an operator is in docs/operations.md.
pub const CODES: [&str; 18] = [
    "ERR_VALKEY_AUTH",
    "ERR_VALKEY_CLOSED",
    "ERR_VALKEY_CONTEXT_LIMIT",
    "ERR_VALKEY_CONTEXT_VALUE",
    "ERR_VALKEY_DISK",
    "ERR_VALKEY_HISTORY",
    "ERR_VALKEY_INTERNAL",
    "ERR_VALKEY_LIBRARY_ENTRY",
    "ERR_VALKEY_LIBRARY_PATH",
    "ERR_VALKEY_NPM",
    "ERR_VALKEY_OPTION",
    "ERR_VALKEY_OTHER_ADMIN",
    "ERR_VALKEY_PERMISSION",
    "ERR_VALKEY_SERVER",
    "ERR_VALKEY_TIMEOUT",
    "ERR_VALKEY_TLS",
    "ERR_VALKEY_UNAVAILABLE",
    "ERR_VALKEY_VALUE",
];

/// Result of the core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The stable code that JavaScript sees, e.g. `ERR_VALKEY_OPTION`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Option { .. } => "ERR_VALKEY_OPTION",
            Self::Unavailable { .. } => "ERR_VALKEY_UNAVAILABLE",
            Self::Timeout { .. } => "ERR_VALKEY_TIMEOUT",
            Self::Authentication { .. } => "ERR_VALKEY_AUTH",
            Self::Tls { .. } => "ERR_VALKEY_TLS",
            Self::Permission { .. } => "ERR_VALKEY_PERMISSION",
            Self::Server { .. } => "ERR_VALKEY_SERVER",
            Self::Value { .. } => "ERR_VALKEY_VALUE",
            Self::OtherAdmin { .. } => "ERR_VALKEY_OTHER_ADMIN",
            Self::LibraryEntryNotFound { .. } => "ERR_VALKEY_LIBRARY_ENTRY",
            Self::LibraryPath { .. } => "ERR_VALKEY_LIBRARY_PATH",
            Self::ContextLimit { .. } => "ERR_VALKEY_CONTEXT_LIMIT",
            Self::ContextValue { .. } => "ERR_VALKEY_CONTEXT_VALUE",
            Self::History { .. } => "ERR_VALKEY_HISTORY",
            Self::Disk { .. } => "ERR_VALKEY_DISK",
            Self::Npm { .. } => "ERR_VALKEY_NPM",
            Self::Closed => "ERR_VALKEY_CLOSED",
            Self::Internal(_) => "ERR_VALKEY_INTERNAL",
        }
    }

    /// A wrong option; `problem` continues the sentence "option 'x' …".
    pub fn option(option: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Option { option: option.into(), problem: problem.into() }
    }

    /// A value that can't be used, under its full key.
    pub fn value(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Value { key: key.into(), problem: problem.into() }
    }

    /// An entry of the history that can't be given; `problem` continues "entry 3 of the history …".
    pub fn history(sequence: u64, problem: impl Into<String>) -> Self {
        Self::History { sequence, problem: problem.into() }
    }

    /// A failure of npm as a whole; `problem` in its own words.
    pub fn npm(problem: impl Into<String>) -> Self {
        Self::Npm { problem: problem.into() }
    }

    /// Whether the same request can succeed later without anybody changing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Timeout { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_list_of_codes_has_that_of_every_variant_and_no_other() {
        let source = include_str!("error.rs");
        let (_, body) = source.split_once("pub fn code(&self)").unwrap();
        let body = body.split("\n    }\n").next().unwrap();
        let given: BTreeSet<&str> = body.split('"').skip(1).step_by(2).collect();
        // In order, and each once: two kinds of errors are two codes.
        assert_eq!(CODES.to_vec(), given.into_iter().collect::<Vec<_>>());
        assert_eq!(body.matches("ERR_VALKEY_").count(), CODES.len());
        assert!(CODES.iter().all(|code| code.starts_with("ERR_VALKEY_")));
    }
}
