//! What must hold whatever somebody does to the stored keys.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod lease;
mod lost_keys;
mod replicas;

use self::common::PATIENCE;
