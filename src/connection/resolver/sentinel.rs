//! The master that the Sentinels name: they are asked for it, and listened to.

use std::sync::Arc;

use tokio::sync::watch;

use super::Located;
use super::sentinels::Sentinels;
use super::watch::Watch;
use crate::config::{ConnectionConfig, Endpoint, SentinelConfig};
use crate::connection::hooks::Hooks;
use crate::error::Result;

/// Asks the Sentinels, and listens to them.
#[derive(Debug)]
pub(in crate::connection) struct Sentinel {
    sentinels: Arc<Sentinels>,
    /// Ends listening when it is dropped.
    _watch: Option<Watch>,
}

impl Sentinel {
    pub(super) fn new(config: &ConnectionConfig, sentinel: &SentinelConfig, hooks: &Hooks) -> Self {
        let sentinels = Arc::new(Sentinels::new(config, sentinel, hooks));
        let watch = sentinel
            .failover_detector
            .then(|| Watch::start(Arc::clone(&sentinels), sentinel.max_connections));
        Self { sentinels, _watch: watch }
    }

    pub(super) fn name(&self) -> &str {
        &self.sentinels.name
    }

    /// Where the master is, asked anew.
    pub(super) async fn resolve(&self) -> Result<Located> {
        let announced = self.sentinels.look_up().await?;
        Ok(self.sentinels.locate(announced).await)
    }

    /// What Sentinels announce from now on.
    pub(super) fn announcements(&self) -> watch::Receiver<Option<Endpoint>> {
        self.sentinels.announcements()
    }

    /// The master was found here.
    pub(super) fn confirm(&self, located: &Located) {
        self.sentinels.confirm(located);
    }
}
