//! Every option that is known by name, and what becomes of it.

use serde_json::Value;

use super::value::{as_boolean, as_whole, is_function};

/// One known option.
pub(super) struct KnownOption {
    pub(super) name: &'static str,
    pub(super) support: Support,
}

/// What becomes of an option.
pub(super) enum Support {
    /// Read and acted upon.
    Honoured,
    /// Belongs to the context store, which shares the object.
    Shared,
    /// Accepted, with a line at start that says why it has no effect.
    NoEffect { shape: Shape, why: &'static str },
    /// Refused for good, except for values that ask for what is done anyway.
    Refused { unless: &'static [Plain], why: &'static str },
}

/// A value that asks for nothing out of the ordinary.
#[derive(Debug, Clone, Copy)]
pub(super) enum Plain {
    Null,
    Boolean(bool),
    Text(&'static str),
}

impl Plain {
    pub(super) fn is(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Boolean(boolean) => as_boolean(value) == Some(boolean),
            Self::Text(text) => value.as_str() == Some(text),
        }
    }
}

/// What an option that has no effect must still look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Anything,
    Boolean,
    Whole,
    WholeOrNull,
    Array,
    Object,
    FunctionOrNull,
}

impl Shape {
    pub(super) fn fits(self, value: &Value) -> bool {
        match self {
            Self::Anything => true,
            Self::Boolean => as_boolean(value).is_some(),
            Self::Whole => as_whole(value).is_some(),
            Self::WholeOrNull => value.is_null() || as_whole(value).is_some(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
            Self::FunctionOrNull => value.is_null() || is_function(value),
        }
    }

    pub(super) fn allowed(self) -> &'static str {
        match self {
            Self::Anything => "anything",
            Self::Boolean => "true or false",
            Self::Whole => "a whole number",
            Self::WholeOrNull => "a whole number or null",
            Self::Array => "an array",
            Self::Object => "an object",
            Self::FunctionOrNull => "a function or null",
        }
    }
}

const fn honoured(name: &'static str) -> KnownOption {
    KnownOption { name, support: Support::Honoured }
}

const fn no_effect(name: &'static str, shape: Shape, why: &'static str) -> KnownOption {
    KnownOption { name, support: Support::NoEffect { shape, why } }
}

const fn refused(name: &'static str, unless: &'static [Plain], why: &'static str) -> KnownOption {
    KnownOption { name, support: Support::Refused { unless, why } }
}

const NOTHING: &[Plain] = &[Plain::Null];
const OFF: &[Plain] = &[Plain::Boolean(false), Plain::Null];
const MASTER: &[Plain] = &[Plain::Text("master"), Plain::Null];

const WE_WRITE: &str = "can't be used: an admin writes and a worker must read what was written last, so only the master serves; leave it out";
const OWN_LOOK_UP: &str = "can't be used: names are looked up by the system, and reach the check of a certificate as they are; list the nodes by name, or replace addresses with 'natMap'";
const NOTHING_TO_ACT_ON: &str = "there is nothing here for it to act on";

/// All known options. Our own come first: of several names that are as near to an unknown one,
/// the first is suggested.
pub(super) const KNOWN: &[KnownOption] = &[
    // Role and storage.
    honoured("role"),
    honoured("keyPrefix"),
    honoured("updateChannel"),
    honoured("packageChannel"),
    honoured("enableCompression"),
    honoured("sessionTTL"),
    honoured("syncPackages"),
    honoured("packageSyncTimeout"),
    honoured("packageUpgrade"),
    honoured("packageInstallScripts"),
    honoured("reload"),
    honoured("shareCredentialSecret"),
    honoured("waitReplicas"),
    honoured("health"),
    honoured("context"),
    honoured("state"),
    honoured("labels"),
    honoured("runFlows"),
    honoured("onceLease"),
    honoured("onceWhenAway"),
    honoured("report"),
    honoured("history"),
    KnownOption { name: "timeout", support: Support::Shared },
    // Address and identity.
    honoured("host"),
    honoured("port"),
    honoured("path"),
    honoured("family"),
    honoured("url"),
    honoured("username"),
    honoured("password"),
    honoured("db"),
    honoured("protocol"),
    honoured("connectionName"),
    honoured("disableClientInfo"),
    honoured("clientInfoTag"),
    // Time and life.
    honoured("connectTimeout"),
    honoured("commandTimeout"),
    honoured("retryStrategy"),
    honoured("autoResubscribe"),
    honoured("socketTimeout"),
    honoured("keepAlive"),
    honoured("noDelay"),
    honoured("disconnectTimeout"),
    honoured("reconnectOnError"),
    honoured("maxRetriesPerRequest"),
    honoured("enableOfflineQueue"),
    honoured("autoResendUnfulfilledCommands"),
    honoured("enableReadyCheck"),
    honoured("maxLoadingRetryTime"),
    no_effect("lazyConnect", Shape::Boolean, "a storage module connects at start"),
    no_effect("enableAutoPipelining", Shape::Boolean, NOTHING_TO_ACT_ON),
    no_effect("autoPipeliningIgnoredCommands", Shape::Array, NOTHING_TO_ACT_ON),
    no_effect("stringNumbers", Shape::Boolean, NOTHING_TO_ACT_ON),
    no_effect("replyMapping", Shape::Anything, NOTHING_TO_ACT_ON),
    no_effect("scripts", Shape::Object, NOTHING_TO_ACT_ON),
    no_effect("showFriendlyErrorStack", Shape::Boolean, NOTHING_TO_ACT_ON),
    no_effect("dropBufferSupport", Shape::Boolean, NOTHING_TO_ACT_ON),
    no_effect("maxScriptsCachingTime", Shape::Whole, NOTHING_TO_ACT_ON),
    no_effect("blockingTimeout", Shape::Whole, NOTHING_TO_ACT_ON),
    refused("readOnly", OFF, WE_WRITE),
    refused("scaleReads", MASTER, WE_WRITE),
    refused(
        "monitor",
        OFF,
        "can't be used: a connection that monitors can't store anything; run valkey-cli monitor instead",
    ),
    refused(
        "Connector",
        NOTHING,
        "can't be used: the connection is not made in JavaScript; use 'host' and 'port', or 'path'",
    ),
    // Sentinel.
    honoured("sentinels"),
    honoured("name"),
    honoured("sentinelUsername"),
    honoured("sentinelPassword"),
    honoured("enableTLSForSentinelMode"),
    honoured("sentinelTLS"),
    honoured("sentinelRetryStrategy"),
    honoured("sentinelReconnectStrategy"),
    honoured("sentinelCommandTimeout"),
    honoured("updateSentinels"),
    honoured("sentinelMaxConnections"),
    honoured("failoverDetector"),
    honoured("natMap"),
    refused("sentinelRole", MASTER, WE_WRITE),
    refused("preferredSlaves", NOTHING, WE_WRITE),
    // Cluster.
    honoured("cluster"),
    honoured("clusterRetryStrategy"),
    honoured("redisOptions"),
    honoured("maxRedirections"),
    honoured("retryDelayOnMoved"),
    honoured("retryDelayOnFailover"),
    honoured("retryDelayOnClusterDown"),
    honoured("retryDelayOnTryAgain"),
    honoured("slotsRefreshTimeout"),
    refused("dnsLookup", NOTHING, OWN_LOOK_UP),
    refused("useSRVRecords", OFF, OWN_LOOK_UP),
    refused("resolveSrv", NOTHING, OWN_LOOK_UP),
    no_effect(
        "slotsRefreshInterval",
        Shape::WholeOrNull,
        "a moved slot is noticed when it is used",
    ),
    no_effect("shardedSubscribers", Shape::Boolean, NOTHING_TO_ACT_ON),
    no_effect("clusterNodeRetryStrategy", Shape::FunctionOrNull, "'retryStrategy' is used"),
    // TLS.
    honoured("tls"),
];

/// The known option of this name.
pub(super) fn find(name: &str) -> Option<&'static KnownOption> {
    KNOWN.iter().find(|known| known.name == name)
}

#[cfg(test)]
mod documented;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_stands_once() {
        let names: BTreeSet<_> = KNOWN.iter().map(|known| known.name).collect();
        assert_eq!(names.len(), KNOWN.len());
        assert!(find("port").is_some() && find("Port").is_none());
    }

    #[test]
    fn shapes_tell_values_apart() {
        let samples = [json!(true), json!(1), json!(null), json!([]), json!({"a": 1})];
        for (shape, fitting) in [
            (Shape::Anything, [true, true, true, true, true]),
            (Shape::Boolean, [true, false, false, false, false]),
            (Shape::Whole, [false, true, false, false, false]),
            (Shape::WholeOrNull, [false, true, true, false, false]),
            (Shape::Array, [false, false, false, true, false]),
            (Shape::Object, [false, false, false, false, true]),
            (Shape::FunctionOrNull, [false, false, true, false, false]),
        ] {
            let fits: Vec<bool> = samples.iter().map(|sample| shape.fits(sample)).collect();
            assert_eq!(fits, fitting, "{shape:?}");
        }
        assert!(Shape::FunctionOrNull.fits(&json!({"$function": true})));
    }
}
