//! The user's own functions, as far as some were given.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::reaction::ReconnectOnError;
use super::retry::{DefaultRetry, GrowingRetry, NoRetry, Retry};
use super::strategy::{CustomRetry, Strategy};
use crate::config::{ConnectionConfig, Endpoint, RetryStrategy, Target};

/// Gives the address under which this machine reaches a server that is announced under another,
/// as ioredis' `natMap` when it is a function.
pub trait NatMap: Send + Sync + 'static {
    /// The address for `announced` (`host:port`); `None` leaves it as it is.
    fn reach(&self, announced: String) -> BoxFuture<'_, Option<Endpoint>>;
}

/// The functions of `settings.valkey`, as far as they were given.
#[derive(Clone, Default)]
pub struct UserFunctions {
    /// `retryStrategy`.
    pub retry: Option<Arc<dyn Strategy>>,
    /// `sentinelRetryStrategy`.
    pub sentinel_retry: Option<Arc<dyn Strategy>>,
    /// `sentinelReconnectStrategy`.
    pub sentinel_reconnect: Option<Arc<dyn Strategy>>,
    /// `clusterRetryStrategy`.
    pub cluster_retry: Option<Arc<dyn Strategy>>,
    /// `natMap`, when it is a function.
    pub nat: Option<Arc<dyn NatMap>>,
    /// `reconnectOnError`.
    pub reconnect_on_error: Option<Arc<dyn ReconnectOnError>>,
}

/// What a connection asks: the user's functions, and what stands in for those that were not given.
#[derive(Clone)]
pub struct Hooks {
    /// The wait after a connection was lost or refused.
    pub retry: Arc<dyn Retry>,
    /// The wait after no Sentinel could tell the master.
    pub sentinel_retry: Arc<dyn Retry>,
    /// The wait before a Sentinel is listened to again.
    pub sentinel_reconnect: Arc<dyn Retry>,
    /// The wait after no node of the cluster could tell the owner of the slot.
    pub cluster_retry: Arc<dyn Retry>,
    /// `natMap`, when it is a function.
    pub nat: Option<Arc<dyn NatMap>>,
    /// `reconnectOnError`.
    pub reconnect_on_error: Option<Arc<dyn ReconnectOnError>>,
}

impl Hooks {
    /// What the options say, with the functions that they name.
    pub fn new(config: &ConnectionConfig, given: UserFunctions) -> Self {
        let (sentinel, reconnect, cluster) = match &config.target {
            Target::Direct(_) => Default::default(),
            Target::Sentinel(sentinel) => {
                (sentinel.retry_strategy, sentinel.reconnect_strategy, RetryStrategy::Default)
            }
            Target::Cluster(cluster) => {
                (RetryStrategy::Default, RetryStrategy::Default, cluster.retry_strategy)
            }
        };
        let defaults = Self::default();
        Self {
            retry: choose("retryStrategy", config.retry_strategy, given.retry, defaults.retry),
            sentinel_retry: choose(
                "sentinelRetryStrategy",
                sentinel,
                given.sentinel_retry,
                defaults.sentinel_retry,
            ),
            sentinel_reconnect: choose(
                "sentinelReconnectStrategy",
                reconnect,
                given.sentinel_reconnect,
                defaults.sentinel_reconnect,
            ),
            cluster_retry: choose(
                "clusterRetryStrategy",
                cluster,
                given.cluster_retry,
                defaults.cluster_retry,
            ),
            nat: given.nat,
            reconnect_on_error: given
                .reconnect_on_error
                .filter(|_| config.supervision.reconnect_on_error),
        }
    }
}

fn choose(
    option: &'static str,
    wanted: RetryStrategy,
    function: Option<Arc<dyn Strategy>>,
    default: Arc<dyn Retry>,
) -> Arc<dyn Retry> {
    match (wanted, function) {
        (RetryStrategy::Custom, Some(function)) => {
            Arc::new(CustomRetry::new(option, function, default))
        }
        (RetryStrategy::Never, _) => Arc::new(NoRetry),
        (RetryStrategy::Custom, None) | (RetryStrategy::Default, _) => default,
    }
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            retry: Arc::new(DefaultRetry),
            sentinel_retry: Arc::new(GrowingRetry::SENTINEL),
            sentinel_reconnect: Arc::new(GrowingRetry::SENTINEL_RECONNECT),
            cluster_retry: Arc::new(GrowingRetry::CLUSTER),
            nat: None,
            reconnect_on_error: None,
        }
    }
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hooks")
    }
}

/// A `retryStrategy` alone.
impl<R: Retry> From<Arc<R>> for Hooks {
    fn from(retry: Arc<R>) -> Self {
        Self { retry, ..Self::default() }
    }
}

/// A `retryStrategy` alone.
impl From<Arc<dyn Retry>> for Hooks {
    fn from(retry: Arc<dyn Retry>) -> Self {
        Self { retry, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::super::reaction::Reaction;
    use super::super::strategy::Advice;
    use super::*;
    use crate::config::Config;

    /// A wait that no default gives.
    const OURS: Duration = Duration::from_secs(77);

    struct Ours;

    impl Strategy for Ours {
        fn ask(&self, _times: u32) -> BoxFuture<'_, Advice> {
            Box::pin(std::future::ready(Advice::Wait(77_000.0)))
        }
    }

    impl ReconnectOnError for Ours {
        fn decide(&self, _: String, _: String) -> BoxFuture<'_, Result<Reaction, String>> {
            Box::pin(std::future::ready(Ok(Reaction::Stay)))
        }
    }

    /// Every function is there, whether the options name it or not.
    fn hooks(mut options: Value) -> Hooks {
        options["role"] = json!("worker");
        let (config, _) = Config::parse(&options).expect("valid options");
        let given = UserFunctions {
            retry: Some(Arc::new(Ours)),
            sentinel_retry: Some(Arc::new(Ours)),
            sentinel_reconnect: Some(Arc::new(Ours)),
            cluster_retry: Some(Arc::new(Ours)),
            nat: None,
            reconnect_on_error: Some(Arc::new(Ours)),
        };
        Hooks::new(&config.connection, given)
    }

    /// What each strategy says: ours, a default (`None`), or never again.
    async fn asked(hooks: &Hooks) -> [&'static str; 4] {
        let mut said = [""; 4];
        let all =
            [&hooks.retry, &hooks.sentinel_retry, &hooks.sentinel_reconnect, &hooks.cluster_retry];
        for (said, retry) in said.iter_mut().zip(all) {
            *said = match retry.delay(1).await {
                Some(OURS) => "ours",
                Some(_) => "default",
                None => "never",
            };
        }
        said
    }

    fn function() -> Value {
        json!({ "$function": true })
    }

    #[tokio::test]
    async fn a_strategy_decides_where_its_option_names_it() {
        let sentinel = json!({ "sentinels": [{ "host": "a" }], "name": "m" });
        let cluster = json!({ "cluster": [{ "host": "a" }] });
        let with = |base: &Value, more: &[(&str, Value)]| {
            let mut options = base.clone();
            for (option, value) in more {
                options[*option] = value.clone();
            }
            options
        };
        for (options, said) in [
            (json!({}), ["default", "default", "default", "default"]),
            (json!({ "retryStrategy": function() }), ["ours", "default", "default", "default"]),
            (json!({ "retryStrategy": null }), ["never", "default", "default", "default"]),
            (
                with(&sentinel, &[("sentinelRetryStrategy", function())]),
                ["default", "ours", "default", "default"],
            ),
            (
                with(&sentinel, &[("sentinelReconnectStrategy", function())]),
                ["default", "default", "ours", "default"],
            ),
            (
                with(&sentinel, &[("sentinelReconnectStrategy", Value::Null)]),
                ["default", "default", "never", "default"],
            ),
            (
                with(&cluster, &[("clusterRetryStrategy", function())]),
                ["default", "default", "default", "ours"],
            ),
        ] {
            assert_eq!(asked(&hooks(options.clone())).await, said, "{options}");
        }
    }

    #[tokio::test]
    async fn a_strategy_that_is_named_and_missing_is_the_default() {
        let options = json!({ "role": "worker", "retryStrategy": function() });
        let (config, _) = Config::parse(&options).expect("valid options");
        let hooks = Hooks::new(&config.connection, UserFunctions::default());
        assert_eq!(asked(&hooks).await, ["default"; 4]);
    }

    #[test]
    fn error_replies_are_judged_only_when_that_is_asked_for() {
        assert!(hooks(json!({})).reconnect_on_error.is_none());
        let options = json!({ "reconnectOnError": function() });
        assert!(hooks(options).reconnect_on_error.is_some());
    }
}
