//! The connection layer with a real cluster.

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

mod moves;
mod open_slot;
mod options;

use self::common::PATIENCE;
use self::common::connecting::{failure, open, open_ready, server_of, subscribed_beside};
