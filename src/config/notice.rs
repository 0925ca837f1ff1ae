//! What is said about the options at start without being an error.

/// How a notice is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Probably a mistake.
    Warning,
    /// Worth knowing.
    Info,
}

/// One line for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How it is logged.
    pub level: Level,
    /// The line, without a secret.
    pub text: String,
}

impl Notice {
    /// A line about a probable mistake.
    pub fn warning(text: impl Into<String>) -> Self {
        Self { level: Level::Warning, text: text.into() }
    }

    /// A line worth knowing.
    pub fn info(text: impl Into<String>) -> Self {
        Self { level: Level::Info, text: text.into() }
    }
}
