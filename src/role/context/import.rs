//! What other context stores have left on the server, taken over once.

use std::collections::BTreeMap;

use super::Inner;
use super::replica::Name;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::store::context::{Answer, Foreign, Request, Stored};

/// Keys that are read and written at once.
const KEYS_AT_ONCE: usize = 500;

/// What came of one store's keys.
#[derive(Debug, Default)]
struct Imported {
    taken: usize,
    /// There was one of that name.
    there: usize,
    /// Not readable, or too long.
    left: usize,
}

impl Inner {
    /// Copies the keys of the stores that `context.importFrom` names, unless that was done before. What is there
    /// stays, and so do theirs. Fails as long as they can't be read: flows must not begin without.
    pub(super) async fn import(&self, session: u64) -> Result<()> {
        if self.import_from.is_empty() || self.standing().imported {
            return Ok(());
        }
        let key = self.store.keys().context_imported();
        let note = self.store.read_note(session, &key).await?;
        let mut done: BTreeMap<String, u64> =
            note.as_deref().and_then(|note| serde_json::from_str(note).ok()).unwrap_or_default();
        for head in &self.import_from {
            if done.contains_key(head) {
                continue;
            }
            let imported = self.import_head(session, head).await.inspect_err(|error| {
                self.store.connection().warn_once(
                    "context import",
                    format_args!("shared context: 'context.importFrom': '{head}' can't be read, and flows wait for it: {error}"),
                );
            })?;
            let Some(Imported { taken, there, left }) = imported else {
                tracing::warn!(
                    "shared context: there are no keys that begin with '{head}' to be imported"
                );
                continue;
            };
            tracing::info!(
                "shared context: {taken} keys were imported from '{head}', {there} were there already, and {left} can't be read"
            );
            done.insert(head.clone(), now());
            let text = serde_json::to_string(&done).unwrap_or_default();
            self.store.write_note(session, &key, &text).await?;
        }
        self.standing().imported = true;
        Ok(())
    }

    /// `None`: there is none.
    async fn import_head(&self, session: u64, head: &str) -> Result<Option<Imported>> {
        let mut waiting = self.store.foreign(session, head, self.most_keys).await?;
        if waiting.is_empty() {
            return Ok(None);
        }
        let mut imported = Imported::default();
        while !waiting.is_empty() {
            let asked: Vec<String> =
                waiting.iter().take(KEYS_AT_ONCE).map(|it| it.key.clone()).collect();
            let found = match self
                .ask(session, vec![Request::Fetch { keys: asked, epoch: None }])
                .await?
                .pop()
            {
                Some(Answer::Fetched(found)) if !found.is_empty() => found,
                _ => return Err(unexpected()),
            };
            let read = waiting.drain(..found.len().min(waiting.len())).zip(found);
            let mut requests = Vec::new();
            for (foreign, (found, ms)) in read {
                match self.refill_of(&foreign, found, ms) {
                    Some(request) => requests.push(request),
                    None => imported.left += 1,
                }
            }
            for answer in self.ask(session, requests).await? {
                match answer {
                    Answer::Done(true) => imported.taken += 1,
                    _ => imported.there += 1,
                }
            }
        }
        Ok(Some(imported))
    }

    fn refill_of(
        &self,
        foreign: &Foreign,
        found: Option<Stored>,
        ms: Option<u64>,
    ) -> Option<Request> {
        let text = found?.text()?;
        let Name { scope, key } = Name::checked(&foreign.scope, &foreign.name)?;
        let (_, value) = Stored::encode(&text, self.replica().compresses());
        Some(Request::Refill { key: self.store.keys().context(&scope, &key), value, ms })
    }

    async fn ask(&self, session: u64, requests: Vec<Request>) -> Result<Vec<Answer>> {
        let (_, answers) = self.store.exchange(session, (&[], &None), &requests).await?;
        answers.into_iter().collect()
    }
}

fn unexpected() -> Error {
    Error::Internal("an answer to something else".to_owned())
}
