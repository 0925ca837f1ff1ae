//! The connection layer with real Sentinels, a master and two replicas.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]
#![allow(clippy::print_stdout, reason = "figures for those who look")]

#[path = "../common/mod.rs"]
mod common;

mod failover;
mod look_up;
mod options;
mod writer;

use self::common::PATIENCE;
use self::common::connecting::{failure, open, open_ready, server_of, subscribed_beside};
