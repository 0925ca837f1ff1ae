//! What becomes of the context of flows that are no more.
//!
//! Only an admin removes anything, and not at once: a scope that it does not know is noted as an
//! orphan, and removed once it has been one for a day. An undo takes it off the list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use super::Inner;
use crate::clock::now;
use crate::config::Role;
use crate::error::Result;

/// ms that a scope is an orphan before it is removed.
const DELAY: u64 = 24 * 60 * 60 * 1000;
/// Parts of a joined id that are looked at.
const MOST_PARTS: usize = 100;
/// Orphans that are noted at most.
const MOST_ORPHANS: usize = 10_000;

/// What a look at the scopes has found.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// Orphans, and since when (ms since 1970).
    orphans: BTreeMap<String, u64>,
    /// Scopes whose time is up.
    due: Vec<String>,
}

impl Inner {
    /// Notes what is known of flows; the rest is done beside.
    pub(super) fn clean(&self, known: Vec<String>) {
        if self.role == Role::Admin {
            *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
            self.work.notify_one();
        }
    }

    /// Compares the scopes with what is known, if there is something new.
    pub(super) async fn clean_up(&self, session: u64) -> Result<()> {
        if !self.replica().is_synced() {
            return Ok(());
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(known) = known else { return Ok(()) };
        let key = self.store.keys().context_orphans();
        let note = self.store.read_note(session, &key).await?;
        let before: BTreeMap<String, u64> =
            note.as_deref().and_then(|note| serde_json::from_str(note).ok()).unwrap_or_default();
        let scopes = self.replica().scopes();
        let scopes = scopes.iter().map(|scope| &**scope);
        let Found { orphans, due } = look(scopes, &known.into_iter().collect(), &before, now());
        for scope in &due {
            tracing::info!(
                "shared context: '{scope}' belongs to no flow since a day, and is removed"
            );
            self.replica().clear(scope);
        }
        if orphans != before {
            let text = match orphans.is_empty() {
                true => String::new(),
                false => serde_json::to_string(&orphans).unwrap_or_default(),
            };
            self.store.write_note(session, &key, &text).await?;
        }
        Ok(())
    }
}

fn look<'s>(
    scopes: impl Iterator<Item = &'s str>,
    known: &BTreeSet<String>,
    before: &BTreeMap<String, u64>,
    now: u64,
) -> Found {
    let mut found = Found { orphans: BTreeMap::new(), due: Vec::new() };
    for scope in scopes.filter(|scope| !is_known(scope, known)) {
        match before.get(scope) {
            // A clock that was set back begins anew.
            Some(since) if *since <= now && now - since >= DELAY => {
                found.due.push(scope.to_owned())
            }
            Some(since) if *since <= now => {
                found.orphans.insert(scope.to_owned(), *since);
            }
            _ if found.orphans.len() < MOST_ORPHANS => {
                found.orphans.insert(scope.to_owned(), now);
            }
            _ => {}
        }
    }
    found
}

/// Whether a scope belongs to a flow or a node that is known. Node-RED joins the ids of nested
/// subflow instances by `-`, and leaves those of depth three and more out of what it knows.
fn is_known(scope: &str, known: &BTreeSet<String>) -> bool {
    if scope == "global" {
        return true;
    }
    // `node:tab`: the node decides.
    let node = scope.split(':').next().unwrap_or(scope);
    // `global:a` is a key with a `:` of an earlier module, which did not encode it.
    node == "global" || known.contains(scope) || is_joined(node, known)
}

/// Whether an id is known, or joined by `-` of ids that are. They may have a `-` themselves.
fn is_joined(id: &str, known: &BTreeSet<String>) -> bool {
    let ends = id.match_indices('-').map(|(at, _)| at).chain([id.len()]);
    let mut starts = vec![0];
    for end in ends.take(MOST_PARTS) {
        let fits = |start: &usize| id.get(*start..end).is_some_and(|part| known.contains(part));
        if starts.iter().any(fits) {
            starts.push(end + 1);
        }
    }
    starts.last() == Some(&(id.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn scopes_are_known_by_themselves_or_by_their_parts() {
        let ids = known(&["tab", "node", "a1", "b1", "c1"]);
        for scope in ["global", "global:a", "tab", "node:tab", "a1-b1", "a1-b1-c1", "a1-b1:a1"] {
            assert!(is_known(scope, &ids), "{scope}");
        }
        let dashed = known(&["n-1", "s", "s-2"]);
        for scope in ["n-1", "n-1-s", "n-1-s-2-s-2:n-1-s", "s-2-n-1"] {
            assert!(is_known(scope, &dashed), "{scope}");
        }
        for scope in ["n", "n-1-2", "s-", "-s", "1-s"] {
            assert!(!is_known(scope, &dashed), "{scope}");
        }
        for scope in ["other", "other:tab", "a1-x1", "-", "a1-"] {
            assert!(!is_known(scope, &ids), "{scope}");
        }
    }

    #[test]
    fn orphans_go_after_a_day_and_an_undo_saves_them() {
        let scopes = || ["global", "tab", "gone"].into_iter();
        let first = look(scopes(), &known(&["tab"]), &BTreeMap::new(), 1000);
        assert_eq!(first, Found { orphans: [("gone".into(), 1000)].into(), due: vec![] });
        let later = look(scopes(), &known(&["tab"]), &first.orphans, 999 + DELAY);
        assert_eq!(later, first);
        let undone = look(scopes(), &known(&["tab", "gone"]), &first.orphans, 1000 + DELAY);
        assert_eq!(undone, Found { orphans: BTreeMap::new(), due: vec![] });
        let due = look(scopes(), &known(&["tab"]), &first.orphans, 1000 + DELAY);
        assert_eq!(due, Found { orphans: BTreeMap::new(), due: vec!["gone".into()] });
        let back = look(scopes(), &known(&["tab"]), &first.orphans, 5);
        assert_eq!(back.orphans, [("gone".into(), 5)].into());
    }
}
