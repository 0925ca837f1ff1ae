//! The node of a cluster that owns the slot of all our keys.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::Rng;
use redis::cmd;
use tracing::debug;

use super::Located;
use super::dialogue::Dialogue;
use super::nat::Nat;
use super::slots::{SlotMap, asked_at, moved_to, read_slots};
use super::stagger::first_answer;
use crate::config::{ClusterConfig, ConnectionConfig, Endpoint, Target};
use crate::connection::fault::{classify_text, reason_of};
use crate::connection::hooks::Hooks;
use crate::connection::kind::is_unknown;
use crate::connection::once::Once;
use crate::connection::reply::Reply;
use crate::connection::state::Voice;
use crate::error::{Error, Result};

/// While a node does not answer: how often the others are asked whether the slot has moved.
const OWNER_POLL: Duration = Duration::from_secs(2);
/// How often the node that is subscribed at is asked whether it still belongs to the cluster.
const MEMBERSHIP_POLL: Duration = Duration::from_secs(15);
/// Nodes of larger clusters are not all remembered.
const MOST_LEARNED: usize = 256;

/// Asks the nodes.
#[derive(Debug)]
pub(in crate::connection) struct Cluster {
    /// How a node is connected to and logged in at.
    access: ConnectionConfig,
    config: ClusterConfig,
    nat: Nat,
    /// Where nodes are reached: those that were configured, and those that were learned of.
    known: Mutex<Vec<Endpoint>>,
    turn: AtomicUsize,
    /// Where a node that had to refuse a command sent us.
    hint: Mutex<Option<Endpoint>>,
    once: Once,
}

struct Answer {
    /// The node that answered.
    node: Endpoint,
    owner: Option<Endpoint>,
    nodes: Vec<Endpoint>,
}

impl Cluster {
    pub(super) fn new(
        config: &ConnectionConfig,
        cluster: &ClusterConfig,
        hooks: &Hooks,
        once: &Once,
    ) -> Self {
        let first = cluster.nodes.first().cloned();
        let access = ConnectionConfig {
            target: first.map_or_else(|| config.target.clone(), Target::Direct),
            // The question concerns no database, and needs no RESP3.
            db: 0,
            resp3: false,
            ..config.clone()
        };
        Self {
            access,
            config: cluster.clone(),
            nat: Nat::new(&cluster.nat_map, hooks.nat.clone()),
            known: Mutex::new(cluster.nodes.clone()),
            // Not every worker begins with the same node.
            turn: AtomicUsize::new(rand::rng().random_range(0..1024)),
            hint: Mutex::new(None),
            once: once.clone(),
        }
    }

    /// The owner of the slot, or for the subscriber any node that answers: messages reach all.
    pub(super) async fn resolve(&self, voice: Voice) -> Result<Located> {
        let hint = if voice == Voice::Main { self.hint().take() } else { None };
        if let Some(owner) = hint {
            return Ok(self.nat.locate(owner).await);
        }
        let answer = self.ask_all().await?;
        match (voice, answer.owner) {
            (Voice::Second, _) => {
                Ok(Located { endpoint: answer.node.clone(), announced: answer.node })
            }
            (Voice::Main, Some(owner)) => Ok(self.nat.locate(owner).await),
            (Voice::Main, None) => Err(Error::Unavailable {
                reason: format!("no node of the cluster serves slot {}", self.config.slot),
            }),
        }
    }

    /// Keeps where a `MOVED` leads to.
    pub(super) fn learn(&self, words: &str) {
        if let Some(owner) = moved_to(words, self.config.slot) {
            *self.hint() = Some(owner);
        }
    }

    /// Where an `ASK` leads to.
    pub(super) async fn sent_on(&self, words: &str) -> Option<Endpoint> {
        let node = asked_at(words, self.config.slot)?;
        Some(self.nat.locate(node).await.endpoint)
    }

    /// Returns when the slot is owned by another node than this.
    pub(super) async fn other_than(&self, present: &Endpoint) -> Endpoint {
        loop {
            tokio::time::sleep(OWNER_POLL).await;
            match self.ask_all().await {
                Ok(Answer { owner: Some(owner), .. }) if owner != *present => return owner,
                Ok(_) => (),
                Err(error) => debug!("who owns the slot now is not to be known: {error}"),
            }
        }
    }

    /// Returns when this node no longer takes part in the cluster, so that messages no longer
    /// reach it. That it no longer answers at all is noticed by others.
    pub(super) async fn excluded(&self, node: &Endpoint) {
        loop {
            tokio::time::sleep(MEMBERSHIP_POLL).await;
            let asked = tokio::time::timeout(self.access.connect_timeout, self.ask(node.clone()));
            match asked.await {
                Ok(Err(Error::Unavailable { reason })) if reason.starts_with("CLUSTERDOWN") => {
                    return;
                }
                _ => (),
            }
        }
    }

    async fn ask_all(&self) -> Result<Answer> {
        let mut nodes: Vec<Endpoint> = self.known().clone();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let first = turn.checked_rem(nodes.len()).unwrap_or(0);
        nodes.rotate_left(first);
        match first_answer(nodes, |node| self.ask(node)).await {
            Ok(answer) => {
                self.remember(&answer.nodes).await;
                Ok(answer)
            }
            Err(failures) => Err(summary(failures)),
        }
    }

    /// Asks one node for the slots, and in case this user may not: for one of our own keys, which
    /// every node but the owner answers with the owner's address.
    async fn ask(&self, node: Endpoint) -> Result<Answer> {
        let mut probe = cmd("EXISTS");
        probe.arg(&self.config.probe);
        let mut slots = cmd("CLUSTER");
        slots.arg("SLOTS");
        let (mut dialogue, _) = Dialogue::open(&node, &self.access).await?;
        let questions = [probe, slots];
        let replies = tokio::time::timeout(self.config.slots_timeout, dialogue.ask(&questions));
        let replies = replies.await.map_err(|_| {
            let limit = self.config.slots_timeout.as_millis();
            Error::Unavailable { reason: format!("no answer within {limit} ms") }
        })??;
        let mut replies = replies.into_iter();
        let probed = replies.next().unwrap_or(Reply::Other);
        let slots = replies.next().unwrap_or(Reply::Other);
        self.interpret(node, &probed, &slots)
    }

    fn interpret(&self, node: Endpoint, probed: &Reply, slots: &Reply) -> Result<Answer> {
        let words = match probed {
            Reply::Error(words) => words.as_str(),
            _ => "",
        };
        if words.starts_with("CLUSTERDOWN") {
            return Err(Error::Unavailable { reason: words.to_owned() });
        }
        if let Some(SlotMap { owner, nodes }) = read_slots(slots, self.config.slot, &node) {
            return Ok(Answer { node, owner, nodes });
        }
        let refusal = match slots {
            Reply::Error(words) if words.contains("cluster support disabled") => {
                return Err(Error::option(
                    "cluster",
                    format!("names {node}, which is no node of a cluster: {}", alone(&node)),
                ));
            }
            Reply::Error(words) if is_unknown(words) => {
                let problem = format!(
                    "names {node}, which does not know CLUSTER: of a Sentinel, use sentinels and name in its place; of a proxy, {}",
                    alone(&node)
                );
                return Err(Error::option("cluster", problem));
            }
            Reply::Error(words) => classify_text("CLUSTER SLOTS", words).error,
            _ => Error::Unavailable { reason: "it does not know the slots".to_owned() },
        };
        let moved = moved_to(words, self.config.slot);
        let owned = matches!(probed, Reply::Integer(_)) || words.starts_with("ASK ");
        match moved.or_else(|| owned.then(|| node.clone())) {
            Some(owner) => {
                let consequence = "the other nodes of the cluster are not known";
                self.once.warn_missing_right(&refusal, consequence);
                Ok(Answer { node, nodes: vec![owner.clone()], owner: Some(owner) })
            }
            None => Err(refusal),
        }
    }

    async fn remember(&self, announced: &[Endpoint]) {
        let mut known = self.config.nodes.clone();
        for node in announced.iter().take(MOST_LEARNED) {
            let reached = self.nat.locate(node.clone()).await.endpoint;
            if !known.contains(&reached) {
                known.push(reached);
            }
        }
        *self.known() = known;
    }

    fn known(&self) -> MutexGuard<'_, Vec<Endpoint>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hint(&self) -> MutexGuard<'_, Option<Endpoint>> {
        self.hint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a server is named that is one alone.
fn alone(node: &Endpoint) -> String {
    match node {
        Endpoint::Tcp { host, port } => format!("use host: '{host}' and port: {port} in its place"),
        Endpoint::Unix(_) => "use 'path' in its place".to_owned(),
    }
}

/// Why no node could tell: first what a person has to mend.
fn summary(mut failures: Vec<(Endpoint, Error)>) -> Error {
    // Whichever is asked first, the same is said.
    failures.sort_by_key(|(node, _)| node.to_string());
    let serious = failures.iter().find(|(_, error)| !error.is_passing());
    if let Some((_, error)) = serious {
        return error.clone();
    }
    let mut reasons: Vec<String> = failures
        .iter()
        .map(|(node, error)| match reason_of(error) {
            reason if reason.contains(&node.to_string()) => reason,
            reason => format!("{node}: {reason}"),
        })
        .collect();
    reasons.truncate(5);
    Error::Unavailable { reason: format!("no node answers ({})", reasons.join("; ")) }
}
