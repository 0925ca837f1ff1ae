//! How a worker stands, for probes.

use std::time::{Duration, Instant};

use super::Worker;

/// How a worker stands at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// `connecting`, `ready`, `reconnecting` or `closed`.
    pub connection: &'static str,
    /// The revision that runs, as logs name it; `None` as long as none does.
    pub revision: Option<String>,
    /// While Valkey is away: how long ago what runs was last seen there. `None` when it is not
    /// away, or when nothing runs.
    pub copy_age: Option<Duration>,
}

/// What runs, and since when it is known to be what is stored.
#[derive(Debug, Default)]
pub(super) struct Running {
    revision: Option<String>,
    /// It comes from the copy on disk, which was of this age then, and Valkey has not been read
    /// since.
    copied: Option<(Instant, Duration)>,
}

impl Running {
    pub(super) fn begins(&mut self, revision: String) {
        self.revision = Some(revision);
    }

    /// Valkey has been read.
    pub(super) fn seen(&mut self) {
        self.copied = None;
    }

    pub(super) fn comes_from_copy(&mut self, age: Duration) {
        self.copied = Some((Instant::now(), age));
    }

    /// How long ago what runs was seen in Valkey, which has been away for so long.
    fn age(&self, away: Duration) -> Duration {
        self.copied.map_or(away, |(since, age)| age.saturating_add(since.elapsed()))
    }
}

impl Worker {
    /// How it stands. Reads nothing and waits for nothing.
    pub fn health(&self) -> Health {
        let connection = self.inner.store.connection();
        let (word, ready) = {
            let state = connection.state();
            let state = state.borrow();
            (state.word(), state.reason().is_none())
        };
        let state = self.inner.state();
        let revision = state.running.revision.clone();
        let away = !ready && revision.is_some();
        let copy_age = away.then(|| state.running.age(connection.down_for()));
        Health { connection: word, revision, copy_age }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_counts_from_when_valkey_was_seen_last() {
        let hour = Duration::from_secs(3600);
        let second = Duration::from_secs(1);
        let mut running = Running::default();
        assert_eq!(running.age(second), second);
        running.comes_from_copy(hour);
        let age = running.age(second);
        assert!(age >= hour && age < hour + Duration::from_secs(60), "{age:?}");
        running.seen();
        assert_eq!(running.age(second), second);
    }
}
