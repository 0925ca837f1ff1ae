//! What Node-RED knows of what is on disk.

use std::collections::BTreeSet;

use super::Packages;
use super::jobs::Load;
use crate::packages::Installed;

impl Packages {
    /// Node-RED looks for nodes now, and finds what is on disk: whatever comes from here on has to
    /// be loaded by a job.
    pub(in crate::role) async fn loads_from_here(&self) {
        let found = self.npm.on_disk().await;
        let mut state = self.state();
        // Node-RED loads nothing twice, so that none known is better than some by mistake.
        state.known = found.unwrap_or_default();
        state.loaded = true;
    }

    /// Adds to what is to be loaded what is `settled` on disk without a run of ours, and not known
    /// to Node-RED: an operator's npm has put it there, or another process with this directory.
    pub(super) fn notice(&self, settled: &BTreeSet<String>, installed: &Installed) {
        let mut state = self.state();
        if !state.loaded {
            return;
        }
        for name in settled {
            let Some(version) = installed.version(name) else { continue };
            let from = state.known.get(name).cloned();
            // What Node-RED itself would keep out.
            let allowed = self.policy.allows(name, Some(version));
            if allowed && from.as_deref() != Some(version) {
                let load = Load { name: name.clone(), version: version.to_owned(), from };
                state.unloaded.insert(name.clone(), load);
            }
        }
    }
}
