//! The leases of tabs that run once: who has which, until when, and with which fence.

mod scripts;

use std::sync::Arc;
use std::time::Duration;

use redis::Value;

use super::Store;
use super::reply::{plain_text, text_list};
use crate::connection::{Script, of_channels, refused_in_script};
use crate::error::{Error, Result};

/// A lease that its owner holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Renewal {
    /// Id of the tab.
    pub(crate) tab: Arc<str>,
    /// Its fence.
    pub(crate) fence: u64,
    /// When it ends, in ms by the server's clock.
    pub(crate) ends: u64,
}

/// What came of renewing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Renewed {
    /// The server's clock, in ms.
    pub(crate) clock: u64,
    /// For each lease its fence, `None` if it is lost.
    pub(crate) fences: Vec<Option<u64>>,
}

/// A tab that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Id of the tab.
    pub(crate) tab: Arc<str>,
    /// The highest fence that was ever seen for it; 0 for none.
    pub(crate) known: u64,
    /// Whether it is to be taken if it is free.
    pub(crate) may_take: MayTake,
}

/// With which caution free tabs are taken, where owners go on without the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Caution {
    /// Nothing is taken after this, in ms by the server's clock: it has stood still since it was asked.
    pub(crate) latest: Option<u64>,
    /// Fails where the server refuses to write, whatever there is to take.
    pub(crate) tries_to_write: bool,
}

/// Whether a free tab is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MayTake {
    /// No: only its fence is told.
    No,
    /// One of all these.
    OneOfThese,
    /// Of all these a share, so that others get theirs.
    Share,
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// It is ours now.
    pub(crate) taken: bool,
    /// Who has it; `None`: nobody. Not to be trusted.
    pub(crate) owner: Option<String>,
    /// Its fence, or the last one.
    pub(crate) fence: u64,
    /// For how long it is taken.
    pub(crate) left: Duration,
}

/// What came of looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looks {
    /// The server's clock, in ms.
    pub(crate) clock: u64,
    /// Nothing can be taken before that: the server may have lost leases.
    pub(crate) wait: Duration,
    /// For each wish.
    pub(crate) tabs: Vec<Look>,
    /// What it goes on without.
    pub(crate) missing: Option<Missing>,
}

/// A right that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Which.
    pub(crate) error: Error,
    /// What comes of it.
    pub(crate) consequence: &'static str,
}

impl Store {
    /// Renews leases, all in one step; `for_next` from now on. Where owners go on without the server (`keep`),
    /// they have those that it has lost, however late they come.
    pub(crate) async fn renew_leases(
        &self,
        owner: &str,
        for_next: Duration,
        keep: bool,
        leases: &[Renewal],
    ) -> Result<Renewed> {
        let mut keys = Vec::with_capacity(leases.len() * 2);
        let mut arguments = vec![owner.to_owned(), ms(for_next), u8::from(keep).to_string()];
        for lease in leases {
            keys.push(self.keys().once(&lease.tab));
            keys.push(self.keys().once_fence(&lease.tab));
            arguments.push(lease.fence.to_string());
            arguments.push(lease.ends.to_string());
        }
        let reply = self.once_script(&scripts::RENEW, &keys, &arguments).await?;
        let numbers = text_list(reply);
        let numbers = numbers.iter().map(|number| number.parse().ok());
        let numbers: Vec<u64> = numbers.collect::<Option<_>>().ok_or_else(unexpected)?;
        match numbers.as_slice() {
            [clock, fences @ ..] if fences.len() == leases.len() => Ok(Renewed {
                clock: *clock,
                fences: fences
                    .iter()
                    .map(|fence| Some(*fence).filter(|fence| *fence > 0))
                    .collect(),
            }),
            _ => Err(unexpected()),
        }
    }

    /// Looks at tabs and takes those that are free, all in one step, `for_next` from now on. `whole` is the
    /// length of a whole lease: so long nothing is taken from a server that may have lost some.
    pub(crate) async fn take_leases(
        &self,
        owner: &str,
        for_next: Duration,
        whole: Duration,
        caution: Caution,
        wishes: &[Wish],
    ) -> Result<Looks> {
        let mut keys = vec![self.keys().once_epoch()];
        let Caution { latest, tries_to_write } = caution;
        let latest = latest.map(|clock| clock.to_string()).unwrap_or_default();
        let tries = u8::from(tries_to_write).to_string();
        let mut arguments = vec![owner.to_owned(), ms(for_next), ms(whole), latest, tries];
        for wish in wishes {
            keys.push(self.keys().once(&wish.tab));
            keys.push(self.keys().once_fence(&wish.tab));
            arguments.push(wish.known.to_string());
            let may_take = match wish.may_take {
                MayTake::No => "no",
                MayTake::OneOfThese => "one",
                MayTake::Share => "share",
            };
            arguments.push(may_take.to_owned());
        }
        let reply = self.once_script(&scripts::TAKE, &keys, &arguments).await?;
        let Value::Array(items) = reply else { return Err(unexpected()) };
        let [clock, wait, notes, tabs @ ..] = items.as_slice() else { return Err(unexpected()) };
        let missing = self.missing_right(plain_text(notes));
        let number =
            |value| plain_text(value).and_then(|ms| ms.parse().ok()).ok_or_else(unexpected);
        let (clock, wait) = (number(clock)?, number(wait)?);
        let tabs = tabs.iter().map(|tab| look(tab).ok_or_else(unexpected));
        let tabs = tabs.collect::<Result<Vec<_>>>()?;
        if tabs.len() != wishes.len() {
            return Err(unexpected());
        }
        Ok(Looks { clock, wait: Duration::from_millis(wait).min(whole), tabs, missing })
    }

    /// Gives leases back, and wakes those who wait for them.
    pub(crate) async fn release_leases(
        &self,
        owner: &str,
        leases: &[(Arc<str>, u64)],
    ) -> Result<Option<Missing>> {
        let keys = leases.iter();
        let keys = keys.flat_map(|(tab, _)| [self.keys().once(tab), self.keys().once_fence(tab)]);
        let keys: Vec<String> = keys.collect();
        let mut arguments = vec![owner.to_owned(), self.keys().once_channel()];
        arguments.extend(leases.iter().map(|(_, fence)| fence.to_string()));
        let reply = self.once_script(&scripts::RELEASE, &keys, &arguments).await?;
        let Value::Array(items) = reply else { return Err(unexpected()) };
        Ok(self.missing_right(items.get(1).and_then(plain_text)))
    }

    async fn once_script(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[String],
    ) -> Result<Value> {
        let answer = self.connection().script(script, keys, arguments).await;
        answer.map_err(|error| match error {
            Error::Permission { command, detail, rule } if rule.contains('~') => {
                let rule = format!("~{}", self.keys().once_pattern());
                Error::Permission { command, detail, rule }
            }
            error => error,
        })
    }

    /// What a script has noted.
    fn missing_right(&self, notes: Option<String>) -> Option<Missing> {
        let notes = notes?;
        let (command, words) = notes.lines().next()?.split_once(' ')?;
        if command == "FENCE" {
            let detail = format!("key '{words}' is the highest fence there is; delete it");
            let error = Error::Server { command: "lease script".into(), detail };
            return Some(Missing { error, consequence: "nobody takes the tab that it is of" });
        }
        let consequence = match command {
            "PUBLISH" => "other workers find the tabs that this one gives back by looking, later",
            _ => "after a failover two workers may run the same tab until one of them looks",
        };
        let channel = self.keys().once_channel();
        let refused = refused_in_script(command, words)?;
        Some(Missing {
            error: of_channels(refused, self.keys().prefix(), &[&channel]),
            consequence,
        })
    }
}

fn ms(duration: Duration) -> String {
    duration.as_millis().max(1).to_string()
}

fn unexpected() -> Error {
    Error::Server { command: "lease script".into(), detail: "unexpected answer".into() }
}

fn look(value: &Value) -> Option<Look> {
    let Value::Array(items) = value else { return None };
    let [Value::Int(taken), owner, fence, Value::Int(left)] = items.as_slice() else { return None };
    Some(Look {
        taken: *taken == 1,
        owner: plain_text(owner).filter(|owner| !owner.is_empty()),
        fence: plain_text(fence)?.parse().ok()?,
        left: Duration::from_millis(u64::try_from(*left).unwrap_or(0)),
    })
}
