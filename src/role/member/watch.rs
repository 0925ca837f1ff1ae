//! Who looks at this instance, and what it tells them. As long as nobody does, the server is asked once
//! a connection and tells of a change by itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::instrument::WithSubscriber;

use super::{AFTER_REFUSAL, Inner, Member, is_watched};
use crate::connection::{ConnectionState, Heard, Tracking};
use crate::error::{Error, Result};
use crate::role::{Event, next_change};
use crate::store::watch::{WATCH, Wants, read_watch, wanted_of};

/// How often it is looked where the server does not tell.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Nobody looks any more when it was not said again within this time, should the server not tell.
const OVER: Duration = Duration::from_secs(WATCH.as_secs() + 5);
/// Messages on their way. More are dropped: they come in no order that is worth waiting for.
const MOST_UNDER_WAY: usize = 64;

/// Who looks at this instance.
pub(super) struct Watch {
    tracking: Arc<Tracking>,
    seen: Mutex<Seen>,
    under_way: Arc<Semaphore>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Seen {
    /// Counts the connections.
    session: u64,
    watch: BTreeMap<String, Wants>,
    read: Option<Instant>,
}

/// Who looks at this instance, and at what of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Counts the connections: what was told on an earlier one may be lost.
    pub session: u64,
    /// Kinds, separated by commas, by who looks.
    pub by: BTreeMap<String, String>,
}

impl Watch {
    /// For a connection with this tracking.
    pub(super) fn new(tracking: Arc<Tracking>) -> Self {
        Self {
            tracking,
            seen: Mutex::default(),
            under_way: Arc::new(Semaphore::new(MOST_UNDER_WAY)),
            task: Mutex::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn task(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what was read; whether anything is new.
    fn take(&self, watch: BTreeMap<String, Wants>) -> bool {
        let mut seen = self.seen();
        seen.read = Some(Instant::now());
        let is_new = seen.watch != watch;
        seen.watch = watch;
        is_new
    }

    /// Forgets who looked, when that is too long ago; whether there was somebody.
    fn forget(&self) -> bool {
        let mut seen = self.seen();
        let is_old = seen.read.is_none_or(|read| read.elapsed() >= OVER);
        is_old && !std::mem::take(&mut seen.watch).is_empty()
    }

    /// Ends the task.
    pub(super) fn end(&self) {
        if let Some(task) = self.task().take() {
            task.abort();
        }
    }
}

impl Member {
    /// From here on, [`Event::Watched`] tells when others begin or cease to look at this instance, where they
    /// can: at a worker that reports.
    pub fn follow_watch(&self) {
        if !is_watched(&self.inner.config) {
            return;
        }
        let mut task = self.inner.watch.task();
        if task.is_none() {
            let inner = Arc::clone(&self.inner);
            let work = async move { inner.follow_watch().await };
            *task = Some(tokio::spawn(work.with_current_subscriber()));
        }
    }

    /// Who looks at this instance, which others know by its id and by this name; nobody: empty.
    pub fn watched(&self, name: &str) -> Watched {
        let seen = self.inner.watch.seen();
        Watched { session: seen.session, by: wanted_of(&seen.watch, &[&self.inner.id, name]) }
    }

    /// Tells those who look. Returns at once; false when it was dropped, because there is no connection or
    /// too much is on its way.
    pub fn publish(&self, text: String) -> bool {
        let inner = Arc::clone(&self.inner);
        let Ok(place) = Arc::clone(&inner.watch.under_way).try_acquire_owned() else {
            return false;
        };
        if !inner.connection.is_ready() {
            return false;
        }
        let publish = async move {
            let _place = place;
            let mut command = redis::cmd("PUBLISH");
            command.arg(inner.keys.fleet_debug_channel()).arg(text);
            match inner.connection.command(&command).await {
                Err(error @ Error::Permission { .. }) => inner
                    .connection
                    .warn_missing_right(&error, "nothing of this instance is shown elsewhere"),
                Err(error) => tracing::debug!("a message for those who look is lost: {error}"),
                Ok(_) => {}
            }
        };
        tokio::spawn(publish.with_current_subscriber());
        true
    }
}

impl Inner {
    async fn follow_watch(&self) {
        let mut state = self.connection.state();
        let (mut was_ready, mut is_due) = (false, false);
        let mut after_refusal = AFTER_REFUSAL;
        let mut refused = None;
        loop {
            let is_ready = matches!(*state.borrow_and_update(), ConnectionState::Ready { .. });
            let is_another = is_ready && !was_ready;
            was_ready = is_ready;
            if is_another {
                self.watch.seen().session += 1;
            }
            // A new connection is news, too.
            let is_told = self.watch.tracking.take() != Heard::default();
            if is_ready && (is_another || is_told || is_due) {
                refused = if self.look_at_watch(is_another).await.is_err_and(is_refusal) {
                    Some(after_refusal.next_wait())
                } else {
                    after_refusal.reset();
                    None
                };
            }
            if self.watch.forget() {
                self.host.event(Event::Watched);
            }
            let tells = self.watch.tracking.is_enabled();
            let wait = match (refused, is_ready && !tells) {
                (Some(wait), _) => Some(wait),
                (None, true) => Some(LOOK_AGAIN),
                (None, false) if self.watch.seen().watch.is_empty() => None,
                (None, false) => Some(OVER),
            };
            let pause = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            is_due = tokio::select! {
                () = next_change(&mut state) => false,
                () = self.watch.tracking.news(), if tells && refused.is_none() => false,
                () = pause => true,
            };
        }
    }

    /// Reads who looks. On another connection it is told again even if it is the same.
    async fn look_at_watch(&self, is_another: bool) -> Result<()> {
        let watch = read_watch(&self.connection, &self.keys).await.inspect_err(|error| {
            tracing::debug!("who looks at this instance can't be read: {error}");
        })?;
        let somebody = !watch.is_empty();
        if self.watch.take(watch) || (is_another && somebody) {
            self.host.event(Event::Watched);
        }
        Ok(())
    }
}

fn is_refusal(error: Error) -> bool {
    matches!(error, Error::Permission { .. } | Error::Server { .. })
}
