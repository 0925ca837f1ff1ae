//! What both roles have: an opened core, its log, and how its work is answered for in JavaScript.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, ToNapiValue, spawn};
use tokio::sync::OnceCell;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::background::{Background, SettleFunction, Value};
use super::callbacks::Callbacks;
use super::hooks::Functions;
use super::host::{EventFunction, JsHost};
use super::log::{self, LogFunction};
use super::options;
use crate::connection::Hooks;
use crate::error::{Error, Result};
use crate::role::{Host, OpenParams};

/// The core of one role.
pub(super) trait Core: Send + Sync + 'static {
    /// Ends connections and tasks; idempotent.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// One core, from its constructor to its end.
pub(super) struct Instance<C> {
    core: Arc<OnceCell<Arc<C>>>,
    log: Dispatch,
    background: Background,
    callbacks: Callbacks,
}

impl<C: Core> Instance<C> {
    /// Without a core yet. It ends with the environment, should nobody close it before.
    pub(super) fn new(
        env: &Env,
        log: &LogFunction<'_>,
        settle: &SettleFunction<'_>,
        mut callbacks: Callbacks,
    ) -> napi::Result<Self> {
        let log = log::dispatch(log, &mut callbacks)?;
        let background = Background::new(settle, &mut callbacks)?;
        let core: Arc<OnceCell<Arc<C>>> = Arc::default();
        let remaining = Arc::downgrade(&core);
        callbacks.shut_with(env, move || {
            if let Some(core) = remaining.upgrade().and_then(|cell| cell.get().cloned()) {
                spawn(async move { core.close().await });
            }
        })?;
        Ok(Self { core, log, background, callbacks })
    }

    /// Takes the core that `open` makes, with this instance's log; the first one counts.
    pub(super) fn open_now(&self, open: impl FnOnce() -> C) {
        let core = tracing::dispatcher::with_default(&self.log, open);
        let _ = self.core.set(Arc::new(core));
    }

    /// The same for one that takes its time; `None` leaves everything as it is.
    pub(super) fn open<'env>(
        &self,
        env: &'env Env,
        open: impl Future<Output = Option<C>> + Send + 'static,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let (cell, open) = (self.core.clone(), open.with_subscriber(self.log.clone()));
        env.spawn_future(async move {
            if let Some(core) = open.await {
                let _ = cell.set(Arc::new(core));
            }
            Ok(())
        })
    }

    /// The core; [`Error::Closed`] before it is open.
    pub(super) fn core(&self) -> Result<&Arc<C>> {
        self.opened().ok_or(Error::Closed)
    }

    /// The core, once it is open.
    pub(super) fn opened(&self) -> Option<&Arc<C>> {
        self.core.get()
    }

    /// Where what is done for it is logged.
    pub(super) fn log(&self) -> Dispatch {
        self.log.clone()
    }

    /// A promise of what the work gives. As long as it is pending, it keeps the process alive.
    pub(super) fn promise<'env, T, F>(
        &self,
        env: &'env Env,
        work: impl FnOnce(Arc<C>) -> F,
    ) -> napi::Result<PromiseRaw<'env, T>>
    where
        T: ToNapiValue + Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let work = work(self.core()?.clone()).with_subscriber(self.log());
        env.spawn_future(async move { Ok(work.await?) })
    }

    /// The same for work that nobody waits for, answered under the number of the call: it keeps no
    /// process alive.
    pub(super) fn in_background<F>(&self, call: u32, work: impl FnOnce(Arc<C>) -> F) -> Result<()>
    where
        F: Future<Output = Result<Value>> + Send + 'static,
    {
        let work = work(self.core()?.clone()).with_subscriber(self.log());
        self.background.run(call, work);
        Ok(())
    }

    /// Closes the core, if it is open, and calls nothing in JavaScript from then on.
    pub(super) fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let (core, callbacks) = (self.opened().cloned(), self.callbacks.clone());
        let work = async move {
            if let Some(core) = core {
                core.close().await;
            }
            Ok(())
        };
        env.spawn_future_with_callback(work, move |_, ()| {
            callbacks.shut();
            Ok(())
        })
    }
}

/// What both roles are opened with.
pub(super) fn open_params(
    options: &str,
    user_dir: Option<String>,
    event: &EventFunction<'_>,
    functions: &Functions<'_>,
    callbacks: &mut Callbacks,
) -> napi::Result<OpenParams> {
    let (mut config, _) = options::parse(options)?;
    functions.identify(&mut config.connection, callbacks)?;
    let host: Arc<dyn Host> = Arc::new(JsHost::new(event, callbacks)?);
    let hooks = Hooks::new(&config.connection, functions.for_core(callbacks)?);
    Ok(OpenParams {
        config: Arc::new(config),
        user_dir: user_dir.map(Into::into),
        host,
        hooks,
        host_name: None,
    })
}
