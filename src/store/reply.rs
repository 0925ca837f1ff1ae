//! Reads the server's replies without trusting their shape.

use redis::Value;

use crate::codec;
use crate::error::{Error, Result};

/// The text of a value that was fetched with at most `most` bytes, decoded by [`codec::decode`] to no
/// more than that; `None` when the key is missing, or nothing is in it.
pub(super) fn stored_text(key: &str, reply: Result<Value>, most: usize) -> Result<Option<String>> {
    match reply {
        Ok(Value::Nil) => Ok(None),
        Ok(Value::BulkString(bytes)) if bytes.is_empty() => Ok(None),
        Ok(Value::BulkString(bytes)) if bytes.len() > most => Err(too_large(key, most)),
        Ok(Value::BulkString(bytes)) => codec::decode(key, bytes, most).map(Some),
        Ok(Value::SimpleString(text)) => Ok(Some(text)),
        Ok(other) => Err(Error::value(key, format!("the server answered {}", kind(&other)))),
        Err(Error::Server { detail, .. }) if detail.starts_with("WRONGTYPE") => {
            Err(Error::value(key, "it is not a string; delete the key"))
        }
        Err(error) => Err(error),
    }
}

/// The error of a value of which more is stored than anybody reads.
pub(super) fn too_large(key: &str, most: usize) -> Error {
    Error::value(key, format!("too large: no more than {most} bytes are read"))
}

/// A reply that is plain text, e.g. an array element of a script's answer.
pub(super) fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        Value::VerbatimString { text, .. } => Some(text.clone()),
        _ => None,
    }
}

/// A reply that is a list of texts.
pub(super) fn text_list(value: Value) -> Vec<String> {
    match value {
        Value::Array(items) | Value::Set(items) => items.iter().filter_map(plain_text).collect(),
        _ => Vec::new(),
    }
}

/// A page of `HSCAN`: field and value.
pub(super) fn text_pairs(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Array(items) => items
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [field, value] => Some((plain_text(field)?, plain_text(value)?)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// What a script answered: a word and the text that goes with it.
pub(super) fn verdict(command: &str, value: Value) -> Result<(String, Option<String>)> {
    let malformed =
        || Error::Server { command: command.into(), detail: "unexpected answer".into() };
    let Value::Array(items) = value else { return Err(malformed()) };
    let word = items.first().and_then(plain_text).ok_or_else(malformed)?;
    Ok((word, items.get(1).and_then(plain_text)))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Int(_) => "a number",
        Value::Array(_) | Value::Set(_) => "a list",
        Value::Map(_) => "a map",
        _ => "something else than a string",
    }
}
