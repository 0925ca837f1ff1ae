//! Several workers and a server, with everything that can go wrong between them, in simulated time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::state::State;
use super::step::Step;
use super::terms::Terms;
use crate::store::once::{Look, Looks, MayTake, Renewed};

const HISTORIES: u64 = 10_000;
const OF_THE_OTHER_KIND: u64 = 1_000;
/// One in so many is followed until everything is well again.
const SETTLED: u64 = 10;
const WORKERS: usize = 3;
const TABS: usize = 2;
const TTL: u64 = 10_000;

/// The server's side of the scripts.
#[derive(Debug, Clone, Default)]
struct Kept {
    /// Owner, fence, end.
    leases: BTreeMap<usize, (usize, u64, u64)>,
    /// The last fence, and owner and end of the lease as they are kept with it.
    fences: BTreeMap<usize, (u64, Option<(usize, u64)>)>,
    epoch: Option<(u64, u64)>,
}

impl Kept {
    fn fence(&self, tab: usize) -> u64 {
        self.fences.get(&tab).map_or(0, |last| last.0)
    }

    /// The highest of the fence and one that is known; what is higher is of nobody.
    fn at_least(&mut self, tab: usize, known: u64) -> u64 {
        let last = self.fences.entry(tab).or_default();
        if known > last.0 {
            *last = (known, None);
        }
        last.0
    }

    fn lease(&self, tab: usize) -> Option<(usize, u64, u64)> {
        self.leases.get(&tab).copied().or_else(|| {
            let (fence, lease) = self.fences.get(&tab)?;
            lease.map(|(owner, ends)| (owner, *fence, ends))
        })
    }
}

#[derive(Debug)]
enum Answer {
    Renewed(Renewed),
    Looked(Looks),
    Released,
}

#[derive(Debug)]
struct Worker {
    leases: State,
    /// Of its own clock, in thousandths.
    rate: u64,
    connected: bool,
    /// Neither core nor JavaScript run.
    paused: bool,
    /// JavaScript does not run.
    blocked: bool,
    flight: Option<(Step, Option<Answer>)>,
    wants: Vec<usize>,
}

struct World {
    random: StdRng,
    start: Instant,
    now: u64,
    up: bool,
    process: u64,
    kept: Kept,
    replica: Kept,
    workers: Vec<Worker>,
    /// Still on its way from a connection that is lost.
    late: Vec<(usize, Step)>,
    /// What was granted and not given back: owner, fence, end by the server's clock.
    granted: BTreeMap<usize, Vec<(usize, u64, u64)>>,
    keep: bool,
    changes: u64,
}

fn tab(number: usize) -> Arc<str> {
    format!("t{number}").into()
}

fn number(tab: &str) -> usize {
    tab.trim_start_matches('t').parse().unwrap()
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

impl World {
    fn new(seed: u64, keep: bool) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let terms = Terms { ttl: Duration::from_millis(TTL), keep };
        let workers = (0..WORKERS)
            .map(|_| Worker {
                leases: State::new(terms, random.random()),
                rate: random.random_range(990..=1010),
                connected: false,
                paused: false,
                blocked: false,
                flight: None,
                wants: Vec::new(),
            })
            .collect();
        let mut world = Self {
            random,
            start: Instant::now(),
            now: 0,
            up: true,
            process: 1,
            kept: Kept::default(),
            replica: Kept::default(),
            workers,
            late: Vec::new(),
            granted: BTreeMap::new(),
            keep,
            changes: 0,
        };
        for who in 0..WORKERS {
            world.want(who, (0..TABS).collect());
        }
        world
    }

    fn clock(&self, who: usize) -> Instant {
        self.start + Duration::from_micros(self.now * self.workers[who].rate)
    }

    fn want(&mut self, who: usize, tabs: Vec<usize>) {
        let now = self.clock(who);
        let worker = &mut self.workers[who];
        worker.leases.tick(now);
        worker.leases.want(tabs.iter().map(|number| tab(*number)), now);
        worker.wants = tabs;
    }

    /// Lets time pass.
    fn pass(&mut self, ms: u64) {
        self.now += ms;
        self.check();
    }

    /// Takes a worker one stage further.
    fn run(&mut self, who: usize) {
        let now = self.clock(who);
        if self.workers[who].paused {
            return;
        }
        if !self.workers[who].blocked {
            self.workers[who].leases.tick(now);
        }
        if !self.workers[who].connected {
            if self.up {
                self.workers[who].connected = true;
                self.workers[who].leases.connected(now);
            } else {
                self.workers[who].leases.away(now);
            }
            return;
        }
        match self.workers[who].flight.take() {
            None => {
                let step = self.workers[who].leases.next(now);
                if !matches!(step, Step::Wait(_)) {
                    self.workers[who].flight = Some((step, None));
                }
            }
            Some((step, None)) => {
                let answer = self.serve(who, &step);
                self.workers[who].flight = Some((step, Some(answer)));
            }
            Some((step, Some(answer))) => {
                let leases = &mut self.workers[who].leases;
                match (step, answer) {
                    (Step::Renew(asked), Answer::Renewed(answer)) => {
                        for (lease, fence) in asked.leases.iter().zip(&answer.fences) {
                            if fence.is_none() {
                                let told = self.granted.entry(number(&lease.tab)).or_default();
                                told.retain(|granted| granted.0 != who || granted.1 != lease.fence);
                            }
                        }
                        leases.renewed(&asked, &answer, now);
                    }
                    (Step::Take(asked), Answer::Looked(looks)) => {
                        leases.looked(&asked, &looks, now)
                    }
                    (Step::Release(asked), Answer::Released) => leases.released(&asked),
                    other => panic!("{other:?}"),
                }
            }
        }
        self.check();
    }

    fn serve(&mut self, who: usize, step: &Step) -> Answer {
        let now = self.now;
        self.kept.leases.retain(|_, lease| lease.2 > now);
        for last in self.kept.fences.values_mut() {
            last.1 = last.1.filter(|lease| lease.1 > now);
        }
        match step {
            Step::Renew(asked) => {
                let fences = asked.leases.iter().map(|lease| {
                    let tab = number(&lease.tab);
                    let stored = self.kept.fence(tab);
                    let (mine, in_time) = (lease.fence, now <= lease.ends);
                    let granted = match self.kept.leases.get(&tab) {
                        Some((owner, fence, _)) if *owner == who && *fence == mine => {
                            if stored == mine { mine } else { mine.max(stored + 1) }
                        }
                        None if stored <= mine && (in_time || self.keep) => mine,
                        Some((_, fence, _)) if in_time && *fence < mine && stored <= mine => mine,
                        _ => 0,
                    };
                    if granted == 0 {
                        self.kept.at_least(tab, mine);
                        return None;
                    }
                    self.grant(who, tab, granted, now + ms(asked.ms));
                    Some(granted)
                });
                Answer::Renewed(Renewed { clock: now, fences: fences.collect() })
            }
            Step::Take(asked) => {
                let began = match self.kept.epoch {
                    Some((process, since)) if process == self.process => since,
                    _ => now,
                };
                self.kept.epoch = Some((self.process, began));
                let late = asked.caution.latest.is_some_and(|latest| now > latest);
                let wait = if late { TTL } else { (began + TTL).saturating_sub(now) };
                let mut others: Vec<usize> = Vec::new();
                let mut free_and_seen = 0;
                for wish in &asked.tabs {
                    match self.kept.lease(number(&wish.tab)) {
                        Some((owner, ..)) if owner != who => others.push(owner),
                        _ => free_and_seen += usize::from(wish.may_take == MayTake::Share),
                    }
                }
                others.sort_unstable();
                others.dedup();
                let mut share = 1.max(free_and_seen / (others.len() + 1));
                let (mut none, mut one) = (0, 1);
                let tabs = asked.tabs.iter().map(|wish| {
                    let tab = number(&wish.tab);
                    let lease = self.kept.lease(tab);
                    let highest = self.kept.at_least(tab, wish.known);
                    let free = lease.is_none_or(|lease| lease.0 == who);
                    let left = match wish.may_take {
                        MayTake::No => &mut none,
                        MayTake::OneOfThese => &mut one,
                        MayTake::Share => &mut share,
                    };
                    if wait == 0 && free && *left > 0 {
                        *left -= 1;
                        self.grant(who, tab, highest + 1, now + ms(asked.ms));
                        self.changes += 1;
                        return Look {
                            taken: true,
                            owner: Some(who.to_string()),
                            fence: highest + 1,
                            left: asked.ms,
                        };
                    }
                    Look {
                        taken: false,
                        owner: lease.map(|lease| lease.0.to_string()),
                        fence: highest,
                        left: Duration::from_millis(lease.map_or(0, |lease| lease.2 - now)),
                    }
                });
                let tabs = tabs.collect::<Vec<_>>();
                Answer::Looked(Looks {
                    clock: now,
                    wait: Duration::from_millis(wait),
                    tabs,
                    missing: None,
                })
            }
            Step::Release(asked) => {
                for (name, fence) in asked {
                    let tab = number(name);
                    if self.kept.leases.get(&tab).is_some_and(|it| it.0 == who && it.1 == *fence) {
                        self.kept.leases.remove(&tab);
                    }
                    if let Some(last) = self.kept.fences.get_mut(&tab)
                        && last.0 == *fence
                    {
                        last.1 = last.1.filter(|lease| lease.0 != who);
                    }
                    self.granted.entry(tab).or_default().retain(|it| it.0 != who || it.1 != *fence);
                }
                for (other, worker) in self.workers.iter_mut().enumerate() {
                    if other != who && worker.connected && !worker.paused {
                        let now = self.start + Duration::from_micros(self.now * worker.rate);
                        worker.leases.woken(now);
                    }
                }
                Answer::Released
            }
            Step::Wait(_) => panic!("nothing to serve"),
        }
    }

    fn grant(&mut self, who: usize, tab: usize, fence: u64, until: u64) {
        self.kept.leases.insert(tab, (who, fence, until));
        self.kept.fences.insert(tab, (fence, Some((who, until))));
        let granted = self.granted.entry(tab).or_default();
        if !self.keep {
            let other = granted.iter().find(|other| other.0 != who && other.2 > self.now);
            assert!(other.is_none(), "two owners of {tab}: {other:?} and {who} ({fence})");
        }
        granted.retain(|it| it.0 != who && it.2 > self.now);
        granted.push((who, fence, until));
    }

    fn believers(&self, tab: usize) -> Vec<(usize, u64)> {
        let of = |who: usize| {
            let now = self.clock(who);
            let mut held = self.workers[who].leases.held(now);
            held.find(|(name, _)| number(name) == tab).map(|(_, held)| (who, held.fence))
        };
        (0..WORKERS).filter_map(of).collect()
    }

    fn check(&self) {
        if self.keep {
            return;
        }
        for tab in 0..TABS {
            let believers = self.believers(tab);
            assert!(believers.len() < 2, "{tab} runs twice at {}: {believers:?}", self.now);
        }
    }

    fn lose(&mut self, who: usize) {
        let worker = &mut self.workers[who];
        worker.connected = false;
        worker.leases.disconnected();
        if let Some((step, None)) = worker.flight.take() {
            self.late.push((who, step));
        }
        let now = self.clock(who);
        self.workers[who].leases.failed(now, Duration::from_millis(100));
    }

    fn fault(&mut self) {
        let who = self.random.random_range(0..WORKERS);
        match self.random.random_range(0..21) {
            0..4 => self.lose(who),
            4..6 => self.workers[who].paused = true,
            6..9 => self.workers[who].paused = false,
            9 => self.workers[who].blocked = true,
            10..12 => self.workers[who].blocked = false,
            12 => {
                let tabs = (0..TABS).filter(|_| self.random.random_bool(0.7)).collect::<Vec<_>>();
                if !self.workers[who].paused && !self.workers[who].blocked {
                    self.want(who, tabs);
                }
            }
            13 => self.kept = Kept::default(),
            // Memory is short, or a person deletes it.
            20 => drop(self.kept.leases.remove(&self.random.random_range(0..TABS))),
            14 => {
                self.up = false;
                (0..WORKERS).for_each(|who| self.lose(who));
                self.late.clear();
            }
            15..17 => self.restart(),
            17 => self.replica = self.kept.clone(),
            18 => {
                (0..WORKERS).for_each(|who| self.lose(who));
                self.late.clear();
                self.kept = self.replica.clone();
                self.process += 1;
            }
            _ => {
                if self.up && !self.late.is_empty() {
                    let (who, step) = self.late.swap_remove(0);
                    self.serve(who, &step);
                }
            }
        }
    }

    fn restart(&mut self) {
        if !self.up {
            self.up = true;
            self.process += 1;
            if self.random.random_bool(0.5) {
                self.kept = Kept::default();
            }
        }
    }

    fn live(&mut self, steps: usize) {
        for _ in 0..steps {
            let pause = match self.random.random_range(0..10) {
                0..6 => self.random.random_range(0..100),
                6..9 => self.random.random_range(0..1_500),
                _ => self.random.random_range(0..9_000),
            };
            self.pass(pause);
            if self.random.random_bool(0.1) {
                self.fault();
            }
            for _ in 0..self.random.random_range(0..4) {
                let who = self.random.random_range(0..WORKERS);
                self.run(who);
            }
        }
    }

    /// Everything is well from here on.
    fn settle(&mut self) {
        self.restart();
        self.late.clear();
        for who in 0..WORKERS {
            self.workers[who].paused = false;
            self.workers[who].blocked = false;
        }
        for _ in 0..3 * TTL / 200 {
            self.pass(200);
            (0..WORKERS).for_each(|who| (0..3).for_each(|_| self.run(who)));
        }
        for tab in 0..TABS {
            let believers = self.believers(tab);
            let is_wanted = self.workers.iter().any(|worker| worker.wants.contains(&tab));
            assert_eq!(believers.len(), usize::from(is_wanted), "{tab}: {believers:?}");
            for (who, fence) in believers {
                let lease = self.kept.leases.get(&tab).copied();
                assert!(lease.is_some_and(|it| it.0 == who && it.1 == fence), "{tab}: {lease:?}");
                for worker in &self.workers {
                    assert!(worker.leases.knows(&super::simulation::tab(tab)) <= fence);
                }
            }
        }
    }
}

fn histories(keep: bool, number: u64) {
    let seed: u64 = std::env::var("ONCE_SEED").ok().map_or(0, |seed| seed.parse().unwrap());
    let mut changes = 0;
    for seed in seed..seed + number {
        let outcome = std::panic::catch_unwind(|| {
            let mut world = World::new(seed, keep);
            world.live(150);
            if seed % SETTLED == 0 {
                world.settle();
            }
            world.changes
        });
        // The first words have been printed by then.
        changes += outcome.unwrap_or_else(|_| panic!("ONCE_SEED={seed} repeats it"));
    }
    assert!(changes > 5 * number, "{changes} changes of owner are few");
}

#[test]
fn no_tab_ever_has_two_owners_or_runs_twice() {
    histories(false, HISTORIES);
}

#[test]
fn where_owners_go_on_there_is_one_again_at_the_end() {
    histories(true, OF_THE_OTHER_KIND);
}
