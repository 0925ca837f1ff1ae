//! A process group.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// How long an orphan is waited for.
const ORPHAN_LIMIT: Duration = Duration::from_secs(60);
/// How long one that was told to end may take.
const ORPHAN_GRACE: Duration = Duration::from_secs(5);
/// How often it is asked whether it is gone.
const ORPHAN_POLL: Duration = Duration::from_millis(50);

/// npm and what it has started.
pub(in crate::npm) struct Group(Child);

impl Group {
    /// Starts a command. A Ctrl+C that is meant for Node-RED is not for it.
    pub(in crate::npm) fn start(command: &mut Command) -> io::Result<Self> {
        command.process_group(0).spawn().map(Self)
    }

    /// The id of npm and of the group.
    pub(in crate::npm) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(in crate::npm) fn take_output(&mut self) -> (Option<ChildStderr>, Option<ChildStdout>) {
        (self.0.stderr.take(), self.0.stdout.take())
    }

    pub(in crate::npm) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    pub(in crate::npm) fn terminate(&mut self) {
        signal(self.id(), libc::SIGTERM);
    }

    pub(in crate::npm) fn kill(&mut self) {
        signal(self.id(), libc::SIGKILL);
    }

    /// Whether a run that has ended did not end by itself.
    pub(in crate::npm) fn was_killed(status: ExitStatus) -> bool {
        status.code().is_none()
    }
}

/// Sends a signal to a process group; one that is no more is as good.
fn signal(pid: u32, number: i32) {
    if let Ok(pid) = i32::try_from(pid)
        && pid > 1
    {
        // SAFETY: plain numbers, nothing of ours is touched.
        unsafe { libc::kill(-pid, number) };
    }
}

/// Whether there is a process with this id.
fn is_alive(pid: u32) -> bool {
    // SAFETY: signal 0 only asks.
    i32::try_from(pid).is_ok_and(|pid| pid > 1 && unsafe { libc::kill(pid, 0) } == 0)
}

/// Whether a process is npm in our directory; `None` when that can't be told.
#[cfg(target_os = "linux")]
fn is_npm_in(user_dir: &Path, pid: u32) -> Option<bool> {
    use std::fs;
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let folder = fs::read_link(format!("/proc/{pid}/cwd")).ok();
    let ours = folder.is_some() && folder == fs::canonicalize(user_dir).ok();
    Some(ours && String::from_utf8_lossy(&line).contains("npm"))
}

/// Whether a process is npm in our directory; `None` when that can't be told.
#[cfg(not(target_os = "linux"))]
fn is_npm_in(_: &Path, _: u32) -> Option<bool> {
    None
}

/// Waits until an npm that outlived the process that ran it is gone.
pub(in crate::npm) fn end_orphan(pid: u32, user_dir: &Path) -> Result<()> {
    let began = Instant::now();
    let mut told = false;
    while is_alive(pid) {
        match is_npm_in(user_dir, pid) {
            Some(false) => break,
            Some(true) if !told => {
                signal(pid, libc::SIGTERM);
                told = true;
            }
            Some(true) if began.elapsed() > ORPHAN_GRACE => signal(pid, libc::SIGKILL),
            _ => {}
        }
        if began.elapsed() > ORPHAN_LIMIT {
            let problem = format!("an npm run of an earlier start still goes on (process {pid})");
            return Err(Error::npm(problem));
        }
        thread::sleep(ORPHAN_POLL);
    }
    Ok(())
}
