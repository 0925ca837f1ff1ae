//! A small reader of RESP2 and RESP3 for the handshake and for subscriptions.
//!
//! The crate's parser holds whatever the peer sends. Here long payloads are skipped and lengths
//! are checked, so that neither a message nor a peer that is no Redis server fills the memory.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// A line (status, error, length) may be this long.
const LINE_LIMIT: usize = 16 * 1024;
/// Of a longer string only the beginning is kept.
const STRING_KEPT: usize = 16 * 1024;
/// An array may have this many items; `HELLO` and messages have a few.
const ITEM_LIMIT: usize = 4096;
/// Arrays may be nested this deep.
const DEPTH_LIMIT: usize = 8;

/// One reply or push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// A simple string, e.g. `OK`.
    Status(String),
    /// An error in the server's own words.
    Error(String),
    /// A number.
    Integer(i64),
    /// A string, cut when it is long.
    Text(Vec<u8>),
    /// An array, a set or a push; a map as keys and values in turn.
    Many(Vec<Reply>),
    /// Null, or a kind that nothing here reads.
    Other,
}

impl Reply {
    /// The text of a string of either kind.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Status(text) => Some(text.as_bytes()),
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Why no reply could be read.
#[derive(Debug)]
pub(super) enum ReadFault {
    /// The peer closed the connection.
    Closed,
    /// The system's error.
    Io(io::Error),
    /// What came is not RESP; the rest of a sentence.
    NotRedis(&'static str),
}

impl From<io::Error> for ReadFault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

/// Reads one reply.
pub(super) async fn read_reply<R>(input: &mut R) -> Result<Reply, ReadFault>
where
    R: AsyncBufRead + Unpin,
{
    // Arrays that still wait for items.
    let mut open: Vec<(usize, Vec<Reply>)> = Vec::new();
    loop {
        let mut value = match read_item(input).await? {
            Item::Whole(reply) => reply,
            Item::Array(0) => Reply::Many(Vec::new()),
            Item::Array(count) if count <= ITEM_LIMIT && open.len() < DEPTH_LIMIT => {
                open.push((count, Vec::new()));
                continue;
            }
            Item::Array(_) => return Err(ReadFault::NotRedis("it sends arrays without measure")),
        };
        loop {
            let Some((missing, mut items)) = open.pop() else { return Ok(value) };
            items.push(value);
            if missing > 1 {
                open.push((missing - 1, items));
                break;
            }
            value = Reply::Many(items);
        }
    }
}

enum Item {
    Whole(Reply),
    Array(usize),
}

async fn read_item<R: AsyncBufRead + Unpin>(input: &mut R) -> Result<Item, ReadFault> {
    let kind = input.read_u8().await?;
    if !b"+-:$*%~>_#,(!=".contains(&kind) {
        return Err(ReadFault::NotRedis(match kind {
            b'H' => "it answers like an HTTP server",
            0x15 | 0x16 => "it answers like a TLS server; does it want TLS?",
            _ => "its answer is not of the Redis protocol",
        }));
    }
    let line = read_line(input).await?;
    let text = || String::from_utf8_lossy(&line).into_owned();
    Ok(match kind {
        b'+' => Item::Whole(Reply::Status(text())),
        b'-' => Item::Whole(Reply::Error(text())),
        b':' => Item::Whole(Reply::Integer(number(&line)?)),
        b'$' | b'=' => match length(&line)? {
            Some(length) => Item::Whole(Reply::Text(read_string(input, length).await?)),
            None => Item::Whole(Reply::Other),
        },
        b'!' => match length(&line)? {
            Some(length) => {
                let words = read_string(input, length).await?;
                Item::Whole(Reply::Error(String::from_utf8_lossy(&words).into_owned()))
            }
            None => Item::Whole(Reply::Other),
        },
        b'*' | b'~' | b'>' => match length(&line)? {
            Some(count) => Item::Array(count),
            None => Item::Whole(Reply::Other),
        },
        b'%' => Item::Array(length(&line)?.unwrap_or(0).saturating_mul(2)),
        _ => Item::Whole(Reply::Other),
    })
}

const MALFORMED: ReadFault = ReadFault::NotRedis("its answer is not of the Redis protocol");

fn number(line: &[u8]) -> Result<i64, ReadFault> {
    std::str::from_utf8(line).ok().and_then(|text| text.parse().ok()).ok_or(MALFORMED)
}

/// A length, or none for `-1`.
fn length(line: &[u8]) -> Result<Option<usize>, ReadFault> {
    match number(line)? {
        -1 => Ok(None),
        length => usize::try_from(length).map(Some).map_err(|_| MALFORMED),
    }
}

async fn read_line<R: AsyncBufRead + Unpin>(input: &mut R) -> Result<Vec<u8>, ReadFault> {
    let mut line = Vec::new();
    let mut limited = (&mut *input).take(LINE_LIMIT as u64);
    limited.read_until(b'\n', &mut line).await?;
    match line.strip_suffix(b"\r\n") {
        Some(text) => Ok(text.to_vec()),
        None if line.len() >= LINE_LIMIT || line.ends_with(b"\n") => Err(MALFORMED),
        None => Err(ReadFault::Closed),
    }
}

async fn read_string<R>(input: &mut R, length: usize) -> Result<Vec<u8>, ReadFault>
where
    R: AsyncBufRead + Unpin,
{
    let mut kept = vec![0; length.min(STRING_KEPT)];
    input.read_exact(&mut kept).await?;
    let mut left = length - kept.len();
    while left > 0 {
        let buffered = input.fill_buf().await?.len();
        if buffered == 0 {
            return Err(ReadFault::Closed);
        }
        let skipped = buffered.min(left);
        input.consume(skipped);
        left -= skipped;
    }
    let mut end = [0; 2];
    input.read_exact(&mut end).await?;
    if &end == b"\r\n" { Ok(kept) } else { Err(MALFORMED) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn read(mut bytes: &[u8]) -> Result<Reply, ReadFault> {
        read_reply(&mut bytes).await
    }

    fn text(text: &str) -> Reply {
        Reply::Text(text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn both_versions_of_the_protocol_are_read() {
        let cases: Vec<(&[u8], Reply)> = vec![
            (b"+OK\r\n", Reply::Status("OK".into())),
            (b"-WRONGPASS no\r\n", Reply::Error("WRONGPASS no".into())),
            (b"!7\r\nERR bad\r\n", Reply::Error("ERR bad".into())),
            (b":-3\r\n", Reply::Integer(-3)),
            (b"$-1\r\n", Reply::Other),
            (b"_\r\n", Reply::Other),
            (b"*0\r\n", Reply::Many(vec![])),
            (b"$2\r\n\r\n\r\n", text("\r\n")),
            (b"%1\r\n$1\r\na\r\n*2\r\n:1\r\n+x\r\n", {
                Reply::Many(vec![
                    text("a"),
                    Reply::Many(vec![Reply::Integer(1), Reply::Status("x".into())]),
                ])
            }),
            (b">2\r\n*1\r\n*0\r\n$1\r\nb\r\n", {
                Reply::Many(vec![Reply::Many(vec![Reply::Many(vec![])]), text("b")])
            }),
        ];
        for (bytes, reply) in cases {
            assert_eq!(read(bytes).await.expect("a reply"), reply);
        }
    }

    #[tokio::test]
    async fn a_long_string_is_cut_and_the_next_reply_is_still_found() {
        let mut bytes = format!("${}\r\n", STRING_KEPT * 3).into_bytes();
        bytes.extend(vec![b'a'; STRING_KEPT * 3]);
        bytes.extend(b"\r\n+OK\r\n");
        let mut input = bytes.as_slice();
        let Ok(Reply::Text(kept)) = read_reply(&mut input).await else { panic!("no string") };
        assert_eq!(kept.len(), STRING_KEPT);
        assert_eq!(read_reply(&mut input).await.expect("a reply"), Reply::Status("OK".into()));
    }

    #[tokio::test]
    async fn what_is_not_redis_is_refused() {
        let endless = [b"+".as_slice(), &vec![b'a'; LINE_LIMIT * 2]].concat();
        let deep = b"*1\r\n".repeat(100);
        let cases: [&[u8]; 7] = [
            b"HTTP/1.1 400 Bad Request\r\n",
            b"\x15\x03\x01",
            b"*99999999\r\n",
            b"$-7\r\n",
            b"+OK\n",
            &endless,
            &deep,
        ];
        for bytes in cases {
            assert!(matches!(read(bytes).await, Err(ReadFault::NotRedis(_))), "{bytes:?}");
        }
        assert!(matches!(read(b"").await, Err(ReadFault::Closed)));
        assert!(matches!(read(b"$5\r\nab").await, Err(ReadFault::Closed)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let _ = runtime.block_on(read(&bytes));
        }
    }
}
