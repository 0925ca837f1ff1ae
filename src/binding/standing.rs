//! What editors are told, for JavaScript.

use napi_derive::napi;

use crate::packages::Skipped;
use crate::role::admin;

/// What keeps an admin's deploys from workers, and what has become of one.
#[napi(object)]
pub struct Standing {
    /// Why what was deployed is not in Valkey yet.
    pub away: Option<String>,
    /// The other admin that is in charge, for people.
    pub other: Option<String>,
    /// This admin was in charge before, in this process.
    pub was_in_charge: bool,
    /// The key that keeps what workers ran before it was replaced by what is on this disk, which had
    /// never had it. Until something is deployed.
    pub replaced: Option<String>,
    /// What is installed here and does not reach workers.
    pub left_out: Vec<LeftOut>,
}

/// A package that does not reach workers.
#[napi(object)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Why, as the rest of a sentence.
    pub reason: String,
}

impl From<admin::Standing> for Standing {
    fn from(standing: admin::Standing) -> Self {
        let admin::Standing { away, other, was_in_charge, replaced, left_out } = standing;
        let left_out =
            left_out.into_iter().map(|Skipped { name, reason }| LeftOut { name, reason });
        Self { away, other, was_in_charge, replaced, left_out: left_out.collect() }
    }
}
