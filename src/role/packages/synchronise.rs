//! One synchronisation: from the difference between list and disk to Node-RED having loaded it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::heard::Heard;
use super::jobs::{Failed, Load, Outcome, Task};
use super::{Packages, PackagesState, Progress};
use crate::error::{Error, Result};
use crate::npm;
use crate::packages::{Difference, Installed, PackageList, Wanted, difference};

/// What a synchronisation could not do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// Names that could not be installed.
    pub(super) missing: Vec<String>,
    /// Those of them that the registry does not have.
    pub(super) unknown: BTreeSet<String>,
    /// Something could not be removed, and not because flows use it.
    pub(super) removals: bool,
    /// What is installed, could not be loaded, and may be at a later attempt.
    pub(super) unloaded: Vec<String>,
    /// npm was ended, because another list is stored.
    pub(super) superseded: bool,
    /// The disk has refused it as at the attempt before.
    pub(super) told: bool,
}

impl Left {
    /// Why there is to be another attempt.
    pub(super) fn why(&self) -> String {
        let names = |what: &str, names: &[String]| {
            (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")))
        };
        let removals = self.removals.then(|| "what left the list could not be removed".to_owned());
        let all =
            [names("not installed", &self.missing), removals, names("not loaded", &self.unloaded)];
        all.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// Whether no further attempt would install more.
    pub(super) fn is_all_that_can_be_had(&self) -> bool {
        !self.removals && self.missing.iter().all(|name| self.unknown.contains(name))
    }
}

impl Packages {
    /// Makes the disk, and then the running Node-RED, what `list` says. Returns what is left to be
    /// tried again.
    pub(super) async fn synchronise(&self, list: &PackageList, heard: &Heard) -> Result<Left> {
        // What is half done looks as if it were installed.
        self.repair().await?;
        let mut record = self.record.lock().await;
        let listed: BTreeSet<String> = list.iter().map(|(name, _)| name.to_owned()).collect();
        let names: BTreeSet<String> = listed.union(record.installed()).cloned().collect();
        let installed = self.npm.installed(&names).await?;
        let found = difference(list, &installed, record.installed(), &self.policy, &self.excluded);
        let Difference { install, remove, denied } = found;
        let denied: BTreeSet<String> = denied.into_iter().collect();
        let is_open = |name: &String| install.iter().any(|wanted| wanted.name == *name);
        let here = |name: &String| !self.excluded.contains(name) && !denied.contains(name);
        let settled: BTreeSet<String> =
            listed.iter().filter(|name| here(name) && !is_open(name)).cloned().collect();
        let taken_back = self.take_back(&listed, &installed);
        let was_loaded = self.is_loaded();
        let (remove, mut left) = self.take_away(remove).await?;
        if !install.is_empty() || !remove.is_empty() {
            let wanted = install.iter().map(|wanted| wanted.name.clone()).collect();
            record.begin(wanted, &list.text()).await;
            self.expect(&install);
            let began = Instant::now();
            let outcome = {
                let _turn = self.npm_lock.ours().await;
                self.change(&install, &remove, list, heard).await
            };
            let gives_way = std::mem::take(&mut self.state().gives_way);
            left.told = !self.is_news(outcome.fault.as_ref());
            tell(&outcome, gives_way, began, left.told);
            record.forget(&outcome.removed.iter().cloned().collect()).await;
            self.note(&outcome, &taken_back);
            if !was_loaded && self.is_loaded() && !outcome.removed.is_empty() {
                // npm took so long that Node-RED has loaded what was on its way out.
                self.take_away(outcome.removed.clone()).await?;
            }
            let is_there = |name: &String| outcome.installed.iter().any(|one| one.name == *name);
            left.missing =
                install.into_iter().map(|one| one.name).filter(|name| !is_there(name)).collect();
            left.unknown = outcome
                .failed
                .iter()
                .filter(|failure| failure.unknown)
                .map(|failure| failure.name.clone())
                .collect();
            left.superseded = outcome.stopped && !gives_way;
            left.removals |= remove.iter().any(|name| !outcome.removed.contains(name));
        }
        self.notice(&settled, &installed);
        left.unloaded = self.load().await?;
        if left.missing.is_empty() {
            record.complete(listed.iter().filter(|name| here(name)).cloned().collect()).await;
        }
        self.tell_denied(denied);
        Ok(left)
    }

    /// Notes what the disk refuses; whether that is another than at the attempt before.
    fn is_news(&self, fault: Option<&Error>) -> bool {
        let fault = match fault {
            Some(fault @ Error::Disk { .. }) => Some(fault.to_string()),
            _ => None,
        };
        let known = std::mem::replace(&mut self.state().disk_fault, fault.clone());
        fault.is_none() || known != fault
    }

    /// What deploys may wait for from here on.
    fn expect(&self, install: &[Wanted]) {
        let missing = install.iter().map(|wanted| wanted.name.clone()).collect();
        self.progress.send_modify(|progress| {
            *progress = Progress { in_step: false, missing, ..progress.clone() };
        });
    }

    /// Has Node-RED take away the types of these; returns those that are gone and can be
    /// uninstalled. Before Node-RED has looked for nodes there is nothing to take away.
    async fn take_away(&self, remove: Vec<String>) -> Result<(Vec<String>, Left)> {
        if remove.is_empty() || !self.is_loaded() {
            return Ok((remove, Left::default()));
        }
        let outcome = self.jobs.ask(&*self.host, Task::Remove(remove.clone())).await?;
        let told = std::mem::replace(&mut self.state().in_use, outcome.in_use.clone());
        for name in outcome.in_use.difference(&told) {
            tracing::info!(
                "package {name} left the list, but the running flows use it: it goes with the deploy that stops using it"
            );
        }
        let Outcome { removed, in_use, .. } = outcome;
        {
            let mut state = self.state();
            state.known.retain(|name, _| !removed.contains(name));
            state.let_go.extend(removed.iter().cloned());
        }
        let (gone, still_there): (Vec<_>, Vec<_>) =
            remove.into_iter().partition(|name| removed.contains(name));
        let removals = still_there.iter().any(|name| !in_use.contains(name));
        Ok((gone, Left { removals, ..Left::default() }))
    }

    fn is_loaded(&self) -> bool {
        self.state().loaded
    }

    /// What Node-RED has let go of, and npm could not remove, is on the list again: Node-RED knows
    /// nothing of it any more.
    fn take_back(&self, listed: &BTreeSet<String>, installed: &Installed) -> BTreeSet<String> {
        let mut state = self.state();
        let PackagesState { let_go, unloaded, .. } = &mut *state;
        let taken_back: BTreeSet<String> = let_go.intersection(listed).cloned().collect();
        for name in &taken_back {
            let_go.remove(name);
            if let Some(version) = installed.version(name) {
                let load = Load { name: name.clone(), version: version.to_owned(), from: None };
                unloaded.insert(name.clone(), load);
            }
        }
        taken_back
    }

    fn note(&self, outcome: &npm::Outcome, unknown: &BTreeSet<String>) {
        let mut state = self.state();
        for Wanted { name, version, from } in &outcome.installed {
            let from = from.clone().filter(|_| !unknown.contains(name));
            let load = Load { name: name.clone(), version: version.clone(), from };
            state.unloaded.insert(name.clone(), load);
        }
        for name in &outcome.removed {
            state.unloaded.remove(name);
            state.faults.remove(name);
            state.known.remove(name);
            state.let_go.remove(name);
            state.in_use.remove(name);
        }
    }

    /// Puts right what an npm run has left half done.
    pub(super) async fn repair(&self) -> Result<()> {
        if self.npm.repair().await? {
            tracing::warn!("an npm run was cut off; its packages are installed anew");
        }
        Ok(())
    }

    /// Has Node-RED load what it has not been told of, and what it could not load the last time: a
    /// package whose types another one had may have them now. Returns what is worth another attempt
    /// although nothing changes. Before it has looked for nodes, it finds everything by itself.
    async fn load(&self) -> Result<Vec<String>> {
        let loads: Vec<Load> = {
            let mut state = self.state();
            if !state.loaded {
                state.unloaded.clear();
            }
            state.unloaded.values().cloned().collect()
        };
        if loads.is_empty() {
            return Ok(Vec::new());
        }
        let outcome = self.jobs.ask(&*self.host, Task::Load(loads.clone())).await?;
        let mut faults = BTreeMap::new();
        let mut lasting = BTreeSet::new();
        for Failed { name, reason, lasting: lasts } in &outcome.failed {
            tracing::debug!("package {name} is not loaded: {reason}");
            faults.insert(name.clone(), reason.clone());
            if *lasts {
                lasting.insert(name.clone());
            }
        }
        let mut state = self.state();
        state.known.extend(loads.into_iter().map(|load| (load.name, load.version)));
        state.unloaded.retain(|name, _| !outcome.has_loaded(name));
        faults.retain(|name, _| state.unloaded.contains_key(name));
        state.faults = faults;
        Ok(state.unloaded.keys().filter(|name| !lasting.contains(*name)).cloned().collect())
    }

    fn tell_denied(&self, denied: BTreeSet<String>) {
        let told = std::mem::replace(&mut self.state().denied, denied.clone());
        let news: Vec<&str> = denied.difference(&told).map(String::as_str).collect();
        if !news.is_empty() {
            tracing::warn!(
                "not installed, because 'externalModules.palette' in settings.js does not allow it: {}",
                news.join(", ")
            );
        }
    }
}

fn tell(outcome: &npm::Outcome, gives_way: bool, began: Instant, told: bool) {
    let seconds = began.elapsed().as_secs_f64();
    if !outcome.installed.is_empty() {
        let names: Vec<String> =
            outcome.installed.iter().map(|one| format!("{}@{}", one.name, one.version)).collect();
        tracing::info!("packages installed in {seconds:.1} s: {}", names.join(", "));
    }
    if !outcome.removed.is_empty() {
        tracing::info!("packages removed in {seconds:.1} s: {}", outcome.removed.join(", "));
    }
    for conflict in &outcome.overridden {
        tracing::warn!(
            "npm has refused a conflict between peer dependencies; since the admin has these packages, it was overridden with --legacy-peer-deps:"
        );
        for line in conflict.lines() {
            tracing::warn!("npm: {line}");
        }
    }
    for failure in &outcome.failed {
        tracing::error!("package {} could not be changed:", failure.name);
        for line in failure.reason.lines() {
            tracing::error!("npm: {line}");
        }
    }
    if outcome.stopped {
        let why = match gives_way {
            true => "Node-RED's own has waited for it",
            false => "another package list is stored",
        };
        tracing::info!("npm was ended after {seconds:.1} s: {why}");
        return;
    }
    match &outcome.fault {
        Some(Error::Npm { problem }) => {
            for line in problem.lines() {
                tracing::error!("npm: {line}");
            }
        }
        Some(fault) if told => tracing::debug!("{fault}"),
        Some(fault) => tracing::error!("{fault}"),
        None => {}
    }
}
