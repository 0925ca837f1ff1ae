//! The leases of tabs that run once, for JavaScript.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::Member;

/// A tab that runs here.
#[napi(object, object_from_js = false)]
pub struct HeldTab {
    /// Its id.
    pub tab: String,
    /// Grows with each change of owner.
    pub fence: f64,
    /// Since when it runs here, in ms since 1970.
    pub since: f64,
}

/// How a member stands at this moment.
#[napi(object, object_from_js = false)]
pub struct MemberState {
    /// `connecting`, `ready`, `reconnecting` or `closed`.
    pub connection: String,
    /// What keeps it from doing its part, besides the connection.
    pub problem: Option<String>,
}

#[napi]
impl Member {
    /// These tabs, by their ids, are wanted here from now on, and no others. What of others was held is given
    /// back: it must have been stopped before. The event `tabs` tells that `heldTabs` has changed.
    #[napi]
    pub fn hold_tabs(&self, tabs: Vec<String>) -> napi::Result<()> {
        Ok(self.instance.core()?.hold_tabs(tabs)?)
    }

    /// The tabs that run here at this moment, for the first check after any pause. Another fence than before:
    /// the tab was lost meanwhile, and starts anew.
    #[napi]
    pub fn held_tabs(&self) -> napi::Result<Vec<HeldTab>> {
        let held = self.instance.core()?.held_tabs().into_iter().map(|held| HeldTab {
            tab: held.tab.to_string(),
            fence: number(held.fence),
            since: number(held.since),
        });
        Ok(held.collect())
    }

    /// JavaScript runs. To be called by a timer at least every tenth of `onceLease`: a process whose event loop stands
    /// still holds no tab for longer than `onceLease`.
    #[napi]
    pub fn still_alive(&self) -> napi::Result<()> {
        self.instance.core()?.still_alive();
        Ok(())
    }

    /// Wants no tab any more and gives all back, which must have been stopped before. Waits for the server for half a
    /// second at most; what it was not told lapses.
    #[napi]
    pub fn give_back_tabs<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.instance.promise(env, async |core| {
            core.give_back_tabs().await;
            Ok(())
        })
    }

    /// How it stands. Reads nothing and waits for nothing.
    #[napi]
    pub fn member_state(&self) -> napi::Result<MemberState> {
        let core = self.instance.core()?;
        Ok(MemberState { connection: core.connection().to_owned(), problem: core.problem() })
    }
}

/// Fences and times are far below what JavaScript counts exactly.
#[allow(clippy::cast_precision_loss, reason = "below 2^53")]
fn number(value: u64) -> f64 {
    value as f64
}
