//! What an admin and a worker do: at start, on a call, on an event, after a reconnect.

pub mod admin;
pub mod context;
pub mod history;
pub mod member;
mod pace;
pub mod packages;
pub mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::config::Config;
use crate::connection::Hooks;

/// What happens outside a call, for whoever embeds the core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Worker: a new revision waits in [`worker::Worker::pending`].
    Revision,
    /// Admin: the disk had lost something at start, and Valkey can be asked now: what it holds (if
    /// anything) is in [`admin::Admin::take_restorable`].
    Restore,
    /// Admin: a deploy that was refused is on the disk, and this admin is in charge now: Node-RED has
    /// to load it before it is mirrored.
    RefusedDeploy,
    /// Admin: the library has to be compared with the disk once more.
    LibraryWanted,
    /// Admin: [`admin::Admin::standing`] has changed.
    Standing,
    /// A change of the palette is to be made in the running Node-RED: the job waits in the
    /// packages of the role.
    Packages,
    /// Other tabs are held than before: see [`member::Member::held_tabs`].
    Tabs,
    /// Others look at this instance, or no longer: [`member::Member::watched`].
    Watched,
    /// Something was heard of those that this instance looks at: [`member::Member::take_heard`].
    Heard,
}

/// Takes events from the core. Called on a runtime thread; must not block.
pub trait Host: Send + Sync + 'static {
    /// Something happened.
    fn event(&self, event: Event);
}

/// How long a start as a whole waits for the connection before it goes on without.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Waits for the next change. What can change no more, as the hints of a subscriber that has
/// given up, is waited for in vain and not in a busy loop.
async fn next_change<T>(watched: &mut watch::Receiver<T>) {
    if watched.changed().await.is_err() {
        std::future::pending().await
    }
}

/// What every role is opened with.
pub struct OpenParams {
    /// The options.
    pub config: Arc<Config>,
    /// Node-RED's user directory; `None` when nothing may be written there.
    pub user_dir: Option<PathBuf>,
    /// Takes events.
    pub host: Arc<dyn Host>,
    /// The user's functions of the connection.
    pub hooks: Hooks,
    /// The name of this machine, by which an admin tells others where it runs.
    pub host_name: Option<String>,
}
