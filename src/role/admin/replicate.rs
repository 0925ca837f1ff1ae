//! The task that makes Valkey equal to the admin's disk.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::clock::now;
use super::{Inner, Lost};
use crate::content::sha256_hex;
use crate::error::{Error, Result};
use crate::role::Event;
use crate::store::deploy::{Deploy, Stored, Write, Written};
use crate::store::lease::Lease;
use crate::store::revision::Revision;

/// The lease lives 10 s; three renewals may be missed.
const RENEW: Duration = Duration::from_secs(3);
/// How often what Valkey holds is compared although nothing has changed here.
const COMPARE: Duration = Duration::from_secs(30);
/// Attempts of one round to get ahead of a record that changes meanwhile.
const ATTEMPTS: usize = 4;

/// What the task remembers from round to round.
#[derive(Default)]
struct Rounds {
    /// The lease was ours at least once in this process.
    held_before: bool,
    /// The other admin that was logged.
    other: Option<String>,
    renewed: Option<Instant>,
    compared: Option<Instant>,
    /// The record as it was stored after that.
    record: Option<String>,
    /// The connection is a new one: nothing that was known of the server counts.
    reconnected: bool,
    library_asked: bool,
    problem: Option<String>,
}

impl Inner {
    pub(super) async fn replicate(&self) {
        let mut changed = self.changed.subscribe();
        let mut connection = self.store.connection().state();
        let mut rounds = Rounds { reconnected: true, ..Rounds::default() };
        let mut pause = Duration::ZERO;
        loop {
            tokio::select! {
                woken = changed.changed() => if woken.is_err() { return },
                state = connection.changed() => {
                    if state.is_err() { return }
                    rounds.reconnected = true;
                }
                () = tokio::time::sleep(pause) => {}
            }
            changed.borrow_and_update();
            // Of several branches that are ready only one is taken.
            rounds.reconnected |= connection.has_changed().unwrap_or(false);
            connection.borrow_and_update();
            pause = RENEW;
            if !self.store.connection().is_ready() {
                rounds.reconnected = true;
                continue;
            }
            let (generation, sessions) = self.generations();
            let outcome = self.round(&mut rounds).await;
            if let Err(error) = &outcome {
                pause = Duration::from_secs(1);
                rounds.log(error);
            }
            self.progress.send_modify(|progress| {
                progress.tried = generation;
                progress.sessions_tried = sessions;
                progress.other = rounds.other.clone();
                progress.failure = outcome.err().map(|error| error.to_string());
            });
        }
    }

    fn generations(&self) -> (u64, u64) {
        let disk = self.disk();
        (disk.generation, disk.sessions_generation)
    }

    async fn round(&self, rounds: &mut Rounds) -> Result<()> {
        if rounds.reconnected {
            rounds.renewed = None;
            rounds.compared = None;
            rounds.library_asked = false;
        }
        if !self.hold_lease(rounds).await? {
            return Ok(());
        }
        self.look_for_restorable().await?;
        let fresh = rounds.compared.is_some_and(|at| at.elapsed() < COMPARE)
            && self.record_stands(rounds).await?;
        let (deploy, generation) = {
            let disk = self.disk();
            (disk.deploy.clone(), disk.generation)
        };
        if let Some(deploy) = deploy
            && !(fresh && self.progress.borrow().mirrored >= generation)
        {
            if let Some(owner) = self.converge(&deploy).await? {
                rounds.lose_to(owner);
                return Ok(());
            }
            rounds.compared = Some(Instant::now());
            rounds.record = self.store.read_revision_text().await?;
            self.progress.send_modify(|progress| progress.mirrored = generation);
        }
        self.converge_sessions(rounds.reconnected).await?;
        if !rounds.library_asked {
            rounds.library_asked = true;
            self.host.event(Event::LibraryWanted);
        }
        rounds.reconnected = false;
        rounds.problem = None;
        Ok(())
    }

    /// Whether the record is still the one that was seen last: a server that was emptied without
    /// a loss of the connection shows in nothing else that is as cheap to look at.
    async fn record_stands(&self, rounds: &Rounds) -> Result<bool> {
        let record = self.store.read_revision_text().await?;
        Ok(record.is_some() && record == rounds.record)
    }

    /// Whether this admin may write now.
    async fn hold_lease(&self, rounds: &mut Rounds) -> Result<bool> {
        let due = rounds.renewed.is_none_or(|at| at.elapsed() >= RENEW) || rounds.other.is_some();
        if !due {
            return Ok(true);
        }
        match self.store.renew_lease(&self.holder, !rounds.held_before).await? {
            Lease::Held => {
                rounds.held_before = true;
                rounds.renewed = Some(Instant::now());
                if let Some(other) = rounds.other.take() {
                    rounds.compared = None;
                    rounds.library_asked = false;
                    // Before anybody is told of something that needs the lease.
                    self.progress.send_modify(|progress| progress.other = None);
                    tracing::warn!(
                        "the lease of the other admin ({other}) has run out: this admin takes over"
                    );
                }
                Ok(true)
            }
            Lease::Other(owner) => {
                rounds.lose_to(owner);
                Ok(false)
            }
        }
    }

    /// An admin whose disk had lost something while Valkey was away: now it can be asked.
    async fn look_for_restorable(&self) -> Result<()> {
        {
            let disk = self.disk();
            if disk.unseen.is_none() || disk.asked || disk.deploy.is_some() {
                return Ok(());
            }
        }
        let (snapshot, unseen) = match self.store.read_snapshot().await {
            Err(error @ Error::Value { .. }) => {
                tracing::error!("{error}");
                // As good as none, but kept when it is replaced.
                (None, self.disk().unseen)
            }
            read => (read?, None),
        };
        let mut disk = self.disk();
        if disk.deploy.is_some() || disk.asked {
            return Ok(());
        }
        disk.asked = true;
        disk.unseen = unseen;
        disk.restorable = snapshot.map(Arc::new);
        drop(disk);
        self.host.event(Event::Restore);
        Ok(())
    }

    /// Makes flows, credentials, settings and record in Valkey those of `deploy`. Returns the
    /// other admin that is in the way.
    async fn converge(&self, deploy: &Deploy) -> Result<Option<String>> {
        let began = Instant::now();
        for _ in 0..ATTEMPTS {
            let stored = self.store.read_stored().await?;
            let wanted = deploy.revision(0, 0, self.holder.id());
            let ours = stored.revision.as_ref().is_some_and(|found| {
                found.owner == self.holder.id()
                    && found.same_content(&wanted)
                    && stored.sizes() == self.store.stored_sizes(deploy)
            });
            if ours {
                return Ok(None);
            }
            let backup = self.is_foreign(&stored, deploy).await?;
            let sequence = self.next_sequence(stored.sequence()).await;
            let revision = deploy.revision(sequence, now(), self.holder.id());
            let write = Write { deploy, revision: &revision, base: stored.base(), backup };
            match self.store.write_deploy(&self.holder, &write).await? {
                written @ (Written::Done | Written::Unconfirmed(_)) => {
                    let unconfirmed = match written {
                        Written::Unconfirmed(missing) => Some(missing),
                        _ => None,
                    };
                    self.progress.send_modify(|progress| progress.unconfirmed = unconfirmed);
                    self.disk().unseen = None;
                    if backup {
                        tracing::error!(
                            "Valkey held a deploy that this admin's disk never had; it was replaced by what is on this disk and kept under '{}'",
                            self.store.keys().backup(revision.time)
                        );
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

    /// Whether Valkey holds flows that this admin has never had on its disk.
    async fn is_foreign(&self, stored: &Stored, deploy: &Deploy) -> Result<bool> {
        if stored.flows == 0 {
            return Ok(false);
        }
        match &stored.revision {
            Some(revision) => {
                let wanted = deploy.revision(0, 0, self.holder.id());
                let changed =
                    revision.flows != wanted.flows || revision.credentials != wanted.credentials;
                Ok(changed && (revision.owner != self.holder.id() || self.has_missed(revision)))
            }
            // Earlier modules wrote no record: only the content tells.
            None => match self.store.read_snapshot().await {
                Ok(Some(snapshot)) => Ok(*snapshot.flows != *deploy.flows),
                Ok(None) | Err(Error::Value { .. }) => Ok(false),
                Err(error) => Err(error),
            },
        }
    }

    /// Whether this admin's disk can't have had the deploy that it once wrote itself.
    fn has_missed(&self, revision: &Revision) -> bool {
        let disk = self.disk();
        // Kept on disk before each write: a higher one means a disk that was set back.
        revision.sequence > disk.identity.sequence
            || match disk.unseen {
                Some(Lost::Flows) => true,
                Some(Lost::Credentials) => revision.credentials != sha256_hex(&[b"{}"]),
                None => false,
            }
    }

    /// Higher than everything that the server, this admin or its clock ever gave.
    async fn next_sequence(&self, stored: u64) -> u64 {
        let identity = {
            let mut disk = self.disk();
            let highest = stored.max(disk.identity.sequence).max(now());
            disk.identity.sequence = highest.saturating_add(1);
            disk.identity.clone()
        };
        if let Some(folder) = &self.folder
            && let Err(error) = identity.save(folder).await
        {
            tracing::debug!("{error}");
        }
        identity.sequence
    }

    async fn converge_sessions(&self, reconnected: bool) -> Result<()> {
        let (sessions, generation) = {
            let disk = self.disk();
            (disk.sessions.clone(), disk.sessions_generation)
        };
        let Some(sessions) = sessions else { return Ok(()) };
        let behind = self.progress.borrow().sessions < generation;
        if behind || (reconnected && !self.store.has_sessions().await?) {
            self.store.write_sessions(&sessions, self.config.session_ttl).await?;
        }
        self.progress.send_modify(|progress| progress.sessions = generation);
        Ok(())
    }
}

impl Rounds {
    fn lose_to(&mut self, owner: String) {
        if self.other.as_ref() != Some(&owner) {
            let error = Error::OtherAdmin { owner: owner.clone() };
            tracing::error!("{error}");
        }
        self.other = Some(owner);
        self.renewed = None;
    }

    fn log(&mut self, error: &Error) {
        let text = error.to_string();
        if self.problem.as_deref() == Some(text.as_str()) {
            return;
        }
        if error.is_passing() {
            tracing::debug!("mirroring is not done: {text}");
        } else {
            tracing::error!("mirroring is not done: {text}; trying again");
        }
        self.problem = Some(text);
    }
}
