//! The user's own strategies for the wait before the next attempt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::retry::Retry;

/// A longer wait is a slip of the pen: nobody wants a server that is back to go unnoticed for days.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// What came of asking a strategy.
#[derive(Debug, Clone, PartialEq)]
pub enum Advice {
    /// The wait in ms.
    Wait(f64),
    /// No further attempt; says what was returned, unless that was to be expected.
    End(Option<String>),
    /// The strategy threw; says what.
    Failed(String),
    /// It could not be asked, because the process is ending or too many questions wait.
    Unreachable,
}

/// A `retryStrategy` of the user's, or one of its kind.
pub trait Strategy: Send + Sync + 'static {
    /// Asks about the wait before attempt number `times` (from 1).
    fn ask(&self, times: u32) -> BoxFuture<'_, Advice>;
}

/// A strategy of the user's, with what stands in for it when it fails.
pub(super) struct CustomRetry {
    option: &'static str,
    strategy: Arc<dyn Strategy>,
    otherwise: Arc<dyn Retry>,
    complained: AtomicBool,
}

impl CustomRetry {
    pub(super) fn new(
        option: &'static str,
        strategy: Arc<dyn Strategy>,
        otherwise: Arc<dyn Retry>,
    ) -> Self {
        Self { option, strategy, otherwise, complained: AtomicBool::new(false) }
    }

    /// Once until it works again.
    fn complain(&self, what: &str) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            tracing::warn!("option '{}' {what}", self.option);
        }
    }
}

impl Retry for CustomRetry {
    fn delay(&self, times: u32) -> BoxFuture<'_, Option<Duration>> {
        Box::pin(async move {
            match self.strategy.ask(times).await {
                Advice::Wait(ms) if ms.is_finite() && ms >= 0.0 => {
                    self.complained.store(false, Ordering::Relaxed);
                    let longest = LONGEST_WAIT.as_secs_f64();
                    Some(Duration::from_secs_f64((ms / 1000.0).min(longest)))
                }
                Advice::Wait(ms) => {
                    self.complain(&format!("returned {ms}, not a number of milliseconds"));
                    None
                }
                Advice::End(what) => {
                    if let Some(what) = what {
                        self.complain(&what);
                    }
                    None
                }
                Advice::Failed(why) => {
                    self.complain(&format!("{why}; the default wait is used instead"));
                    self.otherwise.delay(times).await
                }
                Advice::Unreachable => self.otherwise.delay(times).await,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Gives what is in it, the last one first.
    struct Gives(Mutex<Vec<Advice>>);

    impl Strategy for Gives {
        fn ask(&self, _times: u32) -> BoxFuture<'_, Advice> {
            let advice = self.0.lock().expect("nobody panics").pop().expect("asked too often");
            Box::pin(std::future::ready(advice))
        }
    }

    struct Otherwise;

    impl Retry for Otherwise {
        fn delay(&self, times: u32) -> BoxFuture<'_, Option<Duration>> {
            Box::pin(std::future::ready(Some(Duration::from_secs(times.into()))))
        }
    }

    fn retry(advices: impl IntoIterator<Item = Advice>) -> CustomRetry {
        let mut advices: Vec<_> = advices.into_iter().collect();
        advices.reverse();
        let strategy = Arc::new(Gives(Mutex::new(advices)));
        CustomRetry::new("retryStrategy", strategy, Arc::new(Otherwise))
    }

    async fn delay(advice: Advice) -> Option<Duration> {
        retry([advice]).delay(7).await
    }

    #[tokio::test]
    async fn a_wait_is_taken_as_it_is_up_to_a_day() {
        for (ms, wait) in [
            (0.0, Duration::ZERO),
            (1.5, Duration::from_micros(1500)),
            (86_400_000.0, LONGEST_WAIT),
            (86_400_001.0, LONGEST_WAIT),
            (f64::MAX, LONGEST_WAIT),
        ] {
            assert_eq!(delay(Advice::Wait(ms)).await, Some(wait), "{ms}");
        }
    }

    #[tokio::test]
    async fn what_is_no_wait_is_the_end() {
        for ms in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(delay(Advice::Wait(ms)).await, None, "{ms}");
        }
        assert_eq!(delay(Advice::End(None)).await, None);
        assert_eq!(delay(Advice::End(Some("returned a Promise".into()))).await, None);
    }

    #[tokio::test]
    async fn one_that_fails_is_replaced_by_the_default() {
        let otherwise = Some(Duration::from_secs(7));
        assert_eq!(delay(Advice::Failed("threw".into())).await, otherwise);
        assert_eq!(delay(Advice::Unreachable).await, otherwise);
    }

    #[tokio::test]
    async fn a_failure_is_told_again_once_it_has_worked_between() {
        let retry = retry([
            Advice::Failed("threw".into()),
            Advice::Failed("threw".into()),
            Advice::Wait(1.0),
            Advice::End(Some("returned a Promise".into())),
        ]);
        let mut complained = Vec::new();
        for times in 1..=4 {
            retry.delay(times).await;
            complained.push(retry.complained.load(Ordering::Relaxed));
        }
        assert_eq!(complained, [true, true, false, true]);
    }
}
