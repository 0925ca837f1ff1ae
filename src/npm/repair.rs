//! Putting right what an interrupted run has left.
//!
//! npm moves a package that changes aside (`.name-XXXXXXXX`), unpacks the new one in its place,
//! and removes what it moved when all are there. It takes a folder for installed as soon as its
//! package.json is, and fails when what it wants to move aside is there already. So what was whole
//! before is put back, and what is new goes: the next run installs it.

use std::fs;
use std::path::Path;

use super::group;
use super::marker::Marker;
use super::package_json;
use super::tree::{self, Package, Tree};
use super::{Inner, disk};
use crate::Result;
use crate::packages::check_name;

impl Inner {
    /// See [`super::Npm::repair`].
    pub(super) fn repair(&self) -> Result<bool> {
        let _turn = self.turn();
        self.repair_in_turn()
    }

    /// The same for one that has the turn.
    pub(super) fn repair_in_turn(&self) -> Result<bool> {
        let marker = match self.left_mark()? {
            None => return Ok(false),
            // The mark is replaced as a whole: this one is none of ours.
            Some(Err(())) => Marker::before(&self.user_dir, Vec::new(), Vec::new()),
            Some(Ok(marker)) => marker,
        };
        if let Some(pid) = marker.pid {
            group::end_orphan(pid, &self.user_dir)?;
        }
        package_json::restore(&self.user_dir, marker.package_json.as_deref())?;
        let since = match marker.is_outdated(&self.user_dir) {
            true => disk::locked(&self.user_dir),
            false => Tree::new(),
        };
        let node_modules = self.user_dir.join("node_modules");
        Repair { before: &marker.tree, since: &since }.folder(&node_modules, "")?;
        restore_bin(&node_modules.join(".bin"));
        // npm reads the folders themselves when its record of them is missing.
        remove(&node_modules.join(".package-lock.json"))?;
        self.unmark()?;
        Ok(true)
    }
}

struct Repair<'r> {
    /// The packages before the run.
    before: &'r Tree,
    /// Those that npm has recorded since, when it came to its end; only their versions count.
    since: &'r Tree,
}

impl Repair<'_> {
    /// Repairs one `node_modules` folder and those nested in it.
    fn folder(&self, node_modules: &Path, place: &str) -> Result<()> {
        let (aside, packages): (Vec<String>, Vec<String>) =
            tree::names(node_modules).into_iter().partition(|name| tree::is_hidden(name));
        for hidden in &aside {
            self.moved_aside(node_modules, place, hidden)?;
        }
        for name in packages.into_iter().chain(aside.iter().filter_map(|name| original(name))) {
            let folder = node_modules.join(&name);
            let place = format!("{place}{name}");
            if fs::symlink_metadata(&folder).is_err() {
                continue;
            }
            let now = Package::read(&folder);
            if !self.is_whole(&place, &now) {
                remove(&folder)?;
            } else if !now.link {
                self.folder(&folder.join("node_modules"), &format!("{place}/node_modules/"))?;
            }
        }
        Ok(())
    }

    fn is_whole(&self, place: &str, now: &Package) -> bool {
        self.before.get(place).is_some_and(|before| now.is_still(before)) || self.is_new(place, now)
    }

    fn is_new(&self, place: &str, now: &Package) -> bool {
        self.since.get(place).is_some_and(|since| since.link || since.version == now.version)
    }

    /// Puts a package that was moved aside back, if it is whole and its place isn't taken by the
    /// finished new one; takes it away otherwise.
    fn moved_aside(&self, node_modules: &Path, place: &str, hidden: &str) -> Result<()> {
        let Some(name) = original(hidden) else { return Ok(()) };
        let (from, to) = (node_modules.join(hidden), node_modules.join(&name));
        let key = format!("{place}{name}");
        let here = Package::read(&from);
        let Some(before) = self.before.get(&key) else {
            // Of a still earlier run, if it is a package at all.
            if tree::name_in(&from).is_some_and(|found| found == name) {
                remove(&from)?;
            }
            return Ok(());
        };
        let taken = fs::symlink_metadata(&to).is_ok() && self.is_new(&key, &Package::read(&to));
        if taken || !here.is_still(before) {
            return remove(&from);
        }
        self.take_nested_back(&to, &from, &key)?;
        remove(&to)?;
        fs::rename(&from, &to).map_err(|error| package_json::disk(&to, error.to_string()))
    }

    /// npm moves nested packages that don't change over to the new folder before it ends.
    fn take_nested_back(&self, half: &Path, whole: &Path, key: &str) -> Result<()> {
        let inside = half.join("node_modules");
        for name in tree::names(&inside) {
            let place = format!("{key}/node_modules/{name}");
            let (from, to) = (inside.join(&name), whole.join("node_modules").join(&name));
            let before = self.before.get(&place);
            if before.is_some_and(|before| Package::read(&from).is_still(before))
                && fs::symlink_metadata(&to).is_err()
            {
                let moved = to
                    .parent()
                    .map_or(Ok(()), fs::create_dir_all)
                    .and_then(|()| fs::rename(&from, &to));
                moved.map_err(|error| package_json::disk(&to, error.to_string()))?;
            }
        }
        Ok(())
    }
}

/// The name of what npm moved aside as `.name-XXXXXXXX`.
fn original(hidden: &str) -> Option<String> {
    let (scope, last) = match hidden.rsplit_once('/') {
        Some((scope, last)) => (format!("{scope}/"), last),
        None => (String::new(), hidden),
    };
    let (name, hash) = last.strip_prefix('.')?.rsplit_once('-')?;
    let name = format!("{scope}{name}");
    let hashed = hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (hashed && check_name(&name).is_ok()).then_some(name)
}

/// Puts commands of packages back that were moved aside and whose package is there.
fn restore_bin(bin: &Path) {
    for (hidden, entry) in tree::entries(bin) {
        let Some(name) = original(&hidden) else { continue };
        let (from, to) = (entry.path(), bin.join(name));
        let wanted = fs::symlink_metadata(&to).is_err() && fs::metadata(&from).is_ok();
        // A command that is missing keeps nothing from running; the next run of npm makes it.
        let _ = match wanted {
            true => fs::rename(&from, &to),
            false => fs::remove_file(&from),
        };
    }
}

/// Takes away packages that npm moved aside in runs that nobody knows of, and that keep it from
/// moving the same ones again. Tells whether there were any.
pub(super) fn remove_moved_aside(node_modules: &Path) -> Result<bool> {
    let mut found = false;
    for hidden in tree::names(node_modules) {
        let folder = node_modules.join(&hidden);
        let Some(name) = tree::is_hidden(&hidden).then(|| original(&hidden)).flatten() else {
            continue;
        };
        if node_modules.join(&name).join("package.json").is_file()
            || tree::name_in(&folder).is_some_and(|inside| inside == name)
        {
            remove(&folder)?;
            found = true;
        }
    }
    Ok(found)
}

/// Removes a folder, file or link, whatever is there; a link is not followed.
fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path).or_else(|_| fs::remove_dir(path)),
    };
    removed.map_err(|error| package_json::disk(path, error.to_string()))
}

#[cfg(test)]
mod tests;
