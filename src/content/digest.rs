//! The hash of a content, the same on every instance whatever its Node-RED version.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// SHA-256 as lower-case hex digits. One part gives its plain SHA-256; of several, each is
/// preceded by its length, so that a byte moved from one to the next makes another hash.
pub fn sha256_hex(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        if parts.len() > 1 {
            hash.update((part.len() as u64).to_le_bytes());
        }
        hash.update(part);
    }
    let mut hex = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing into a String does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_gives_the_plain_hash() {
        assert_eq!(
            sha256_hex(&[b"abc"]),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256_hex(&[]), empty);
        assert_eq!(sha256_hex(&[b""]), empty);
    }

    #[test]
    fn the_borders_of_parts_count() {
        let hashes = [
            sha256_hex(&[b"ab", b"c"]),
            sha256_hex(&[b"a", b"bc"]),
            sha256_hex(&[b"abc", b""]),
            sha256_hex(&[b"", b"abc"]),
            sha256_hex(&[b"abc"]),
        ];
        let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len());
    }
}
