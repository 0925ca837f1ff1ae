//! The shared context for JavaScript.

use std::sync::Arc;

use napi::bindgen_prelude::{Either3, FnArgs, Function, PromiseRaw};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, Status};
use napi_derive::napi;

use super::background::SettleFunction;
use super::callbacks::{Callback, Callbacks};
use super::hooks::Functions;
use super::instance::{Core, Instance};
use super::log::LogFunction;
use super::options;
use crate::connection::Hooks;
use crate::error::Error;
use crate::role::context::{self, ContextParams, Listener, Operation, Outcome};

/// `(scopes, keys)`: position by position, what reads differently now because of others; both empty:
/// anything may.
#[napi]
pub type ChangedFunction<'a> = Function<'a, FnArgs<(Vec<String>, Vec<String>)>, ()>;

/// Where what is in memory comes from.
#[napi(string_enum = "lowercase")]
pub enum ContextOrigin {
    /// Neither the server nor a copy was read yet.
    Nothing,
    /// The copy on the disk.
    Copy,
    /// The server.
    Server,
}

impl From<context::Origin> for ContextOrigin {
    fn from(origin: context::Origin) -> Self {
        match origin {
            context::Origin::Nothing => Self::Nothing,
            context::Origin::Copy => Self::Copy,
            context::Origin::Server => Self::Server,
        }
    }
}

/// How the shared context stands at this moment.
#[napi(object, object_from_js = false)]
pub struct ContextHealth {
    /// `connecting`, `ready`, `reconnecting` or `closed`.
    pub connection: String,
    /// Where what is in memory comes from.
    pub origin: ContextOrigin,
    /// Everything was read since the connection was made.
    pub in_step: bool,
    /// Number of keys.
    pub keys: f64,
    /// Bytes of all names and values.
    pub bytes: f64,
    /// Number of changes that the server was not heard to have.
    pub unsent: f64,
    /// Number of own changes that did not count since the start, because somebody else was first.
    pub conflicts: f64,
    /// What keeps it from reading or writing, besides the connection.
    pub problem: Option<String>,
}

/// The shared context of one instance: a replica in memory, kept in step with the server. Texts are
/// JSON.
#[napi]
pub struct Context {
    instance: Instance<context::Context>,
}

impl Core for context::Context {
    async fn close(&self) {
        self.close().await;
    }
}

type Changed = Callback<FnArgs<(Vec<String>, Vec<String>)>, (), 64>;

struct JsListener(Arc<Changed>);

impl Listener for JsListener {
    fn changed(&self, keys: &[(String, String)]) -> bool {
        let (scopes, keys): (Vec<String>, Vec<String>) = keys.iter().cloned().unzip();
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        let status = self.0.with(|function| function.call((scopes, keys).into(), mode));
        // Where the function has gone, nobody is left to be told.
        !matches!(status, Some(Status::QueueFull))
    }
}

#[napi]
impl Context {
    /// Opens the connection; never fails because the server is away. `userDir` is left out when
    /// nothing may be written there; `name` is that of the store in Node-RED's settings.
    #[napi(constructor, async_runtime)]
    #[allow(clippy::too_many_arguments, reason = "a constructor has no named arguments")]
    pub fn new(
        env: Env,
        options: String,
        user_dir: Option<String>,
        name: String,
        log: LogFunction<'_>,
        changed: ChangedFunction<'_>,
        functions: Functions<'_>,
        settle: SettleFunction<'_>,
    ) -> napi::Result<Self> {
        let mut callbacks = Callbacks::default();
        let (mut config, _) = options::parse(&options)?;
        functions.identify(&mut config.connection, &mut callbacks)?;
        let listener = Arc::new(JsListener(Callback::to(&changed, &mut callbacks)?));
        let hooks = Hooks::new(&config.connection, functions.for_core(&mut callbacks)?);
        let instance = Instance::new(&env, &log, &settle, callbacks)?;
        let user_dir = user_dir.map(Into::into);
        let params = ContextParams { config: Arc::new(config), user_dir, hooks, listener, name };
        instance.open_now(|| context::Context::open(params));
        Ok(Self { instance })
    }

    /// Waits until the context was read from the server, for 2 s at most; where it comes from.
    #[napi]
    pub fn open<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ContextOrigin>> {
        self.instance.promise(env, async |core| Ok(core.opened().await.into()))
    }

    /// In the background: waits until there is something to read from, of the server or a copy.
    #[napi]
    pub fn loaded_in_background(&self, call: u32) -> napi::Result<()> {
        Ok(self.instance.in_background(call, async |core| {
            core.loaded().await;
            Ok(Either3::C(true))
        })?)
    }

    /// The text of a key, own changes included.
    #[napi]
    pub fn text(&self, scope: String, key: String) -> napi::Result<Option<String>> {
        Ok(self.instance.core()?.text(&scope, &key).map(|text| text.to_string()))
    }

    /// The keys of a scope in the order of insertion.
    #[napi]
    pub fn names(&self, scope: String) -> napi::Result<Vec<String>> {
        Ok(self.instance.core()?.names(&scope))
    }

    /// Sets whole values, all or none; `null` deletes.
    #[napi]
    pub fn set(
        &self,
        scope: String,
        keys: Vec<String>,
        texts: Vec<Option<String>>,
    ) -> napi::Result<()> {
        let changes = keys.into_iter().zip(texts).collect();
        Ok(self.instance.core()?.set(&scope, changes)?)
    }

    /// Sets a part of a value, as `setObjectProperty` of Node-RED does; `null` takes it away. `path`:
    /// JSON text of the names and positions below the key. False if nothing was done, and the value is to be set as a
    /// whole.
    #[napi]
    pub fn set_path(
        &self,
        scope: String,
        key: String,
        path: String,
        text: Option<String>,
    ) -> napi::Result<bool> {
        let path = serde_json::from_str(&path)
            .map_err(|error| Error::Internal(format!("a path that is none: {error}")))?;
        Ok(self.instance.core()?.set_part(&scope, &key, path, text)?)
    }

    /// In the background: adds to a number; the text of the sum.
    #[napi]
    pub fn incr_in_background(
        &self,
        call: u32,
        scope: String,
        key: String,
        by: f64,
    ) -> napi::Result<()> {
        self.operate(call, scope, key, Operation::Increment(by))
    }

    /// In the background: sets a key to `text`, if it is `base`; `null`: not there. Whether it was; if
    /// not, the text of the key is fresh.
    #[napi]
    pub fn compare_and_set_in_background(
        &self,
        call: u32,
        scope: String,
        key: String,
        base: Option<String>,
        text: Option<String>,
    ) -> napi::Result<()> {
        self.operate(call, scope, key, Operation::CompareAndSet { base, text })
    }

    /// In the background: sets a key that is not there; whether it was not.
    #[napi]
    pub fn set_if_absent_in_background(
        &self,
        call: u32,
        scope: String,
        key: String,
        text: String,
    ) -> napi::Result<()> {
        self.operate(call, scope, key, Operation::SetIfAbsent(text))
    }

    /// In the background: adds an element to an array; the text of all of it.
    #[napi]
    pub fn push_in_background(
        &self,
        call: u32,
        scope: String,
        key: String,
        text: String,
    ) -> napi::Result<()> {
        self.operate(call, scope, key, Operation::Push(text))
    }

    /// In the background: has a key expire after so many seconds; whether it is there.
    #[napi]
    pub fn expire_in_background(
        &self,
        call: u32,
        scope: String,
        key: String,
        seconds: f64,
    ) -> napi::Result<()> {
        // Rounded and within what the server takes; nothing and less is now, which is told to us only if it expires.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let ms = (seconds * 1000.0).round().clamp(1.0, 1e15) as u64;
        self.operate(call, scope, key, Operation::Expire(ms))
    }

    fn operate(
        &self,
        call: u32,
        scope: String,
        key: String,
        operation: Operation,
    ) -> napi::Result<()> {
        Ok(self.instance.in_background(call, async move |core| {
            Ok(match core.operate(&scope, &key, operation).await? {
                Outcome::Text(text) => Either3::B(text),
                Outcome::Done(done) => Either3::C(done),
            })
        })?)
    }

    /// These are the ids of all flows, subflows and nodes: what belongs to others is removed after a
    /// day. Nothing on a worker. Only for an admin that is in charge, and whose flows are mirrored.
    #[napi]
    pub fn clean(&self, known: Vec<String>) -> napi::Result<()> {
        self.instance.core()?.clean(known);
        Ok(())
    }

    /// Deletes a scope. Nothing on a worker.
    #[napi]
    pub fn delete_scope(&self, scope: String) -> napi::Result<()> {
        self.instance.core()?.delete_scope(&scope);
        Ok(())
    }

    /// How it stands. Reads nothing and waits for nothing.
    #[napi]
    pub fn health(&self) -> napi::Result<ContextHealth> {
        let context::Health {
            connection,
            origin,
            in_step,
            keys,
            bytes,
            unsent,
            conflicts,
            problem,
        } = self.instance.core()?.health();
        Ok(ContextHealth {
            connection: connection.into(),
            origin: origin.into(),
            in_step,
            keys: number(keys),
            bytes: number(bytes),
            unsent: number(unsent),
            conflicts: number(usize::try_from(conflicts).unwrap_or(usize::MAX)),
            problem,
        })
    }

    /// Sends what can be sent within a moment, keeps the rest on the disk, and ends; idempotent.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.instance.close(env)
    }
}

/// More than JavaScript counts exactly would not fit into a memory.
#[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}
