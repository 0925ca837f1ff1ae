//! What is heard of the package channel, and how often a list is looked at without hearing anything.

use std::time::Duration;

use tokio::sync::watch;

use crate::connection::{Hints, Subscriber};
use crate::role::next_change;

/// The longest that a list can stay unnoticed, whatever was missed.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(20);
/// The shortest time between two looks: a flood of hints is no flood of reads.
pub(super) const GAP: Duration = Duration::from_millis(50);

/// What is heard of the package channel. An admin hears nothing.
#[derive(Clone)]
pub(in crate::role) struct Heard {
    /// All hints, and the position of the channel among them.
    hints: Option<(watch::Receiver<Hints>, usize)>,
    /// How often the channel was subscribed, and how many messages came, when it was last noted.
    noted: (u64, u64),
}

impl Heard {
    /// Nothing, ever.
    pub(super) fn nothing() -> Self {
        Self { hints: None, noted: (0, 0) }
    }

    /// What this subscriber hears of the channel.
    pub(in crate::role) fn by(subscriber: &Subscriber, channel: &str) -> Self {
        let position = subscriber.position(channel);
        Self { hints: position.map(|position| (subscriber.hints(), position)), noted: (0, 0) }
    }

    /// Notes what was heard so far: only what comes after it is news.
    pub(super) fn note(&mut self) {
        let Some((hints, position)) = &mut self.hints else { return };
        let hints = hints.borrow_and_update();
        let messages = hints.messages.get(*position).copied().unwrap_or(0);
        self.noted = (hints.subscribed, messages);
    }

    /// Waits for news.
    pub(super) async fn news(&mut self) {
        let noted = self.noted;
        loop {
            match &mut self.hints {
                Some((hints, _)) => next_change(hints).await,
                None => return std::future::pending().await,
            }
            self.note();
            if self.noted != noted {
                return;
            }
        }
    }
}
