//! Connections to the server that stay up by themselves.
//!
//! The crate `redis` gives the protocol; finding the server, reaching it and noticing that it
//! is gone are done here: [`Connection`] for commands, [`Subscriber`] for channels.

mod activity;
mod command;
mod eviction;
mod fault;
mod handshake;
mod heartbeat;
mod hooks;
mod kind;
mod once;
mod permission;
mod reaction;
mod readiness;
mod redirect;
mod repetition;
mod reply;
mod resolver;
mod retry;
mod script;
mod state;
mod strategy;
mod subscriber;
mod supervisor;
mod tls;
mod tracking;
mod transaction;
mod transport;
mod verdict;

pub use command::Connection;
pub use hooks::{Hooks, NatMap, UserFunctions};
pub(crate) use permission::{of_channels, refused_in_script};
pub use reaction::{Reaction, ReconnectOnError};
pub use retry::{DefaultRetry, GrowingRetry, NoRetry, Retry};
pub use script::Script;
pub use state::{ConnectionState, Speech};
pub use strategy::{Advice, Strategy};
pub use subscriber::{Ear, Hints, Subscriber};
pub use tls::check_tls;
pub use tracking::{Heard, Tracking};
