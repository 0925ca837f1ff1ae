//! What has to be done so that a user directory has what the list says.

use std::collections::BTreeSet;

use super::installed::Installed;
use super::list::PackageList;
use super::policy::Policy;
use super::version::{check_version, is_exact, satisfies};

/// A package to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Exact version or range, as on the list.
    pub version: String,
    /// Version that is on disk now.
    pub from: Option<String>,
}

/// What differs; each part sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Missing, of another version, or not in package.json.
    pub install: Vec<Wanted>,
    /// Installed by an earlier list and no longer on this one.
    pub remove: Vec<String>,
    /// To be installed, but Node-RED's settings don't allow it.
    pub denied: Vec<String>,
}

impl Difference {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.install.is_empty() && self.remove.is_empty()
    }
}

/// Compares the list with what is installed. `responsible` has the packages that an earlier list
/// brought, and nothing else is ever removed; `excluded` ones are neither installed nor removed.
pub fn difference(
    list: &PackageList,
    installed: &Installed,
    responsible: &BTreeSet<String>,
    policy: &Policy,
    excluded: &BTreeSet<String>,
) -> Difference {
    let mut difference = Difference::default();
    for (name, version) in list.iter() {
        if excluded.contains(name) || is_settled(installed, name, version) {
            continue;
        }
        let allowed = match is_exact(version) {
            true => policy.allows(name, Some(version)),
            false => policy.allows_any_version(name),
        };
        match allowed {
            true => difference.install.push(Wanted {
                name: name.to_owned(),
                version: version.to_owned(),
                from: installed.version(name).map(str::to_owned),
            }),
            false => difference.denied.push(name.to_owned()),
        }
    }
    let gone = |name: &&String| {
        !list.contains(name)
            && !excluded.contains(*name)
            && (installed.versions.contains_key(*name) || installed.declared.contains_key(*name))
    };
    difference.remove = responsible.iter().filter(gone).cloned().collect();
    difference
}

/// Whether the version on disk is as the list says, and package.json agrees with it: npm would
/// change it at its next run otherwise.
fn is_settled(installed: &Installed, name: &str, wanted: &str) -> bool {
    let (Some(version), Some(declared)) = (installed.version(name), installed.declared.get(name))
    else {
        return false;
    };
    satisfies(version, wanted) && (check_version(declared).is_err() || satisfies(version, declared))
}
