//! What is heard of the package channel, and how often the list is read without hearing anything.

use std::time::Duration;

use tokio::sync::watch;

use crate::connection::{Hints, Subscriber};
use crate::role::next_change;

/// How often the stored list is read without news: the longest that a list can stay unnoticed,
/// whatever was missed.
pub(super) const REREAD_LIST: Duration = Duration::from_secs(20);

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
