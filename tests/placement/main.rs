//! The leases of tabs that run once, against real servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod away;
mod evicted;
mod fencing;
mod hostile;
mod rights;
mod servers;
mod spread;
mod workers;
