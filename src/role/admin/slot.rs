//! A value that the admin mirrors beside deploys, and how far Valkey has come with it.
//!
//! Deploys keep marks of their own (`progress.rs`): one that was refused waits although it is the
//! newest, it is put together from flows and settings that arrive apart, and probes are told whether
//! it was compared, under which sequence it is stored, and which replicas lack it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Inner, Mirrored};
use crate::error::Result;
use crate::store::look::Found;

/// A kind of value that is mirrored beside deploys.
pub(super) trait Kind {
    /// What is mirrored.
    type Value: Clone + PartialEq + Send;

    /// Where it is held.
    fn slot(inner: &Inner) -> &Slot<Self::Value>;

    /// Makes what Valkey holds `value`; `is_behind`: it has not been given this one yet; `found`: what
    /// the last look has found. Returns the other admin that is in the way.
    fn converge(
        inner: &Inner,
        value: Self::Value,
        is_behind: bool,
        found: &Found,
    ) -> impl Future<Output = Result<Option<String>>> + Send;
}

/// The newest value of one kind. Generations count its values, from 1.
pub(super) struct Slot<T>(Mutex<Contents<T>>);

struct Contents<T> {
    value: Option<T>,
    /// Of `value`.
    generation: u64,
    /// Of the newest value when the attempt began that goes on.
    trying: u64,
    /// Of the newest value that an attempt has ended for, whatever came of it.
    tried: u64,
    /// Of the value that Valkey has.
    mirrored: u64,
}

impl<T> Contents<T> {
    fn put(&mut self, value: T) -> u64 {
        self.value = Some(value);
        self.generation += 1;
        self.generation
    }
}

/// The attempts to mirror what a slot holds.
pub(super) trait Attempts {
    /// One begins.
    fn begin(&self);
    /// It has ended.
    fn end(&self);
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        let contents = Contents { value: None, generation: 0, trying: 0, tried: 0, mirrored: 0 };
        Self(Mutex::new(contents))
    }
}

impl<T: Clone + PartialEq> Slot<T> {
    /// Takes a value that is to be mirrored; returns its generation.
    pub(super) fn put(&self, value: T) -> u64 {
        self.contents().put(value)
    }

    /// Takes a value unless it is the one that is held; returns whether it was another.
    pub(super) fn put_if_other(&self, value: T) -> bool {
        let mut contents = self.contents();
        if contents.value.as_ref() == Some(&value) {
            return false;
        }
        contents.put(value);
        true
    }

    /// The newest value.
    pub(super) fn value(&self) -> Option<T> {
        self.contents().value.clone()
    }

    /// Whether Valkey has not been given the newest value.
    pub(super) fn is_behind(&self) -> bool {
        let contents = self.contents();
        contents.mirrored < contents.generation
    }

    /// The generations of what was tried last and of what Valkey has.
    pub(super) fn tried_and_mirrored(&self) -> (u64, u64) {
        let contents = self.contents();
        (contents.tried, contents.mirrored)
    }
}

impl<T> Slot<T> {
    fn contents(&self) -> MutexGuard<'_, Contents<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Attempts for Slot<T> {
    fn begin(&self) {
        let mut contents = self.contents();
        contents.trying = contents.generation;
    }

    fn end(&self) {
        let mut contents = self.contents();
        contents.tried = contents.trying;
    }
}

impl Inner {
    /// Makes Valkey hold the newest value of a kind, when it is behind, or when it is to be asked
    /// (`check`) whether it still does. Returns the other admin that is in the way.
    pub(super) async fn converge_slot<K: Kind>(
        &self,
        check: bool,
        found: &Found,
    ) -> Result<Option<String>> {
        let slot = K::slot(self);
        let (value, generation, is_behind) = {
            let contents = slot.contents();
            let is_behind = contents.mirrored < contents.generation;
            (contents.value.clone(), contents.generation, is_behind)
        };
        let Some(value) = value.filter(|_| is_behind || check) else { return Ok(None) };
        if let Some(owner) = K::converge(self, value, is_behind, found).await? {
            return Ok(Some(owner));
        }
        slot.contents().mirrored = generation;
        // Whoever waits for it looks again.
        self.progress.send_modify(|_| {});
        Ok(None)
    }

    /// Waits until Valkey has a value of this generation; see [`Mirrored`].
    pub(super) async fn slot_mirrored<K: Kind>(&self, generation: u64) -> Result<Mirrored> {
        self.reached(generation, |_| K::slot(self).tried_and_mirrored()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_counts_for_what_was_there_when_it_began() {
        let slot = Slot::default();
        assert_eq!(slot.put("a"), 1);
        slot.begin();
        assert_eq!(slot.put("b"), 2);
        slot.end();
        assert_eq!(slot.tried_and_mirrored(), (1, 0));
        assert_eq!(slot.value(), Some("b"));
    }

    #[test]
    fn the_same_value_is_no_new_one() {
        let slot = Slot::default();
        assert!(slot.put_if_other("a") && !slot.put_if_other("a") && slot.put_if_other("b"));
        assert_eq!(slot.put("b"), 3);
    }
}
