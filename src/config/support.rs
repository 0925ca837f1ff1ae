//! What becomes of every option by its name: honoured, noted, refused or unknown.

use super::Role;
use super::notice::Notice;
use super::raw::RawOptions;
use super::suggest::suggest;
use super::table::{self, KNOWN, Support};
use super::tls;
use crate::{Error, Result};

/// Characters of an unknown option's name that are shown.
const SHOWN: usize = 60;

/// What becomes of every option by its name: the lines for the log, or the first that is refused.
pub(super) fn check_support(raw: &RawOptions) -> Result<Vec<Notice>> {
    let mut notices = Vec::new();
    for (name, value) in raw.iter() {
        let Some(known) = table::find(name) else {
            notices.push(unknown(raw, name));
            continue;
        };
        if matches!(name, "tls" | "sentinelTLS") {
            notices.extend(tls::check_support(name, value)?);
        }
        match known.support {
            Support::Honoured | Support::Shared => {}
            Support::NoEffect { shape, .. } if !shape.fits(value) => {
                return Err(raw.wrong(name, shape.allowed()));
            }
            Support::NoEffect { why, .. } => notices.push(no_effect(name, why)),
            Support::Refused { unless, .. } if unless.iter().any(|plain| plain.is(value)) => {}
            Support::Refused { why, .. } => {
                return Err(Error::option(name, format!("{why} (given: {})", raw.shown(name))));
            }
        }
    }
    Ok(notices)
}

/// A worker lives by its subscription; for an admin the option has nothing to act on.
pub(super) fn auto_resubscribe(raw: &RawOptions, role: Role) -> Result<Option<Notice>> {
    match (raw.boolean("autoResubscribe")?, role) {
        (None | Some(true), _) => Ok(None),
        (Some(false), Role::Admin) => {
            Ok(Some(no_effect("autoResubscribe", "subscriptions are always renewed")))
        }
        (Some(false), Role::Worker) => Err(Error::option(
            "autoResubscribe",
            "can't be false on a worker, which would miss every deploy after a lost connection; leave it out",
        )),
    }
}

fn no_effect(name: &str, why: &str) -> Notice {
    Notice::info(format!("option '{name}' has no effect here: {why}"))
}

fn unknown(raw: &RawOptions, name: &str) -> Notice {
    let hint = if tls::is_known(name) {
        "; it belongs inside 'tls'".to_owned()
    } else {
        suggest(name, KNOWN.iter().map(|known| known.name))
            .map(|near| format!("; did you mean '{near}'?"))
            .unwrap_or_default()
    };
    let shown: String = name.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    Notice::warning(format!("unknown option '{shown}'{} is ignored{hint}", raw.origin(name)))
}

#[cfg(test)]
mod tests;
