//! The mark of a run that goes on, on disk while it does.

use serde::{Deserialize, Serialize};

/// Name of the file in our own folder.
pub(super) const FILE: &str = "npm-run.json";

/// What is known of a run that goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
    /// Process of npm, once started; also the id of its process group.
    pub(super) pid: Option<u32>,
    /// When it began, in ms since 1970.
    pub(super) started: u64,
    /// What it installs, as `name@version`.
    pub(super) install: Vec<String>,
    /// What it removes.
    pub(super) remove: Vec<String>,
}

/// Sends a signal to a process group; a group that is no more is as good.
#[cfg(unix)]
pub(super) fn signal_group(pid: u32, number: i32) {
    if let Ok(pid) = i32::try_from(pid)
        && pid > 1
    {
        // SAFETY: plain numbers, nothing of ours is touched.
        unsafe { libc::kill(-pid, number) };
    }
}
