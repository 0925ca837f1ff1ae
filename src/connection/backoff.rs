//! How long to wait before the next attempt to connect.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::Rng;
use tracing::instrument::WithSubscriber;
use tracing::warn;

/// The wait before a reconnect, as ioredis' `retryStrategy`.
pub trait Retry: Send + Sync + 'static {
    /// The wait before attempt number `times` (from 1); `None` ends all attempts for good.
    fn delay(&self, times: u32) -> BoxFuture<'_, Option<Duration>>;
}

/// `min(times * 50, 2000)` ms as ioredis, spread at random by half of it either way.
#[derive(Debug, Clone, Copy, Default)]
pub struct DefaultRetry;

/// Never again.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRetry;

/// How long a custom strategy may think.
const THINKING_LIMIT: Duration = Duration::from_secs(1);

/// A strategy that answers 0 must not become a busy loop.
const SHORTEST: Duration = Duration::from_millis(20);

impl Retry for DefaultRetry {
    fn delay(&self, times: u32) -> BoxFuture<'_, Option<Duration>> {
        Box::pin(std::future::ready(Some(default_delay(times))))
    }
}

impl Retry for NoRetry {
    fn delay(&self, _times: u32) -> BoxFuture<'_, Option<Duration>> {
        Box::pin(std::future::ready(None))
    }
}

/// Workers that lost the server at the same moment must not come back at the same moment.
fn default_delay(times: u32) -> Duration {
    let base = Duration::from_millis(u64::from(times.clamp(1, 40)) * 50);
    base.mul_f64(rand::rng().random_range(0.5..1.5))
}

/// Asks the strategy. One that panics, blocks or does not answer in time is replaced by the
/// default for this attempt.
pub(super) async fn next_delay(retry: &Arc<dyn Retry>, times: u32) -> Option<Duration> {
    let strategy = Arc::clone(retry);
    // A task of its own: a strategy that blocks its thread must not block the supervisor.
    let answer = async move { strategy.delay(times).await };
    let mut task = tokio::spawn(answer.with_current_subscriber());
    let delay = match tokio::time::timeout(THINKING_LIMIT, &mut task).await {
        Ok(Ok(answer)) => answer?,
        Ok(Err(_)) => {
            warn!("option 'retryStrategy' failed; the default wait is used instead");
            default_delay(times)
        }
        Err(_) => {
            task.abort();
            warn!(
                "option 'retryStrategy' did not answer within {} ms; the default wait is used instead",
                THINKING_LIMIT.as_millis()
            );
            default_delay(times)
        }
    };
    Some(delay.max(SHORTEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Panics;
    impl Retry for Panics {
        fn delay(&self, _times: u32) -> BoxFuture<'_, Option<Duration>> {
            Box::pin(async { panic!("a fault of the strategy") })
        }
    }

    struct Hangs;
    impl Retry for Hangs {
        fn delay(&self, _times: u32) -> BoxFuture<'_, Option<Duration>> {
            Box::pin(std::future::pending())
        }
    }

    struct Zero;
    impl Retry for Zero {
        fn delay(&self, _times: u32) -> BoxFuture<'_, Option<Duration>> {
            Box::pin(std::future::ready(Some(Duration::ZERO)))
        }
    }

    #[test]
    fn the_default_grows_to_two_seconds_and_is_spread() {
        for (times, base) in [(0, 50), (1, 50), (2, 100), (40, 2000), (u32::MAX, 2000)] {
            let seen: Vec<_> = (0..200).map(|_| default_delay(times).as_millis()).collect();
            let least = *seen.iter().min().expect("some");
            let most = *seen.iter().max().expect("some");
            assert!(least >= base / 2 && most <= base * 3 / 2, "{times}: {least} to {most}");
            assert!(most - least > base / 2, "{times}: not spread, {least} to {most}");
        }
    }

    #[tokio::test]
    async fn a_strategy_that_panics_is_replaced() {
        let retry: Arc<dyn Retry> = Arc::new(Panics);
        assert!(next_delay(&retry, 1).await.expect("a wait") <= Duration::from_millis(75));
    }

    #[tokio::test]
    async fn a_strategy_that_hangs_is_replaced_within_its_limit() {
        let retry: Arc<dyn Retry> = Arc::new(Hangs);
        let asked = std::time::Instant::now();
        assert!(next_delay(&retry, 1).await.is_some());
        assert!(asked.elapsed() < Duration::from_secs(3));
    }

    #[tokio::test]
    async fn zero_is_not_a_busy_loop_and_none_is_the_end() {
        let zero: Arc<dyn Retry> = Arc::new(Zero);
        assert_eq!(next_delay(&zero, 1).await, Some(SHORTEST));
        let never: Arc<dyn Retry> = Arc::new(NoRetry);
        assert_eq!(next_delay(&never, 1).await, None);
    }
}
