//! npm and all that it starts, as one that can be ended.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{Group, end_orphan};
#[cfg(windows)]
pub(super) use windows::{Group, end_orphan};
