//! What an option is read as: each reader takes what environment variables give as well, and its error names the
//! option and shows no secret.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use super::RetryStrategy;
use super::raw::RawOptions;
use super::value::{as_boolean, as_whole, is_function};
use crate::Result;

/// The longest time that a timer of Node.js can hold.
pub(super) const MAX_MILLISECONDS: u64 = i32::MAX as u64;

impl RawOptions {
    /// A boolean, or `'true'` or `'false'` as environment variables give it.
    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => match as_boolean(value) {
                Some(boolean) => Ok(Some(boolean)),
                None => Err(self.wrong(name, "true or false")),
            },
        }
    }

    /// A whole number, or a string that holds one; `unit` is empty or e.g. ` of milliseconds`.
    pub(super) fn whole(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
        unit: &str,
    ) -> Result<Option<u64>> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => match as_whole(value).filter(|number| range.contains(number)) {
                Some(number) => Ok(Some(number)),
                None => {
                    let (least, most) = (range.start(), range.end());
                    let allowed = format!("a whole number{unit} from {least} to {most}");
                    Err(self.wrong(name, &allowed))
                }
            },
        }
    }

    /// A string.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a string")),
        }
    }

    /// One of several words.
    pub(super) fn one_of<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match words.iter().find(|(word, _)| value.as_str() == Some(word)) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let words: Vec<String> =
                    words.iter().map(|(word, _)| format!("'{word}'")).collect();
                Err(self.wrong(name, &words.join(" or ")))
            }
        }
    }

    /// One of several numbers, or a string that holds one; `allowed` names them.
    pub(super) fn one_of_numbers<T: Copy>(
        &self,
        name: &str,
        numbers: &[(u64, T)],
        allowed: &str,
    ) -> Result<Option<T>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let given = as_whole(value);
        match numbers.iter().find(|(number, _)| given == Some(*number)) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => Err(self.wrong(name, allowed)),
        }
    }

    /// A time in milliseconds, as a timer of Node.js can hold it.
    pub(super) fn milliseconds(&self, name: &str) -> Result<Option<Duration>> {
        Ok(self.whole(name, 1..=MAX_MILLISECONDS, " of milliseconds")?.map(Duration::from_millis))
    }

    /// The same, or 0.
    pub(super) fn milliseconds_or_zero(&self, name: &str) -> Result<Option<Duration>> {
        Ok(self.whole(name, 0..=MAX_MILLISECONDS, " of milliseconds")?.map(Duration::from_millis))
    }

    /// A function `(times) => milliseconds`, or `null`.
    pub(super) fn retry_strategy(&self, name: &str) -> Result<RetryStrategy> {
        match self.value(name) {
            None => Ok(RetryStrategy::Default),
            Some(Value::Null) => Ok(RetryStrategy::Never),
            Some(value) if is_function(value) => Ok(RetryStrategy::Custom),
            Some(_) => Err(self.wrong(name, "a function (times) => milliseconds, or null")),
        }
    }
}
