//! A job: whoever is started by one that is in it is in it, too.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus};
use std::ptr;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW};

use crate::Result;

/// What a process that is ended from outside has for an exit code.
const ENDED: u32 = 1;
/// What Node.js ends with when it aborts, e.g. for lack of memory.
const ABORTED: i32 = 134;

/// npm and what it has started. All of it ends with this value, and with our process.
pub(in crate::npm) struct Group {
    child: Child,
    /// Missing where Windows doesn't let us make one: then npm alone can be ended.
    job: Option<OwnedHandle>,
}

impl Group {
    /// Starts a command. A Ctrl+C that is meant for Node-RED is not for it, and no window opens.
    pub(in crate::npm) fn start(command: &mut Command) -> io::Result<Self> {
        let child = command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW).spawn()?;
        // It has not come to starting anything yet.
        let job = job_with(&child).ok();
        Ok(Self { child, job })
    }

    pub(in crate::npm) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(in crate::npm) fn take_output(&mut self) -> (Option<ChildStderr>, Option<ChildStdout>) {
        (self.child.stderr.take(), self.child.stdout.take())
    }

    pub(in crate::npm) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Windows has nothing that asks a process without a window to end.
    pub(in crate::npm) fn terminate(&mut self) {
        self.kill();
    }

    pub(in crate::npm) fn kill(&mut self) {
        // SAFETY: the handle is that of our job, and open.
        let ended = self
            .job
            .as_ref()
            .is_some_and(|job| unsafe { TerminateJobObject(job.as_raw_handle(), ENDED) } != 0);
        if !ended {
            // It may have ended by itself.
            let _ = self.child.kill();
        }
    }

    /// Whether a run that has ended did not end by itself, as far as can be told.
    pub(in crate::npm) fn was_killed(status: ExitStatus) -> bool {
        // Those of Windows itself, e.g. for an access violation, have the highest bit set.
        status.code().is_none_or(|code| code < 0 || code == ABORTED)
    }
}

fn job_with(child: &Child) -> io::Result<OwnedHandle> {
    // SAFETY: neither attributes nor a name are given.
    let handle = unsafe { CreateJobObjectW(ptr::null(), ptr::null()) };
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it has just been made for us.
    let job = unsafe { OwnedHandle::from_raw_handle(handle) };
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    let size = u32::try_from(size_of_val(&limits)).map_err(io::Error::other)?;
    let kind = JobObjectExtendedLimitInformation;
    // SAFETY: `limits` is what this kind calls for, and has that size; both handles are open.
    let done = unsafe {
        SetInformationJobObject(handle, kind, (&raw const limits).cast(), size) != 0
            && AssignProcessToJobObject(handle, child.as_raw_handle()) != 0
    };
    if done { Ok(job) } else { Err(io::Error::last_os_error()) }
}

/// Nothing outlives the process that ran it.
pub(in crate::npm) fn end_orphan(_: u32, _: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::Stdio;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// Starts a line of the command prompt; what is sent tells that nobody has its output open.
    fn start(line: &str) -> (Group, mpsc::Receiver<()>) {
        let mut command = Command::new("cmd.exe");
        command.args(["/d", "/c", line]).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut group = Group::start(&mut command).unwrap();
        let mut output = group.take_output().1.unwrap();
        let mut first = [0];
        // One that waits has begun.
        assert_eq!(output.read(&mut first).unwrap(), 1);
        let (closing, closed) = mpsc::channel();
        thread::spawn(move || {
            let _ = output.read_to_end(&mut Vec::new());
            let _ = closing.send(());
        });
        (group, closed)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_kill_ends_what_was_started_too() {
        let (mut group, closed) = start("echo it runs& cmd.exe /d /c ping -n 600 127.0.0.1");
        assert!(group.job.is_some());
        assert!(closed.recv_timeout(Duration::from_millis(100)).is_err());
        group.kill();
        closed.recv_timeout(LONG).unwrap();
        assert!(!Group::was_killed(group.child.wait().unwrap()), "it can't be told");
    }

    #[test]
    fn what_outlives_npm_ends_with_the_run() {
        let (mut group, closed) = start("echo it runs& start /b ping -n 600 127.0.0.1");
        assert!(group.child.wait().unwrap().success());
        assert!(closed.recv_timeout(Duration::from_millis(100)).is_err());
        drop(group);
        closed.recv_timeout(LONG).unwrap();
    }

    #[test]
    fn an_abort_is_told_from_a_failure() {
        for (code, killed) in [("0", false), ("1", false), ("134", true), ("-1073741819", true)] {
            let mut command = Command::new("cmd.exe");
            let mut group = Group::start(command.args(["/d", "/c", "exit", code])).unwrap();
            assert_eq!(Group::was_killed(group.child.wait().unwrap()), killed, "{code}");
        }
    }
}
