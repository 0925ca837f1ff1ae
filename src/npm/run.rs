//! One run of npm: started as a group of its own, its output bounded, ended at any time.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::process::{Command, ExitStatus};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::group::Group;
use crate::{Error, Result};

/// How much of each output is kept: the end, where npm tells what went wrong.
const OUTPUT_KEPT: usize = 64 * 1024;
/// After this long npm is given up; a registry that hangs must not block every later run.
pub(super) const RUN_LIMIT: Duration = Duration::from_secs(30 * 60);
/// How long npm, once told to end, may take for putting back what it had moved.
const TERMINATE_GRACE: Duration = Duration::from_secs(5);
/// How long a child of npm that outlives it may hold the output open.
const OUTPUT_WAIT: Duration = Duration::from_secs(2);
/// How often npm is asked whether it has ended.
const EXIT_POLL: Duration = Duration::from_millis(20);

/// What a run has left.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) success: bool,
    /// It did not end by itself, e.g. for lack of memory: it has put nothing back.
    pub(super) killed: bool,
    /// The end of stderr, then that of stdout.
    pub(super) output: String,
}

/// Why a run has left nothing.
#[derive(Debug)]
pub(super) enum NoRun {
    /// The program could not be started.
    Start(io::Error),
    /// It was given up.
    TimedOut,
    /// [`Running::stop`] was called.
    Stopped,
    /// [`Running::end`] was called.
    Ended,
}

/// The run that goes on now, if any.
#[derive(Default)]
pub(super) struct Running(Mutex<RunState>);

#[derive(Default)]
struct RunState {
    group: Option<Group>,
    /// For the change that goes on.
    stopped: bool,
    /// For good.
    ended: bool,
}

impl RunState {
    fn refusal(&self) -> Option<NoRun> {
        match (self.ended, self.stopped) {
            (true, _) => Some(NoRun::Ended),
            (false, true) => Some(NoRun::Stopped),
            (false, false) => None,
        }
    }
}

/// Why a change that was stopped has not come to its end.
pub(super) fn stopped() -> Error {
    Error::npm("it was ended, because something else is to be done now")
}

impl Running {
    /// Ends the run, and every later one before it begins.
    pub(super) fn end(&self) {
        let mut state = self.state();
        if !std::mem::replace(&mut state.ended, true)
            && let Some(group) = &mut state.group
        {
            group.terminate();
        }
    }

    /// A change begins, of one or more runs.
    pub(super) fn begin(&self) {
        self.state().stopped = false;
    }

    /// Ends the run, and those of the same change that would follow.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        if !std::mem::replace(&mut state.stopped, true)
            && !state.ended
            && let Some(group) = &mut state.group
        {
            group.terminate();
        }
    }

    /// Whether the last change was stopped.
    pub(super) fn was_stopped(&self) -> bool {
        self.state().stopped
    }

    /// Whether another run may begin.
    pub(super) fn check_open(&self) -> Result<()> {
        match self.state().refusal() {
            Some(NoRun::Ended) => Err(Error::Closed),
            Some(_) => Err(stopped()),
            None => Ok(()),
        }
    }

    /// Runs a command to its end. `started` learns the id of its process.
    pub(super) fn run(
        &self,
        mut command: Command,
        limit: Duration,
        started: impl FnOnce(u32),
    ) -> std::result::Result<Finished, NoRun> {
        let (pid, output) = {
            let mut state = self.state();
            if let Some(refusal) = state.refusal() {
                return Err(refusal);
            }
            let mut group = Group::start(&mut command).map_err(NoRun::Start)?;
            let (stderr, stdout) = group.take_output();
            let pid = group.id();
            state.group = Some(group);
            (pid, [stderr.map(Tail::read), stdout.map(Tail::read)])
        };
        started(pid);
        let ending = self.wait(limit);
        self.state().group = None;
        let deadline = Instant::now() + OUTPUT_WAIT;
        let output: Vec<String> =
            output.into_iter().flatten().map(|tail| tail.text(deadline)).collect();
        match ending {
            Ok(status) => Ok(Finished {
                success: status.success(),
                killed: Group::was_killed(status),
                output: output.join("\n"),
            }),
            Err(reason) => Err(reason),
        }
    }

    fn wait(&self, limit: Duration) -> std::result::Result<ExitStatus, NoRun> {
        let began = Instant::now();
        let mut told: Option<(Instant, bool)> = None;
        loop {
            let mut state = self.state();
            let by_us = state.refusal();
            let Some(group) = &mut state.group else { return Err(NoRun::Ended) };
            match group.try_wait() {
                Ok(Some(_)) if told.is_some() || by_us.is_some() => {
                    // Children of npm that did not listen.
                    group.kill();
                    return Err(by_us.unwrap_or(NoRun::TimedOut));
                }
                Ok(Some(status)) => return Ok(status),
                Ok(None) => {}
                Err(error) => return Err(NoRun::Start(error)),
            }
            match &mut told {
                None if by_us.is_some() => told = Some((Instant::now(), false)),
                None if began.elapsed() > limit => {
                    group.terminate();
                    told = Some((Instant::now(), false));
                }
                Some((at, killed)) if !*killed && at.elapsed() > TERMINATE_GRACE => {
                    group.kill();
                    *killed = true;
                }
                _ => {}
            }
            drop(state);
            thread::sleep(EXIT_POLL);
        }
    }

    fn state(&self) -> MutexGuard<'_, RunState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of an output, read by a thread of its own, so that a full pipe never stops npm.
struct Tail {
    kept: Arc<Mutex<VecDeque<u8>>>,
    closed: mpsc::Receiver<()>,
}

impl Tail {
    fn read(mut source: impl Read + Send + 'static) -> Self {
        let kept = Arc::new(Mutex::new(VecDeque::new()));
        let (closing, closed) = mpsc::channel();
        let into = Arc::clone(&kept);
        thread::spawn(move || {
            let mut part = [0; 8192];
            while let Ok(size @ 1..) = source.read(&mut part) {
                let mut kept = into.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(part.iter().take(size));
                let over = kept.len().saturating_sub(OUTPUT_KEPT);
                kept.drain(..over);
            }
            let _ = closing.send(());
        });
        Self { kept, closed }
    }

    fn text(self, deadline: Instant) -> String {
        let _ = self.closed.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
