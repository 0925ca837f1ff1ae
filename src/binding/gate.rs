//! Callbacks into JavaScript that are over the moment their environment ends.
//!
//! Tasks outlive a worker thread that is terminated, and the last of them to let go of a
//! threadsafe function would do so while Node.js takes it down: memory that is freed twice. So
//! tasks only hold a gate, and what is behind it is let go on the JavaScript thread.

use std::sync::{Arc, PoisonError, RwLock};

use napi::bindgen_prelude::{FromNapiValue, Function, JsValuesTupleIntoVec};
use napi::threadsafe_function::ThreadsafeFunction;
use napi::{Env, Status};

/// A callback that can be taken away from everybody who holds the gate.
pub(super) struct Gate<C>(RwLock<Option<C>>);

impl<C> Gate<C> {
    fn new(callback: C) -> Arc<Self> {
        Arc::new(Self(RwLock::new(Some(callback))))
    }

    /// Uses the callback, which can't go away meanwhile; `None` when it has gone.
    pub(super) fn with<T>(&self, act: impl FnOnce(&C) -> T) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(act)
    }
}

/// A function that takes `A` and answers with `R`, and that must not throw. It keeps no process
/// alive; at most `N` calls wait for it, or any number if `N` is 0.
pub(super) type Callback<A, R, const N: usize> =
    ThreadsafeFunction<A, R, A, Status, false, true, N>;

impl<A, R, const N: usize> Gate<Callback<A, R, N>>
where
    A: JsValuesTupleIntoVec + Send + 'static,
    R: FromNapiValue + Send + 'static,
{
    /// A gate before `function`, shut with the others.
    pub(super) fn before(
        function: &Function<'_, A, R>,
        gates: &mut Gates,
    ) -> napi::Result<Arc<Self>> {
        let callback = function
            .build_threadsafe_function()
            .weak::<true>()
            .callee_handled::<false>()
            .max_queue_size::<N>()
            .build()?;
        let gate = Self::new(callback);
        gates.add(gate.clone());
        Ok(gate)
    }
}

/// Something that can be shut on the JavaScript thread.
pub(super) trait Shut: Send + Sync {
    /// Lets the callback go; nobody calls it from here on.
    fn shut(&self);
}

impl<C: Send + Sync> Shut for Gate<C> {
    fn shut(&self) {
        let callback = self.0.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(callback);
    }
}

/// All gates of one instance.
#[derive(Clone, Default)]
pub(super) struct Gates(Vec<Arc<dyn Shut>>);

impl Gates {
    fn add(&mut self, gate: Arc<dyn Shut>) {
        self.0.push(gate);
    }

    /// To be called on the JavaScript thread.
    pub(super) fn shut(&self) {
        for gate in &self.0 {
            gate.shut();
        }
    }

    /// Shuts the gates when the environment ends, and calls `end`. The last hook that was set runs
    /// first: the callbacks are still there.
    pub(super) fn shut_with(
        &self,
        env: &Env,
        end: impl FnOnce() + Send + 'static,
    ) -> napi::Result<()> {
        env.add_env_cleanup_hook(self.clone(), move |gates| {
            gates.shut();
            end();
        })?;
        Ok(())
    }
}
