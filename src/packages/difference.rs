//! What has to be done so that a user directory has what the list says.

use std::collections::BTreeSet;

use super::installed::Installed;
use super::list::PackageList;
use super::policy::Policy;
use super::version::{check_version, fits, is_exact};

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

impl Wanted {
    /// As npm is told: `name@version`.
    pub(crate) fn spec(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
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
    fits(version, wanted) && (check_version(declared).is_err() || fits(version, declared))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn installed(packages: &[(&str, &str, &str)]) -> Installed {
        let mut installed = Installed::default();
        for (name, version, declared) in packages {
            for (map, text) in
                [(&mut installed.versions, version), (&mut installed.declared, declared)]
            {
                if !text.is_empty() {
                    map.insert((*name).to_owned(), (*text).to_owned());
                }
            }
        }
        installed
    }

    fn compare(list: &str, installed: &Installed, responsible: &[&str]) -> Difference {
        let list = PackageList::parse("n:packages", list).unwrap();
        let policy = Policy::new(None, None);
        let excluded = names(&["node-red", "ours"]);
        difference(&list, installed, &names(responsible), &policy, &excluded)
    }

    fn wanted(difference: &Difference) -> Vec<(&str, &str, Option<&str>)> {
        difference
            .install
            .iter()
            .map(|w| (w.name.as_str(), w.version.as_str(), w.from.as_deref()))
            .collect()
    }

    #[test]
    fn what_is_as_wanted_stays() {
        let disk = installed(&[
            ("a", "1.0.0", "1.0.0"),
            ("b", "1.2.0", "^1.0.0"),
            ("c", "2.0.0-rc.1", "2.0.0-rc.1"),
        ]);
        assert_eq!(
            compare(r#"{"a":"1.0.0","b":"1.2.0"}"#, &disk, &["a", "b"]),
            Difference::default()
        );
        assert_eq!(compare(r#"["a","b","c"]"#, &disk, &[]), Difference::default());
    }

    #[test]
    fn what_is_missing_of_another_version_or_undeclared_is_installed() {
        let disk = installed(&[
            ("old", "1.0.0", "1.0.0"),
            ("undeclared", "1.0.0", ""),
            ("gone", "", "1.0.0"),
            ("held-back", "1.0.0", "^0.9.0"),
            ("half", "nonsense", "1.0.0"),
            ("folder", "1.0.0", "file:../folder"),
        ]);
        let list = r#"{"new":"1.0.0","old":"1.1.0","undeclared":"1.0.0","gone":"1.0.0","held-back":"1.0.0","half":"1.0.0","folder":"1.0.0"}"#;
        let difference = compare(list, &disk, &[]);
        assert_eq!(
            wanted(&difference),
            [
                ("gone", "1.0.0", None),
                ("half", "1.0.0", Some("nonsense")),
                ("held-back", "1.0.0", Some("1.0.0")),
                ("new", "1.0.0", None),
                ("old", "1.1.0", Some("1.0.0")),
                ("undeclared", "1.0.0", Some("1.0.0")),
            ]
        );
        assert!(difference.remove.is_empty());
    }

    #[test]
    fn only_what_an_earlier_list_brought_is_removed() {
        let disk = installed(&[
            ("mine", "1.0.0", "1.0.0"),
            ("theirs", "1.0.0", "1.0.0"),
            ("kept", "1.0.0", "1.0.0"),
            ("ours", "1.0.0", "1.0.0"),
            ("declared-only", "", "1.0.0"),
        ]);
        let responsible = ["theirs", "kept", "ours", "gone-already", "declared-only"];
        let difference = compare(r#"{"kept":"1.0.0"}"#, &disk, &responsible);
        assert_eq!(difference.remove, ["declared-only", "theirs"]);
        assert!(difference.install.is_empty());
    }

    #[test]
    fn excluded_ones_are_left_alone_and_denied_ones_are_told() {
        let list = r#"{"node-red":"1.0.0","ours":"9.0.0","allowed":"1.0.0","not":"1.0.0","there":"1.0.0"}"#;
        let list = PackageList::parse("k", list).unwrap();
        let policy = Policy::new(Some(&["allowed".to_owned()]), None);
        let disk = installed(&[("there", "1.0.0", "1.0.0")]);
        let excluded = names(&["node-red", "ours"]);
        let difference = difference(&list, &disk, &names(&["not", "there"]), &policy, &excluded);
        assert_eq!(wanted(&difference), [("allowed", "1.0.0", None)]);
        assert_eq!(difference.denied, ["not"]);
        assert!(difference.remove.is_empty());
    }
}
