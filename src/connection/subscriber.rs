//! The connection that listens on the channels.
//!
//! Messages are counted and not kept: a flood of them costs no memory. That is why this is not the
//! crate's `PubSub`, which queues without bound. Who wants more than hints gives an [`Ear`].

mod link;
mod unheard;

use std::fmt::Debug;
use std::sync::Arc;

use tokio::sync::watch;

use self::link::SubscriberLink;
use super::command::Connection;
use super::hooks::Hooks;
use super::state::{ConnectionState, Speech, Voice};
use super::supervisor::{Supervised, Way};
use crate::config::ConnectionConfig;

/// What comes of it where the channels of updates can't be heard.
const MISSED: &str = "nothing is announced here, what is new is found by looking every 20 s";

/// The same of those whose messages are wanted.
const NOT_SHOWN: &str = "what is said there is not shown here";

/// Takes what is said on a channel.
pub trait Ear: Debug + Send + Sync + 'static {
    /// One message, of which everything after 16 KiB is cut off. Called while the connection is read:
    /// must not block, and has to have its own measure.
    fn hear(&self, message: &[u8]);
}

/// What was heard. Only differences count; nothing is queued.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// How often the server has confirmed the subscriptions. When it grows, messages may have
    /// been missed before.
    pub subscribed: u64,
    /// How many messages came, by channel in the order given to [`Subscriber::open`].
    pub messages: Vec<u64>,
    /// Positions of the channels that the server has refused, when it was asked last.
    pub refused: Vec<usize>,
}

/// A connection of its own that stays subscribed by itself.
#[derive(Debug)]
pub struct Subscriber {
    supervised: Supervised,
    channels: Vec<String>,
    /// The sender, so that those who wait for hints don't end when the connection is given up.
    hints: watch::Sender<Hints>,
}

impl Subscriber {
    /// Connects, subscribes and stays subscribed, on the current tokio runtime and with the
    /// current tracing dispatcher, until [`Subscriber::close`] or until it is dropped.
    pub fn open(
        config: Arc<ConnectionConfig>,
        hooks: impl Into<Hooks>,
        channels: Vec<String>,
    ) -> Self {
        Self::start(Way::new(config, hooks.into(), Speech::Aloud), channels, MISSED, None)
    }

    /// The same for the server that a [`Connection`] leads to, wherever that is; what either
    /// learns of its whereabouts is known to both.
    pub fn beside(connection: &Connection, channels: Vec<String>) -> Self {
        Self::start(connection.way(), channels, MISSED, None)
    }

    /// The same; `missed` says what comes of it where a channel can't be heard.
    pub fn beside_for(
        connection: &Connection,
        channels: Vec<String>,
        missed: &'static str,
    ) -> Self {
        Self::start(connection.way(), channels, missed, None)
    }

    /// The same for one channel whose messages are wanted, not only how many.
    pub fn hearing(connection: &Connection, channel: String, ear: Arc<dyn Ear>) -> Self {
        Self::start(connection.way(), vec![channel], NOT_SHOWN, Some(ear))
    }

    fn start(
        way: Way,
        channels: Vec<String>,
        missed: &'static str,
        ear: Option<Arc<dyn Ear>>,
    ) -> Self {
        let first = Hints { messages: vec![0; channels.len()], ..Hints::default() };
        let hints = watch::Sender::new(first);
        let link = SubscriberLink::new(&way.config, channels.clone(), hints.clone(), missed, ear);
        let supervised = Supervised::start(Voice::Second, way, link);
        Self { supervised, channels, hints }
    }

    /// What was heard.
    pub fn hints(&self) -> watch::Receiver<Hints> {
        self.hints.subscribe()
    }

    /// Where a channel stands in [`Hints::messages`]; `None` when it is none of this subscriber's.
    pub fn position(&self, channel: &str) -> Option<usize> {
        self.channels.iter().position(|name| name == channel)
    }

    /// What the connection is doing; ready means subscribed.
    pub fn state(&self) -> watch::Receiver<ConnectionState> {
        self.supervised.state()
    }

    /// The channels that are not subscribed at this moment.
    pub fn unheard(&self) -> Vec<String> {
        if self.state().borrow().reason().is_some() {
            return self.channels.clone();
        }
        let hints = self.hints.borrow();
        hints.refused.iter().filter_map(|channel| self.channels.get(*channel)).cloned().collect()
    }

    /// Ends the connection and returns when its socket is closed.
    pub async fn close(&self) {
        self.supervised.close().await;
    }
}
