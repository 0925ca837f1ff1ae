//! What this instance looks at elsewhere: it says so in Valkey, and listens on a connection of its own as
//! long as it does. Whatever comes there, in whatever amount, is nothing to the connections of deploys.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Member;
use crate::connection::{Ear, Subscriber};
use crate::error::{Error, Result};
use crate::role::{Event, Host};
use crate::store::watch::{Wants, write_watch};

/// Messages of all instances together in each [`WINDOW`]: as many as 25 that say as much as they may.
const MOST_IN_WINDOW: usize = 500;
const WINDOW: Duration = Duration::from_secs(1);
/// Messages that wait to be taken.
const MOST_WAITING: usize = 1000;
/// Bytes of one.
const LONGEST: usize = 8 * 1024;
/// How long it takes at most until the channel is heard.
const LISTEN_LIMIT: Duration = Duration::from_secs(3);

/// What this instance looks at.
pub(super) struct Hearing {
    subscriber: tokio::sync::Mutex<Option<Subscriber>>,
    heard: Arc<Queue>,
}

/// What was heard since the last look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Messages, in the order in which they came. Anybody may have written them.
    pub messages: Vec<String>,
    /// How many there were besides.
    pub left_out: u64,
}

struct Queue {
    host: Arc<dyn Host>,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    messages: VecDeque<String>,
    left_out: u64,
    /// It was told that there is something to take.
    is_told: bool,
    /// The same of nothing but those that were left out: a flood must not be one of events.
    told_left_out: Option<Instant>,
    begun: Instant,
    in_window: usize,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl Hearing {
    pub(super) fn new(host: Arc<dyn Host>) -> Self {
        let waiting = Waiting {
            messages: VecDeque::new(),
            left_out: 0,
            is_told: false,
            told_left_out: None,
            begun: Instant::now(),
            in_window: 0,
        };
        let heard = Arc::new(Queue { host, waiting: Mutex::new(waiting) });
        Self { subscriber: tokio::sync::Mutex::default(), heard }
    }

    /// Ends the connection.
    pub(super) async fn close(&self) {
        if let Some(subscriber) = self.subscriber.lock().await.take() {
            subscriber.close().await;
        }
    }
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message, or one that is too much; whether somebody is to be told.
    fn add(&self, message: Option<&str>) -> bool {
        let mut waiting = self.waiting();
        if waiting.begun.elapsed() >= WINDOW {
            waiting.begun = Instant::now();
            waiting.in_window = 0;
        }
        let has_room = waiting.in_window < MOST_IN_WINDOW && waiting.messages.len() < MOST_WAITING;
        match message {
            Some(message) if has_room => {
                waiting.in_window += 1;
                waiting.messages.push_back(message.to_owned());
            }
            _ => {
                waiting.left_out += 1;
                if waiting.told_left_out.is_some_and(|told| told.elapsed() < WINDOW) {
                    return false;
                }
                waiting.told_left_out = Some(Instant::now());
            }
        }
        !std::mem::replace(&mut waiting.is_told, true)
    }

    fn take(&self) -> Heard {
        let mut waiting = self.waiting();
        waiting.is_told = false;
        Heard {
            messages: waiting.messages.drain(..).collect(),
            left_out: std::mem::take(&mut waiting.left_out),
        }
    }
}

impl Ear for Queue {
    fn hear(&self, message: &[u8]) {
        let fitting = std::str::from_utf8(message).ok().filter(|text| text.len() <= LONGEST);
        if self.add(fitting) {
            self.host.event(Event::Heard);
        }
    }
}

impl Member {
    /// Looks at this for the next 30 s, or at nothing any more if it is empty. What comes is told with
    /// [`Event::Heard`].
    ///
    /// # Errors
    /// When the channel is not heard, or it can't be said what is looked at.
    pub async fn look(&self, wants: &Wants) -> Result<()> {
        let hearing = &self.inner.hearing;
        let mut subscriber = hearing.subscriber.lock().await;
        if wants.is_empty() {
            if let Some(subscriber) = subscriber.take() {
                subscriber.close().await;
                return self.say(wants, 0).await;
            }
            return Ok(());
        }
        let listening = subscriber.get_or_insert_with(|| {
            let channel = self.inner.keys.fleet_debug_channel();
            let ear: Arc<dyn Ear> = Arc::clone(&hearing.heard) as _;
            Subscriber::hearing(&self.inner.connection, channel, ear)
        });
        // Before anybody is asked to say something.
        let heard = listened(listening).await?;
        self.say(wants, heard).await
    }

    /// Takes what was heard; empty when there is nothing new. Of messages that are left out, those of the
    /// next second are not told with an event.
    pub fn take_heard(&self) -> Heard {
        self.inner.hearing.heard.take()
    }

    async fn say(&self, wants: &Wants, heard: u64) -> Result<()> {
        let inner = &self.inner;
        write_watch(&inner.connection, &inner.keys, &inner.id, wants, heard).await
    }
}

/// Waits until the channel is heard; how often that was begun.
async fn listened(subscriber: &Subscriber) -> Result<u64> {
    let mut hints = subscriber.hints();
    let begun = hints.wait_for(|hints| hints.subscribed > 0 || !hints.refused.is_empty());
    let heard = match tokio::time::timeout(LISTEN_LIMIT, begun).await {
        Ok(Ok(hints)) if hints.refused.is_empty() => Some(hints.subscribed),
        Ok(_) => None,
        Err(_) => Some(0),
    };
    match heard {
        Some(0) => {
            let reason = subscriber.state().borrow().reason();
            let reason = reason.unwrap_or_else(|| "the channel is not heard yet".into());
            Err(Error::Unavailable { reason })
        }
        Some(heard) => Ok(heard),
        None => {
            let channel = subscriber.unheard().join(", ");
            Err(Error::Permission {
                command: "SUBSCRIBE".into(),
                detail: format!("'{channel}' is not heard"),
                rule: format!("+subscribe &{channel}"),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Host for Count {
        fn event(&self, _: Event) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_flood_is_told_once_and_cut_to_what_can_be_taken() {
        let host = Arc::new(Count::default());
        let hearing = Hearing::new(Arc::clone(&host) as Arc<dyn Host>);
        for _ in 0..MOST_IN_WINDOW + 100 {
            hearing.heard.hear(b"x");
        }
        hearing.heard.hear(&[0xff]);
        hearing.heard.hear(&vec![b'x'; LONGEST + 1]);
        assert_eq!(host.0.load(Ordering::Relaxed), 1);
        let heard = hearing.heard.take();
        assert_eq!((heard.messages.len(), heard.left_out), (MOST_IN_WINDOW, 102));
        hearing.heard.hear(&[0xff]);
        assert_eq!(host.0.load(Ordering::Relaxed), 1, "another second has not begun");
        assert_eq!(hearing.heard.take(), Heard { messages: vec![], left_out: 1 });
        assert_eq!(hearing.heard.take(), Heard::default());
    }
}
