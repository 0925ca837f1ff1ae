//! Which tabs this worker has, until when, and what is to be done next. It reads no clock and talks with
//! nobody: it is told the time and the answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::releases::Releases;
use super::server::Server;
use super::spread;
use super::step::{Renewals, Step, Wishes};
use super::terms::Terms;
use crate::store::once::{Look, Looks, MayTake, Renewal, Renewed, Wish};

/// Fences of tabs that are no longer wanted are remembered, and told to a server that may have lost them, while
/// there are no more than these.
const MOST_KNOWN: usize = 1000;
/// Tabs that are named in one line.
const MOST_SHOWN: usize = 5;
/// A tab that was lost, or found free, is looked at again this soon.
const SOON: Duration = Duration::from_millis(20);

/// A tab that runs here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) fence: u64,
    pub(super) since: Instant,
    /// It is stopped then, unless it is renewed.
    until: Instant,
    /// When the server lets it lapse, in ms by its clock.
    ends: u64,
}

/// The leases of one worker.
#[derive(Debug)]
pub(super) struct State {
    terms: Terms,
    random: StdRng,
    wanted: BTreeSet<Arc<str>>,
    held: BTreeMap<Arc<str>, Held>,
    releases: Releases,
    /// The highest fence that was seen of each tab.
    known: BTreeMap<Arc<str>, u64>,
    /// Wanted tabs that somebody else was seen to have.
    seen: BTreeSet<Arc<str>>,
    /// The fewest tabs that another worker had at the last look.
    least: Option<usize>,
    /// When JavaScript was last heard.
    tick: Option<Instant>,
    server: Server,
    /// When renewals were last sent; `None`: they are due.
    renewed: Option<Instant>,
    look: Option<Instant>,
    /// The held tabs are others than before [`State::take_news`].
    news: bool,
}

impl State {
    /// Without any. `seed` makes its random choices differ from those of others.
    pub(super) fn new(terms: Terms, seed: u64) -> Self {
        Self {
            terms,
            random: StdRng::seed_from_u64(seed),
            wanted: BTreeSet::new(),
            held: BTreeMap::new(),
            releases: Releases::default(),
            known: BTreeMap::new(),
            seen: BTreeSet::new(),
            least: None,
            tick: None,
            server: Server::new(terms),
            renewed: None,
            look: None,
            news: false,
        }
    }

    /// These tabs are wanted here from now on, and no others. Those that are held and no longer wanted have
    /// been stopped.
    pub(super) fn want(&mut self, tabs: impl IntoIterator<Item = Arc<str>>, now: Instant) {
        self.expire(now);
        let wanted: BTreeSet<Arc<str>> = tabs.into_iter().filter(|tab| !tab.is_empty()).collect();
        let is_more = wanted.iter().any(|tab| !self.wanted.contains(tab));
        let given_back: Vec<_> =
            self.held.keys().filter(|tab| !wanted.contains(*tab)).cloned().collect();
        for tab in given_back {
            if let Some(held) = self.held.remove(&tab) {
                self.releases.add(tab, held.fence);
                self.news = true;
            }
        }
        self.seen.retain(|tab| wanted.contains(tab));
        self.wanted = wanted;
        self.forget_some();
        if is_more {
            let wait = spread::at_first(self.held.len(), &mut self.random);
            self.look_by(now + wait);
        }
    }

    /// JavaScript is alive.
    pub(super) fn tick(&mut self, now: Instant) {
        self.expire(now);
        self.tick = Some(now);
    }

    /// There is a connection, another than before: owners renew at once.
    pub(super) fn connected(&mut self, now: Instant) {
        self.expire(now);
        self.server.connected(now);
        self.renewed = None;
        if self.has_to_look() {
            let wait = spread::at_first(self.held.len(), &mut self.random);
            self.look_by(now + wait);
        }
    }

    /// The connection is lost.
    pub(super) fn disconnected(&mut self) {
        self.server.disconnected();
    }

    /// The server does not answer. Who goes on then, goes on from here for as long as a lease would be left.
    pub(super) fn away(&mut self, now: Instant) {
        self.expire(now);
        if !self.terms.keep {
            return;
        }
        let Some(from) = self.fresh_tick(now) else { return };
        let until = self.ends(from);
        for held in self.held.values_mut() {
            held.until = held.until.max(until);
        }
    }

    /// Somebody has given tabs back.
    pub(super) fn woken(&mut self, now: Instant) {
        if self.lacks_some() {
            let least = self.least.unwrap_or(usize::MAX);
            let wait = spread::after_loss(self.held.len(), least, &mut self.random);
            self.look_by(now + wait);
        }
    }

    /// Drops what has not been renewed in time. To be called first after any pause; all that reads the held
    /// tabs does.
    pub(super) fn expire(&mut self, now: Instant) {
        let before = self.held.len();
        self.held.retain(|_, held| held.until > now);
        if self.held.len() < before {
            self.news = true;
            self.look_by(now + SOON);
        }
    }

    /// What runs here at this time.
    pub(super) fn held(&self, now: Instant) -> impl Iterator<Item = (&Arc<str>, &Held)> {
        self.held.iter().filter(move |(_, held)| held.until > now)
    }

    /// Whether the held tabs have changed since this was asked last.
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }

    /// The highest fence that was seen of a tab; 0 for none.
    #[cfg(test)]
    pub(super) fn knows(&self, tab: &str) -> u64 {
        self.known.get(tab).copied().unwrap_or(0)
    }

    /// Whether JavaScript was last heard too long ago.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        self.fresh_tick(now).is_none()
    }

    /// Whether a tab was ever wanted.
    pub(super) fn is_of_use(&self) -> bool {
        !self.wanted.is_empty() || self.owes()
    }

    /// Some of the wanted tabs, for people.
    pub(super) fn wanted(&self) -> String {
        let shown = self.wanted.iter().take(MOST_SHOWN).map(|tab| format!("'{tab}'"));
        let shown = shown.collect::<Vec<_>>().join(", ");
        match self.wanted.len().checked_sub(MOST_SHOWN) {
            None | Some(0) => shown,
            Some(more) => format!("{shown} and {more} more"),
        }
    }

    /// Whether something is still to be given back.
    pub(super) fn owes(&self) -> bool {
        !self.releases.is_empty()
    }

    /// When the next of the held tabs ends, unless it is renewed.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.held.values().map(|held| held.until).min()
    }

    /// What is to be done at this time. Whoever asks does it, and tells what came of it before asking again.
    pub(super) fn next(&mut self, now: Instant) -> Step {
        self.expire(now);
        if !self.server.is_connected() {
            return Step::Wait(self.next_end());
        }
        if let Some(due) = self.releases.now(now).filter(|_| !self.releases.are_refused()) {
            return Step::Release(due);
        }
        let Some(tick) = self.fresh_tick(now) else { return self.release_again(now) };
        let ms = self.terms.ttl.saturating_sub(now.saturating_duration_since(tick));
        let renew = self.renewed.map_or(now, |last| last + self.terms.between_renewals());
        if !self.held.is_empty() && renew <= now {
            self.renewed = Some(now);
            let leases = self.held.iter().map(|(tab, held)| Renewal {
                tab: tab.clone(),
                fence: held.fence,
                ends: held.ends,
            });
            return Step::Renew(Renewals { leases: leases.collect(), ms, from: tick });
        }
        if let Step::Release(due) = self.release_again(now) {
            return Step::Release(due);
        }
        if self.look.is_some_and(|look| look <= now) && self.has_to_look() {
            self.look = None;
            let tabs = self.wishes(self.server.lets_take(now));
            let caution = self.server.caution(now);
            return Step::Take(Wishes { tabs, ms, caution, from: tick });
        }
        let renew = (!self.held.is_empty()).then_some(renew);
        let look = self.look.filter(|_| self.has_to_look());
        let release = self.releases.again();
        Step::Wait([renew, look, release, self.next_end()].into_iter().flatten().min())
    }

    /// What the server has refused to take back goes after renewals, which it may take.
    fn release_again(&self, now: Instant) -> Step {
        match self.releases.now(now) {
            Some(due) => Step::Release(due),
            None => {
                let times = [self.releases.again(), self.next_end()];
                Step::Wait(times.into_iter().flatten().min())
            }
        }
    }

    /// The answer to renewals.
    pub(super) fn renewed(&mut self, asked: &Renewals, answer: &Renewed, now: Instant) {
        let until = self.ends(asked.from);
        let ends = later(answer.clock, asked.ms);
        self.server.answered(answer.clock, now);
        for (lease, fence) in asked.leases.iter().zip(&answer.fences) {
            let Some(held) = self.held.get_mut(&lease.tab) else { continue };
            if held.fence != lease.fence {
                continue;
            }
            match *fence {
                Some(fence) => {
                    // One that goes on without the server may have got further than the answer that was late.
                    held.until = held.until.max(until);
                    held.ends = ends;
                    if fence != held.fence {
                        held.fence = fence;
                        held.since = now;
                        self.news = true;
                        self.know(&lease.tab, fence);
                    }
                }
                None => {
                    self.held.remove(&lease.tab);
                    self.seen.insert(lease.tab.clone());
                    self.news = true;
                    self.look_by(now + SOON);
                }
            }
        }
        self.expire(now);
    }

    /// The answer to wishes.
    pub(super) fn looked(&mut self, asked: &Wishes, found: &Looks, now: Instant) {
        let until = self.ends(asked.from);
        let ends = later(found.clock, asked.ms);
        self.server.answered(found.clock, now);
        if asked.caution.tries_to_write {
            self.server.takes_writes(now);
        }
        let mut others: BTreeMap<&str, usize> = BTreeMap::new();
        let mut next = now + self.terms.between_renewals();
        let (mut free, mut free_at_first) = (false, false);
        for (wish, look) in asked.tabs.iter().zip(&found.tabs) {
            let Look { taken, ref owner, fence, left } = *look;
            self.know(&wish.tab, fence);
            if taken && self.wanted.contains(&wish.tab) {
                self.held.insert(wish.tab.clone(), Held { fence, since: now, until, ends });
                self.seen.remove(&wish.tab);
                self.news = true;
            } else if taken {
                self.releases.add(wish.tab.clone(), fence);
            } else if let Some(owner) = owner {
                *others.entry(owner).or_default() += 1;
                if self.wanted.contains(&wish.tab) {
                    self.seen.insert(wish.tab.clone());
                }
                // Once it has run out, its next owner is to be found soon.
                next = next.min(now + left);
            } else {
                free |= wish.may_take == MayTake::Share;
                free_at_first |= wish.may_take == MayTake::OneOfThese;
            }
        }
        self.least = others.values().min().copied();
        if let Some(until) = self.server.owners_first().filter(|until| *until > now) {
            next = next.min(until);
        }
        let mine = self.held.len();
        let after_loss = spread::after_loss(mine, self.least.unwrap_or(mine), &mut self.random);
        let at_first = spread::at_first(mine, &mut self.random);
        let wait = match (free, free_at_first) {
            (true, _) => Some(after_loss),
            (false, true) => Some(at_first),
            (false, false) => None,
        };
        match wait {
            // What is not to be had yet is tried when it is, by all at the same time.
            Some(_) if !found.wait.is_zero() => {
                self.look_by((now + found.wait + at_first).min(next))
            }
            Some(wait) => self.look_by(now + wait),
            None => self.look_by(next + after_loss),
        }
        self.expire(now);
    }

    /// The answer to releases.
    pub(super) fn released(&mut self, asked: &[(Arc<str>, u64)]) {
        self.releases.done(asked);
    }

    /// The server has refused releases: what is held is renewed all the same.
    pub(super) fn release_refused(&mut self, now: Instant) {
        self.expire(now);
        self.releases.refused(now, self.terms.ttl);
    }

    /// What was asked came to nothing; it is tried again after `wait`, or when the next renewal would be due.
    pub(super) fn failed(&mut self, now: Instant, wait: Duration) {
        self.expire(now);
        let wait = wait.min(self.terms.between_renewals());
        let again = now + wait;
        self.server.failed(now);
        // Renewals are due when this much has passed since the last.
        self.renewed = again.checked_sub(self.terms.between_renewals());
        if self.has_to_look() {
            self.look = Some(self.look.map_or(again, |look| look.max(again)));
        }
    }

    fn wishes(&mut self, takes: bool) -> Vec<Wish> {
        let wish = |tab: &Arc<str>, may_take| Wish {
            tab: tab.clone(),
            known: self.known.get(tab).copied().unwrap_or(0),
            may_take,
        };
        let lacking = self.wanted.iter().filter(|tab| !self.held.contains_key(*tab));
        let mut wishes: Vec<Wish> = lacking
            .map(|tab| match self.seen.contains(tab) {
                _ if !takes => wish(tab, MayTake::No),
                true => wish(tab, MayTake::Share),
                false => wish(tab, MayTake::OneOfThese),
            })
            .collect();
        // Another order than that of others.
        wishes.shuffle(&mut self.random);
        let others = self.known.keys().filter(|tab| !self.is_busy_with(tab));
        wishes.extend(others.map(|tab| wish(tab, MayTake::No)));
        wishes
    }

    /// Until when a tab runs here whose lease was asked for when JavaScript had been heard at `from`.
    fn ends(&self, from: Instant) -> Instant {
        from + self.terms.ttl.saturating_sub(self.terms.margin())
    }

    /// When JavaScript was last heard, unless that is too long ago for it to hold a lease.
    fn fresh_tick(&self, now: Instant) -> Option<Instant> {
        self.tick.filter(|tick| now.saturating_duration_since(*tick) < self.terms.ttl / 2)
    }

    fn lacks_some(&self) -> bool {
        self.wanted.iter().any(|tab| !self.held.contains_key(tab))
    }

    /// Whether a tab is wanted, or otherwise told to the server.
    fn is_busy_with(&self, tab: &Arc<str>) -> bool {
        self.wanted.contains(tab) || self.held.contains_key(tab)
    }

    fn has_to_look(&self) -> bool {
        self.lacks_some() || self.known.keys().any(|tab| !self.is_busy_with(tab))
    }

    fn look_by(&mut self, time: Instant) {
        self.look = Some(self.look.map_or(time, |look| look.min(time)));
    }

    fn know(&mut self, tab: &Arc<str>, fence: u64) {
        let known = self.known.entry(tab.clone()).or_default();
        *known = (*known).max(fence);
    }

    fn forget_some(&mut self) {
        if self.known.len() > MOST_KNOWN {
            let Self { known, wanted, .. } = self;
            known.retain(|tab, _| wanted.contains(tab));
        }
    }
}

fn later(clock: u64, by: Duration) -> u64 {
    clock.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX))
}
