//! Whether a server has loaded its data: `enableReadyCheck` and `maxLoadingRetryTime`.

use std::time::{Duration, Instant};

use redis::cmd;
use tracing::info;

use super::activity::Stream;
use super::eviction;
use super::fault::classify_text;
use super::once::Once;
use super::reply::Reply;
use super::resolver::Dialogue;
use crate::config::Supervision;
use crate::error::{Error, Result};

/// Before the second question; later ones follow after a quarter of the time already spent …
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// … and never sooner than this.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);
/// A server that loads and can't say how long it will.
const UNKNOWN_LOADING_TIME: Duration = Duration::from_secs(1);

/// Waits until the server has loaded its data. One that does not let this user ask is believed
/// to have, unless it said that it was loading (`loading`).
pub(super) async fn require_loaded(
    stream: Stream,
    server: &str,
    loading: bool,
    supervision: &Supervision,
    once: &Once,
    answer_within: Duration,
) -> Result<Stream> {
    let mut dialogue = Dialogue::over(stream);
    let mut said = false;
    let began = Instant::now();
    loop {
        let section = |name: &str| cmd("INFO").arg(name).clone();
        let question = [section("persistence"), section("memory")];
        let late = |_| Error::Unavailable {
            reason: format!("no answer to INFO within {} ms", answer_within.as_millis()),
        };
        let asked = tokio::time::timeout(answer_within, dialogue.ask(&question));
        let replies = asked.await.map_err(late)??;
        let wait = match replies.first() {
            Some(Reply::Error(words)) => {
                let fault = classify_text("INFO", words);
                if fault.reconnect {
                    return Err(fault.error);
                }
                if loading {
                    return Err(Error::Unavailable {
                        reason: "LOADING the server is loading its data".to_owned(),
                    });
                }
                once.warn_missing_right(
                    &fault.error,
                    "whether it still loads its data is not known",
                );
                None
            }
            Some(reply) => loading_time(reply.text().unwrap_or_default()),
            None => None,
        };
        let Some(wait) = wait else {
            eviction::warn(replies.get(1).and_then(Reply::text).unwrap_or_default(), server, once);
            return dialogue.into_stream();
        };
        if !std::mem::replace(&mut said, true) {
            info!("{server} is loading its data; waiting for it");
        }
        // The server's own estimate is of little worth at the beginning.
        let wait = wait.min(FIRST_WAIT + began.elapsed() / 4);
        tokio::time::sleep(wait.min(supervision.max_loading_retry_time).max(SHORTEST_WAIT)).await;
    }
}

/// How long the server says that it will still load; `None` when it has loaded.
fn loading_time(persistence: &[u8]) -> Option<Duration> {
    let persistence = String::from_utf8_lossy(persistence);
    let field = |name: &str| {
        persistence.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    if field("loading")?.trim() != "1" {
        return None;
    }
    let seconds = field("loading_eta_seconds").and_then(|eta| eta.trim().parse().ok());
    Some(seconds.filter(|seconds| *seconds > 0).map_or(UNKNOWN_LOADING_TIME, Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_how_long_it_will_load() {
        let time = |text: &str| loading_time(text.as_bytes());
        assert_eq!(time("# Persistence\r\nloading:0\r\nasync_loading:0\r\n"), None);
        assert_eq!(time("loading:1\r\n"), Some(UNKNOWN_LOADING_TIME));
        assert_eq!(time("loading:1\r\nloading_eta_seconds:0\r\n"), Some(UNKNOWN_LOADING_TIME));
        assert_eq!(
            time("loading:1\r\nloading_start_time:5\r\nloading_eta_seconds:7\r\n"),
            Some(Duration::from_secs(7))
        );
        assert_eq!(time(""), None);
    }
}
