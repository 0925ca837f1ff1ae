//! Work that nobody has to wait for, and that makes way for what somebody does.

use std::thread;

use tokio::sync::oneshot;

use crate::error::{Error, Result};

/// Name of such a thread, as `top -H` shows it; the system keeps 15 bytes.
const NAME: &str = "valkey-aside";

/// Runs `work` on a thread of its own and gives what it gives. On Linux every other thread of the machine comes
/// first: where processors are short it takes longer, and takes them from nothing that runs flows. Elsewhere it is a
/// thread like any other. [`Error::Internal`] where it panicked or the system has no thread for it.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (done, outcome) = oneshot::channel();
    let body = move || {
        make_way();
        // Who has asked may be gone.
        let _ = done.send(work());
    };
    let started = thread::Builder::new().name(NAME.into()).spawn(body);
    started.map_err(|error| Error::Internal(format!("no thread: {error}")))?;
    outcome.await.map_err(|_| Error::Internal("the work of a thread ended early".into()))
}

/// For the calling thread alone; one that may not is as it was.
fn make_way() {
    #[cfg(target_os = "linux")]
    // SAFETY: plain numbers. 0 is the calling thread: Linux has such a value for each, see setpriority(2).
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, 19);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_it_gives_comes_back_and_a_panic_is_an_error() {
        assert_eq!(run(|| 7).await.unwrap(), 7);
        let error = run(|| -> () { panic!("so") }).await.unwrap_err();
        assert!(error.to_string().contains("ended early"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn its_thread_makes_way_and_no_other_does() {
        let own = || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        let before = own();
        assert_eq!(run(own).await.unwrap(), 19);
        assert_eq!(own(), before);
        assert_eq!(tokio::task::spawn_blocking(own).await.unwrap(), before);
    }
}
