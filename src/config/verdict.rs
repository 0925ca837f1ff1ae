//! What becomes of every option by its name: honoured, noted, refused or unknown.

use super::Role;
use super::given::Given;
use super::nearest::nearest;
use super::notice::Notice;
use super::options::{self, KNOWN, Verdict};
use super::tls;
use crate::{Error, Result};

/// Characters of an unknown option's name that are shown.
const SHOWN: usize = 60;

/// What becomes of every option by its name: the lines for the log, or the first that is refused.
pub(super) fn judge(given: &Given) -> Result<Vec<Notice>> {
    let mut notices = Vec::new();
    for (name, value) in given.iter() {
        let Some(known) = options::find(name) else {
            notices.push(unknown(given, name));
            continue;
        };
        if matches!(name, "tls" | "sentinelTLS") {
            notices.extend(tls::judge(name, value)?);
        }
        match known.verdict {
            Verdict::Honoured | Verdict::Shared => {}
            Verdict::NoEffect { shape, .. } if !shape.fits(value) => {
                return Err(given.wrong(name, shape.allowed()));
            }
            Verdict::NoEffect { why, .. } => notices.push(no_effect(name, why)),
            Verdict::Refused { unless, .. } if unless.iter().any(|plain| plain.is(value)) => {}
            Verdict::Refused { why, .. } => {
                return Err(Error::option(name, format!("{why} (given: {})", given.shown(name))));
            }
        }
    }
    Ok(notices)
}

/// A worker lives by its subscription; for an admin the option has nothing to act on.
pub(super) fn auto_resubscribe(given: &Given, role: Role) -> Result<Option<Notice>> {
    match (given.boolean("autoResubscribe")?, role) {
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

fn unknown(given: &Given, name: &str) -> Notice {
    let hint = if tls::is_known(name) {
        "; it belongs inside 'tls'".to_owned()
    } else {
        nearest(name, KNOWN.iter().map(|known| known.name))
            .map(|near| format!("; did you mean '{near}'?"))
            .unwrap_or_default()
    };
    let shown: String = name.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    Notice::warning(format!("unknown option '{shown}'{} is ignored{hint}", given.origin(name)))
}

#[cfg(test)]
mod tests;
