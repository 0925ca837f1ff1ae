//! What this instance tells the others of itself: again and again, also while JavaScript is blocked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::instrument::WithSubscriber;

use super::{AFTER_REFUSAL, Inner, Member};
use crate::error::{Error, Result};
use crate::role::next_change;

/// How often a report is sent without a change.
const AGAIN: Duration = Duration::from_secs(2);
/// The same while JavaScript says nothing: it may be blocked, and others want to know.
const AGAIN_WHEN_QUIET: Duration = Duration::from_secs(1);
/// From when on it says nothing: it reports as often as [`AGAIN`].
const QUIET: Duration = Duration::from_secs(3);
/// No two reports follow each other sooner.
const APART: Duration = Duration::from_millis(100);
/// The index is trimmed with every so-manieth report.
const TRIM_EVERY: u32 = 60;
/// The longest that taking a report away may hold up an end.
const LEAVE_LIMIT: Duration = Duration::from_millis(250);

/// The report of one instance.
#[derive(Default)]
pub(super) struct Reports {
    told: Mutex<Option<Told>>,
    changed: Notify,
    left: AtomicBool,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What JavaScript told last.
struct Told {
    /// A JSON object.
    text: String,
    at: Instant,
}

/// The report as it is stored: with how long ago JavaScript told it, in ms.
fn with_tick(text: &str, age: Duration) -> String {
    let members = text.strip_prefix('{').unwrap_or_default();
    let comma = if members.trim_start().starts_with('}') { "" } else { "," };
    format!(r#"{{"tick":{}{comma}{members}"#, age.as_millis())
}

impl Reports {
    fn told(&self) -> MutexGuard<'_, Option<Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn task(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long to wait until the report is sent again.
    fn pause(&self) -> Duration {
        let is_quiet = self.told().as_ref().is_some_and(|told| told.at.elapsed() > QUIET);
        if is_quiet { AGAIN_WHEN_QUIET } else { AGAIN }
    }

    /// Ends the task.
    pub(super) fn end(&self) {
        if let Some(task) = self.task().take() {
            task.abort();
        }
    }
}

impl Member {
    /// Takes what this instance has to tell of itself from now on, a JSON object. It is sent soon, and
    /// again every 2 s, with how long ago it was told.
    ///
    /// # Errors
    /// [`Error::Internal`] when it is no object.
    pub fn report(&self, text: String) -> Result<()> {
        if !(text.starts_with('{') && text.ends_with('}')) {
            return Err(Error::Internal("a report is a JSON object".into()));
        }
        let reports = &self.inner.reports;
        if reports.left.load(Ordering::Relaxed) {
            return Ok(());
        }
        *reports.told() = Some(Told { text, at: Instant::now() });
        reports.changed.notify_one();
        let mut task = reports.task();
        if task.is_none() {
            let inner = Arc::clone(&self.inner);
            let work = async move { inner.report_again_and_again().await };
            *task = Some(tokio::spawn(work.with_current_subscriber()));
        }
        Ok(())
    }

    /// Takes the report away, because the instance ends as it should, and tells nothing any more.
    /// Takes a moment at most.
    pub async fn leave(&self) {
        let reports = &self.inner.reports;
        let was_told = reports.told().is_some();
        if reports.left.swap(true, Ordering::Relaxed) || !was_told {
            return;
        }
        reports.end();
        if self.inner.connection.is_ready() {
            let leaving = self.inner.fleet.leave(&self.inner.id);
            match tokio::time::timeout(LEAVE_LIMIT, leaving).await {
                Ok(Err(error)) => tracing::debug!("the report stays: {error}"),
                Err(_) => tracing::debug!("the report stays: no answer"),
                Ok(Ok(())) => {}
            }
        }
    }
}

impl Inner {
    async fn report_again_and_again(&self) {
        let mut connection = self.connection.state();
        let mut count: u32 = 0;
        let mut after_refusal = AFTER_REFUSAL;
        let mut refused = false;
        let mut pause = Duration::ZERO;
        loop {
            tokio::select! {
                () = self.reports.changed.notified(), if !refused => {}
                () = next_change(&mut connection) => {}
                () = tokio::time::sleep(pause) => {}
            }
            connection.borrow_and_update();
            pause = self.reports.pause();
            if !self.connection.is_ready() {
                continue;
            }
            let text = {
                let told = self.reports.told();
                told.as_ref().map(|told| with_tick(&told.text, told.at.elapsed()))
            };
            let Some(text) = text else { continue };
            let trim = count.is_multiple_of(TRIM_EVERY);
            match self.fleet.report(&self.id, &text, trim).await {
                Ok(()) => {
                    count = count.wrapping_add(1);
                    after_refusal.reset();
                    refused = false;
                }
                Err(error @ Error::Permission { .. }) => {
                    if !std::mem::replace(&mut refused, true) {
                        tracing::warn!(
                            "{error}; this instance is not seen among the others, and does everything else"
                        );
                    }
                    pause = after_refusal.next_wait();
                }
                Err(error) => tracing::debug!("a report was not stored: {error}"),
            }
            tokio::time::sleep(APART).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_the_age_of_the_last_tick() {
        let age = Duration::from_millis(1234);
        assert_eq!(with_tick(r#"{"a":1}"#, age), r#"{"tick":1234,"a":1}"#);
        assert_eq!(with_tick("{ }", age), r#"{"tick":1234 }"#);
    }
}
