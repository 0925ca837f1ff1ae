//! Text of a deploy that is shared, and what is made of it once.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::codec;
use crate::content::sha256_hex;

/// The flow array of a deploy, as `JSON.stringify` gave it. Copies share the text, its hash and its stored form.
#[derive(Clone)]
pub struct DeployText(Arc<Held>);

struct Held {
    text: Box<str>,
    digest: OnceLock<String>,
    compressed: OnceLock<Vec<u8>>,
}

impl DeployText {
    /// The SHA-256 of the text, as hex digits.
    pub fn digest(&self) -> &str {
        self.0.digest.get_or_init(|| sha256_hex(&[self.as_bytes()]))
    }

    /// The bytes to store, compressed or not; see [`codec::encode`].
    pub fn stored(&self, compress: bool) -> Cow<'_, [u8]> {
        Cow::Borrowed(match compress {
            true => self.0.compressed.get_or_init(|| codec::encode(self, true)),
            false => self.as_bytes(),
        })
    }
}

impl From<String> for DeployText {
    fn from(text: String) -> Self {
        let text = text.into_boxed_str();
        Self(Arc::new(Held { text, digest: OnceLock::new(), compressed: OnceLock::new() }))
    }
}

impl From<&str> for DeployText {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Deref for DeployText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.text
    }
}

impl PartialEq for DeployText {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl Eq for DeployText {}

impl fmt::Debug for DeployText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_and_stored_form_are_those_of_the_text() {
        for text in ["[]".to_owned(), "[1,".repeat(10_000)] {
            let held = DeployText::from(text.as_str());
            let copy = held.clone();
            assert_eq!(copy.digest(), sha256_hex(&[text.as_bytes()]));
            assert_eq!(&*held.stored(false), text.as_bytes());
            assert_eq!(&*held.stored(true), codec::encode(&text, true));
            assert_eq!(held, DeployText::from(text));
        }
        assert_ne!(DeployText::from("[]"), DeployText::from("[ ]"));
    }
}
