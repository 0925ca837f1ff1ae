//! The leases of the tabs that run once, of one worker: which are wanted here, which it has.
//!
//! `state` decides, without a clock and without a connection; `follow` is the one task that talks with the
//! server about it.

mod clock;
mod follow;
mod releases;
mod server;
mod spread;
mod state;
mod step;
mod terms;

#[cfg(test)]
mod simulation;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::Rng;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tracing::instrument::WithSubscriber;

use self::clock::Clock;
use self::state::State;
use self::terms::Terms;
use super::{Inner, Member};
use crate::clock as time_of_day;
use crate::config::{PlacementConfig, WhenAway};
use crate::error::{Error, Result};
use crate::role::{Event, Host};
use crate::store::Store;

/// How long giving back waits for the server.
const LAST_RELEASE: Duration = Duration::from_millis(500);

/// A tab that runs here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldTab {
    /// Its id.
    pub tab: Arc<str>,
    /// Grows with each change of owner.
    pub fence: u64,
    /// Since when it runs here, in ms since 1970.
    pub since: u64,
}

/// The leases of one member.
pub(super) struct Leases {
    /// Tells this process from others.
    owner: String,
    ttl: Duration,
    keep: bool,
    store: Store,
    host: Arc<dyn Host>,
    clock: Clock,
    state: Mutex<State>,
    /// Something is to be done.
    work: Notify,
    /// Nothing is owed to the server, and nothing is on its way.
    at_rest: watch::Sender<bool>,
    /// What keeps tabs from running here.
    problem: Mutex<Option<String>>,
    /// What was logged, of that which is logged once.
    said: Mutex<BTreeSet<String>>,
    task: Mutex<Option<JoinHandle<()>>>,
    closed: AtomicBool,
}

impl Leases {
    pub(super) fn new(
        owner: &str,
        store: Store,
        host: Arc<dyn Host>,
        placement: &PlacementConfig,
    ) -> Self {
        let keep = placement.once_when_away == WhenAway::Keep;
        let terms = Terms { ttl: placement.once_lease, keep };
        Self {
            owner: owner.to_owned(),
            ttl: terms.ttl,
            keep: terms.keep,
            store,
            host,
            clock: Clock::new(),
            state: Mutex::new(State::new(terms, rand::rng().random())),
            work: Notify::new(),
            at_rest: watch::Sender::new(true),
            problem: Mutex::default(),
            said: Mutex::default(),
            task: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// Begins the task of this member; it connects to nothing before a tab is wanted.
    pub(super) fn start(inner: &Arc<Inner>) {
        let following = Arc::clone(inner);
        let follow = async move { following.leases.follow().await };
        *inner.leases.task() = Some(tokio::spawn(follow.with_current_subscriber()));
    }

    /// Ends the task. What is held is not given back: it may still run.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        if let Some(task) = self.task().take() {
            task.abort();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn task(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn problem(&self) -> MutexGuard<'_, Option<String>> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells JavaScript that other tabs are held than before.
    fn tell_news(&self) {
        let is_new = self.state().take_news();
        if is_new {
            self.host.event(Event::Tabs);
        }
    }
}

impl Member {
    /// These tabs, by their ids, are wanted here from now on, and no others. What of others was held is given
    /// back: it must have been stopped before. [`Event::Tabs`] says when [`Member::held_tabs`] has changed.
    pub fn hold_tabs(&self, tabs: Vec<String>) -> Result<()> {
        let leases = &self.inner.leases;
        if leases.closed.load(Ordering::Relaxed) {
            return Err(Error::Closed);
        }
        let now = leases.clock.now();
        {
            let mut state = leases.state();
            state.tick(now);
            state.want(tabs.into_iter().map(Into::into), now);
        }
        leases.tell_news();
        leases.work.notify_one();
        Ok(())
    }

    /// The tabs that run here at this moment. After a pause of the process this is the first to be asked: what
    /// could not be renewed in time is no longer among them.
    pub fn held_tabs(&self) -> Vec<HeldTab> {
        let leases = &self.inner.leases;
        let now = leases.clock.now();
        let today = time_of_day::now();
        let ago = |since| u64::try_from(now.saturating_duration_since(since).as_millis());
        let state = leases.state();
        let held = state.held(now).map(|(tab, held)| HeldTab {
            tab: tab.clone(),
            fence: held.fence,
            since: today.saturating_sub(ago(held.since).unwrap_or(0)),
        });
        held.collect()
    }

    /// JavaScript runs: said by a timer. Without it nothing is renewed or taken once half a lease has passed.
    pub fn still_alive(&self) {
        let leases = &self.inner.leases;
        let was_stale = {
            let mut state = leases.state();
            let now = leases.clock.now();
            let was_stale = state.is_stale(now);
            state.tick(now);
            was_stale
        };
        if was_stale {
            leases.work.notify_one();
        }
    }

    /// Wants no tab any more and gives back all that are held, which must have been stopped before. Waits for the server,
    /// but not long: what it was not told runs out by itself.
    pub async fn give_back_tabs(&self) {
        let leases = &self.inner.leases;
        let mut at_rest = leases.at_rest.subscribe();
        {
            let mut state = leases.state();
            state.want([], leases.clock.now());
            if !state.owes() && *at_rest.borrow() {
                return;
            }
            leases.at_rest.send_replace(false);
        }
        leases.work.notify_one();
        let done = async {
            let mut state = self.inner.connection.state();
            tokio::select! {
                _ = at_rest.wait_for(|at_rest| *at_rest) => (),
                _ = state.wait_for(|state| state.reason().is_some()) => (),
            }
        };
        let _ = tokio::time::timeout(LAST_RELEASE, done).await;
    }

    /// What keeps this member from doing its part, besides the connection: e.g. a right that is missing.
    pub fn problem(&self) -> Option<String> {
        self.inner.leases.problem().clone()
    }
}
