//! How the list is followed: one synchronisation at a time, and the last list wins.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Packages;
use super::heard::{Heard, REREAD_LIST};
use super::synchronise::Left;
use crate::backoff::Backoff;
use crate::error::{Error, Result};
use crate::packages::PackageList;
use crate::role::pace::Pace;
use crate::role::{CONNECT_LIMIT, next_change};

/// Between an attempt that failed and the next.
const TRY_AGAIN: Backoff = Backoff::new(Duration::from_secs(4), Duration::from_secs(600)).spread();
/// The pause before an attempt that a deploy waits for.
const PAUSE_OF_A_DEPLOY: Duration = Duration::from_secs(5);

/// Whose list is followed, and until when.
pub(in crate::role) enum Follow {
    /// A worker follows always.
    Always(Heard),
    /// An admin whose disk was emptied follows until it has its packages back.
    UntilRestored,
}

/// The list that counts, and when it is worked on next.
struct Target {
    list: Option<PackageList>,
    /// Everything that is to be installed is, and Node-RED was told of it. What it can't load
    /// counts as well: a deploy that waited for it would wait in vain.
    in_step: bool,
    /// Names that could not be installed.
    missing: Vec<String>,
    due: Option<Instant>,
    backoff: Backoff,
    /// When the last attempt ended.
    ended: Option<Instant>,
}

impl Packages {
    /// Follows the stored list until it is aborted, or restored (see [`Follow`]).
    pub(in crate::role) async fn follow(self: Arc<Self>, follow: Follow) {
        let (mut heard, once) = match follow {
            Follow::Always(heard) => (heard, false),
            Follow::UntilRestored => (Heard::nothing(), true),
        };
        let mut connection = self.store.connection().state();
        let mut calls = self.calls.subscribe();
        let mut pace = Pace::new();
        let mut target = self.begin().await;
        let mut answered = 0;
        loop {
            let call = *calls.borrow_and_update();
            heard.note();
            connection.borrow_and_update();
            let read = self.look(&mut target, once).await;
            self.progress.send_modify(|progress| progress.known = read);
            if call != answered && !self.state().in_use.is_empty() {
                // A deploy may have stopped using what is to go.
                target.due.get_or_insert_with(Instant::now);
            }
            answered = call;
            if std::mem::take(&mut self.state().awaited) {
                target.hasten();
            }
            self.work(&mut target, once, &heard).await;
            self.report(&target, call);
            if once && read && target.due.is_none() {
                self.end_restoring(&target).await;
                return;
            }
            let wait = target.rest().map_or(REREAD_LIST, |rest| rest.min(REREAD_LIST));
            tokio::select! {
                () = heard.news() => {}
                () = next_change(&mut connection) => {}
                () = next_change(&mut calls) => {}
                () = tokio::time::sleep(wait) => {}
            }
            pace.take().await;
        }
    }

    /// Puts right what an earlier process left half done.
    async fn begin(&self) -> Target {
        self.record.lock().await.read().await;
        if let Err(error) = self.repair().await {
            tracing::error!("{error}");
        }
        let _ = self.store.connection().wait_ready(CONNECT_LIMIT).await;
        let key = self.store.keys().packages();
        let record = self.record.lock().await;
        let unfinished = record.unfinished().map(|text| PackageList::parse(&key, text));
        match unfinished {
            // Should Valkey be away: what was begun is ended.
            Some(Ok(list)) => Target::of(list),
            _ => Target::nothing(),
        }
    }

    /// All is back that can be had. What the registry does not have stays on the list: it is only
    /// this disk that lacks it.
    async fn end_restoring(&self, target: &Target) {
        let version = |name: &String| {
            let version = target.list.as_ref()?.version(name)?;
            Some((name.clone(), version.to_owned()))
        };
        let refused: BTreeMap<String, String> = target.missing.iter().filter_map(version).collect();
        if !refused.is_empty() {
            let names: Vec<String> =
                refused.iter().map(|(name, version)| format!("{name}@{version}")).collect();
            tracing::warn!(
                "the registry does not have {}: not installed here, but still on the package list; install another version in the palette, and remove it there if it is no longer wanted",
                names.join(", ")
            );
        }
        self.record.lock().await.set_restored(refused).await;
    }

    /// Reads the list; returns whether that says what there is to do. To an admin that is to be
    /// restored, a list that can't be used is as good as none: nobody else would mend it.
    async fn look(&self, target: &mut Target, once: bool) -> bool {
        match self.store.read_packages().await {
            Ok(Some(list)) => {
                if target.list.as_ref() != Some(&list) {
                    *target = Target::of(list);
                }
                let mut state = self.state();
                state.problem = None;
                if std::mem::take(&mut state.unusable) {
                    tracing::info!("the package list can be used again");
                }
                true
            }
            Ok(None) => {
                let mut state = self.state();
                state.problem = None;
                state.unusable = false;
                true
            }
            Err(error) => {
                self.log_problem(&error);
                once && matches!(error, Error::Value { .. })
            }
        }
    }

    /// Works on the list when it is due.
    async fn work(&self, target: &mut Target, once: bool, heard: &Heard) {
        if target.rest().is_none_or(|rest| !rest.is_zero()) {
            return;
        }
        let Some(list) = &target.list else {
            target.due = None;
            return;
        };
        let result = self.synchronise(list, heard).await;
        target.settle(result, once);
    }

    fn report(&self, target: &Target, call: u64) {
        self.progress.send_modify(|progress| {
            progress.heard = call;
            progress.looked = true;
            progress.in_step = target.list.is_none() || target.in_step;
            progress.missing.clone_from(&target.missing);
        });
    }

    fn log_problem(&self, error: &Error) {
        let text = error.to_string();
        if self.state().problem.as_deref() == Some(text.as_str()) {
            return;
        }
        if error.is_passing() {
            tracing::debug!("package list: {text}");
        } else {
            tracing::error!("{text}; no package is changed");
            self.state().unusable = true;
        }
        self.state().problem = Some(text);
    }
}

impl Target {
    fn nothing() -> Self {
        Self {
            list: None,
            in_step: false,
            missing: Vec::new(),
            due: None,
            backoff: TRY_AGAIN,
            ended: None,
        }
    }

    fn of(list: PackageList) -> Self {
        Self { list: Some(list), due: Some(Instant::now()), ..Self::nothing() }
    }

    fn rest(&self) -> Option<Duration> {
        self.due.map(|due| due.saturating_duration_since(Instant::now()))
    }

    /// A deploy waits: the next attempt comes soon.
    fn hasten(&mut self) {
        if let (Some(due), Some(ended)) = (&mut self.due, self.ended) {
            *due = (*due).min(ended + PAUSE_OF_A_DEPLOY);
        }
    }

    /// Takes what came of an attempt. With `once`, what nobody can install is not tried again.
    fn settle(&mut self, result: Result<Left>, once: bool) {
        self.ended = Some(Instant::now());
        match result {
            Ok(left) if left == Left::default() => {
                self.in_step = true;
                self.due = None;
                self.backoff.reset();
                self.missing.clear();
            }
            Ok(left) if left.superseded => {
                self.in_step = false;
                self.missing = left.missing;
                self.due = Some(Instant::now());
            }
            Ok(left) if once && left.is_all_that_can_be_had() => {
                self.in_step = left.missing.is_empty();
                self.missing = left.missing;
                self.due = None;
            }
            result => {
                let mut told = false;
                let why = match result {
                    Ok(left) => {
                        let why = left.why();
                        told = left.told;
                        self.in_step = left.missing.is_empty();
                        self.missing = left.missing;
                        why
                    }
                    Err(error) => error.to_string(),
                };
                let pause = self.backoff.next_wait();
                let line =
                    format!("packages: next attempt in {:.0} s ({why})", pause.as_secs_f64());
                match told {
                    true => tracing::debug!("{line}"),
                    false => tracing::warn!("{line}"),
                }
                self.due = Some(Instant::now() + pause);
            }
        }
    }
}

#[cfg(test)]
mod tests;
