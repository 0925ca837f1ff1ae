//! What came of mirroring, for JavaScript.

use napi_derive::napi;

use crate::role::admin::Mirrored;

/// What came of mirroring something that is on disk.
#[napi(object)]
pub struct Mirroring {
    /// Whether Valkey has it.
    pub done: bool,
    /// Why it has not yet.
    pub away: Option<String>,
    /// What is lacking of the replicas that were to confirm it.
    pub unconfirmed: Option<String>,
}

impl From<Mirrored> for Mirroring {
    fn from(mirrored: Mirrored) -> Self {
        let (done, away, unconfirmed) = match mirrored {
            Mirrored::Away(reason) => (false, Some(reason), None),
            Mirrored::Later => (false, None, None),
            Mirrored::Done | Mirrored::Unchanged => (true, None, None),
            Mirrored::Unconfirmed(missing) => (true, None, Some(missing)),
        };
        Self { done, away, unconfirmed }
    }
}
