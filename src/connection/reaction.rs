//! What the user wants done about error replies: `reconnectOnError`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tracing::instrument::WithSubscriber;
use tracing::warn;

/// How long the user's function may think.
const THINKING_LIMIT: Duration = Duration::from_secs(1);

/// What is done about an error reply, beside telling the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing.
    Stay,
    /// The connection is made anew.
    Reconnect,
    /// And what was refused is sent again, if that is safe.
    Resend,
}

/// Decides about error replies, as ioredis' `reconnectOnError`.
pub trait ReconnectOnError: Send + Sync + 'static {
    /// What to do about `words`, the server's answer to `command` (its name alone). An error says
    /// why there is no decision.
    fn decide(&self, words: String, command: String) -> BoxFuture<'_, Result<Reaction, String>>;
}

/// Asks the user's function, if there is one.
#[derive(Clone)]
pub(super) struct ReactionHook {
    hook: Option<Arc<dyn ReconnectOnError>>,
    complained: Arc<AtomicBool>,
}

impl ReactionHook {
    pub(super) fn new(hook: Option<Arc<dyn ReconnectOnError>>) -> Self {
        Self { hook, complained: Arc::default() }
    }

    /// What to do; nothing when the function fails or does not answer in time.
    pub(super) async fn ask(&self, words: &str, command: &str) -> Reaction {
        let Some(hook) = self.hook.clone() else { return Reaction::Stay };
        let (words, command) = (words.to_owned(), command.to_owned());
        // A task of its own: a function that panics or blocks must not harm the caller.
        let answer = async move { hook.decide(words, command).await };
        let mut task = tokio::spawn(answer.with_current_subscriber());
        let problem = match tokio::time::timeout(THINKING_LIMIT, &mut task).await {
            Ok(Ok(Ok(reaction))) => return reaction,
            Ok(Ok(Err(why))) => why,
            Ok(Err(_)) => "failed".to_owned(),
            Err(_) => {
                task.abort();
                format!("did not answer within {} ms", THINKING_LIMIT.as_millis())
            }
        };
        if !self.complained.swap(true, Ordering::Relaxed) {
            warn!("option 'reconnectOnError' {problem}; taken for false");
        }
        Reaction::Stay
    }
}

impl std::fmt::Debug for ReactionHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReactionHook")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Answers(fn(String, String) -> BoxFuture<'static, Result<Reaction, String>>);

    impl ReconnectOnError for Answers {
        fn decide(
            &self,
            words: String,
            command: String,
        ) -> BoxFuture<'_, Result<Reaction, String>> {
            (self.0)(words, command)
        }
    }

    async fn ask(
        answer: fn(String, String) -> BoxFuture<'static, Result<Reaction, String>>,
    ) -> Reaction {
        ReactionHook::new(Some(Arc::new(Answers(answer)))).ask("OOPS now", "SET").await
    }

    #[tokio::test]
    async fn the_function_decides_by_words_and_command() {
        let reaction = ask(|words, command| {
            assert_eq!((words.as_str(), command.as_str()), ("OOPS now", "SET"));
            Box::pin(async { Ok(Reaction::Resend) })
        });
        assert_eq!(reaction.await, Reaction::Resend);
        assert_eq!(ReactionHook::new(None).ask("OOPS now", "SET").await, Reaction::Stay);
    }

    #[tokio::test]
    async fn one_that_throws_panics_or_hangs_changes_nothing() {
        let asked = std::time::Instant::now();
        assert_eq!(ask(|_, _| Box::pin(async { Err("threw".into()) })).await, Reaction::Stay);
        assert_eq!(ask(|_, _| Box::pin(async { panic!("a fault") })).await, Reaction::Stay);
        assert_eq!(ask(|_, _| Box::pin(std::future::pending())).await, Reaction::Stay);
        assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    }
}
