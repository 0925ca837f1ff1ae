//! Callbacks into JavaScript that are over the moment their environment ends.
//!
//! Tasks outlive a worker thread that is terminated, and the last of them to let go of a
//! threadsafe function would do so while Node.js takes it down: memory that is freed twice. So
//! tasks only hold a [`Callback`], and what is in it is let go on the JavaScript thread.

use std::sync::{Arc, PoisonError, RwLock};

use napi::bindgen_prelude::{FromNapiValue, Function, JsValuesTupleIntoVec};
use napi::threadsafe_function::ThreadsafeFunction;
use napi::{Env, Status};

type Threadsafe<A, R, const N: usize> = ThreadsafeFunction<A, R, A, Status, false, true, N>;

/// A function that takes `A` and answers with `R`, that must not throw, and that can be taken away
/// from everybody who holds this. It keeps no process alive; at most `N` calls wait for it, or any
/// number if `N` is 0.
pub(super) struct Callback<A, R, const N: usize>(RwLock<Option<Threadsafe<A, R, N>>>)
where
    A: JsValuesTupleIntoVec + 'static,
    R: FromNapiValue + 'static;

impl<A, R, const N: usize> Callback<A, R, N>
where
    A: JsValuesTupleIntoVec + Send + 'static,
    R: FromNapiValue + Send + 'static,
{
    /// A callback that calls `function`, one of the instance's `callbacks` from here on.
    pub(super) fn to(
        function: &Function<'_, A, R>,
        callbacks: &mut Callbacks,
    ) -> napi::Result<Arc<Self>> {
        let function = function
            .build_threadsafe_function()
            .weak::<true>()
            .callee_handled::<false>()
            .max_queue_size::<N>()
            .build()?;
        let callback = Arc::new(Self(RwLock::new(Some(function))));
        callbacks.0.push(callback.clone());
        Ok(callback)
    }

    /// Uses the function, which can't go away meanwhile; `None` when it has gone.
    pub(super) fn with<T>(&self, act: impl FnOnce(&Threadsafe<A, R, N>) -> T) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(act)
    }
}

/// Something that can be shut on the JavaScript thread.
trait Shut: Send + Sync {
    /// Lets the function go; nobody calls it from here on.
    fn shut(&self);
}

impl<A, R, const N: usize> Shut for Callback<A, R, N>
where
    A: JsValuesTupleIntoVec + Send + 'static,
    R: FromNapiValue + Send + 'static,
{
    fn shut(&self) {
        let function = self.0.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(function);
    }
}

/// All callbacks of one instance.
#[derive(Clone, Default)]
pub(super) struct Callbacks(Vec<Arc<dyn Shut>>);

impl Callbacks {
    /// To be called on the JavaScript thread.
    pub(super) fn shut(&self) {
        for callback in &self.0 {
            callback.shut();
        }
    }

    /// Shuts them when the environment ends, and calls `end`. The last hook that was set runs
    /// first: the functions are still there.
    pub(super) fn shut_with(
        &self,
        env: &Env,
        end: impl FnOnce() + Send + 'static,
    ) -> napi::Result<()> {
        env.add_env_cleanup_hook(self.clone(), move |callbacks| {
            callbacks.shut();
            end();
        })?;
        Ok(())
    }
}
