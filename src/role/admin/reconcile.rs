//! The task that makes Valkey equal to the admin's disk.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Inner;
use super::deploy_write::{Base, Step};
use super::drift::{Depth, Drift};
use super::first_secret::FirstSecret;
use super::packages::PackageLists;
use super::reconcile_state::ReconcileState;
use super::sessions::Sessions;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::memory::give_back_after;
use crate::role::Event;
use crate::store::deploy::Deploy;
use crate::store::head::Record;
use crate::store::look::{Found, Look};

/// The lease lives 10 s; three renewals may be missed.
pub(super) const RENEW: Duration = Duration::from_secs(3);
/// Attempts of one round to get ahead of a record that changes meanwhile.
const ATTEMPTS: usize = 4;

impl Inner {
    pub(super) async fn reconcile(&self) {
        let mut changed = self.changed.subscribe();
        let mut connection = self.store.connection().state();
        let mut known = ReconcileState { reconnected: true, ..ReconcileState::default() };
        let mut pause = Duration::ZERO;
        loop {
            tokio::select! {
                woken = changed.changed() => if woken.is_err() { return },
                changed = connection.changed() => {
                    if changed.is_err() { return }
                    known.reconnected = true;
                }
                () = tokio::time::sleep(pause) => {}
            }
            changed.borrow_and_update();
            // Of several branches that are ready only one is taken.
            known.reconnected |= connection.has_changed().unwrap_or(false);
            connection.borrow_and_update();
            pause = RENEW;
            if !self.store.connection().is_ready() {
                known.reconnected = true;
                self.progress.send_modify(|progress| progress.compared = false);
                continue;
            }
            let generation = self.disk().generation;
            self.slots.all().iter().for_each(|slot| slot.begin());
            let outcome = self.round(&mut known).await;
            if let Err(error) = &outcome {
                pause = Duration::from_secs(1);
                known.log(error);
            }
            self.slots.all().iter().for_each(|slot| slot.end());
            self.progress.send_modify(|progress| {
                progress.tried = generation;
                progress.other = known.other.clone();
                progress.was_in_charge = known.held_before;
                progress.failure = outcome.err().map(|error| error.to_string());
            });
        }
    }

    async fn round(&self, known: &mut ReconcileState) -> Result<()> {
        if known.reconnected {
            known.forget();
            self.progress.send_modify(|progress| progress.compared = false);
        }
        if self.write_on_what_is_known(known).await? {
            known.problem = None;
            return Ok(());
        }
        let Some(found) = self.look(known).await? else { return Ok(()) };
        self.look_for_restorable().await?;
        let stands = known.stands(&found.seen);
        self.ask_for_refused_deploy();
        let (deploy, generation) = self.to_mirror();
        // Before the deploy: who reads a deploy that needs a package finds it on the list.
        self.wait_for_packages_read().await;
        let is_due = known.depth(stands, false).is_some();
        match self.converge_slot::<PackageLists>(is_due, &found).await {
            Ok(None) => known.packages_problem = None,
            Ok(Some(owner)) => {
                known.lose_to(owner);
                return Ok(());
            }
            Err(error) if error.is_passing() => return Err(error),
            // A deploy never fails because of a list.
            Err(error) => known.log_packages(&error),
        }
        let deployed = self.progress.borrow().mirrored < generation;
        if let Some(deploy) = deploy
            && let Some(depth) = known.depth(stands, deployed)
        {
            let owner = self.converge(known, &deploy, depth, *found.clone()).await?;
            if let Some(owner) = owner {
                known.lose_to(owner);
                return Ok(());
            }
            if depth != Depth::Sizes {
                give_back_after(deploy.flows.len());
            }
            if depth == Depth::Content {
                known.read = Some(Instant::now());
            }
            known.compared = Some(Instant::now());
            self.note_mirrored(known, generation);
        }
        if let Some(owner) = self.converge_slot::<FirstSecret>(known.reconnected, &found).await? {
            known.lose_to(owner);
            return Ok(());
        }
        if let Some(owner) = self.converge_slot::<Sessions>(known.reconnected, &found).await? {
            known.lose_to(owner);
            return Ok(());
        }
        self.tell_of_old_list(known).await;
        if !known.library_asked {
            known.library_asked = true;
            self.host.event(Event::LibraryWanted);
        }
        known.reconnected = false;
        known.problem = None;
        Ok(())
    }

    /// What is to be in Valkey, and its generation.
    fn to_mirror(&self) -> (Option<Arc<Deploy>>, u64) {
        let disk = self.disk();
        match disk.refused.waits() {
            true => (None, 0),
            false => (disk.deploy.clone(), disk.generation),
        }
    }

    fn note_mirrored(&self, known: &ReconcileState, generation: u64) {
        let sequence = known.stored_sequence();
        self.progress.send_modify(|progress| {
            progress.mirrored = generation;
            progress.compared = true;
            progress.sequence = sequence;
        });
    }

    /// Writes a new deploy without looking first, where what this admin wrote last is known well
    /// enough: the server compares, and has the last word. Returns whether that was all there was to do.
    async fn write_on_what_is_known(&self, known: &mut ReconcileState) -> Result<bool> {
        let Some((seen, record)) = known.trusted() else { return Ok(false) };
        let (deploy, generation) = self.to_mirror();
        let is_new = self.progress.borrow().mirrored < generation;
        let Some(deploy) = deploy.filter(|_| is_new) else { return Ok(false) };
        self.wait_for_packages_read().await;
        let revision = deploy.revision(0, now(), self.holder.id());
        let is_known = self.is_replaceable(&record, &seen)
            && !record.same_content(&revision)
            && !self.slots.packages.is_behind();
        if !is_known {
            return Ok(false);
        }
        let base = Base { record: Some(&record), sequence: Some(record.sequence), seen: &seen };
        match self.write(known, &deploy, revision, base, false).await? {
            Step::Done => {}
            Step::Other(owner) => {
                known.lose_to(owner);
                return Ok(true);
            }
            Step::Stale => return Ok(false),
        }
        give_back_after(deploy.flows.len());
        self.note_mirrored(known, generation);
        Ok(!self.slots.sessions.is_behind() && !self.slots.first_secret.is_behind())
    }

    /// Renews the lease and sees what is stored; `None` when another admin may write.
    async fn look(&self, known: &mut ReconcileState) -> Result<Option<Box<Found>>> {
        let with_packages =
            self.packages.get().is_some() && (known.is_late() || self.slots.packages.is_behind());
        match self.store.look(&self.holder, !known.held_before, with_packages).await? {
            Look::Held(found) => {
                known.held_before = true;
                if let Some(other) = known.other.take() {
                    known.compared = None;
                    known.library_asked = false;
                    // Before anybody is told of something that needs the lease.
                    self.progress.send_modify(|progress| progress.other = None);
                    tracing::warn!(
                        "the lease of the other admin ({other}) has run out: this admin takes over"
                    );
                }
                Ok(Some(found))
            }
            Look::Other(owner) => {
                known.lose_to(owner);
                Ok(None)
            }
        }
    }

    /// Makes flows, credentials, settings and record in Valkey those of `deploy`, beginning with what
    /// was `found` there. Returns the other admin that is in the way.
    async fn converge(
        &self,
        known: &mut ReconcileState,
        deploy: &Deploy,
        depth: Depth,
        mut found: Found,
    ) -> Result<Option<String>> {
        for _ in 0..ATTEMPTS {
            let Found { head, seen, .. } = &found;
            if let Record::Broken(error) = &head.record {
                tracing::warn!("{error}; writing it again");
            }
            let drift = self.drift(head, deploy, depth).await?;
            if drift == Drift::None {
                self.disk().unseen = None;
                known.sees(seen.clone());
                self.catch_up(head.revision().map_or(0, |record| record.sequence)).await;
                return Ok(None);
            }
            let revision = deploy.revision(0, now(), self.holder.id());
            let base = Base { record: head.revision(), sequence: head.base(), seen };
            match self.write(known, deploy, revision, base, drift == Drift::Foreign).await? {
                Step::Done => return Ok(None),
                Step::Other(owner) => return Ok(Some(owner)),
                Step::Stale => tracing::debug!("the record changed meanwhile: looking again"),
            }
            match self.store.look(&self.holder, false, false).await? {
                Look::Held(again) => found = *again,
                Look::Other(owner) => return Ok(Some(owner)),
            }
        }
        Err(Error::Server {
            command: "deploy script".into(),
            detail: "another admin writes under the same prefix".into(),
        })
    }
}
