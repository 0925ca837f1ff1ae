//! How long to wait before the next attempt to connect.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::Rng;
use tracing::instrument::WithSubscriber;

/// The wait before a reconnect, as ioredis' `retryStrategy`.
pub trait Retry: Send + Sync + 'static {
    /// The wait before attempt number `times` (from 1); `None` ends all attempts for good.
    fn delay(&self, times: u32) -> BoxFuture<'_, Option<Duration>>;

    /// How soon to try again, within the wait before attempt number `times`, while the server's machine
    /// refuses at once: that costs nobody anything. `None`: not before the wait is over.
    fn while_refused(&self, _times: u32) -> Option<Duration> {
        None
    }
}

/// `min(times * 50, 2000)` ms as ioredis, spread at random by half of it either way.
#[derive(Debug, Clone, Copy, Default)]
pub struct DefaultRetry;

/// `min(base + times * step, most)`, spread at random by half of it either way.
#[derive(Debug, Clone, Copy)]
pub struct GrowingRetry {
    base: Duration,
    step: Duration,
    most: Duration,
}

impl GrowingRetry {
    /// `sentinelRetryStrategy` of ioredis: `min(times * 10, 1000)` ms.
    pub const SENTINEL: Self = Self::new(0, 10, 1000);
    /// A Sentinel that is only listened to is not missed at once.
    pub const SENTINEL_RECONNECT: Self = Self::new(0, 500, 10_000);
    /// `clusterRetryStrategy` of ioredis: `min(100 + times * 2, 2000)` ms.
    pub const CLUSTER: Self = Self::new(100, 2, 2000);

    const fn new(base: u64, step: u64, most: u64) -> Self {
        Self {
            base: Duration::from_millis(base),
            step: Duration::from_millis(step),
            most: Duration::from_millis(most),
        }
    }
}

impl Retry for GrowingRetry {
    fn delay(&self, times: u32) -> BoxFuture<'_, Option<Duration>> {
        let delay = self.step.saturating_mul(times).saturating_add(self.base).min(self.most);
        Box::pin(std::future::ready(Some(spread(delay))))
    }
}

/// Never again.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRetry;

/// How long a custom strategy may think.
const THINKING_LIMIT: Duration = Duration::from_secs(1);

/// A strategy that answers 0 must not become a busy loop.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);

impl Retry for DefaultRetry {
    fn delay(&self, times: u32) -> BoxFuture<'_, Option<Duration>> {
        Box::pin(std::future::ready(Some(default_delay(times))))
    }

    fn while_refused(&self, times: u32) -> Option<Duration> {
        // An outage that lasts is not over in a moment.
        (times < SLOWEST).then(|| spread(default_base(times).div_f64(4.0).max(SOONEST_REFUSED)))
    }
}

impl Retry for NoRetry {
    fn delay(&self, _times: u32) -> BoxFuture<'_, Option<Duration>> {
        Box::pin(std::future::ready(None))
    }
}

/// From this attempt on the default wait grows no more.
const SLOWEST: u32 = 40;
/// Between two attempts that are refused at once.
const SOONEST_REFUSED: Duration = Duration::from_millis(40);

fn default_base(times: u32) -> Duration {
    Duration::from_millis(u64::from(times.clamp(1, SLOWEST)) * 50)
}

fn default_delay(times: u32) -> Duration {
    spread(default_base(times))
}

/// Workers that lost the server at the same moment must not come back at the same moment.
fn spread(delay: Duration) -> Duration {
    delay.mul_f64(rand::rng().random_range(0.5..1.5))
}

/// What a strategy has decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// The wait; `None` when there is no further attempt.
    pub(super) delay: Option<Duration>,
    /// Why it was not the strategy that decided, as a sentence.
    pub(super) trouble: Option<String>,
}

/// Asks the strategy. One that panics, blocks or does not answer in time is replaced by the
/// default for this attempt.
pub(super) async fn next_delay(retry: &Arc<dyn Retry>, times: u32, option: &str) -> Decision {
    let strategy = Arc::clone(retry);
    // A task of its own: a strategy that blocks its thread must not block the supervisor.
    let answer = async move { strategy.delay(times).await };
    let mut task = tokio::spawn(answer.with_current_subscriber());
    let trouble = match tokio::time::timeout(THINKING_LIMIT, &mut task).await {
        Ok(Ok(delay)) => {
            return Decision { delay: delay.map(|delay| delay.max(SHORTEST_WAIT)), trouble: None };
        }
        Ok(Err(_)) => "failed".to_owned(),
        Err(_) => {
            task.abort();
            format!("did not answer within {} ms", THINKING_LIMIT.as_millis())
        }
    };
    Decision {
        delay: Some(default_delay(times)),
        trouble: Some(format!("option '{option}' {trouble}; the default wait is used instead")),
    }
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

    #[test]
    fn what_is_refused_is_tried_again_sooner_until_the_outage_lasts() {
        for (times, base) in [(1, 40), (6, 75), (20, 250), (39, 487)] {
            let wait = DefaultRetry.while_refused(times).expect("a wait").as_millis();
            assert!(wait >= base / 2 && wait <= base * 3 / 2 + 1, "{times}: {wait}");
        }
        assert_eq!(DefaultRetry.while_refused(40), None);
        assert_eq!(GrowingRetry::SENTINEL.while_refused(1), None);
        assert_eq!(Zero.while_refused(1), None, "the user's own rules");
    }

    #[tokio::test]
    async fn a_thousand_workers_do_not_come_back_in_step() {
        let mut delays = Vec::new();
        for _ in 0..1000 {
            let delay = DefaultRetry.delay(40).await.expect("a wait");
            delays.push(delay.as_millis());
        }
        // 20 steps of 100 ms from 1 to 3 s: about 50 workers each.
        for step in 0..20 {
            let from = 1000 + step * 100;
            let within = delays.iter().filter(|delay| (from..from + 100).contains(*delay)).count();
            assert!((15..=100).contains(&within), "{within} of 1000 from {from} ms on");
        }
    }

    #[test]
    #[ignore = "run by the test below, in processes of their own"]
    #[allow(clippy::print_stdout, reason = "read by the test below")]
    fn print_delays() {
        let delays: Vec<_> = (0..20).map(|_| default_delay(40).as_micros()).collect();
        println!("delays: {delays:?}");
    }

    #[test]
    fn processes_are_not_seeded_alike() {
        let program = std::env::current_exe().expect("this program");
        let delays = || {
            let run = std::process::Command::new(&program)
                .args(["--exact", "connection::retry::tests::print_delays"])
                .args(["--ignored", "--nocapture"])
                .output()
                .expect("it runs again");
            let printed = String::from_utf8_lossy(&run.stdout).into_owned();
            let start = printed.find("delays: ").expect("printed");
            printed[start..].lines().next().expect("a line").to_owned()
        };
        let (first, second) = (delays(), delays());
        assert!(first.len() > 80, "{first}");
        assert_ne!(first, second);
    }

    #[tokio::test]
    async fn the_others_grow_as_in_ioredis() {
        for (retry, times, base) in [
            (GrowingRetry::SENTINEL, 1, 10),
            (GrowingRetry::SENTINEL, u32::MAX, 1000),
            (GrowingRetry::SENTINEL_RECONNECT, 3, 1500),
            (GrowingRetry::CLUSTER, 1, 102),
            (GrowingRetry::CLUSTER, 5000, 2000),
        ] {
            let delay = retry.delay(times).await.expect("a wait").as_millis();
            assert!(delay >= base / 2 && delay <= base * 3 / 2, "{retry:?} {times}: {delay}");
        }
    }

    #[tokio::test]
    async fn a_strategy_that_panics_is_replaced() {
        let retry: Arc<dyn Retry> = Arc::new(Panics);
        let decision = next_delay(&retry, 1, "retryStrategy").await;
        assert!(decision.delay.expect("a wait") <= Duration::from_millis(75));
        assert!(decision.trouble.expect("said").starts_with("option 'retryStrategy' failed"));
    }

    #[tokio::test]
    async fn a_strategy_that_hangs_is_replaced_within_its_limit() {
        let retry: Arc<dyn Retry> = Arc::new(Hangs);
        let asked = std::time::Instant::now();
        let decision = next_delay(&retry, 1, "retryStrategy").await;
        assert!(decision.delay.is_some());
        assert!(decision.trouble.expect("said").contains("did not answer within 1000 ms"));
        assert!(asked.elapsed() < Duration::from_secs(3));
    }

    #[tokio::test]
    async fn zero_is_not_a_busy_loop_and_none_is_the_end() {
        let zero: Arc<dyn Retry> = Arc::new(Zero);
        let said = |delay| Decision { delay, trouble: None };
        assert_eq!(next_delay(&zero, 1, "retryStrategy").await, said(Some(SHORTEST_WAIT)));
        let never: Arc<dyn Retry> = Arc::new(NoRetry);
        assert_eq!(next_delay(&never, 1, "retryStrategy").await, said(None));
    }
}
