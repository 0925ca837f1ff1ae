//! The Sentinels of one master: which there are, and what they say when they are asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::{Cmd, cmd};
use tokio::sync::watch;
use tracing::debug;

use super::Located;
use super::dialogue::{Dialogue, endpoint_of};
use super::nat::Nat;
use super::stagger::first_answer;
use crate::config::{ConnectionConfig, Endpoint, SentinelConfig, Target};
use crate::connection::fault::{classify_text, reason_of};
use crate::connection::handshake::Welcome;
use crate::connection::hooks::Hooks;
use crate::connection::kind::is_unknown;
use crate::connection::once::Once;
use crate::connection::reply::Reply;
use crate::connection::retry::Retry;
use crate::error::{Error, Result};

/// Without `sentinelCommandTimeout`: how long a Sentinel may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
/// More Sentinels than anybody runs for one master are not taken from the network.
const MOST_LEARNED: usize = 64;

/// The Sentinels of one master.
pub(super) struct Sentinels {
    pub(super) name: String,
    /// How a Sentinel is connected to and logged in at.
    pub(super) access: ConnectionConfig,
    /// The wait before a Sentinel is listened to again.
    pub(super) reconnect: Arc<dyn Retry>,
    answer_limit: Duration,
    configured: Vec<Endpoint>,
    update: bool,
    nat: Nat,
    /// Where the Sentinels are reached: the configured ones first.
    pub(super) known: watch::Sender<Vec<Endpoint>>,
    /// Which one is asked first, so that one with stale news is not asked first for ever.
    turn: AtomicUsize,
    /// The master, as it was last announced.
    announced: watch::Sender<Option<Endpoint>>,
    /// What was said of their user, who may lack what that of the servers has.
    once: Once,
}

struct Answer {
    /// The Sentinel that answered; it does not name itself.
    by: Endpoint,
    master: Endpoint,
    sentinels: Vec<Endpoint>,
}

impl std::fmt::Debug for Sentinels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sentinels").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Sentinels {
    /// Those that are configured; none is connected to yet.
    pub(super) fn new(config: &ConnectionConfig, sentinel: &SentinelConfig, hooks: &Hooks) -> Self {
        let first = sentinel.sentinels.first().cloned();
        let access = ConnectionConfig {
            target: first.map_or_else(|| config.target.clone(), Target::Direct),
            username: sentinel.username.clone(),
            password: sentinel.password.clone(),
            db: 0,
            // Sentinels are asked and listened to in a way that needs no RESP3.
            resp3: false,
            tls: sentinel.tls.clone(),
            ..config.clone()
        };
        Self {
            name: sentinel.name.clone(),
            access,
            reconnect: Arc::clone(&hooks.sentinel_reconnect),
            answer_limit: sentinel.command_timeout.unwrap_or(ANSWER_LIMIT),
            configured: sentinel.sentinels.clone(),
            update: sentinel.update_sentinels,
            nat: Nat::new(&sentinel.nat_map, hooks.nat.clone()),
            known: watch::Sender::new(sentinel.sentinels.clone()),
            turn: AtomicUsize::new(0),
            announced: watch::Sender::new(None),
            once: Once::default(),
        }
    }

    /// Where this machine reaches what the Sentinels call by this address.
    pub(super) async fn locate(&self, announced: Endpoint) -> Located {
        self.nat.locate(announced).await
    }

    /// What is announced from now on.
    pub(super) fn announcements(&self) -> watch::Receiver<Option<Endpoint>> {
        let mut receiver = self.announced.subscribe();
        receiver.borrow_and_update();
        receiver
    }

    /// The master was found here, which is no news when it was announced.
    pub(super) fn confirm(&self, located: &Located) {
        self.announced.send_if_modified(|announced| {
            let news = announced.as_ref() != Some(&located.announced);
            *announced = Some(located.announced.clone());
            news
        });
    }

    /// Asks all of them, staggered, and takes the first that knows the master.
    pub(super) async fn look_up(&self) -> Result<Endpoint> {
        let mut sentinels = self.known.borrow().clone();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let first = turn.checked_rem(sentinels.len()).unwrap_or(0);
        sentinels.rotate_left(first);
        match first_answer(sentinels, async |sentinel| self.ask(&sentinel).await).await {
            Ok(answer) => {
                self.update(answer.by, answer.sentinels).await;
                Ok(answer.master)
            }
            Err(failures) => Err(self.summary(failures)),
        }
    }

    /// A Sentinel has announced a master.
    pub(super) fn announce(&self, master: Endpoint) {
        debug!("Sentinel announces {master} as the master");
        self.announced.send_replace(Some(master));
    }

    async fn ask(&self, sentinel: &Endpoint) -> Result<Answer> {
        let mut questions = vec![self.question("get-master-addr-by-name")];
        if self.update {
            questions.push(self.question("sentinels"));
        }
        let (mut dialogue, welcome) = Dialogue::open(sentinel, &self.access).await?;
        self.tell_what_lacks(welcome);
        let asked = tokio::time::timeout(self.answer_limit, dialogue.ask(&questions));
        let replies = asked.await.map_err(|_| {
            let limit = self.answer_limit.as_millis();
            Error::Unavailable { reason: format!("no answer within {limit} ms") }
        })??;
        let mut replies = replies.into_iter();
        let master = replies.next().unwrap_or(Reply::Other);
        let parts = match &master {
            Reply::Error(words) if is_unknown(words) => {
                let problem = format!(
                    "names {sentinel}, which is a server and no Sentinel (those listen on port 26379 as a rule); for one server alone use 'host' and 'port' in place of 'sentinels' and 'name'"
                );
                return Err(Error::option("sentinels", problem));
            }
            Reply::Error(words) => {
                return Err(classify_text("SENTINEL GET-MASTER-ADDR-BY-NAME", words).error);
            }
            Reply::Many(parts) => parts.as_slice(),
            _ => &[],
        };
        let master = match parts {
            [host, port] => host.text().zip(port.text()),
            _ => None,
        };
        let master = master.and_then(|(host, port)| endpoint_of(host, port)).ok_or_else(|| {
            Error::option("name", format!("is '{}', which no Sentinel knows", self.name))
        })?;
        let sentinels = match replies.next() {
            Some(Reply::Many(entries)) => entries.iter().filter_map(member).collect(),
            Some(Reply::Error(words)) => {
                self.warn_missing_right(
                    "SENTINEL SENTINELS",
                    &words,
                    "only those of the option are known",
                );
                Vec::new()
            }
            _ => Vec::new(),
        };
        Ok(Answer { by: sentinel.clone(), master, sentinels })
    }

    /// Says once that the user of the Sentinels lacks a right, if that is what these words say.
    pub(super) fn warn_missing_right(&self, command: &str, words: &str, consequence: &str) {
        let error = of_their_user(classify_text(command, words).error);
        self.once.warn_missing_right(&error, consequence);
    }

    fn tell_what_lacks(&self, welcome: Welcome) {
        if let Some(error) = welcome.unanswered.map(of_their_user) {
            self.once.warn_missing_right(&error, "the refusal counts as a sign of life");
        }
        for error in welcome.unnamed.into_iter().map(of_their_user) {
            self.once.tell_missing_name(&error);
        }
    }

    fn question(&self, about: &str) -> Cmd {
        let mut question = cmd("SENTINEL");
        question.arg(about).arg(&self.name);
        question
    }

    /// Keeps the list of Sentinels up to date.
    async fn update(&self, by: Endpoint, announced: Vec<Endpoint>) {
        if announced.is_empty() {
            return;
        }
        let mut learned = vec![by];
        for sentinel in announced.into_iter().take(MOST_LEARNED) {
            learned.push(self.nat.locate(sentinel).await.endpoint);
        }
        // Whoever is asked, the list is the same.
        learned.sort_by_key(ToString::to_string);
        let mut known = self.configured.clone();
        for sentinel in learned {
            if !known.contains(&sentinel) {
                known.push(sentinel);
            }
        }
        self.known.send_if_modified(|list| {
            let news = *list != known;
            *list = known;
            news
        });
    }

    /// Why none of them could tell the master: first what a person has to mend.
    fn summary(&self, mut failures: Vec<(Endpoint, Error)>) -> Error {
        // Whichever is asked first, the same is said.
        failures.sort_by_key(|(sentinel, _)| sentinel.to_string());
        let mut reasons = Vec::new();
        let mut unknown = None;
        for (sentinel, failure) in failures {
            match failure {
                Error::Authentication { detail } => {
                    return Error::option(
                        "sentinelPassword",
                        format!(
                            "or 'sentinelUsername' is refused by the Sentinel {sentinel} ({detail}); if that is a server, name the Sentinels in its place"
                        ),
                    );
                }
                Error::Permission { command, detail, rule } => {
                    let detail = format!("Sentinel {sentinel}: {detail}");
                    return Error::Permission { command, detail, rule };
                }
                Error::Tls { problem } => {
                    return Error::Tls { problem: format!("Sentinel {sentinel}: {problem}") };
                }
                Error::Option { .. } => unknown = Some(failure),
                Error::Unavailable { reason } if reason.contains(&sentinel.to_string()) => {
                    reasons.push(reason);
                }
                other => {
                    let reason = reason_of(&other);
                    reasons.push(format!("{sentinel}: {reason}"));
                }
            }
        }
        reasons.truncate(5);
        unknown.unwrap_or_else(|| Error::Unavailable {
            reason: format!("no Sentinel answers ({})", reasons.join("; ")),
        })
    }
}

/// The error of a refusal says whose user was refused.
fn of_their_user(error: Error) -> Error {
    match error {
        Error::Permission { command, detail, rule } => {
            Error::Permission { command, detail: format!("user of the Sentinels: {detail}"), rule }
        }
        error => error,
    }
}

/// The address of one entry of `SENTINEL SENTINELS`: fields and values in turn.
fn member(entry: &Reply) -> Option<Endpoint> {
    let Reply::Many(fields) = entry else { return None };
    let value = |name: &[u8]| {
        fields.chunks_exact(2).find_map(|pair| match pair {
            [field, value] if field.text() == Some(name) => value.text(),
            _ => None,
        })
    };
    endpoint_of(value(b"ip")?, value(b"port")?)
}
