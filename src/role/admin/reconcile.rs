//! The task that makes Valkey equal to the admin's disk.

use std::time::Duration;

use tokio::time::Instant;
use tracing::instrument::WithSubscriber;

use super::Inner;
use super::drift::{Depth, Drift};
use super::first_secret::FirstSecret;
use super::packages::PackageLists;
use super::reconcile_state::ReconcileState;
use super::sessions::Sessions;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::role::Event;
use crate::store::backups::KEPT;
use crate::store::deploy::{Deploy, Write, Written};
use crate::store::head::Record;
use crate::store::lease::Lease;

/// The lease lives 10 s; three renewals may be missed.
const RENEW: Duration = Duration::from_secs(3);
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
            known.renewed = None;
            known.compared = None;
            known.record = None;
            known.library_asked = false;
            self.progress.send_modify(|progress| progress.compared = false);
        }
        if !self.hold_lease(known).await? {
            return Ok(());
        }
        self.look_for_restorable().await?;
        let stands = self.look_at_record(known).await?;
        self.ask_for_refused_deploy();
        let (deploy, generation) = {
            let disk = self.disk();
            match disk.refused.waits() {
                true => (None, 0),
                false => (disk.deploy.clone(), disk.generation),
            }
        };
        // Before the deploy: who reads a deploy that needs a package finds it on the list.
        self.wait_for_packages_read().await;
        let is_due = known.depth(stands, false).is_some();
        match self.converge_slot::<PackageLists>(is_due).await {
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
            if let Some(owner) = self.converge(known, &deploy, depth).await? {
                known.lose_to(owner);
                return Ok(());
            }
            if depth == Depth::Content {
                known.read = Some(Instant::now());
            }
            known.compared = Some(Instant::now());
            known.record = self.store.read_revision_text().await?;
            let sequence = known.stored_sequence();
            self.progress.send_modify(|progress| {
                progress.mirrored = generation;
                progress.compared = true;
                progress.sequence = sequence;
            });
        }
        if let Some(owner) = self.converge_slot::<FirstSecret>(known.reconnected).await? {
            known.lose_to(owner);
            return Ok(());
        }
        if let Some(owner) = self.converge_slot::<Sessions>(known.reconnected).await? {
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

    /// Reads the record, and notes when it has gone. Returns whether it is still the one that was
    /// seen last: a server that was emptied without a loss of the connection shows in nothing else
    /// that is as cheap to look at.
    async fn look_at_record(&self, known: &mut ReconcileState) -> Result<bool> {
        if known.compared.is_none() {
            return Ok(false);
        }
        let record = self.store.read_revision_text().await?;
        if record.is_none() && known.record.is_some() {
            known.note_emptied();
        }
        Ok(record.is_some() && record == known.record)
    }

    /// Whether this admin may write now.
    async fn hold_lease(&self, known: &mut ReconcileState) -> Result<bool> {
        let due = known.renewed.is_none_or(|at| at.elapsed() >= RENEW) || known.other.is_some();
        if !due {
            return Ok(true);
        }
        match self.store.renew_lease(&self.holder, !known.held_before).await? {
            Lease::Held => {
                known.held_before = true;
                known.renewed = Some(Instant::now());
                if let Some(other) = known.other.take() {
                    known.compared = None;
                    known.library_asked = false;
                    // Before anybody is told of something that needs the lease.
                    self.progress.send_modify(|progress| progress.other = None);
                    tracing::warn!(
                        "the lease of the other admin ({other}) has run out: this admin takes over"
                    );
                }
                Ok(true)
            }
            Lease::Other(owner) => {
                known.lose_to(owner);
                Ok(false)
            }
        }
    }

    /// Makes flows, credentials, settings and record in Valkey those of `deploy`. Returns the
    /// other admin that is in the way.
    async fn converge(
        &self,
        known: &mut ReconcileState,
        deploy: &Deploy,
        depth: Depth,
    ) -> Result<Option<String>> {
        let began = Instant::now();
        for _ in 0..ATTEMPTS {
            let head = self.store.read_head().await?;
            match &head.record {
                Record::Missing if known.record.is_some() => known.note_emptied(),
                Record::Broken(error) => tracing::warn!("{error}; writing it again"),
                Record::Missing | Record::Read(_) => {}
            }
            let drift = self.drift(&head, deploy, depth).await?;
            if drift == Drift::None {
                self.disk().unseen = None;
                return Ok(None);
            }
            let backup = drift == Drift::Foreign;
            let sequence = self.next_sequence(head.sequence()).await;
            let revision = deploy.revision(sequence, now(), self.holder.id());
            let write = Write { deploy, revision: &revision, base: head.base(), backup };
            match self.store.write_deploy(&self.holder, &write).await? {
                written @ (Written::Done | Written::Unconfirmed(_)) => {
                    let unconfirmed = match written {
                        Written::Unconfirmed(missing) => Some(missing),
                        _ => None,
                    };
                    let same = head.revision().is_some_and(|record| record.same_flows(&revision));
                    let replaced = backup.then(|| self.store.keys().backup(revision.time));
                    self.progress.send_modify(|progress| {
                        progress.unconfirmed = unconfirmed;
                        // Other settings beside the same flows are no new deploy.
                        if replaced.is_some() || !same {
                            progress.replaced = replaced;
                        }
                    });
                    self.disk().unseen = None;
                    if backup {
                        tracing::error!(
                            "Valkey held a deploy that this admin's disk never had; it was replaced by what is on this disk and kept under '{}'",
                            self.store.keys().backup(revision.time)
                        );
                        self.prune_backups(revision.time);
                    }
                    tracing::info!(
                        "deploy {sequence} mirrored: {} bytes in {} ms",
                        deploy.flows.len(),
                        began.elapsed().as_millis()
                    );
                    return Ok(None);
                }
                Written::Other(owner) => return Ok(Some(owner)),
                Written::Stale => tracing::debug!("the record changed meanwhile: looking again"),
            }
        }
        Err(Error::Server {
            command: "deploy script".into(),
            detail: "another admin writes under the same prefix".into(),
        })
    }

    /// In the background: it goes over all keys of the server, and nobody has to wait for it.
    fn prune_backups(&self, newest: u64) {
        let store = self.store.clone();
        let work = async move {
            match store.prune_backups(newest).await {
                Ok(0) => {}
                Ok(count) => {
                    tracing::info!("old backups deleted: {count}; the newest {KEPT} are kept")
                }
                Err(error) => tracing::warn!("old backups could not be deleted: {error}"),
            }
        };
        tokio::spawn(work.with_current_subscriber());
    }

    /// Higher than everything that the server, this admin or its clock ever gave.
    async fn next_sequence(&self, stored: u64) -> u64 {
        let identity = {
            let mut disk = self.disk();
            let highest = stored.max(disk.identity.sequence).max(now());
            disk.identity.sequence = highest.saturating_add(1);
            disk.identity.clone()
        };
        if let Some(state_dir) = &self.state_dir
            && let Err(error) = identity.save(state_dir).await
        {
            tracing::debug!("{error}");
        }
        identity.sequence
    }
}
