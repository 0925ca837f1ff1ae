//! What a synchronisation has to know after a restart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::packages::PackageList;
use crate::state_dir::StateDir;

const FILE: &str = "packages.json";

/// Kept in our folder in the user directory.
pub(super) struct Record {
    state_dir: StateDir,
    prefix: String,
    kept: Kept,
    was_read: bool,
    complained: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// The key prefix that the list is of: packages of another are not ours to remove.
    prefix: String,
    /// Packages that a list had put here, and that go when a list lacks them.
    installed: BTreeSet<String>,
    /// The list that was being installed, as JSON text, until it is complete.
    unfinished: Option<String>,
    /// Admin: the user directory was empty and has not got its packages back yet.
    restoring: bool,
    /// Admin: the list that it has published last.
    published: Option<BTreeMap<String, String>>,
    /// Admin: what an emptied disk did not get back because the registry does not have it.
    refused: BTreeMap<String, String>,
}

impl Record {
    pub(super) fn in_user_dir(user_dir: &Path, prefix: &str) -> Self {
        Self {
            state_dir: StateDir::in_user_dir(user_dir),
            prefix: prefix.into(),
            kept: Kept { prefix: prefix.into(), ..Kept::default() },
            was_read: false,
            complained: false,
        }
    }

    /// Reads what an earlier process has kept. What can't be read, or is of another prefix, is as
    /// good as nothing: then nothing is removed. Reads once: what is known since counts for more.
    pub(super) async fn read(&mut self) {
        if std::mem::replace(&mut self.was_read, true) {
            return;
        }
        match self.state_dir.read(FILE).await {
            Ok(None) => {}
            Ok(Some(text)) => match serde_json::from_str::<Kept>(&text) {
                Ok(kept) if kept.prefix == self.prefix => self.kept = kept,
                Ok(_) => tracing::info!("packages that another key prefix brought here stay"),
                Err(_) => tracing::warn!("{FILE} can't be read: no package is removed for it"),
            },
            Err(error) => tracing::warn!("{error}"),
        }
    }

    pub(super) fn installed(&self) -> &BTreeSet<String> {
        &self.kept.installed
    }

    pub(super) fn unfinished(&self) -> Option<&str> {
        self.kept.unfinished.as_deref()
    }

    pub(super) fn is_restoring(&self) -> bool {
        self.kept.restoring
    }

    /// Before npm runs for a list: these names are answered for from here on.
    pub(super) async fn begin(&mut self, names: BTreeSet<String>, list: &str) {
        let mut kept = self.kept.clone();
        kept.installed.extend(names);
        kept.unfinished = Some(list.into());
        self.keep(kept).await;
    }

    /// These are gone.
    pub(super) async fn forget(&mut self, names: &BTreeSet<String>) {
        let mut kept = self.kept.clone();
        kept.installed.retain(|name| !names.contains(name));
        self.keep(kept).await;
    }

    /// The list is complete: all of `names` are installed, and answered for.
    pub(super) async fn complete(&mut self, names: BTreeSet<String>) {
        let mut kept = self.kept.clone();
        kept.installed.extend(names);
        kept.unfinished = None;
        self.keep(kept).await;
    }

    pub(super) async fn set_restoring(&mut self) {
        let kept = Kept { restoring: true, ..self.kept.clone() };
        self.keep(kept).await;
    }

    /// Everything is back, but what the registry does not have.
    pub(super) async fn set_restored(&mut self, refused: BTreeMap<String, String>) {
        let kept = Kept { restoring: false, unfinished: None, refused, ..self.kept.clone() };
        self.keep(kept).await;
    }

    pub(super) fn refused(&self) -> &BTreeMap<String, String> {
        &self.kept.refused
    }

    /// These were installed, or replaced, since.
    pub(super) async fn settle_refused(&mut self, names: &BTreeSet<String>) {
        let mut kept = self.kept.clone();
        kept.refused.retain(|name, _| !names.contains(name));
        self.keep(kept).await;
    }

    pub(super) fn published(&self) -> Option<&BTreeMap<String, String>> {
        self.kept.published.as_ref()
    }

    pub(super) async fn set_published(&mut self, list: &PackageList) {
        let list = list.iter().map(|(name, version)| (name.to_owned(), version.to_owned()));
        let kept = Kept { published: Some(list.collect()), ..self.kept.clone() };
        self.keep(kept).await;
    }

    async fn keep(&mut self, kept: Kept) {
        if kept == self.kept {
            return;
        }
        let text = serde_json::to_string(&kept).unwrap_or_default();
        self.kept = kept;
        if let Err(error) = self.state_dir.write(FILE, &text).await
            && !std::mem::replace(&mut self.complained, true)
        {
            tracing::warn!("{error}; packages that leave the list stay installed after a restart");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    async fn read(dir: &Path, prefix: &str) -> Record {
        let mut record = Record::in_user_dir(dir, prefix);
        record.read().await;
        record
    }

    #[tokio::test]
    async fn what_is_answered_for_stays_known_after_a_kill() {
        let dir = tempfile::tempdir().unwrap();
        let mut record = read(dir.path(), "n:").await;
        record.begin(names(&["a", "b"]), "{}").await;
        let mut again = read(dir.path(), "n:").await;
        assert_eq!(again.installed(), &names(&["a", "b"]));
        assert_eq!(again.unfinished(), Some("{}"));
        again.complete(names(&["a", "b"])).await;
        again.forget(&names(&["a"])).await;
        again.set_restoring().await;
        let mut last = read(dir.path(), "n:").await;
        assert_eq!(last.installed(), &names(&["b"]));
        assert_eq!(last.unfinished(), None);
        assert!(last.is_restoring());
        last.begin(names(&["c"]), "{}").await;
        last.set_restored(BTreeMap::from([("c".into(), "1.0.0".into())])).await;
        last.set_published(&PackageList::parse("k", r#"{"d":"2.0.0"}"#).unwrap()).await;
        let mut last = read(dir.path(), "n:").await;
        assert_eq!((last.is_restoring(), last.unfinished()), (false, None));
        assert!(last.refused().contains_key("c"));
        assert_eq!(last.published().unwrap()["d"], "2.0.0");
        last.settle_refused(&names(&["c"])).await;
        assert!(read(dir.path(), "n:").await.refused().is_empty());
    }

    #[tokio::test]
    async fn what_another_prefix_brought_is_not_answered_for() {
        let dir = tempfile::tempdir().unwrap();
        read(dir.path(), "n:").await.begin(names(&["a"]), "{}").await;
        assert!(read(dir.path(), "m:").await.installed().is_empty());
        StateDir::in_user_dir(dir.path()).write(FILE, "{").await.unwrap();
        assert!(read(dir.path(), "n:").await.installed().is_empty());
    }
}
