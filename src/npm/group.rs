//! Process groups: npm and what it has started.

/// Sends a signal to a process group; one that is no more is as good.
#[cfg(unix)]
pub(super) fn signal(pid: u32, number: i32) {
    if let Ok(pid) = i32::try_from(pid)
        && pid > 1
    {
        // SAFETY: plain numbers, nothing of ours is touched.
        unsafe { libc::kill(-pid, number) };
    }
}

/// Whether there is a process with this id.
#[cfg(unix)]
fn is_alive(pid: u32) -> bool {
    // SAFETY: signal 0 only asks.
    i32::try_from(pid).is_ok_and(|pid| pid > 1 && unsafe { libc::kill(pid, 0) } == 0)
}

/// What an earlier process of ours has left running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Orphan {
    /// Nothing.
    None,
    /// npm in our directory.
    Npm,
    /// A process of that id; whether it is npm can't be told here.
    #[cfg(all(unix, not(target_os = "linux")))]
    Unknown,
}

/// Looks for the process of an earlier run.
#[cfg(target_os = "linux")]
pub(super) fn orphan(pid: u32, user_dir: &std::path::Path) -> Orphan {
    use std::fs;
    if !is_alive(pid) {
        return Orphan::None;
    }
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let folder = fs::read_link(format!("/proc/{pid}/cwd")).ok();
    let ours = folder.is_some() && folder == fs::canonicalize(user_dir).ok();
    match ours && String::from_utf8_lossy(&line).contains("npm") {
        true => Orphan::Npm,
        false => Orphan::None,
    }
}

/// Looks for the process of an earlier run.
#[cfg(all(unix, not(target_os = "linux")))]
pub(super) fn orphan(pid: u32, _: &std::path::Path) -> Orphan {
    match is_alive(pid) {
        true => Orphan::Unknown,
        false => Orphan::None,
    }
}

/// Looks for the process of an earlier run. Windows has no cheap way to.
#[cfg(windows)]
pub(super) fn orphan(_: u32, _: &std::path::Path) -> Orphan {
    Orphan::None
}
