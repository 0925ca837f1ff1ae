//! The hash slots of a cluster.

/// Number of slots of every cluster.
const SLOTS: u16 = 16_384;

/// The slot of a key: CRC16 of its hash tag, or of the whole key when it has none.
pub fn slot_of(key: &str) -> u16 {
    crc16(hash_tag(key).unwrap_or(key).as_bytes()) % SLOTS
}

/// What stands between the first `{` and the first `}` behind it, unless that is nothing.
pub fn hash_tag(key: &str) -> Option<&str> {
    let (_, rest) = key.split_once('{')?;
    let (tag, _) = rest.split_once('}')?;
    (!tag.is_empty()).then_some(tag)
}

/// CRC-16/XMODEM, as the cluster specification has it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(crc16(b""), 0);
    }

    /// As `CLUSTER KEYSLOT` answers.
    #[test]
    fn slots_are_those_of_the_server() {
        for (key, slot) in
            [("", 0), ("foo", 12_182), ("bar", 5061), ("hello", 866), ("123456789", 12_739)]
        {
            assert_eq!(slot_of(key), slot, "{key}");
        }
    }

    #[test]
    fn the_hash_tag_decides_when_there_is_one() {
        assert_eq!(slot_of("{foo}:flows"), slot_of("foo"));
        assert_eq!(slot_of("a{foo}{bar}"), slot_of("foo"));
        assert_eq!(slot_of("{{foo}}"), slot_of("{foo"));
        for (key, tag) in [
            ("{a}b", Some("a")),
            ("x{a}b}", Some("a")),
            ("}{a}", Some("a")),
            ("{}{a}", None),
            ("{a", None),
            ("a}", None),
            ("", None),
        ] {
            assert_eq!(hash_tag(key), tag, "{key}");
        }
    }
}
