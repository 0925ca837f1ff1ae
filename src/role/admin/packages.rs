//! An admin's packages: their list goes to Valkey, and comes back from there to a disk that was
//! emptied.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tracing::instrument::WithSubscriber;

use super::slot::{Kind, Slot};
use super::{Admin, Inner};
use crate::error::{Error, Result};
use crate::packages::{PackageList, Skipped};
use crate::role::packages::{Follow, HostInfo, Packages};
use crate::store::look::Found;
use crate::store::packages::ListWritten;

/// How long a deploy waits for the list of packages to be read from disk.
const DISK_READ_LIMIT: Duration = Duration::from_secs(1);

/// Why a package of which nobody knows the version does not reach workers.
const NOT_INSTALLED: &str = "is in package.json, but not installed";

/// What is installed on the admin's disk, as far as it is to be mirrored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Installed {
    list: PackageList,
    /// In package.json, and nothing on disk says in which version: as they were published last.
    unknown: BTreeSet<String>,
}

/// What is known of the packages beside that.
#[derive(Default)]
pub(super) struct PackageNotes {
    /// The disk was emptied and has not got its packages back: nothing is published.
    restoring: bool,
    /// The log says so.
    told_restoring: bool,
    /// Unknown ones of which no version was published either.
    nowhere: BTreeSet<String>,
    /// Dependencies that can't be on the list.
    skipped: Vec<Skipped>,
    /// Of both, those that were reported.
    told_left_out: BTreeSet<String>,
}

impl PackageNotes {
    /// What does not reach workers, in the order of the names.
    pub(super) fn left_out(&self) -> impl Iterator<Item = Skipped> + use<> {
        let nowhere = self.nowhere.iter().cloned();
        let nowhere = nowhere.map(|name| (name, NOT_INSTALLED.to_owned()));
        let skipped = self.skipped.iter().cloned().map(|Skipped { name, reason }| (name, reason));
        let all: BTreeMap<String, String> = nowhere.chain(skipped).collect();
        all.into_iter().map(|(name, reason)| Skipped { name, reason })
    }
}

/// The list of packages that workers are to have.
pub(super) struct PackageLists;

/// A reading of the disk that is under way; deploys wait for it.
struct Reading(Arc<Inner>);

impl Reading {
    fn begin(inner: &Arc<Inner>) -> Self {
        inner.reading.send_modify(|readings| *readings += 1);
        Self(inner.clone())
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.reading.send_modify(|readings| *readings = readings.saturating_sub(1));
    }
}

impl Admin {
    /// Prepares the packages; to be called once, before Node-RED looks for nodes. With `emptied`, the user directory had
    /// no package.json or no node_modules: what Valkey lists is installed first, and this waits
    /// for it at most as long as npm may hold up a start.
    pub async fn packages_at_start(&self, host_info: HostInfo, emptied: bool) -> Result<()> {
        let inner = &self.inner;
        if !inner.config.sync_packages {
            return Ok(());
        }
        let Some(user_dir) = inner.user_dir.clone() else { return Ok(()) };
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
        if packages.begin_restoring(emptied).await? {
            inner.disk().packages.restoring = true;
            let restoring = inner.clone();
            let follower = packages.clone();
            let work = async move {
                follower.follow(Follow::UntilRestored).await;
                restoring.disk().packages.restoring = false;
                if let Err(error) = restoring.publish_packages().await {
                    tracing::error!("{error}");
                }
            };
            *self.restoring() = Some(tokio::spawn(work.with_current_subscriber()));
            if !packages.wait_for_first().await {
                tracing::warn!(
                    "the packages of this empty user directory are not back yet: Node-RED starts without, and npm goes on"
                );
            }
        }
        packages.loads_from_here().await;
        Ok(())
    }

    /// Something may have changed what is installed: reads it, and mirrors it when it has. A
    /// deploy that is handed over after this call is mirrored after the list.
    pub fn packages_changed(&self) -> impl Future<Output = Result<()>> + Send + use<> {
        let reading = Reading::begin(&self.inner);
        async move { reading.0.publish_packages().await }
    }

    /// The packages, once they were prepared.
    pub fn packages(&self) -> Option<&Arc<Packages>> {
        self.inner.packages.get()
    }
}

impl Inner {
    async fn publish_packages(&self) -> Result<()> {
        let Some(packages) = self.packages.get() else { return Ok(()) };
        {
            let mut disk = self.disk();
            if disk.packages.restoring {
                if !std::mem::replace(&mut disk.packages.told_restoring, true) {
                    tracing::warn!(
                        "no package list is published until the packages of this emptied user directory are back; what is removed meanwhile comes back"
                    );
                }
                return Ok(());
            }
        }
        let found = packages.npm().dependencies(packages.excluded()).await?;
        let last = self.slots.packages.value().map(|installed| installed.list);
        let mut versions: BTreeMap<String, String> = found.versions;
        if versions.is_empty() && !found.unknown.is_empty() && last.is_none() {
            tracing::warn!(
                "no package list is published: package.json has dependencies and none is installed; run 'npm install' in the user directory"
            );
            return Ok(());
        }
        let settled = versions.keys().cloned();
        let settled = settled.chain(found.skipped.iter().map(|skipped| skipped.name.clone()));
        versions.extend(packages.settle_refused(&settled.collect()).await);
        let mut unknown = BTreeSet::new();
        for name in found.unknown {
            if versions.contains_key(&name) {
                continue;
            }
            // In the middle of an npm run, its folder is gone for a moment.
            match last.as_ref().and_then(|last| last.version(&name)) {
                Some(version) => {
                    versions.insert(name, version.to_owned());
                }
                None => {
                    unknown.insert(name);
                }
            }
        }
        let list = PackageList::from_versions(versions)?;
        for Skipped { name, reason } in &found.skipped {
            if self.disk().packages.told_left_out.insert(name.clone()) {
                tracing::warn!("package {name} does not reach workers: it {reason}");
            }
        }
        self.disk().packages.skipped = found.skipped;
        // How it stands may have changed.
        self.progress.send_modify(|_| {});
        if self.slots.packages.put_if_other(Installed { list, unknown }) {
            self.wake();
        }
        Ok(())
    }

    /// Waits until the disk has been read, should that be under way; not for long.
    pub(super) async fn wait_for_packages_read(&self) {
        let mut reading = self.reading.subscribe();
        let read = reading.wait_for(|readings| *readings == 0);
        let _ = tokio::time::timeout(DISK_READ_LIMIT, read).await;
    }

    /// The list with those of which nothing on disk tells the version, as they were published last,
    /// or else as Valkey has them: a folder that is missing here is no reason to take a package from
    /// every worker.
    fn completed(
        &self,
        list: PackageList,
        unknown: BTreeSet<String>,
        published: &BTreeMap<String, String>,
        stored: Option<&PackageList>,
    ) -> Result<PackageList> {
        let mut versions: BTreeMap<String, String> =
            list.iter().map(|(name, version)| (name.to_owned(), version.to_owned())).collect();
        let mut nowhere = BTreeSet::new();
        for name in unknown {
            let version = published.get(&name).map(String::as_str);
            match version.or_else(|| stored.and_then(|stored| stored.version(&name))) {
                Some(version) => {
                    versions.insert(name, version.to_owned());
                }
                None => {
                    nowhere.insert(name);
                }
            }
        }
        for name in &nowhere {
            if self.disk().packages.told_left_out.insert(name.clone()) {
                tracing::warn!(
                    "package {name} does not reach workers: package.json has it, but it is not installed; run 'npm install' in the user directory"
                );
            }
        }
        self.disk().packages.nowhere = nowhere;
        self.progress.send_modify(|_| {});
        PackageList::from_versions(versions)
    }
}

impl Kind for PackageLists {
    type Value = Installed;

    fn slot(inner: &Inner) -> &Slot<Installed> {
        &inner.slots.packages
    }

    async fn converge(
        inner: &Inner,
        value: Installed,
        _: bool,
        found: &Found,
    ) -> Result<Option<String>> {
        let Some(packages) = inner.packages.get() else { return Ok(None) };
        let Installed { list, unknown } = value;
        let read = match &found.packages {
            Some(read) => read.clone(),
            None => inner.store.read_packages().await,
        };
        let stored = match read {
            Err(error @ Error::Value { .. }) => {
                tracing::warn!("{error}; writing it again");
                None
            }
            stored => stored?,
        };
        let list = match unknown.is_empty() {
            true => {
                inner.disk().packages.nowhere.clear();
                list
            }
            false => {
                inner.completed(list, unknown, &packages.published().await, stored.as_ref())?
            }
        };
        if stored.as_ref() != Some(&list) {
            if let ListWritten::Other(owner) =
                inner.store.write_packages(&inner.holder, &list).await?
            {
                return Ok(Some(owner));
            }
            if stored.is_some() || !list.is_empty() {
                tracing::info!("package list mirrored: {}", change(stored.as_ref(), &list));
            }
        }
        packages.note_published(&list).await;
        Ok(None)
    }
}

/// A change as an operator would say it.
fn change(before: Option<&PackageList>, after: &PackageList) -> String {
    let mut news = Vec::new();
    for (name, version) in after.iter() {
        if before.and_then(|before| before.version(name)) != Some(version) {
            news.push(format!("{name}@{version}"));
        }
    }
    for (name, _) in before.into_iter().flat_map(PackageList::iter) {
        if after.version(name).is_none() {
            news.push(format!("without {name}"));
        }
    }
    const SHOWN: usize = 20;
    let more = news.len().saturating_sub(SHOWN);
    news.truncate(SHOWN);
    if more > 0 {
        news.push(format!("and {more} more"));
    }
    let number = after.len();
    let packages = if number == 1 { "package" } else { "packages" };
    if news.is_empty() {
        format!("{number} {packages}")
    } else {
        format!("{number} {packages} ({})", news.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_said_in_names() {
        let list = |text| PackageList::parse("k", text).unwrap();
        let before = list(r#"{"a":"1.0.0","b":"1.0.0"}"#);
        let after = list(r#"{"a":"1.0.1"}"#);
        assert_eq!(change(Some(&before), &after), "1 package (a@1.0.1, without b)");
        assert_eq!(change(None, &list("{}")), "0 packages");
    }
}
