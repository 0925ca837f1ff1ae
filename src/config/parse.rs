//! From `settings.valkey` to a [`Config`]: the options of the role and the storage.

use std::time::Duration;

use serde_json::Value;

use super::cluster::effective_prefix;
use super::notice::Notice;
use super::raw::RawOptions;
use super::support::{auto_resubscribe, check_support};
use super::{
    Config, ConnectionConfig, ContextConfig, HealthConfig, HistoryConfig, PackageUpgrade,
    PlacementConfig, Reload, Role, StateUser,
};
use crate::{Error, Result};

const DEFAULT_PREFIX: &str = "nodered:";
const DEFAULT_SESSION_TTL: Duration = Duration::from_secs(24 * 60 * 60);
const DEFAULT_PACKAGE_SYNC_TIMEOUT: Duration = Duration::from_secs(120);
/// The longest expiry that is taken, in seconds: some 68 years.
const LONGEST_TTL: u64 = i32::MAX as u64;
/// More replicas than anybody has.
const MOST_REPLICAS: u64 = 100;
/// Bytes of a prefix or a channel name.
const LONGEST_NAME: usize = 256;

impl Config {
    /// Checks all of `settings.valkey`. Functions are expected as `{"$function": true}`, Buffers
    /// as `{"$buffer": "<base64>"}`, and members that are `undefined` left out.
    ///
    /// The notices are to be logged at start. An error names the option, what was given (never a
    /// secret) and what is allowed.
    pub fn parse(options: &Value) -> Result<(Self, Vec<Notice>)> {
        let raw = RawOptions::collect(options)?;
        let role = role(&raw)?;
        let mut notices = check_support(&raw)?;
        notices.extend(auto_resubscribe(&raw, role)?);
        let key_prefix = name(&raw, "keyPrefix")?.unwrap_or(DEFAULT_PREFIX);
        let key_prefix = effective_prefix(&raw, key_prefix, &mut notices)?;
        let channel = |option, rest| -> Result<String> {
            Ok(name(&raw, option)?.map_or_else(|| format!("{key_prefix}{rest}"), str::to_owned))
        };
        let update_channel = channel("updateChannel", "flows:updated")?;
        let package_channel = channel("packageChannel", "packages:updated")?;
        if update_channel == package_channel {
            let culprit = match raw.value("packageChannel") {
                Some(_) => "packageChannel",
                None => "updateChannel",
            };
            return Err(Error::option(
                culprit,
                format!(
                    "can't be {}: 'updateChannel' and 'packageChannel' must differ",
                    raw.shown(culprit)
                ),
            ));
        }
        let config = Self {
            role,
            update_channel,
            package_channel,
            enable_compression: raw.boolean("enableCompression")?.unwrap_or(false),
            session_ttl: raw
                .whole("sessionTTL", 1..=LONGEST_TTL, " of seconds")?
                .map_or(DEFAULT_SESSION_TTL, Duration::from_secs),
            sync_packages: raw.boolean("syncPackages")?.unwrap_or(true),
            package_sync_timeout: raw
                .milliseconds("packageSyncTimeout")?
                .unwrap_or(DEFAULT_PACKAGE_SYNC_TIMEOUT),
            package_upgrade: raw
                .one_of(
                    "packageUpgrade",
                    &[
                        ("report", PackageUpgrade::Report),
                        ("live", PackageUpgrade::Live),
                        ("restart", PackageUpgrade::Restart),
                    ],
                )?
                .unwrap_or(PackageUpgrade::Report),
            package_install_scripts: raw.boolean("packageInstallScripts")?,
            reload: raw
                .one_of(
                    "reload",
                    &[("nodes", Reload::Nodes), ("flows", Reload::Flows), ("full", Reload::Full)],
                )?
                .unwrap_or(Reload::Nodes),
            share_credential_secret: raw.boolean("shareCredentialSecret")?.unwrap_or(true),
            wait_replicas: raw
                .whole("waitReplicas", 0..=MOST_REPLICAS, "")?
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(0),
            health: HealthConfig::read(&raw, &mut notices)?,
            context: ContextConfig::read(&raw, &key_prefix, &mut notices)?,
            placement: PlacementConfig::read(&raw, role)?,
            report: raw.boolean("report")?.unwrap_or(true),
            history: HistoryConfig::read(&raw, &mut notices)?,
            state: StateUser::read(&raw, &mut notices)?,
            connection: ConnectionConfig::read(&raw, role, &key_prefix, &mut notices)?,
            key_prefix,
        };
        Ok((config, notices))
    }
}

fn role(raw: &RawOptions) -> Result<Role> {
    const ROLES: [(&str, Role); 2] = [("admin", Role::Admin), ("worker", Role::Worker)];
    match raw.value("role") {
        None => Err(Error::option("role", "is required: 'admin' or 'worker'")),
        Some(value) if matches!(value.as_str(), Some("master" | "slave")) => Err(Error::option(
            "role",
            format!(
                "must be 'admin' or 'worker', not {}; the role of the server that Sentinel is asked for is 'sentinelRole'",
                raw.shown("role")
            ),
        )),
        Some(_) => match raw.one_of("role", &ROLES)? {
            Some(role) => Ok(role),
            None => Err(raw.wrong("role", "'admin' or 'worker'")),
        },
    }
}

/// A prefix or a channel: a text that is easily seen, typed and granted in an ACL.
fn name<'g>(raw: &'g RawOptions, option: &str) -> Result<Option<&'g str>> {
    match raw.text(option)? {
        Some(text)
            if text.is_empty()
                || text.len() > LONGEST_NAME
                || text.contains(|c: char| c.is_whitespace() || c.is_control()) =>
        {
            Err(raw.wrong(
                option,
                &format!(
                    "a string of 1 to {LONGEST_NAME} bytes without white space and control characters"
                ),
            ))
        }
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests;
