//! The options of Sentinel.

use super::addresses::{list, nat_map};
use super::notice::Notice;
use super::raw::RawOptions;
use super::target::SentinelConfig;
use super::{Secret, TlsConfig};
use crate::{Error, Result};

const DEFAULT_PORT: u16 = 26_379;
const DEFAULT_CONNECTIONS: u64 = 10;

/// Options that act with `sentinels` only.
const WITH_SENTINELS: [&str; 11] = [
    "name",
    "sentinelUsername",
    "sentinelPassword",
    "enableTLSForSentinelMode",
    "sentinelTLS",
    "sentinelRetryStrategy",
    "sentinelReconnectStrategy",
    "sentinelCommandTimeout",
    "updateSentinels",
    "sentinelMaxConnections",
    "failoverDetector",
];

/// Reads and checks the options of Sentinel; `None` without `sentinels`.
pub(super) fn read(raw: &RawOptions, notices: &mut Vec<Notice>) -> Result<Option<SentinelConfig>> {
    let retry = raw.retry_strategy("sentinelRetryStrategy")?;
    let reconnect = raw.retry_strategy("sentinelReconnectStrategy")?;
    let command_timeout = raw.milliseconds("sentinelCommandTimeout")?;
    let update_sentinels = raw.boolean("updateSentinels")?.unwrap_or(true);
    let most = raw.whole("sentinelMaxConnections", 1..=1000, "")?.unwrap_or(DEFAULT_CONNECTIONS);
    let failover_detector = raw.boolean("failoverDetector")?.unwrap_or(true);
    let name = raw.text("name")?.map(str::to_owned);
    let username = raw.text("sentinelUsername")?.map(str::to_owned);
    let password = raw.text("sentinelPassword")?.map(Secret::new);
    let tls = TlsConfig::read("sentinelTLS", raw.value("sentinelTLS"))?;
    let tls_of_master = raw.boolean("enableTLSForSentinelMode")?.unwrap_or(false);
    if raw.value("sentinels").is_none() {
        let idle = WITH_SENTINELS.iter().filter(|option| raw.value(option).is_some());
        notices.extend(idle.map(|option| {
            Notice::info(format!("option '{option}' has no effect here: there are no 'sentinels'"))
        }));
        return Ok(None);
    }
    let sentinels = list(raw, "sentinels", DEFAULT_PORT)?;
    let Some(name) = name else {
        return Err(Error::option(
            "name",
            "is required together with 'sentinels': what the Sentinels call the master, e.g. 'mymaster'",
        ));
    };
    if username.is_some() && password.is_none() {
        return Err(Error::option("sentinelUsername", "needs a 'sentinelPassword'"));
    }
    // ioredis goes on in plain text in both cases.
    match (TlsConfig::read("tls", raw.value("tls"))?, tls_of_master) {
        (Some(_), false) => {
            return Err(Error::option(
                "tls",
                "acts together with 'sentinels' only when 'enableTLSForSentinelMode' is true; set that as well ('tls' then concerns the servers, 'sentinelTLS' the Sentinels)",
            ));
        }
        (None, true) => {
            return Err(Error::option(
                "enableTLSForSentinelMode",
                "needs 'tls', e.g. tls: {} or tls: true",
            ));
        }
        _ => (),
    }
    Ok(Some(SentinelConfig {
        sentinels,
        name,
        username,
        password,
        tls,
        retry_strategy: retry,
        reconnect_strategy: reconnect,
        command_timeout,
        update_sentinels,
        max_connections: usize::try_from(most).unwrap_or(1),
        failover_detector,
        nat_map: nat_map(raw)?,
    }))
}
