//! Node-RED storage shared through Valkey or Redis: the core.
//!
//! Dependencies point one way; CONTRIBUTING.md, "Layout", says which.

mod atomic_write;
mod backoff;
mod binding;
mod clock;
pub mod codec;
pub mod config;
pub mod connection;
pub mod content;
pub mod error;
pub mod hash_slot;
pub mod keyspace;
mod library_dir;
mod low_priority;
mod memory;
pub mod npm;
pub mod packages;
pub mod role;
mod state_dir;
pub mod store;

pub use error::{Error, Result};
