//! An instance as a member of its cluster, for JavaScript.

mod fleet;
mod leases;
mod streams;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::background::SettleFunction;
use super::callbacks::Callbacks;
use super::hooks::Functions;
use super::host::EventFunction;
use super::instance::{Core, Instance, open_params};
use super::log::LogFunction;
use crate::role::member;

/// An instance as a member of its cluster: what it tells the others of itself, and what it agrees on
/// with them.
#[napi]
pub struct Member {
    instance: Instance<member::Member>,
}

impl Core for member::Member {
    async fn close(&self) {
        self.close().await;
    }
}

#[napi]
impl Member {
    /// Opens the connection of the user `state`; never fails because the server is away. `userDir` is
    /// left out when nothing may be written there. `settle` is given the answers of the methods that
    /// take the number of a call.
    #[napi(constructor, async_runtime)]
    pub fn new(
        env: Env,
        options: String,
        user_dir: Option<String>,
        log: LogFunction<'_>,
        event: EventFunction<'_>,
        functions: Functions<'_>,
        settle: SettleFunction<'_>,
    ) -> napi::Result<Self> {
        let mut callbacks = Callbacks::default();
        let params = open_params(&options, user_dir, &event, &functions, &mut callbacks)?;
        let instance = Instance::new(&env, &log, &settle, callbacks)?;
        instance.open_now(|| member::Member::open(params));
        Ok(Self { instance })
    }

    /// Tells this process from every other one.
    #[napi]
    pub fn id(&self) -> napi::Result<String> {
        Ok(self.instance.core()?.id().to_owned())
    }

    /// How the connection stands: `connecting`, `ready`, `reconnecting` or `closed`.
    #[napi]
    pub fn connection(&self) -> napi::Result<String> {
        Ok(self.instance.core()?.connection().to_owned())
    }

    /// Ends connection and tasks; idempotent.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.instance.close(env)
    }
}
