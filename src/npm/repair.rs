//! Putting right what an interrupted run has left.

use super::{Inner, marker};
use crate::Result;

impl Inner {
    /// See [`super::Npm::repair`].
    pub(super) fn repair(&self) -> Result<bool> {
        let _turn = self.turn();
        let Some(_text) = self.wait_for(self.folder.read(marker::FILE))? else { return Ok(false) };
        self.wait_for(self.folder.remove(marker::FILE))?;
        Ok(true)
    }
}
