//! The history of deploys as text: entries, what is kept of each, and what differs between two.

mod bounds;
mod changes;
mod delta;
mod difference;
mod entry;
mod payload;
mod rebuild;
mod summary;

pub use bounds::{Bounds, to_drop};
pub use difference::{Difference, difference};
pub use entry::{Entry, Index, Note, Origin};
pub use payload::{Beyond, Body, Payload};
pub use rebuild::{Chain, State};
pub use summary::{Summary, summary};

/// An entry whose sequence is a multiple of this is kept whole when a newer one comes.
pub const CHECKPOINT_EVERY: u64 = 50;

#[cfg(test)]
mod tests;
