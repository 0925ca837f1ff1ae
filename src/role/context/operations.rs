//! What is done in one step on the server, whoever else does something to the key.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::sync::oneshot;

use super::Inner;
use super::replica::{Name, Replica, Text};
use crate::error::{Error, Result};
use crate::store::context::{
    Answer, Counted, Epoch, Request, Stored, Write, Written, has_lost_data, is_unknown_script,
};

/// This many wait at most.
const QUEUE_LENGTH: usize = 20_000;
/// The largest whole number that JavaScript tells from its neighbours.
const MOST_SAFE: f64 = 9_007_199_254_740_991.0;

/// An operation on one key.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Adds to a number; what is not there is 0.
    Increment(f64),
    /// Sets it to `text`, if it is `base` (JSON text; `None`: not there).
    CompareAndSet {
        /// What it must be.
        base: Option<String>,
        /// What it becomes.
        text: Option<String>,
    },
    /// Sets it, if it is not there.
    SetIfAbsent(String),
    /// Adds an element to an array; what is not there is an empty one.
    Push(String),
    /// Has it expire after so many ms.
    Expire(u64),
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// JSON text of what it is now.
    Text(String),
    /// Whether it was done.
    Done(bool),
}

/// An operation that waits for its turn.
#[derive(Debug)]
pub(super) struct Queued {
    name: Name,
    operation: Operation,
    answer: oneshot::Sender<Result<Outcome>>,
    /// What the server has answered the last time.
    found: Option<Option<Stored>>,
    /// What is on its way.
    sent: Option<Stored>,
}

impl Queued {
    /// It was not done, or nobody knows.
    pub(super) fn fail(self, error: &Error) {
        let _ = self.answer.send(Err(error.clone()));
    }

    fn end(self, outcome: Result<Outcome>) {
        // Nobody may wait for it any more.
        let _ = self.answer.send(outcome);
    }

    fn value_error(&self, problem: &str) -> Error {
        Error::ContextValue { key: self.name.key.to_string(), problem: problem.to_owned() }
    }

    /// What the key becomes if it is `now`.
    fn after(&self, now: &Text) -> Result<Text> {
        Ok(match &self.operation {
            Operation::Increment(by) => Some(self.sum(now, *by)?.into()),
            Operation::CompareAndSet { text, .. } => text.as_deref().map(Into::into),
            Operation::SetIfAbsent(text) => Some(text.as_str().into()),
            Operation::Push(text) => Some(self.pushed(now, text)?.into()),
            Operation::Expire(_) => now.clone(),
        })
    }

    fn sum(&self, now: &Text, by: f64) -> Result<String> {
        let now = match now {
            None => 0.0,
            Some(text) => match serde_json::from_str(text) {
                Ok(Value::Number(number)) => number.as_f64().unwrap_or(f64::NAN),
                _ => return Err(self.value_error("is not a number")),
            },
        };
        let sum = now + by;
        if !sum.is_finite() {
            return Err(self.value_error("would be no finite number"));
        }
        // As JavaScript writes it: a whole number without a fraction.
        if sum.fract() == 0.0 && sum.abs() <= MOST_SAFE {
            return Ok(format!("{sum:.0}"));
        }
        Ok(Value::from(sum).to_string())
    }

    fn pushed(&self, now: &Text, element: &str) -> Result<String> {
        let Some(text) = now else { return Ok(format!("[{element}]")) };
        let text = text.trim();
        let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        match inner {
            Some(inner) if inner.trim().is_empty() => Ok(format!("[{element}]")),
            Some(inner) => Ok(format!("[{inner},{element}]")),
            None => Err(self.value_error("is not an array")),
        }
    }
}

impl Inner {
    pub(super) async fn operate(
        &self,
        scope: &str,
        key: &str,
        operation: Operation,
    ) -> Result<Outcome> {
        self.check_open()?;
        let texts = match &operation {
            Operation::CompareAndSet { text, .. } => text.as_deref(),
            Operation::SetIfAbsent(text) | Operation::Push(text) => Some(text.as_str()),
            _ => None,
        };
        if texts.is_some_and(|text| serde_json::from_str::<IgnoredAny>(text).is_err()) {
            return Err(Error::Internal("an operation with what is no JSON".to_owned()));
        }
        if !self.store.connection().is_ready() {
            let reason = self.store.connection().state().borrow().reason();
            let reason = reason.unwrap_or_else(|| "connection lost".to_owned());
            return Err(Error::Unavailable { reason });
        }
        let (answer, answered) = oneshot::channel();
        let name = Name::new(scope, key);
        {
            let mut operations = self.operations();
            if operations.len() >= QUEUE_LENGTH {
                let reason = format!("{QUEUE_LENGTH} operations wait for the server already");
                return Err(Error::Unavailable { reason });
            }
            operations.push_back(Queued { name, operation, answer, found: None, sent: None });
        }
        self.work.notify_one();
        answered.await.unwrap_or(Err(Error::Closed))
    }

    fn operations(&self) -> std::sync::MutexGuard<'_, std::collections::VecDeque<Queued>> {
        self.operations.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn take_operations(&self, most: usize) -> Vec<Queued> {
        let mut operations = self.operations();
        let count = operations.len().min(most);
        operations.drain(..count).collect()
    }

    /// They are tried again before all others.
    pub(super) fn requeue(&self, again: Vec<Queued>) {
        let mut operations = self.operations();
        for queued in again.into_iter().rev() {
            operations.push_front(queued);
        }
    }

    /// Fails all that wait.
    pub(super) fn fail_operations(&self, error: &Error) {
        let waiting = std::mem::take(&mut *self.operations());
        let reason = match error {
            Error::Unavailable { .. } | Error::Timeout { .. } | Error::Closed => error.clone(),
            error => Error::Unavailable { reason: error.to_string() },
        };
        for queued in waiting {
            queued.fail(&reason);
        }
    }

    /// The requests for these operations; what needs no request is answered here, and what must wait
    /// for a change of our own waits.
    pub(super) fn prepare(
        &self,
        taken: Vec<Queued>,
        may_write: bool,
    ) -> (Vec<Queued>, Vec<Request>) {
        let epoch = self.standing().server_epoch.clone();
        let replica = self.replica();
        let (mut operations, mut requests, mut later) = (Vec::new(), Vec::new(), Vec::new());
        let mut busy = std::collections::HashSet::new();
        for mut queued in taken {
            // What comes of it may have to be set again first.
            if replica.is_unread(&queued.name) {
                later.push(queued);
                continue;
            }
            if replica.is_pending(&queued.name) {
                match may_write {
                    true => later.push(queued),
                    false => {
                        let reason = "the server refuses what is set; see the log".to_owned();
                        queued.fail(&Error::Unavailable { reason });
                    }
                }
                continue;
            }
            // What is compared with the same value would fail the second time.
            let counts =
                matches!(queued.operation, Operation::Increment(_)) && queued.found.is_none();
            let expires = matches!(queued.operation, Operation::Expire(_));
            if !counts && !expires && !busy.insert(queued.name.clone()) {
                later.push(queued);
                continue;
            }
            match self.request(&replica, &epoch, &mut queued) {
                Ok(Some(request)) => {
                    operations.push(queued);
                    requests.push(request);
                }
                Ok(None) => queued.end(Ok(Outcome::Done(false))),
                Err(error) => queued.end(Err(error)),
            }
        }
        drop(replica);
        self.requeue(later);
        (operations, requests)
    }

    fn request(
        &self,
        replica: &Replica,
        epoch: &Epoch,
        queued: &mut Queued,
    ) -> Result<Option<Request>> {
        let epoch = epoch.clone();
        let key = self.store.keys().context(&queued.name.scope, &queued.name.key);
        if let (Operation::Increment(by), None) = (&queued.operation, &queued.found)
            && by.fract() == 0.0
            && by.abs() <= MOST_SAFE
        {
            replica.check(&queued.name, &Some("0".into()))?;
            #[allow(clippy::cast_possible_truncation, reason = "checked to be a safe whole number")]
            let by = *by as i64;
            return Ok(Some(Request::Count { key, by, epoch }));
        }
        if let Operation::Expire(ms) = queued.operation {
            return Ok(Some(Request::Expire { key, ms }));
        }
        let now = queued.found.clone().unwrap_or_else(|| replica.latest(&queued.name));
        let text = now.as_ref().and_then(Stored::text);
        if now.is_some() && text.is_none() {
            return Err(queued.value_error("can't be read"));
        }
        match &queued.operation {
            Operation::CompareAndSet { base, .. } if base.as_deref() != text.as_deref() => {
                return Ok(None);
            }
            Operation::SetIfAbsent(_) if text.is_some() => return Ok(None),
            _ => (),
        }
        let after = queued.after(&text)?;
        replica.check(&queued.name, &after)?;
        let (stored, value) = match &after {
            Some(text) => {
                let (stored, bytes) = Stored::encode(text, replica.compresses());
                (Some(stored), Some(bytes))
            }
            None => (None, None),
        };
        let bases = Some(vec![now.as_ref().map(Stored::digest).unwrap_or_default()]);
        queued.sent = stored;
        let write = Write { value, bases, keep_expiry: true };
        Ok(Some(Request::Write { key, write, epoch }))
    }

    /// Takes in what was answered; gives what is to be tried again.
    pub(super) fn answer_operations(
        &self,
        replica: &mut Replica,
        operations: Vec<Queued>,
        answers: Vec<Result<Answer>>,
    ) -> Vec<Queued> {
        let mut again = Vec::new();
        for (mut queued, answer) in operations.into_iter().zip(answers) {
            match answer {
                Ok(Answer::Counted(Counted::Sum(sum))) => {
                    let text: Arc<str> = sum.to_string().into();
                    let (stored, _) = Stored::encode(&text, false);
                    replica.operated(&queued.name, Some(stored));
                    queued.end(Ok(Outcome::Text(sum.to_string())));
                }
                Ok(Answer::Counted(Counted::Other(found))) => {
                    replica.read(&queued.name, found.clone());
                    queued.found = Some(found);
                    again.push(queued);
                }
                Ok(Answer::Written(Written::Done)) => {
                    let stored = queued.sent.take();
                    let text = stored.as_ref().and_then(Stored::text);
                    replica.operated(&queued.name, stored);
                    let outcome = match (&queued.operation, text) {
                        (Operation::Increment(_) | Operation::Push(_), Some(text)) => {
                            Outcome::Text(text.to_string())
                        }
                        _ => Outcome::Done(true),
                    };
                    queued.end(Ok(outcome));
                }
                Ok(Answer::Written(Written::WasFirst(found))) => {
                    replica.read(&queued.name, found.clone());
                    match queued.operation {
                        Operation::CompareAndSet { .. } | Operation::SetIfAbsent(_) => {
                            queued.end(Ok(Outcome::Done(false)));
                        }
                        _ => {
                            queued.found = Some(found);
                            again.push(queued);
                        }
                    }
                }
                Ok(Answer::Done(done)) => {
                    if let (true, Operation::Expire(ms)) = (done, &queued.operation)
                        && let Some(at) = Instant::now().checked_add(Duration::from_millis(*ms))
                    {
                        replica.expires(&queued.name, at);
                    }
                    queued.end(Ok(Outcome::Done(done)));
                }
                Ok(Answer::Fetched(_)) => {
                    queued.fail(&Error::Internal("an answer to something else".to_owned()));
                }
                Err(error) if is_unknown_script(&error) => again.push(queued),
                Err(error) if has_lost_data(&error) => {
                    self.standing().lost_data = true;
                    again.push(queued);
                }
                Err(error) => queued.fail(&error),
            }
        }
        again
    }
}
