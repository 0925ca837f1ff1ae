//! A worker's packages.

use std::sync::Arc;
use std::time::Duration;

use tracing::instrument::WithSubscriber;

use super::Worker;
use crate::error::Result;
use crate::role::packages::{Follow, Heard, HostInfo, Packages};

impl Worker {
    /// Starts the synchronisation, and waits until what is on the stored list is installed, at
    /// most as long as npm may hold up a start. To be called once, before Node-RED looks for
    /// nodes.
    pub async fn packages_at_start(&self, host_info: HostInfo) -> Result<()> {
        let inner = &self.inner;
        inner.check_open()?;
        if !inner.config.sync_packages {
            return Ok(());
        }
        let Some(user_dir) = inner.user_dir.clone() else {
            tracing::info!("'readOnly' is set: packages are not synchronised");
            return Ok(());
        };
        let packages = Packages::new(
            &inner.config,
            inner.store.clone(),
            inner.host.clone(),
            user_dir,
            host_info,
        );
        let packages = Arc::new(packages);
        if inner.packages.set(packages.clone()).is_err() {
            return Ok(());
        }
        let follow = Follow::Always(Heard::by(&inner.subscriber, &inner.config.package_channel));
        let task = packages.clone().follow(follow);
        *self.synchroniser() = Some(tokio::spawn(task.with_current_subscriber()));
        if !packages.wait_for_first().await {
            tracing::warn!(
                "packages are not installed within {} s ('packageSyncTimeout'): Node-RED starts without, and npm goes on",
                inner.config.package_sync_timeout.as_secs_f32()
            );
        }
        packages.loads_from_here().await;
        Ok(())
    }

    /// Waits until the package list that is stored now is installed and loaded, at most
    /// `patience`. Returns whether it is; at once when packages are not synchronised.
    pub async fn wait_for_packages(&self, patience: Duration) -> bool {
        match self.inner.packages.get() {
            Some(packages) => packages.wait_until_settled(patience).await,
            None => true,
        }
    }

    /// The packages, once their synchronisation has begun.
    pub fn packages(&self) -> Option<&Arc<Packages>> {
        self.inner.packages.get()
    }
}
