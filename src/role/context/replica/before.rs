//! What the server had before a value of our own that is new: a server that has lost its last moments may have it again.

use crate::store::context::Digest;

/// Digests of the time before, the latest last. They grow old in two steps.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// The beginning of each: among those of one key, that is enough.
    recent: Vec<u64>,
    older: Vec<u64>,
    /// Not all of them are known: for so many steps yet.
    gap: u8,
    /// The pipeline that has brought our value.
    mark: u64,
}

impl Before {
    pub(super) fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.older.is_empty()
    }

    /// The server has a value of ours since the pipeline `mark`, in place of one with this digest.
    pub(super) fn note(&mut self, digest: &Digest, mark: u64) {
        self.recent.push(short(digest));
        self.mark = mark;
    }

    /// The same, and nobody can tell what it had before.
    pub(super) fn note_gap(&mut self) {
        *self = Self { gap: 2, ..Self::default() };
    }

    /// Time has passed.
    pub(super) fn age(&mut self) {
        self.older = std::mem::take(&mut self.recent);
        self.gap = self.gap.saturating_sub(1);
    }

    pub(super) fn has_gap(&self) -> bool {
        self.gap > 0
    }

    /// Whether our value came after that pipeline.
    pub(super) fn is_after(&self, mark: u64) -> bool {
        self.mark > mark
    }

    pub(super) fn contains(&self, digest: &Digest) -> bool {
        let digest = short(digest);
        self.recent.contains(&digest) || self.older.contains(&digest)
    }
}

/// Of no key: 0.
fn short(digest: &Digest) -> u64 {
    let first = digest.iter().flatten().take(8);
    first.fold(0, |all, byte| (all << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_known_for_two_steps() {
        let mut before = Before::default();
        for byte in 0..200 {
            before.note(&Some([byte; 20]), u64::from(byte));
        }
        before.note(&None, 200);
        assert!(before.is_after(199) && !before.is_after(200));
        before.age();
        assert!(before.contains(&None) && before.contains(&Some([7; 20])));
        assert!(!before.contains(&Some([201; 20])));
        before.note_gap();
        assert!(before.is_empty() && before.has_gap());
        before.note(&Some([1; 20]), 201);
        before.age();
        assert!(before.has_gap());
        before.age();
        assert!(before.is_empty() && !before.has_gap());
    }
}
