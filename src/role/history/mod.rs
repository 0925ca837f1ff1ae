//! The history of an admin's deploys: on its disk first, then in Valkey. A deploy never waits for it.

mod backups;
mod book;
mod dir;
mod listing;
mod mend;
mod mirror;
mod reader;
mod taken;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OnceCell};
use tokio::task::JoinHandle;
use tracing::instrument::WithSubscriber;

use self::book::Book;
use self::dir::Dir;
use self::listing::{before, listing, told};
use self::mirror::Mirror;
pub use self::reader::HistoryReader;
pub use self::taken::Taken;
use crate::clock::now;
use crate::config::HistoryConfig;
use crate::content::history::{Bounds, Note, Origin, State};
use crate::error::{Error, Result};
use crate::memory::give_back_after;
use crate::state_dir::StateDir;
use crate::store::Store;
use crate::store::deploy_text::DeployText;
use crate::store::lease::Holder;

/// Name of the folder in the state directory.
const FOLDER: &str = "history";
/// How long an admin with nothing on its disk waits for Valkey, which may have it.
const FIRST_LOOK: Duration = Duration::from_secs(3);
/// How long a deploy is left alone, at most, before it is recorded.
const DEPLOY_FIRST: Duration = Duration::from_secs(5);
/// How long Node-RED has the processors for what comes of a deploy, before it is recorded.
const REST: Duration = Duration::from_secs(1);
/// How long an end waits for what is not recorded yet.
const LAST_RECORDS: Duration = Duration::from_secs(1);
/// Bytes of deploys that wait to be recorded; one waits whatever its size.
const MOST_WAITING: usize = 64 * 1024 * 1024;

/// The history of one admin. Dropping it, or [`History::close`], ends its task.
pub struct History {
    inner: Arc<Inner>,
    task: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    store: Store,
    holder: Holder,
    shares_secret: bool,
    book: Arc<tokio::sync::Mutex<Book>>,
    opened: OnceCell<()>,
    /// What is known of the deploy that comes next.
    note: Mutex<Option<Note>>,
    waiting: Mutex<VecDeque<Taken>>,
    /// Something waits.
    taken: Notify,
    /// The deploy is through.
    through: Notify,
    /// Something was changed that is to be mirrored.
    changed: Notify,
    mirror: tokio::sync::Mutex<Mirror>,
    /// The last failure that was told.
    told: Mutex<Option<String>>,
}

impl History {
    /// Opens the history in the state directory. Must be called inside a tokio runtime.
    pub(crate) fn open(
        config: HistoryConfig,
        state_dir: &StateDir,
        store: Store,
        holder: Holder,
        shares_secret: bool,
    ) -> Self {
        let bounds = Bounds {
            entries: usize::try_from(config.entries).unwrap_or(usize::MAX),
            bytes: config.bytes,
        };
        let book = Book::new(Dir::new(state_dir.folder(FOLDER)), bounds);
        let inner = Arc::new(Inner {
            store,
            holder,
            shares_secret,
            book: Arc::new(tokio::sync::Mutex::new(book)),
            opened: OnceCell::new(),
            note: Mutex::default(),
            waiting: Mutex::default(),
            taken: Notify::new(),
            through: Notify::new(),
            changed: Notify::new(),
            mirror: tokio::sync::Mutex::default(),
            told: Mutex::default(),
        });
        let working = inner.clone();
        let work = async move { working.work().await };
        let task = tokio::spawn(work.with_current_subscriber());
        Self { inner, task: Mutex::new(Some(task)) }
    }

    /// What is known of the deploy that is taken next.
    pub fn note(&self, note: Note) {
        *lock(&self.inner.note) = Some(note);
    }

    /// Takes a deploy that is on the disk, with what [`History::note`] has said of it.
    pub(crate) fn take(
        &self,
        flows: &DeployText,
        credentials: &Arc<str>,
        project: Option<String>,
        is_restored: bool,
    ) {
        let mut note = lock(&self.inner.note).take().unwrap_or_default();
        if is_restored && note.origin == Origin::Load {
            note.origin = Origin::Restore;
        }
        let (flows, credentials) = (flows.clone(), credentials.clone());
        self.push(Taken { flows, credentials, secret: None, project, time: now(), note });
    }

    /// Takes something else that is to be kept.
    pub(crate) fn push(&self, taken: Taken) {
        {
            let mut waiting = lock(&self.inner.waiting);
            let bytes: usize = waiting.iter().map(|taken| taken.flows.len()).sum();
            if bytes > MOST_WAITING {
                tracing::warn!(
                    "deploys follow each other faster than the disk takes them: one of them is not in the history"
                );
                waiting.pop_back();
            }
            waiting.push_back(taken);
        }
        self.inner.taken.notify_one();
    }

    /// The deploy that was taken last needs nothing more: it can be recorded.
    pub(crate) fn deploy_is_through(&self) {
        self.inner.through.notify_one();
    }

    /// All entries, the newest first, as JSON text (docs/history.md).
    pub async fn entries(&self) -> Result<String> {
        self.inner.record_now().await;
        listing(&self.inner.book.lock().await.index)
    }

    /// What differs between two deploys, as JSON text; with one alone, what it has changed.
    pub async fn difference(&self, from: Option<u64>, to: u64) -> Result<String> {
        let newer = self.state(to).await?;
        let earlier = match from {
            Some(from) => Some(from),
            None => before(&self.inner.book.lock().await.index, to),
        };
        let Some(from) = earlier else { return told(None, (to, &newer)) };
        let older = self.state(from).await?;
        told(Some((from, &older)), (to, &newer))
    }

    /// The deploy of an entry. Where a file of this disk is damaged, it is taken from Valkey, and written
    /// again.
    pub async fn state(&self, sequence: u64) -> Result<State> {
        self.inner.record_now().await;
        self.inner.state(sequence).await
    }

    /// Notes what somebody has to say of an entry; `false`: there is none.
    pub async fn annotate(&self, sequence: u64, message: String) -> Result<bool> {
        self.inner.record_now().await;
        let done = self.inner.on_disk(move |book| book.annotate(sequence, &message)).await?;
        self.inner.changed.notify_one();
        Ok(done)
    }

    /// Records what waits, for at most a moment, and ends the task; idempotent.
    pub async fn close(&self) {
        let task = lock(&self.task).take();
        if let Some(task) = task {
            let _ = tokio::time::timeout(LAST_RECORDS, self.inner.record()).await;
            task.abort();
        }
    }
}

impl Drop for History {
    fn drop(&mut self) {
        if let Some(task) = lock(&self.task).take() {
            task.abort();
        }
    }
}

impl Inner {
    async fn work(&self) {
        let mut connection = self.store.connection().state();
        loop {
            self.record().await;
            let pause = self.mirror().await;
            tokio::select! {
                () = self.taken.notified() => self.leave_alone().await,
                () = self.changed.notified() => {}
                changed = connection.changed() => {
                    if changed.is_err() { return }
                    self.mirror.lock().await.forget();
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Nothing is to take time from the deploy that was taken: from its way to Valkey, from starting its nodes and
    /// from the answer to the editor. Ends early when somebody asks for the history.
    async fn leave_alone(&self) {
        let through = async {
            let _ = tokio::time::timeout(DEPLOY_FIRST, self.through.notified()).await;
            tokio::time::sleep(REST).await;
        };
        tokio::select! {
            () = through => {}
            () = self.changed.notified() => {}
        }
    }

    /// Records what waits, for somebody who asks: mirrored as soon.
    async fn record_now(&self) {
        let is_new = !lock(&self.waiting).is_empty();
        self.record().await;
        if is_new {
            self.changed.notify_one();
        }
    }

    /// Records all that waits, in its order.
    async fn record(&self) {
        self.opened.get_or_init(|| self.begin()).await;
        loop {
            // Held from here on: of two that record at a time, the one does not overtake the other.
            let mut book = self.book.clone().lock_owned().await;
            let Some(taken) = lock(&self.waiting).pop_front() else { return };
            let bytes = taken.flows.len();
            let recording = tokio::task::spawn_blocking(move || book.record(&taken));
            let recorded = recording.await;
            give_back_after(bytes);
            let problem = match recorded {
                Ok(Ok(_)) => {
                    lock(&self.told).take();
                    continue;
                }
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            let mut told = lock(&self.told);
            if told.as_ref() != Some(&problem) {
                tracing::warn!("deployed, but not kept in the history: {problem}");
                *told = Some(problem);
            }
        }
    }

    /// Reads what the disk has; of an empty one, what Valkey has.
    async fn begin(&self) {
        let loaded = self.on_disk(|book| {
            book.load();
            Ok(book.index.entries.is_empty())
        });
        let is_empty = loaded.await.unwrap_or_default();
        let connection = self.store.connection();
        if is_empty && connection.wait_ready(FIRST_LOOK).await.is_ok() {
            let mut mirror = self.mirror.lock().await;
            // The next round says what is wrong.
            if let Err(error) = self.compare(&mut mirror).await {
                tracing::debug!("{error}");
                mirror.forget();
            }
        }
    }

    /// Does something with the disk, beside the threads of the runtime.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Book) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut book = self.book.clone().lock_owned().await;
        let log = tracing::dispatcher::get_default(Clone::clone);
        let work = move || tracing::dispatcher::with_default(&log, || work(&mut book));
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(error) => Err(Error::Internal(error.to_string())),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
