//! Listens on the Sentinels, so that a failover is known the moment it is announced.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::cmd;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::task::JoinHandle;
use tracing::debug;
use tracing::instrument::WithSubscriber;

use super::dialogue::{Dialogue, endpoint_of};
use super::sentinels::Sentinels;
use crate::config::Endpoint;
use crate::connection::reply::{Reply, read_reply};
use crate::connection::retry::next_delay;
use crate::error::{Error, Result};

const CHANNEL: &str = "+switch-master";
/// How often the list of Sentinels is asked for although nothing has happened.
const LIST_REFRESH: Duration = Duration::from_secs(60);
/// Between two heartbeats to a Sentinel.
const SENTINEL_HEARTBEAT: Duration = Duration::from_secs(5);
/// A Sentinel that shows no sign of life for this long is left.
const SENTINEL_SILENCE_LIMIT: Duration = Duration::from_secs(12);

/// Listening to the Sentinels of one master; ends when it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    _task: Task,
}

/// A task that ends with this value.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Task {
    fn start(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work.with_current_subscriber()))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Watch {
    /// Listens to at most `most` Sentinels, on the current runtime.
    pub(super) fn start(sentinels: Arc<Sentinels>, most: usize) -> Self {
        Self { _task: Task::start(keep_listening(sentinels, most)) }
    }
}

/// One listener a Sentinel, as the list changes.
async fn keep_listening(sentinels: Arc<Sentinels>, most: usize) {
    let mut known = sentinels.known.subscribe();
    let mut listeners: BTreeMap<String, Task> = BTreeMap::new();
    loop {
        let wanted: Vec<Endpoint> = known.borrow_and_update().iter().take(most).cloned().collect();
        listeners.retain(|name, _| wanted.iter().any(|sentinel| sentinel.to_string() == *name));
        for sentinel in wanted {
            listeners
                .entry(sentinel.to_string())
                .or_insert_with(|| Task::start(listen(Arc::clone(&sentinels), sentinel)));
        }
        tokio::select! {
            changed = known.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(LIST_REFRESH) => {
                let limit = sentinels.access.connect_timeout;
                match tokio::time::timeout(limit, sentinels.look_up()).await {
                    Ok(Ok(_)) => (),
                    Ok(Err(error)) => debug!("the list of Sentinels stays as it is: {error}"),
                    Err(_) => debug!("the list of Sentinels stays as it is: no answer"),
                }
            }
        }
    }
}

/// Listens to one Sentinel, again and again.
async fn listen(sentinels: Arc<Sentinels>, sentinel: Endpoint) {
    let mut times = 0_u32;
    loop {
        let began = Instant::now();
        let Err(lost) = hear_out(&sentinels, &sentinel).await;
        debug!("not listening to Sentinel {sentinel}: {lost}");
        times = if began.elapsed() > SENTINEL_SILENCE_LIMIT { 1 } else { times.saturating_add(1) };
        let decision = next_delay(&sentinels.reconnect, times, "sentinelReconnectStrategy").await;
        if let Some(trouble) = &decision.trouble {
            debug!("{trouble}");
        }
        match decision.delay {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return,
        }
    }
}

async fn hear_out(sentinels: &Sentinels, sentinel: &Endpoint) -> Result<std::convert::Infallible> {
    let limit = sentinels.access.connect_timeout;
    let late =
        |_| Error::Unavailable { reason: format!("no answer within {} ms", limit.as_millis()) };
    let open = Dialogue::open(sentinel, &sentinels.access);
    let stream = tokio::time::timeout(limit, open).await.map_err(late)??.0.into_stream()?;
    let activity = stream.activity();
    let (input, mut output) = tokio::io::split(stream);
    let lost = || Error::Unavailable { reason: activity.fault() };
    let hear = async {
        let mut input = BufReader::with_capacity(4096, input);
        loop {
            match read_reply(&mut input).await {
                Ok(Reply::Error(words)) => {
                    let consequence = "a failover is noticed when the old master no longer serves";
                    sentinels.warn_missing_right("SUBSCRIBE", &words, consequence);
                    return Err(Error::Unavailable { reason: words });
                }
                Ok(reply) => {
                    if let Some(master) = switched(&reply, &sentinels.name) {
                        sentinels.announce(master);
                    }
                }
                Err(_) => return Err(lost()),
            }
        }
    };
    let speak = async {
        let mut bytes = cmd("SUBSCRIBE").arg(CHANNEL).get_packed_command();
        loop {
            if output.write_all(&bytes).await.is_err() || output.flush().await.is_err() {
                return Err(lost());
            }
            tokio::time::sleep(SENTINEL_HEARTBEAT).await;
            bytes = cmd("PING").get_packed_command();
        }
    };
    tokio::select! {
        biased;
        end = hear => end,
        end = speak => end,
        () = activity.silence(SENTINEL_SILENCE_LIMIT) => {
            let limit = SENTINEL_SILENCE_LIMIT.as_millis();
            Err(Error::Unavailable { reason: format!("no sign of life for {limit} ms") })
        }
    }
}

/// The new master, when this is the news of a switch of ours: `<name> <old> <port> <new> <port>`.
fn switched(reply: &Reply, name: &str) -> Option<Endpoint> {
    let Reply::Many(items) = reply else { return None };
    let [kind, channel, payload] = items.as_slice() else { return None };
    if kind.text() != Some(b"message") || channel.text() != Some(CHANNEL.as_bytes()) {
        return None;
    }
    let payload = std::str::from_utf8(payload.text()?).ok()?;
    match payload.split(' ').collect::<Vec<_>>().as_slice() {
        [of, _, _, host, port] if *of == name => endpoint_of(host.as_bytes(), port.as_bytes()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(channel: &str, payload: &str) -> Reply {
        let text = |text: &str| Reply::Text(text.as_bytes().to_vec());
        Reply::Many(vec![text("message"), text(channel), text(payload)])
    }

    #[test]
    fn only_a_switch_of_our_master_is_news() {
        let new = Endpoint::Tcp { host: "10.0.0.2".into(), port: 6380 };
        let news = message(CHANNEL, "mymaster 10.0.0.1 6379 10.0.0.2 6380");
        assert_eq!(switched(&news, "mymaster"), Some(new));
        for other in [
            message(CHANNEL, "another 10.0.0.1 6379 10.0.0.2 6380"),
            message("+sdown", "mymaster 10.0.0.1 6379 10.0.0.2 6380"),
            message(CHANNEL, "mymaster 10.0.0.1 6379 10.0.0.2 x"),
            message(CHANNEL, "mymaster 10.0.0.1 6379"),
            message(CHANNEL, ""),
            Reply::Many(vec![]),
            Reply::Other,
        ] {
            assert_eq!(switched(&other, "mymaster"), None, "{other:?}");
        }
    }
}
