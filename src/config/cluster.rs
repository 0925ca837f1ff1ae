//! The options of a cluster, and the prefix that keeps all keys in one slot.

use std::time::Duration;

use super::addresses::{list, nat_map};
use super::notice::Notice;
use super::raw::RawOptions;
use super::target::ClusterConfig;
use crate::hash_slot::{hash_tag, slot_of};
use crate::keyspace::Keyspace;
use crate::{Error, Result};

const DEFAULT_PORT: u16 = 6379;
const DEFAULT_REDIRECTIONS: u64 = 16;
const DEFAULT_SLOTS_TIMEOUT: Duration = Duration::from_secs(1);

/// Options that act with `cluster` only.
const WITH_CLUSTER: [&str; 7] = [
    "clusterRetryStrategy",
    "maxRedirections",
    "retryDelayOnMoved",
    "retryDelayOnFailover",
    "retryDelayOnClusterDown",
    "retryDelayOnTryAgain",
    "slotsRefreshTimeout",
];

/// The prefix under which all keys share a slot when there is a cluster.
pub(super) fn effective_prefix(
    raw: &RawOptions,
    prefix: &str,
    notices: &mut Vec<Notice>,
) -> Result<String> {
    if raw.value("cluster").is_none() || hash_tag(prefix).is_some() {
        return Ok(prefix.to_owned());
    }
    let problem = |why: &str| {
        Err(Error::option(
            "keyPrefix",
            format!(
                "can't be {} with 'cluster', where all keys must share a slot: {why}",
                raw.shown("keyPrefix")
            ),
        ))
    };
    if prefix.contains('{') {
        return problem("write a hash tag that is not empty, e.g. '{nodered}:'");
    }
    let tagged = format!("{{{}}}:", prefix.strip_suffix(':').unwrap_or(prefix));
    if hash_tag(&tagged).is_none() {
        return problem("it gives an empty hash tag; write e.g. '{nodered}:'");
    }
    notices.push(Notice::info(format!(
        "all keys share one slot of the cluster: the prefix '{prefix}' becomes '{tagged}'"
    )));
    Ok(tagged)
}

/// Reads and checks the options of a cluster; `None` without `cluster`.
pub(super) fn read(
    raw: &RawOptions,
    prefix: &str,
    notices: &mut Vec<Notice>,
) -> Result<Option<ClusterConfig>> {
    let delay = |option: &str, default: u64| -> Result<Duration> {
        Ok(raw.milliseconds_or_zero(option)?.unwrap_or(Duration::from_millis(default)))
    };
    let retry = raw.retry_strategy("clusterRetryStrategy")?;
    let redirections = raw.whole("maxRedirections", 0..=1000, "")?;
    let moved = delay("retryDelayOnMoved", 0)?;
    let failover = delay("retryDelayOnFailover", 100)?;
    let down = delay("retryDelayOnClusterDown", 100)?;
    let try_again = delay("retryDelayOnTryAgain", 100)?;
    let slots_timeout = raw.milliseconds("slotsRefreshTimeout")?;
    if raw.value("cluster").is_none() {
        if raw.value("redisOptions").is_some() {
            return Err(Error::option(
                "redisOptions",
                "acts together with 'cluster' only; write its options beside it",
            ));
        }
        let idle = WITH_CLUSTER.iter().filter(|option| raw.value(option).is_some());
        notices.extend(idle.map(|option| {
            Notice::info(format!("option '{option}' has no effect here: there is no 'cluster'"))
        }));
        return Ok(None);
    }
    Ok(Some(ClusterConfig {
        nodes: list(raw, "cluster", DEFAULT_PORT)?,
        slot: slot_of(prefix),
        probe: Keyspace::new(prefix).revision(),
        retry_strategy: retry,
        max_redirections: u32::try_from(redirections.unwrap_or(DEFAULT_REDIRECTIONS)).unwrap_or(0),
        delay_on_moved: moved,
        delay_on_failover: failover,
        delay_on_cluster_down: down,
        delay_on_try_again: try_again,
        slots_timeout: slots_timeout.unwrap_or(DEFAULT_SLOTS_TIMEOUT),
        nat_map: nat_map(raw)?,
    }))
}
