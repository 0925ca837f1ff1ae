//! What probes are told, for JavaScript.

use napi_derive::napi;

use crate::role::{admin, worker};

/// How a worker stands at this moment.
#[napi(object)]
pub struct WorkerHealth {
    /// `connecting`, `ready`, `reconnecting` or `closed`.
    pub connection: String,
    /// Why there is no connection, as far as it is known: without address and the server's words.
    pub reason: Option<String>,
    /// The revision that runs, as logs name it; left out as long as none does.
    pub revision: Option<String>,
    /// While nobody can say that what runs is what is stored: how long ago it was last seen to be,
    /// in ms.
    pub copy_age: Option<f64>,
    /// What keeps it from what is stored, besides the connection.
    pub problem: Option<String>,
    /// The channels that nothing is heard of.
    pub unheard: Vec<String>,
}

/// How an admin stands at this moment.
#[napi(object)]
pub struct AdminHealth {
    /// `connecting`, `ready`, `reconnecting` or `closed`.
    pub connection: String,
    /// Why there is no connection, as far as it is known: without address and the server's words.
    pub reason: Option<String>,
    /// The revision that Valkey was last seen to hold, as logs name it.
    pub revision: Option<String>,
    /// Whether Valkey was seen to have what is on the disk since the connection was made.
    pub mirrored: bool,
    /// Whether another admin holds the key prefix, as far as is known.
    pub other_admin: bool,
}

impl From<worker::Health> for WorkerHealth {
    fn from(health: worker::Health) -> Self {
        let worker::Health { connection, reason, revision, copy_age, problem, unheard } = health;
        // More than the whole ms would say nothing; they fit into a number of JavaScript.
        let copy_age = copy_age.map(|age| (age.as_secs_f64() * 1000.0).round());
        Self { connection: connection.into(), reason, revision, copy_age, problem, unheard }
    }
}

impl From<admin::Health> for AdminHealth {
    fn from(health: admin::Health) -> Self {
        let admin::Health { connection, reason, revision, mirrored, other_admin } = health;
        Self { connection: connection.into(), reason, revision, mirrored, other_admin }
    }
}
