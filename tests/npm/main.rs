//! Installing and removing with the real npm, against a registry on this machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

mod changes;
mod directory;
mod ending;
mod failures;
mod interrupted;
mod reading;
mod registry;
