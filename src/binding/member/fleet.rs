//! What the instances of one prefix tell each other of themselves, for JavaScript.

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, block_on, within_runtime_if_available};
use napi_derive::napi;
use tracing::instrument::WithSubscriber;

use super::Member;
use crate::role::member;
use crate::store::fleet::Heard;

/// What was read of the fleet.
#[napi(object, object_from_js = false)]
pub struct FleetReading {
    /// ms since 1970 by the server's clock.
    pub now: f64,
    /// Who has reported within a day.
    pub entries: Vec<FleetEntry>,
    /// The revision that is stored, as logs name it; `null` when there is none, or it must not be
    /// read.
    pub revision: Option<String>,
}

/// What one instance has reported.
#[napi(object, object_from_js = false)]
pub struct FleetEntry {
    /// Tells its process from every other one.
    pub id: String,
    /// How long ago it was, in ms, by the server's clock.
    pub silent: f64,
    /// The text; `null` when there is none. It comes from the server: nothing in it is known to be so.
    pub report: Option<String>,
}

impl From<member::Fleet> for FleetReading {
    fn from(fleet: member::Fleet) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "a time in ms is exact for ages")]
        let now = fleet.now as f64;
        let entries = fleet.entries.into_iter().map(FleetEntry::from).collect();
        Self { now, entries, revision: fleet.revision }
    }
}

impl From<Heard> for FleetEntry {
    fn from(Heard { id, silent, report }: Heard) -> Self {
        Self { id, silent: (silent.as_secs_f64() * 1000.0).round(), report }
    }
}

#[napi]
impl Member {
    /// Takes what this instance has to tell of itself from now on, a JSON object of less than 2 KiB.
    /// It is sent soon, and again every 2 s, with how long ago it was told.
    #[napi]
    pub fn report(&self, text: String) -> napi::Result<()> {
        let core = self.instance.core()?;
        let _guard = tracing::dispatcher::set_default(&self.instance.log());
        Ok(within_runtime_if_available(|| core.report(text))?)
    }

    /// The process ends as it should: the report is taken away, so that it does not look lost. Waits,
    /// for a moment at most, because nothing else runs any more.
    #[napi]
    pub fn leave(&self) -> napi::Result<()> {
        let core = self.instance.core()?;
        block_on(core.leave().with_subscriber(self.instance.log()));
        Ok(())
    }

    /// What the others tell of themselves.
    #[napi]
    pub fn read_fleet<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, FleetReading>> {
        self.instance.promise(env, async move |core| Ok(core.read_fleet().await?.into()))
    }
}
