//! What a value looks like on the server: plain JSON text or a gzip stream when we write; those
//! and `gzip:` with base64 (earlier modules) when we read.

use std::borrow::Cow;
use std::io::{ErrorKind, Read, Write};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::{Error, Result};

/// The most that a value may hold once decompressed, in bytes: a flow of more than 200,000 nodes,
/// and less than 100 MB in all while the buffer for it grows.
pub const MAX_VALUE_BYTES: usize = 60 * 1024 * 1024;

/// Values up to this length are never compressed.
const COMPRESS_ABOVE: usize = 1024;
/// A tenth larger than at zlib's usual 6, in two fifths of its time: 6 MB of flows in 33 ms in place of 83.
const LEVEL: u32 = 3;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BASE64_MARK: &[u8] = b"gzip:";
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The buffer that decompression starts with at most, whatever the stream promises.
const FIRST_BUFFER: usize = 1024 * 1024;
/// No deflate stream grows more than this.
const MAX_RATIO: usize = 1032;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes to store for a JSON text: the text itself, or a gzip stream when `compress` is set
/// and the text is longer than 1 KiB.
pub fn encode(text: &str, compress: bool) -> Vec<u8> {
    if compress && text.len() > COMPRESS_ABOVE {
        // Writing into memory does not fail; if it ever did, plain text is as readable.
        if let Ok(stream) = deflate(text.as_bytes()) {
            return stream;
        }
    }
    text.as_bytes().to_vec()
}

fn deflate(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let buffer = Vec::with_capacity(bytes.len() / 4);
    let mut encoder = GzEncoder::new(buffer, Compression::new(LEVEL));
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// The text of what is stored under `key`, in any of the three formats; a byte order mark at its
/// start is left out. More than `ceiling` bytes of text are an error, and decompression stops
/// there, so that a small value can't fill the memory. Plain text that is handed over is not copied.
pub fn decode<'b>(key: &str, bytes: impl Into<Cow<'b, [u8]>>, ceiling: usize) -> Result<String> {
    let bytes = bytes.into();
    let plain = if bytes.starts_with(&GZIP_MAGIC) {
        inflate(key, &bytes, ceiling)?
    } else if let Some(encoded) = bytes.strip_prefix(BASE64_MARK) {
        let stream = BASE64
            .decode(encoded.trim_ascii())
            .map_err(|error| Error::value(key, format!("broken base64 after 'gzip:': {error}")))?;
        if !stream.starts_with(&GZIP_MAGIC) {
            return Err(Error::value(key, "no gzip stream in the base64 after 'gzip:'"));
        }
        inflate(key, &stream, ceiling)?
    } else if bytes.len() > ceiling {
        return Err(too_large(key, ceiling));
    } else {
        bytes.into_owned()
    };
    let mut text = String::from_utf8(plain).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::value(key, format!("not UTF-8 text (at byte {at})"))
    })?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok(text)
}

fn inflate(key: &str, stream: &[u8], ceiling: usize) -> Result<Vec<u8>> {
    let mut decoder = MultiGzDecoder::new(stream);
    let mut plain = Vec::new();
    let mut capacity = promised_length(stream).min(FIRST_BUFFER).min(ceiling);
    // The buffer grows by doubling up to the ceiling and is full whenever a round ends early, so
    // that no stream takes more memory than its content needs.
    loop {
        capacity = capacity.clamp(1, ceiling.max(1));
        plain.reserve_exact(capacity.saturating_sub(plain.len()));
        let room = capacity.min(ceiling).saturating_sub(plain.len());
        let read = decoder
            .by_ref()
            .take(u64::try_from(room).unwrap_or(u64::MAX))
            .read_to_end(&mut plain)
            .map_err(|error| broken(key, &error))?;
        if read < room {
            return Ok(plain);
        }
        if plain.len() >= ceiling {
            return finish_at_ceiling(key, decoder, plain, ceiling);
        }
        capacity = capacity.saturating_mul(2);
    }
}

/// The text has reached the ceiling: it is either at its end, trailer included, or too large.
fn finish_at_ceiling(
    key: &str,
    mut decoder: MultiGzDecoder<&[u8]>,
    plain: Vec<u8>,
    ceiling: usize,
) -> Result<Vec<u8>> {
    match decoder.read(&mut [0]) {
        Ok(0) => Ok(plain),
        Ok(_) => Err(too_large(key, ceiling)),
        Err(error) => Err(broken(key, &error)),
    }
}

/// The length that the trailer states, as far as a stream of this size can hold it; a hint only.
fn promised_length(stream: &[u8]) -> usize {
    let stated = stream
        .last_chunk::<4>()
        .and_then(|trailer| usize::try_from(u32::from_le_bytes(*trailer)).ok())
        .unwrap_or(0);
    // One more, so that the end of the stream is seen without growing the buffer.
    stated.saturating_add(1).min(stream.len().saturating_mul(MAX_RATIO))
}

fn broken(key: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::UnexpectedEof => Error::value(key, "the gzip stream is truncated"),
        _ => Error::value(key, format!("the gzip stream is broken: {error}")),
    }
}

fn too_large(key: &str, ceiling: usize) -> Error {
    Error::value(key, format!("too large: more than {ceiling} bytes of text"))
}

#[cfg(test)]
mod tests;
