//! The options: checked in one call, before anything is opened.

use napi_derive::napi;
use serde_json::json;

use crate::config::{Config, Level, PackageUpgrade, Reload, Role};
use crate::connection::check_tls;
use crate::error::{Error, Result};
use crate::keyspace::Keyspace;

/// Checks `settings.valkey` (JSON text; functions as `{"$function":true}`) and returns what the
/// JavaScript side needs of it, with the notices to log, as JSON text.
#[napi]
pub fn check_options(options: String) -> napi::Result<String> {
    let (config, notices) = parse(&options)?;
    let notices: Vec<_> = notices
        .iter()
        .map(|notice| {
            let level = match notice.level {
                Level::Warning => "warn",
                Level::Info => "info",
            };
            json!({ "level": level, "text": notice.text })
        })
        .collect();
    let keys = Keyspace::new(&config.key_prefix);
    let checked = json!({
        "role": match config.role { Role::Admin => "admin", Role::Worker => "worker" },
        "keys": { "flows": keys.flows(), "credentials": keys.credentials() },
        "reload": match config.reload {
            Reload::Nodes => "nodes",
            Reload::Flows => "flows",
            Reload::Full => "full",
        },
        "syncPackages": config.sync_packages,
        "packageSyncTimeout": u64::try_from(config.package_sync_timeout.as_millis()).unwrap_or(u64::MAX),
        "packageUpgrade": match config.package_upgrade {
            PackageUpgrade::Report => "report",
            PackageUpgrade::Live => "live",
            PackageUpgrade::Restart => "restart",
        },
        "shareCredentialSecret": config.share_credential_secret,
        "notices": notices,
    });
    Ok(checked.to_string())
}

/// The options as the core takes them.
pub(super) fn parse(options: &str) -> Result<(Config, Vec<crate::config::Notice>)> {
    let options = serde_json::from_str(options)
        .map_err(|error| Error::Internal(format!("options are not JSON: {error}")))?;
    let (config, notices) = Config::parse(&options)?;
    for tls in config.connection.all_tls() {
        check_tls(tls)?;
    }
    Ok((config, notices))
}
