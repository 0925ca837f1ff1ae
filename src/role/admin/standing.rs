//! How an admin stands, for whoever looks at its editor.

use std::time::Duration;

use tokio::time::Instant;

use super::progress::ANSWER_LIMIT;
use super::{Admin, Inner};
use crate::packages::Skipped;
use crate::role::{Event, next_change};

/// Between two looks at it, however often something changes.
const GAP: Duration = Duration::from_millis(100);

/// What keeps a deploy from workers, and what has become of one. Says nothing while all is well, nor
/// while a deploy is on its way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Why what was deployed is not in Valkey yet.
    pub away: Option<String>,
    /// The other admin that is in charge, for people.
    pub other: Option<String>,
    /// This admin was in charge before, in this process.
    pub was_in_charge: bool,
    /// What workers ran was replaced by what is on this disk, which had never had it: the key under
    /// which it is kept. Until something is deployed.
    pub replaced: Option<String>,
    /// What is installed here and does not reach workers, in the order of the names.
    pub left_out: Vec<Skipped>,
}

impl Admin {
    /// How it stands. Reads nothing and waits for nothing; [`Event::Standing`] follows a change.
    pub fn standing(&self) -> Standing {
        self.inner.standing()
    }
}

impl Inner {
    /// Tells whenever it has changed.
    pub(super) async fn tell_standing(&self) {
        let mut progress = self.progress.subscribe();
        let mut connection = self.store.connection().state();
        let mut told = Standing::default();
        loop {
            progress.borrow_and_update();
            connection.borrow_and_update();
            let standing = self.standing();
            if standing != told {
                told = standing;
                self.host.event(Event::Standing);
            }
            tokio::time::sleep(GAP).await;
            tokio::select! {
                () = next_change(&mut progress) => {}
                () = next_change(&mut connection) => {}
                () = self.answer_is_late() => {}
            }
        }
    }

    fn standing(&self) -> Standing {
        let reason = self.store.connection().state().borrow().reason_to_reconnect();
        let progress = self.progress.borrow().clone();
        let disk = self.disk();
        let is_behind = disk.deploy.is_some() && progress.mirrored < disk.generation;
        let waits = is_behind && progress.other.is_none() && !disk.refused.waits();
        let failure = || progress.failure.clone().filter(|_| progress.tried >= disk.generation);
        let late = || {
            let limit = ANSWER_LIMIT.as_secs();
            (disk.changed_at.elapsed() >= ANSWER_LIMIT)
                .then(|| format!("no answer within {limit} s"))
        };
        Standing {
            away: if waits { reason.or_else(failure).or_else(late) } else { None },
            was_in_charge: progress.was_in_charge && progress.other.is_some(),
            other: progress.other,
            replaced: progress.replaced,
            left_out: disk.packages.left_out().collect(),
        }
    }

    /// Ends when a deploy that is behind has been so for longer than is waited for; not before it is.
    async fn answer_is_late(&self) {
        let due = {
            let disk = self.disk();
            let is_behind = self.progress.borrow().mirrored < disk.generation;
            let due = disk.changed_at + ANSWER_LIMIT;
            (is_behind && due > Instant::now()).then_some(due)
        };
        match due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }
}
