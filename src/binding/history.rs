//! The history of deploys for JavaScript.

use std::sync::Arc;
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::admin::Admin;
use super::background::SettleFunction;
use super::callbacks::Callbacks;
use super::hooks::Functions;
use super::host::EventFunction;
use super::instance::{Core, Instance, open_params};
use super::log::LogFunction;
use crate::content::history::{Note, State};
use crate::error::{Error, Result};
use crate::role::{admin, history};

/// How long a command line waits for the connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// One deploy of the history.
#[napi(object, object_from_js = false)]
pub struct HistoryState {
    /// The flow array as JSON text.
    pub flows: String,
    /// The credentials as JSON text, as they were encrypted.
    pub credentials: String,
    /// A secret that decrypts them and is not this admin's.
    pub secret: Option<String>,
}

impl From<State> for HistoryState {
    fn from(State { flows, credentials, secret }: State) -> Self {
        Self { flows, credentials, secret }
    }
}

#[napi]
impl Admin {
    /// What is known of the deploy that is mirrored next (a note as JSON text): `origin`, `user`,
    /// `address`, `type`, `message`, `to`.
    #[napi]
    pub fn note_deploy(&self, note: String) -> napi::Result<()> {
        if let Some(history) = self.instance.core()?.history() {
            history.note(Note::parse(&note)?);
        }
        Ok(())
    }

    /// All entries of the history, the newest first, as JSON text (docs/history.md).
    #[napi]
    pub fn history_entries<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, String>> {
        self.instance.promise(env, async move |core| of(&core)?.entries().await)
    }

    /// What differs between two entries, as JSON text; without `from`, what `to` has changed.
    #[napi]
    pub fn history_difference<'env>(
        &self,
        env: &'env Env,
        from: Option<i64>,
        to: i64,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        self.instance.promise(env, async move |core| {
            of(&core)?.difference(from.map(sequence), sequence(to)).await
        })
    }

    /// The deploy of an entry.
    #[napi]
    pub fn history_state<'env>(
        &self,
        env: &'env Env,
        entry: i64,
    ) -> napi::Result<PromiseRaw<'env, HistoryState>> {
        self.instance
            .promise(env, async move |core| Ok(of(&core)?.state(sequence(entry)).await?.into()))
    }

    /// Notes what somebody has to say of an entry; `false`: there is none.
    #[napi]
    pub fn annotate_history<'env>(
        &self,
        env: &'env Env,
        entry: i64,
        message: String,
    ) -> napi::Result<PromiseRaw<'env, bool>> {
        self.instance
            .promise(env, async move |core| of(&core)?.annotate(sequence(entry), message).await)
    }
}

fn of(core: &Arc<admin::Admin>) -> Result<&Arc<history::History>> {
    core.history().ok_or(Error::Closed)
}

/// What is no sequence is that of no entry.
fn sequence(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Reads the history from Valkey, for who has no admin to ask.
#[napi]
pub struct HistoryReader {
    instance: Instance<history::HistoryReader>,
}

impl Core for history::HistoryReader {
    async fn close(&self) {
        self.close().await;
    }
}

#[napi]
impl HistoryReader {
    /// Opens a connection; never fails because the server is away.
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
        instance.open_now(|| history::HistoryReader::open(&params.config, params.hooks));
        Ok(Self { instance })
    }

    /// As [`Admin::history_entries`].
    #[napi]
    pub fn entries<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, String>> {
        self.instance.promise(env, async move |core| core.entries(PATIENCE).await)
    }

    /// As [`Admin::history_difference`].
    #[napi]
    pub fn difference<'env>(
        &self,
        env: &'env Env,
        from: Option<i64>,
        to: i64,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        self.instance.promise(env, async move |core| {
            core.difference(from.map(sequence), sequence(to), PATIENCE).await
        })
    }

    /// Ends the connection; idempotent.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.instance.close(env)
    }
}
