//! The options: checked in one call, before anything is opened.

use napi_derive::napi;

use super::log::LogLevel;
use crate::config::{self, Config};
use crate::connection::check_tls;
use crate::error::{Error, Result};
use crate::keyspace::Keyspace;

/// What the JavaScript side needs of the options.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct CheckedOptions {
    /// What this instance is.
    pub role: Role,
    /// Every key begins with it.
    pub key_prefix: String,
    /// Where the server is found, for the log: without anything secret.
    pub server: String,
    /// Names of keys, for messages.
    pub keys: KeyNames,
    /// How much a worker restarts on an update.
    pub reload: ReloadMode,
    /// How long npm may hold up a start, and a revision may wait for its packages, in ms.
    pub package_sync_timeout: i64,
    /// What happens with a new version of a loaded module.
    pub package_upgrade: PackageUpgrade,
    /// Whether the secret that decrypts credentials is stored in Valkey.
    pub share_credential_secret: bool,
    /// Where probes are answered; `null`: nowhere.
    pub health: Option<HealthOptions>,
    /// Which tabs run here.
    pub placement: PlacementOptions,
    /// Whether this instance tells the others how it stands.
    pub report: bool,
    /// How many deploys an admin keeps; `null`: none.
    pub history: Option<HistoryOptions>,
    /// To be logged.
    pub notices: Vec<Notice>,
}

/// What an instance is.
#[napi(string_enum = "lowercase")]
pub enum Role {
    /// Its disk is the source of truth.
    Admin,
    /// It runs what an admin has deployed.
    Worker,
}

impl From<config::Role> for Role {
    fn from(role: config::Role) -> Self {
        match role {
            config::Role::Admin => Self::Admin,
            config::Role::Worker => Self::Worker,
        }
    }
}

/// Names of keys, with their prefix.
#[napi(object, object_from_js = false)]
pub struct KeyNames {
    /// Of the flows.
    pub flows: String,
    /// Of the credentials.
    pub credentials: String,
    /// Of the log-in sessions.
    pub sessions: String,
}

/// How much a worker restarts on an update.
#[napi(string_enum = "lowercase")]
pub enum ReloadMode {
    /// Nodes that have changed.
    Nodes,
    /// Flows that have changed.
    Flows,
    /// Everything.
    Full,
}

/// What happens with a new version of a loaded module.
#[napi(string_enum = "lowercase")]
pub enum PackageUpgrade {
    /// The log says that a restart is needed.
    Report,
    /// It is taken into the running process.
    Live,
    /// The process is restarted.
    Restart,
}

/// Where probes are answered, and when a worker is no longer ready.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct HealthOptions {
    /// Port; 0: one that the system hands out.
    pub port: u16,
    /// Address or host name to listen on; `null`: every address.
    pub host: Option<String>,
    /// Begins with a slash and does not end with one; empty for the root.
    pub path: String,
    /// A worker that has not seen Valkey for longer, in s, is not ready; `null`: it stays ready.
    pub max_age: Option<i64>,
}

/// Which tabs run here.
#[napi(object, object_from_js = false)]
pub struct PlacementOptions {
    /// What this instance is called by tabs that run on some.
    pub labels: Vec<String>,
    /// Whether any tab runs here at all.
    pub run_flows: bool,
    /// How long a worker owns a tab that runs once without renewing it, in ms.
    pub once_lease: i64,
    /// What happens with such tabs while the server is away.
    pub once_when_away: WhenAway,
}

/// What happens with the tabs that run once while the server is away.
#[napi(string_enum = "lowercase")]
pub enum WhenAway {
    /// Each stops at the end of its lease.
    Stop,
    /// Each goes on where it runs.
    Keep,
}

/// How many deploys an admin keeps.
#[napi(object, object_from_js = false)]
pub struct HistoryOptions {
    /// Deploys.
    pub entries: i64,
    /// Bytes of all of them, as they are stored.
    pub bytes: i64,
}

/// What is said about the options without being an error.
#[napi(object, object_from_js = false)]
pub struct Notice {
    /// How it is logged.
    pub level: LogLevel,
    /// The line, without a secret.
    pub text: String,
}

/// Checks `settings.valkey` (JSON text; functions as `{"$function":true}`) and returns what the
/// JavaScript side needs of it.
#[napi]
pub fn check_options(options: String) -> napi::Result<CheckedOptions> {
    let (config, notices) = parse(&options)?;
    let keys = Keyspace::new(&config.key_prefix);
    Ok(CheckedOptions {
        role: config.role.into(),
        server: server(&config.connection),
        key_prefix: config.key_prefix,
        keys: KeyNames {
            flows: keys.flows(),
            credentials: keys.credentials(),
            sessions: keys.sessions(),
        },
        reload: match config.reload {
            config::Reload::Nodes => ReloadMode::Nodes,
            config::Reload::Flows => ReloadMode::Flows,
            config::Reload::Full => ReloadMode::Full,
        },
        package_sync_timeout: whole(config.package_sync_timeout.as_millis()),
        package_upgrade: match config.package_upgrade {
            config::PackageUpgrade::Report => PackageUpgrade::Report,
            config::PackageUpgrade::Live => PackageUpgrade::Live,
            config::PackageUpgrade::Restart => PackageUpgrade::Restart,
        },
        share_credential_secret: config.share_credential_secret,
        health: config.health.map(|health| HealthOptions {
            port: health.port,
            host: health.host,
            path: health.path,
            max_age: health.max_age.map(|age| whole(age.as_secs().into())),
        }),
        placement: PlacementOptions {
            labels: config.placement.labels,
            run_flows: config.placement.run_flows,
            once_lease: whole(config.placement.once_lease.as_millis()),
            once_when_away: match config.placement.once_when_away {
                config::WhenAway::Stop => WhenAway::Stop,
                config::WhenAway::Keep => WhenAway::Keep,
            },
        },
        report: config.report,
        history: config.history.map(|history| HistoryOptions {
            entries: whole(history.entries.into()),
            bytes: whole(history.bytes.into()),
        }),
        notices: notices.into_iter().map(Notice::from).collect(),
    })
}

impl From<config::Notice> for Notice {
    fn from(notice: config::Notice) -> Self {
        let level = match notice.level {
            config::Level::Warning => LogLevel::Warn,
            config::Level::Info => LogLevel::Info,
        };
        Self { level, text: notice.text }
    }
}

fn server(connection: &config::ConnectionConfig) -> String {
    let tls = if connection.tls.is_some() { " with TLS" } else { "" };
    let db = if connection.db == 0 { String::new() } else { format!(", db {}", connection.db) };
    format!("{}{tls}{db}", connection.target)
}

fn whole(number: u128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The options as the core takes them.
pub(super) fn parse(options: &str) -> Result<(Config, Vec<config::Notice>)> {
    let options = serde_json::from_str(options)
        .map_err(|error| Error::Internal(format!("options are not JSON: {error}")))?;
    let (config, notices) = Config::parse(&options)?;
    for tls in config.connection.all_tls() {
        check_tls(tls)?;
    }
    Ok((config, notices))
}
