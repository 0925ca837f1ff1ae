use super::*;
use proptest::prelude::*;

const KEY: &str = "nodered:flows";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    deflate(bytes).unwrap()
}

fn base64_form(stream: &[u8]) -> Vec<u8> {
    let mut value = BASE64_MARK.to_vec();
    value.extend(BASE64.encode(stream).into_bytes());
    value
}

fn problem(bytes: &[u8], ceiling: usize) -> String {
    match decode(KEY, bytes, ceiling) {
        Err(Error::Value { key, problem }) => {
            assert_eq!(key, KEY);
            problem
        }
        other => panic!("expected a value error, got {other:?}"),
    }
}

#[test]
fn writes_plain_text_unless_compression_pays() {
    let short = "x".repeat(1024);
    let long = "x".repeat(1025);
    assert_eq!(encode(&short, true), short.as_bytes());
    assert_eq!(encode(&long, false), long.as_bytes());
    let stream = encode(&long, true);
    assert!(stream.starts_with(&GZIP_MAGIC));
    assert!(stream.len() < 100, "{} bytes", stream.len());
    assert_eq!(encode("", true), b"");
}

#[test]
fn the_length_that_counts_is_in_bytes() {
    let text = "ä".repeat(600);
    assert!(encode(&text, true).starts_with(&GZIP_MAGIC));
}

#[test]
fn reads_every_format() {
    let text = r#"[{"id":"a","type":"tab","label":"Größe 🏭"}]"#;
    let stream = gzip(text.as_bytes());
    assert_eq!(decode(KEY, text.as_bytes(), MAX_VALUE_BYTES).unwrap(), text);
    assert_eq!(decode(KEY, &stream, MAX_VALUE_BYTES).unwrap(), text);
    assert_eq!(decode(KEY, base64_form(&stream), MAX_VALUE_BYTES).unwrap(), text);
    assert_eq!(decode(KEY, b"", MAX_VALUE_BYTES).unwrap(), "");
}

#[test]
fn reads_what_node_zlib_wrote() {
    // zlib.gzipSync('[{"id":"1","type":"tab"}]').toString('base64') on Node 20
    let value = b"gzip:H4sIAAAAAAAAA4uuVspMUbJSMlTSUSqpLEhVslIqSUxSqo0FAH/k3LgZAAAA";
    let text = decode(KEY, value, MAX_VALUE_BYTES).unwrap();
    assert_eq!(text, r#"[{"id":"1","type":"tab"}]"#);
}

#[test]
fn base64_may_lack_padding_and_end_with_a_newline() {
    let mut value = base64_form(&gzip(b"[1]"));
    while value.last() == Some(&b'=') {
        value.pop();
    }
    value.push(b'\n');
    assert_eq!(decode(KEY, &value, MAX_VALUE_BYTES).unwrap(), "[1]");
}

#[test]
fn a_stream_of_several_members_is_read_to_its_end() {
    let mut stream = gzip(b"[1,");
    stream.extend(gzip(b"2]"));
    assert_eq!(decode(KEY, &stream, MAX_VALUE_BYTES).unwrap(), "[1,2]");
}

#[test]
fn leaves_out_a_byte_order_mark() {
    assert_eq!(decode(KEY, b"\xef\xbb\xbf[]", 100).unwrap(), "[]");
    assert_eq!(decode(KEY, gzip(b"\xef\xbb\xbf[]"), 100).unwrap(), "[]");
    assert_eq!(decode(KEY, b"[]\xef\xbb\xbf", 100).unwrap(), "[]\u{feff}");
}

#[test]
fn names_the_key_and_what_is_wrong() {
    assert_eq!(problem(b"[\"\xff\"]", 100), "not UTF-8 text (at byte 2)");
    assert_eq!(problem(&gzip(b"\xff"), 100), "not UTF-8 text (at byte 0)");
    assert!(problem(b"gzip:***", 100).starts_with("broken base64 after 'gzip:'"));
    assert!(problem(b"gzip:", 100).contains("no gzip stream"));
    assert!(problem(b"gzip:W10=", 100).contains("no gzip stream"));
    assert!(problem(b"\x1f\x8b\x00\x00garbage-garbage", 100).contains("broken"));
}

#[test]
fn every_truncation_of_a_stream_is_noticed() {
    let text = "[1,2,3]".repeat(400);
    let stream = gzip(text.as_bytes());
    for length in GZIP_MAGIC.len()..stream.len() {
        let message = problem(&stream[..length], MAX_VALUE_BYTES);
        assert!(message.contains("truncated"), "{length}: {message}");
        // The same with a ceiling that is met exactly: the trailer must still be there.
        let message = problem(&stream[..length], text.len());
        assert!(message.contains("truncated"), "{length}: {message}");
    }
}

#[test]
fn a_wrong_checksum_is_noticed() {
    let mut stream = gzip(&b"[1,2,3]".repeat(400));
    let at = stream.len() - 6;
    stream[at] ^= 1;
    assert!(problem(&stream, MAX_VALUE_BYTES).contains("broken"));
}

#[test]
fn the_ceiling_holds_for_every_format() {
    let text = "x".repeat(5000);
    let stream = gzip(text.as_bytes());
    for value in [text.as_bytes().to_vec(), stream.clone(), base64_form(&stream)] {
        assert_eq!(decode(KEY, &value, 5000).unwrap(), text);
        assert_eq!(decode(KEY, &value, 5001).unwrap(), text);
        assert_eq!(problem(&value, 4999), "too large: more than 4999 bytes of text");
        assert_eq!(problem(&value, 0), "too large: more than 0 bytes of text");
    }
    assert_eq!(decode(KEY, gzip(b""), 0).unwrap(), "");
}

#[test]
fn a_bomb_is_stopped_at_the_ceiling() {
    // 16 MiB in 16 KiB, cut in half: whoever inflates it all finds it truncated, whoever stops at
    // the ceiling never sees that.
    let bomb = gzip(&vec![b'0'; 16 * 1024 * 1024]);
    assert!(bomb.len() < 25 * 1024);
    let half = &bomb[..bomb.len() / 2];
    assert!(problem(half, MAX_VALUE_BYTES).contains("truncated"));
    assert!(problem(half, 1024 * 1024).starts_with("too large"));
    assert!(problem(&base64_form(half), 1024 * 1024).starts_with("too large"));
}

#[test]
fn the_buffer_is_never_larger_than_the_ceiling() {
    let ceiling = 3_000_000;
    let plain = inflate(KEY, &gzip(&vec![b'0'; ceiling]), ceiling).unwrap();
    assert_eq!(plain.len(), ceiling);
    assert!(plain.capacity() <= ceiling + 64, "{}", plain.capacity());
}

#[test]
fn a_false_promise_of_length_allocates_nothing() {
    let mut lie = gzip(b"[]");
    let length = lie.len();
    lie[length - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(promised_length(&lie) <= lie.len() * MAX_RATIO);
    assert!(problem(&lie, MAX_VALUE_BYTES).contains("broken"));
}

proptest! {
    #[test]
    fn what_is_written_is_read(text in ".{0,3000}", compress: bool) {
        let json = serde_json::to_string(&[&text]).unwrap();
        let bytes = encode(&json, compress);
        prop_assert_eq!(decode(KEY, &bytes, MAX_VALUE_BYTES).unwrap(), json.as_str());
        if bytes.starts_with(&GZIP_MAGIC) {
            let form = base64_form(&bytes);
            prop_assert_eq!(decode(KEY, &form, MAX_VALUE_BYTES).unwrap(), json);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>, mark in 0..4u8, ceiling in 0..10_000usize) {
        let mut value = match mark {
            0 => GZIP_MAGIC.to_vec(),
            1 => BASE64_MARK.to_vec(),
            2 => b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03".to_vec(),
            _ => Vec::new(),
        };
        value.extend(&bytes);
        if let Ok(text) = decode(KEY, &value, ceiling) {
            prop_assert!(text.len() <= ceiling);
        }
    }

    #[test]
    fn a_changed_byte_is_an_error_or_the_same_text(at: prop::sample::Index, flip in 1..=255u8) {
        let text = r#"{"id":"8f1c2d","type":"inject","z":"a","wires":[["b"]]}"#.repeat(30);
        let mut stream = gzip(text.as_bytes());
        let index = at.index(stream.len());
        stream[index] ^= flip;
        if let Ok(read) = decode(KEY, &stream, MAX_VALUE_BYTES) {
            // Bytes of the header (time, system) may change without harm; a flag that turns the
            // magic away makes it plain text, which is not UTF-8.
            prop_assert_eq!(read, text);
        }
    }
}
