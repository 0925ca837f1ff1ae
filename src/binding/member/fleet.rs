//! What the instances of one prefix tell each other of themselves, for JavaScript.

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Uint8Array, block_on, within_runtime_if_available};
use napi_derive::napi;
use tracing::instrument::WithSubscriber;

use super::Member;
use crate::binding::options::Role;
use crate::error::Error;
use crate::role::member::{Instance, State, View};

/// The fleet as it was seen.
#[napi(object, object_from_js = false)]
pub struct FleetReading {
    /// How long the text for `takeFleet` is, in bytes.
    pub length: u32,
    /// Whether this instance is among them.
    pub has_own: bool,
    /// The workers by their state.
    pub workers: WorkerCounts,
}

/// So many workers stand so.
#[napi(object, object_from_js = false)]
pub struct WorkerCounts {
    /// They run the last deploy.
    pub in_step: u32,
    /// They run an earlier one.
    pub behind: u32,
    /// They do not do their work.
    pub not_ready: u32,
    /// Nothing is heard of them.
    pub lost: u32,
}

/// What is known of one instance in few words.
#[napi(object, object_from_js = false)]
pub struct FleetMember {
    /// Tells its process from every other one.
    pub id: String,
    /// Its host's name; with a suffix where several have the same.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// `in step`, `behind`, `not ready` or `lost`.
    pub state: String,
    /// What tabs can be placed by.
    pub labels: Vec<String>,
    /// What keeps it from its work in part.
    pub notes: Vec<String>,
    /// Its options of tabs that run once; `null` when it does not tell.
    pub once: Option<FleetMemberOnce>,
}

/// The options of tabs that run once.
#[napi(object, object_from_js = false)]
pub struct FleetMemberOnce {
    /// How long a lease is, in ms.
    pub lease: f64,
    /// What becomes of a tab while the server is away.
    pub when_away: String,
}

impl FleetReading {
    fn new(view: &View, length: usize, own: &str) -> Self {
        let count = |state| u32::try_from(view.workers(state)).unwrap_or(u32::MAX);
        let workers = WorkerCounts {
            in_step: count(State::InStep),
            behind: count(State::Behind),
            not_ready: count(State::NotReady),
            lost: count(State::Lost),
        };
        let has_own = view.instances.iter().any(|instance| instance.id == own);
        Self { length: u32::try_from(length).unwrap_or(u32::MAX), has_own, workers }
    }
}

impl From<Instance> for FleetMember {
    fn from(instance: Instance) -> Self {
        let once = instance
            .once()
            .map(|(lease, when_away)| FleetMemberOnce { lease, when_away: when_away.to_owned() });
        let notes = instance.notes().to_vec();
        let Instance { id, name, role, labels, state, .. } = instance;
        Self { id, name, role: role.into(), state: state.name().into(), labels, notes, once }
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

    /// Reads the fleet for those who show it: its text is there for `takeFleet` then. `known` is what the reader
    /// itself knows to be stored.
    #[napi]
    pub fn read_fleet<'env>(
        &self,
        env: &'env Env,
        known: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, FleetReading>> {
        self.instance.promise(env, async move |core| {
            let view = core.see_fleet(known).await?;
            let text =
                serde_json::to_vec(&view).map_err(|error| Error::Internal(error.to_string()))?;
            let reading = FleetReading::new(&view, text.len(), core.id());
            core.keep_fleet(text);
            Ok(reading)
        })
    }

    /// Writes the text of the last reading, JSON in UTF-8 in the shape that docs/fleet.md has, to the beginning of
    /// `into`, once: of a thousand instances it is most of a megabyte, and JavaScript knows best which memory
    /// is free. Returns its length in bytes; throws ERR_VALKEY_INTERNAL where it does not fit, or there is none.
    #[napi]
    pub fn take_fleet(&self, mut into: Uint8Array) -> napi::Result<u32> {
        let text = self.instance.core()?.take_fleet();
        // SAFETY: called on the thread of JavaScript, which reads or writes none of it meanwhile.
        let place = unsafe { into.as_mut() }.get_mut(..text.len());
        let problem = || Error::Internal(format!("{} bytes of the fleet do not fit", text.len()));
        let place = place.filter(|place| !place.is_empty()).ok_or_else(problem)?;
        place.copy_from_slice(&text);
        Ok(u32::try_from(text.len()).unwrap_or(u32::MAX))
    }

    /// The instances in few words, by name.
    #[napi]
    pub fn read_members<'env>(
        &self,
        env: &'env Env,
    ) -> napi::Result<PromiseRaw<'env, Vec<FleetMember>>> {
        self.instance.promise(env, async move |core| {
            let view = core.see_fleet(None).await?;
            Ok(view.instances.into_iter().map(FleetMember::from).collect())
        })
    }
}
