//! The task that talks with the server about the leases.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Leases;
use super::step::{Renewals, Step, Wishes};
use crate::backoff::Backoff;
use crate::connection::{ConnectionState, Hints, Subscriber};
use crate::error::{Error, Result};
use crate::role::next_change;
use crate::role::pace::Pace;
use crate::store::once::{Looks, Missing, Renewed};

/// What was asked, and the answer.
enum Answered {
    Renewed(Renewals, Renewed),
    Looked(Wishes, Looks),
    Released(Vec<(Arc<str>, u64)>, Option<Missing>),
}

impl Leases {
    /// Takes, renews and gives back, as long as the task lives.
    pub(super) async fn follow(&self) {
        while !self.state().is_of_use() {
            self.work.notified().await;
        }
        let connection = self.store.connection();
        let channel = self.store.keys().once_channel();
        let missed =
            "a tab that another worker gives back is taken up to a third of 'onceLease' later";
        let subscriber = Subscriber::beside_for(connection, vec![channel], missed);
        let mut hints = subscriber.hints();
        let mut state = connection.state();
        let mut heard = 0;
        let mut pace = Pace::new();
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5)).spread();
        self.note_connection(&state.borrow_and_update());
        loop {
            let now = self.clock.now();
            if state.has_changed().unwrap_or(false) {
                self.note_connection(&state.borrow_and_update());
            }
            let count = count(&hints.borrow_and_update());
            if count != heard {
                heard = count;
                self.state().woken(now);
            }
            let is_connected = connection.is_ready();
            let step = {
                let mut leases = self.state();
                if !is_connected {
                    leases.away(now);
                }
                leases.next(now)
            };
            self.tell_news();
            let until = match step {
                Step::Wait(until) => until,
                step => {
                    let is_release = matches!(step, Step::Release(_));
                    self.at_rest.send_replace(false);
                    match self.perform(step).await {
                        Ok(()) => {
                            backoff.reset();
                            self.is_well();
                        }
                        Err(error) => {
                            self.note_failure(is_release, &mut backoff);
                            self.log_problem(&error);
                        }
                    }
                    self.tell_news();
                    continue;
                }
            };
            self.note_rest();
            let until = if is_connected { until } else { Some(now + self.between_checks()) };
            tokio::select! {
                () = self.work.notified() => (),
                () = next_change(&mut hints) => pace.take().await,
                () = next_change(&mut state) => state.mark_changed(),
                () = self.sleep_until(until) => (),
            }
        }
    }

    /// An answer that is an error is no renewal either.
    fn note_failure(&self, is_release: bool, backoff: &mut Backoff) {
        let now = self.clock.now();
        let mut leases = self.state();
        if is_release {
            leases.release_refused(now);
        } else {
            leases.away(now);
            leases.failed(now, backoff.next_wait());
        }
    }

    /// Each change to ready is another connection: between two looks there may have been none.
    fn note_connection(&self, state: &ConnectionState) {
        let now = self.clock.now();
        match state {
            ConnectionState::Ready { .. } => self.state().connected(now),
            _ => self.state().disconnected(),
        }
    }

    /// Under the lock under which something is given back.
    fn note_rest(&self) {
        let state = self.state();
        if !state.owes() {
            self.at_rest.send_if_modified(|at_rest| !std::mem::replace(at_rest, true));
        }
    }

    /// Does one step. What ends meanwhile is told at once, however long the server takes.
    async fn perform(&self, step: Step) -> Result<()> {
        let began = self.clock.now();
        let exchange = self.exchange(step);
        tokio::pin!(exchange);
        let answered = loop {
            tokio::select! {
                answered = &mut exchange => break answered?,
                () = tokio::time::sleep(self.between_checks()) => {
                    let now = self.clock.now();
                    if now.saturating_duration_since(began) >= self.ttl / 5 {
                        self.state().away(now);
                    } else {
                        self.state().expire(now);
                    }
                    self.tell_news();
                }
            }
        };
        let now = self.clock.now();
        match answered {
            Answered::Renewed(asked, answer) => self.state().renewed(&asked, &answer, now),
            Answered::Looked(asked, answer) => {
                self.state().looked(&asked, &answer, now);
                self.say_once(answer.missing);
            }
            Answered::Released(asked, missing) => {
                self.state().released(&asked);
                self.say_once(missing);
            }
        }
        Ok(())
    }

    async fn exchange(&self, step: Step) -> Result<Answered> {
        let Self { owner, ttl, keep, store, .. } = self;
        Ok(match step {
            Step::Renew(asked) => {
                let answer = store.renew_leases(owner, asked.ms, *keep, &asked.leases).await?;
                Answered::Renewed(asked, answer)
            }
            Step::Take(asked) => {
                let answer =
                    store.take_leases(owner, asked.ms, *ttl, asked.caution, &asked.tabs).await?;
                Answered::Looked(asked, answer)
            }
            Step::Release(asked) => {
                let missing = store.release_leases(owner, &asked).await?;
                Answered::Released(asked, missing)
            }
            Step::Wait(_) => return Err(Error::Internal("nothing was to be done".into())),
        })
    }

    /// How often it is looked whether something has ended, while the server does not answer.
    fn between_checks(&self) -> Duration {
        self.ttl / 20
    }

    async fn sleep_until(&self, until: Option<Instant>) {
        match until {
            Some(until) => tokio::time::sleep_until(self.clock.for_timer(until).into()).await,
            None => std::future::pending().await,
        }
    }

    fn is_well(&self) {
        if self.problem().take().is_some() {
            tracing::info!("tabs that run once can be taken here again");
        }
    }

    /// Logs what a person has to act on, once until it is another.
    fn log_problem(&self, error: &Error) {
        if error.is_passing() || matches!(error, Error::Closed) {
            tracing::debug!("leases of tabs: {error}");
            return;
        }
        let text = error.to_string();
        let mut problem = self.problem();
        if problem.as_deref() == Some(text.as_str()) {
            return;
        }
        let tabs = self.state().wanted();
        tracing::error!(
            "tabs that run once can not be taken here ({tabs}): {text}; all others run, and it is tried again"
        );
        *problem = Some(text);
    }

    fn say_once(&self, missing: Option<Missing>) {
        let Some(Missing { error, consequence }) = missing else { return };
        let line = format!("{error}; {consequence}");
        let mut said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if said.len() < 10 && said.insert(line.clone()) {
            tracing::warn!("{line}");
        }
    }
}

/// How much was heard, and how often something may have been missed.
fn count(hints: &Hints) -> u64 {
    hints.messages.iter().fold(hints.subscribed, |sum, count| sum.wrapping_add(*count))
}
