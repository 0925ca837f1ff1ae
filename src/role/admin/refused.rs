//! A deploy that was refused because another admin was in charge: the disk has it, and Node-RED runs
//! what it ran before. Workers get it once Node-RED has loaded it.

use super::{Admin, Inner};
use crate::role::Event;

/// What is to be loaded before it is mirrored.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Refused {
    waits: bool,
    told: bool,
}

impl Refused {
    pub(super) fn waits(self) -> bool {
        self.waits
    }
}

impl Admin {
    /// Node-RED does not run what was handed over last: it is held back until the next deploy is
    /// handed over. [`Event::RefusedDeploy`] comes as soon as this admin is in charge.
    pub fn deploy_was_refused(&self) {
        self.inner.disk().refused = Refused { waits: true, told: false };
        self.inner.wake();
    }
}

impl Inner {
    /// To be called with the lease: has a deploy that is held back loaded. Asks once.
    pub(super) fn ask_for_refused_deploy(&self) {
        let Refused { waits, told } = {
            let refused = &mut self.disk().refused;
            std::mem::replace(refused, Refused { told: refused.waits, ..*refused })
        };
        if waits && !told {
            self.host.event(Event::RefusedDeploy);
        }
    }
}
