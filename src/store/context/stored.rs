//! A value of the shared context as it stands on the server.

use std::sync::Arc;

use serde::de::IgnoredAny;

use crate::codec;
use crate::error::Result;

/// Values up to this length are never compressed.
const COMPRESS_ABOVE: usize = 4096;

/// SHA-1 of the bytes on the server, as its scripts can compute it; `None`: there is no such key.
/// It tells one value from the next, and keeps nobody out.
pub(crate) type Digest = Option<[u8; 20]>;

/// A value on the server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    /// `None`: there is something that nobody can read.
    text: Option<Arc<str>>,
    /// `None`: that of the text.
    digest: Digest,
}

impl Stored {
    /// Checks the bytes under `key`: of no more than `ceiling` bytes of JSON text.
    pub(crate) fn decode(key: &str, bytes: &[u8], ceiling: usize) -> Result<Self> {
        let text = codec::decode(key, bytes, ceiling)?;
        if let Err(error) = serde_json::from_str::<IgnoredAny>(&text) {
            return Err(crate::error::Error::value(key, format!("it is no JSON: {error}")));
        }
        let digest = (text.as_bytes() != bytes).then(|| digest_of(bytes));
        Ok(Self { text: Some(text.into()), digest })
    }

    /// What can't be read.
    pub(crate) fn unreadable(bytes: Option<&[u8]>) -> Self {
        Self { text: None, digest: bytes.map(digest_of).or(Some([0; 20])) }
    }

    /// The text as we write it, and the bytes for that.
    pub(crate) fn encode(text: &Arc<str>, compress: bool) -> (Self, Vec<u8>) {
        let bytes = codec::encode(text, compress && text.len() > COMPRESS_ABOVE);
        let digest = (text.as_bytes() != bytes).then(|| digest_of(&bytes));
        (Self { text: Some(Arc::clone(text)), digest }, bytes)
    }

    /// JSON text; `None` when it can't be read.
    pub(crate) fn text(&self) -> Option<Arc<str>> {
        self.text.clone()
    }

    /// Of the bytes.
    pub(crate) fn digest(&self) -> Digest {
        self.digest.or_else(|| self.text.as_ref().map(|text| digest_of(text.as_bytes())))
    }
}

fn digest_of(bytes: &[u8]) -> [u8; 20] {
    sha1_smol::Sha1::from(bytes).digest().bytes()
}

/// As scripts spell it; empty for no such key.
pub(super) fn hex(digest: &Digest) -> String {
    use std::fmt::Write;
    digest.iter().flatten().fold(String::new(), |mut text, byte| {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_bytes() {
        let plain = Stored::decode("k", b"5", 10).unwrap();
        assert_eq!(hex(&plain.digest()), "ac3478d69a3c81fa62e60f5c3696165a4e5e6ac4");
        assert_eq!(hex(&None), "");
        let text: Arc<str> = format!("[{}1]", "1,".repeat(5000)).into();
        let (stored, bytes) = Stored::encode(&text, true);
        assert!(bytes.len() < 1000);
        let read = Stored::decode("k", &bytes, 100_000).unwrap();
        assert_eq!((read.digest(), read.text()), (stored.digest(), Some(text.clone())));
        assert_ne!(Stored::encode(&text, false).0.digest(), stored.digest());
    }

    #[test]
    fn what_is_no_json_or_too_large_is_refused() {
        for bytes in [&b"{"[..], b"", b"\xff", b"gzip:x", b"[1,2,3,4,5,6]"] {
            Stored::decode("k", bytes, 10).unwrap_err();
        }
        assert_eq!(Stored::decode("k", b"\xef\xbb\xbf5", 10).unwrap().text().as_deref(), Some("5"));
    }
}
