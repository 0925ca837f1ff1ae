//! Several replicas and a server, and everything between them in any order.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Change, Found, Limits, Name, Replica, Segment, Text};
use crate::config::ContextConfig;
use crate::store::context::{Stored, Write, Written};

const INSTANCES: usize = 3;
const KEYS: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    Set(usize, usize),
    Delete(usize, usize),
    SetPart(usize, usize, usize),
    /// Takes what is to be sent.
    Send(usize),
    /// The server runs it.
    Run(usize),
    /// Its answers arrive.
    Answer(usize),
    /// An invalidation arrives, whenever.
    Hear(usize),
    Lose(usize),
    Connect(usize),
    /// The server loses everything.
    Empty,
    /// A replica of the server has this.
    Replicate,
    /// And takes its place.
    FailOver,
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..INSTANCES;
    let key = 0..KEYS;
    prop_oneof![
        6 => (who.clone(), key.clone()).prop_map(|(who, key)| Step::Set(who, key)),
        1 => (who.clone(), key.clone()).prop_map(|(who, key)| Step::Delete(who, key)),
        4 => (who.clone(), key, 0..3_usize).prop_map(|(who, key, part)| Step::SetPart(who, key, part)),
        6 => who.clone().prop_map(Step::Send),
        6 => who.clone().prop_map(Step::Run),
        6 => who.clone().prop_map(Step::Answer),
        6 => who.clone().prop_map(Step::Hear),
        2 => who.clone().prop_map(Step::Lose),
        3 => who.prop_map(Step::Connect),
        1 => Just(Step::Empty),
        3 => Just(Step::Replicate),
        1 => Just(Step::FailOver),
    ]
}

/// What is on its way.
#[derive(Debug)]
struct Flight {
    writes: Vec<(Name, Write)>,
    mark: u64,
    stale: Vec<Name>,
    answers: Option<(Vec<Written>, Vec<Found>)>,
}

#[derive(Debug)]
struct Instance {
    replica: Replica,
    connected: bool,
    epoch: u64,
    /// What the server has of it, and its replica.
    mark: u64,
    replicated_mark: u64,
    flight: Option<Flight>,
    pushes: Vec<Name>,
    /// Values that were set and not overridden here: key, part, number.
    own: Vec<(Name, Option<usize>, u64)>,
    conflicts: Vec<Change>,
}

#[derive(Debug, Default)]
struct World {
    server: BTreeMap<Name, Vec<u8>>,
    /// Every text that ever was on the server.
    history: HashSet<(Name, String)>,
    instances: Vec<Instance>,
    epoch: u64,
    last_epoch: u64,
    copy: BTreeMap<Name, Vec<u8>>,
    copy_epoch: u64,
    last: u64,
}

fn name(key: usize) -> Name {
    Name::new("global", &format!("k{key}"))
}

fn part(part: usize) -> String {
    format!("p{part}")
}

impl World {
    fn new() -> Self {
        let instance = || Instance {
            replica: Replica::new(Limits::new(&ContextConfig::default()), false),
            connected: false,
            epoch: 0,
            mark: 0,
            replicated_mark: 0,
            flight: None,
            pushes: Vec::new(),
            own: Vec::new(),
            conflicts: Vec::new(),
        };
        Self { instances: (0..INSTANCES).map(|_| instance()).collect(), ..Self::default() }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Set(who, key) => self.set(who, key, true),
            Step::Delete(who, key) => self.set(who, key, false),
            Step::SetPart(who, key, at) => self.set_part(who, key, at),
            Step::Send(who) => self.send(who),
            Step::Run(who) => self.run(who),
            Step::Answer(who) => self.answer(who),
            Step::Hear(who) => self.hear(who),
            Step::Lose(who) => self.lose(who),
            Step::Connect(who) => self.connect(who),
            Step::Empty => self.empty(),
            Step::Replicate => {
                self.copy = self.server.clone();
                self.copy_epoch = self.epoch;
                self.instances.iter_mut().for_each(|it| it.replicated_mark = it.mark);
            }
            Step::FailOver => self.fail_over(),
        }
    }

    fn set(&mut self, who: usize, key: usize, there: bool) {
        self.last += 1;
        let number = self.last;
        let instance = &mut self.instances[who];
        let text: Text = there.then(|| json!({"id": number}).to_string().into());
        let key = name(key);
        instance.replica.set("global", vec![(key.key.to_string(), text.clone())]).unwrap();
        assert_eq!(instance.replica.text("global", &key.key), text);
        instance.own.retain(|(own, ..)| *own != key);
        if there {
            instance.own.push((key, None, number));
        }
    }

    fn set_part(&mut self, who: usize, key: usize, at: usize) {
        self.last += 1;
        let number = self.last;
        let instance = &mut self.instances[who];
        let key = name(key);
        let path = vec![Segment::Name(part(at))];
        let text: Text = Some(number.to_string().into());
        instance.replica.set_part("global", &key.key, path, text).unwrap();
        let now: Value =
            serde_json::from_str(&instance.replica.text("global", &key.key).unwrap()).unwrap();
        assert_eq!(now[part(at)], number);
        instance.own.retain(|(own, own_part, _)| *own != key || *own_part != Some(at));
        instance.own.push((key, Some(at), number));
    }

    fn send(&mut self, who: usize) {
        let instance = &mut self.instances[who];
        if !instance.connected || instance.flight.is_some() || !instance.replica.has_work() {
            return;
        }
        let writes = instance.replica.take_writes(usize::MAX);
        let stale = instance.replica.take_stale(2);
        instance.replica.under_way(true);
        let mark = if writes.is_empty() { 0 } else { instance.replica.next_mark() };
        instance.flight = Some(Flight { writes, mark, stale, answers: None });
    }

    fn run(&mut self, who: usize) {
        let Some(flight) = self.instances[who].flight.as_mut() else { return };
        if flight.answers.is_some() {
            return;
        }
        let mut written = Vec::new();
        let mut changed = Vec::new();
        for (name, write) in &flight.writes {
            let found = stored(self.server.get(name));
            let digest = found.as_ref().map(Stored::digest).unwrap_or_default();
            if write.bases.as_ref().is_some_and(|bases| !bases.contains(&digest)) {
                written.push(Written::WasFirst(found));
                continue;
            }
            match &write.value {
                Some(value) => {
                    let text = String::from_utf8(value.clone()).unwrap();
                    self.history.insert((name.clone(), text));
                    self.server.insert(name.clone(), value.clone());
                }
                None => drop(self.server.remove(name)),
            }
            changed.push(name.clone());
            written.push(Written::Done);
        }
        let read = flight.stale.iter().map(|name| stored(self.server.get(name))).collect();
        flight.answers = Some((written, read));
        let mark = flight.mark;
        if mark > 0 {
            self.instances[who].mark = mark;
        }
        for (other, instance) in self.instances.iter_mut().enumerate() {
            if other != who && instance.connected {
                instance.pushes.extend(changed.iter().cloned());
            }
        }
    }

    fn answer(&mut self, who: usize) {
        let instance = &mut self.instances[who];
        if instance.flight.as_ref().is_none_or(|flight| flight.answers.is_none()) {
            return;
        }
        let Some(Flight { writes, mark, stale, answers: Some((written, read)) }) =
            instance.flight.take()
        else {
            return;
        };
        if mark > 0 {
            instance.replica.heard_mark();
        }
        for ((name, _), outcome) in writes.iter().zip(written) {
            match outcome {
                Written::Done => instance.replica.written(name),
                Written::WasFirst(found) => instance.replica.was_first(name, found),
            }
        }
        for (name, found) in stale.iter().zip(read) {
            instance.replica.read(name, found);
        }
        instance.replica.under_way(false);
        let conflicts = instance.replica.take_conflicts();
        instance.conflicts.extend(conflicts.into_iter().map(|conflict| conflict.ours));
    }

    fn hear(&mut self, who: usize) {
        let instance = &mut self.instances[who];
        if !instance.pushes.is_empty() {
            let name = instance.pushes.remove(0);
            instance.replica.invalidate(name);
        }
    }

    fn lose(&mut self, who: usize) {
        let instance = &mut self.instances[who];
        instance.connected = false;
        instance.flight = None;
        instance.pushes.clear();
        instance.replica.lost();
    }

    fn connect(&mut self, who: usize) {
        if !self.instances[who].connected {
            self.instances[who].connected = true;
            if self.instances[who].epoch != self.epoch {
                self.instances[who].epoch = self.epoch;
                self.refill(who);
                assert!(self.instances[who].replica.assert_own(0));
            }
            let Instance { replica, mark, .. } = &mut self.instances[who];
            if replica.has_lost(*mark) {
                assert!(replica.assert_own(*mark));
            }
            let names: Vec<Name> = self.server.keys().cloned().collect();
            self.instances[who].replica.begin(names);
        }
    }

    fn empty(&mut self) {
        self.server.clear();
        self.last_epoch += 1;
        self.epoch = self.last_epoch;
        for who in 0..INSTANCES {
            self.instances[who].mark = 0;
            self.lose(who);
        }
    }

    fn fail_over(&mut self) {
        self.server = self.copy.clone();
        self.epoch = self.copy_epoch;
        for who in 0..INSTANCES {
            self.instances[who].mark = self.instances[who].replicated_mark;
            self.lose(who);
        }
    }

    fn refill(&mut self, who: usize) {
        for (name, text) in self.instances[who].replica.known() {
            if !self.server.contains_key(&name) {
                self.server.insert(name.clone(), text.as_bytes().to_vec());
                self.history.insert((name.clone(), text.to_string()));
                for (other, instance) in self.instances.iter_mut().enumerate() {
                    if other != who && instance.connected {
                        instance.pushes.push(name.clone());
                    }
                }
            }
        }
    }

    fn settle(&mut self) {
        for who in 0..INSTANCES {
            self.connect(who);
        }
        for _ in 0..500 {
            for who in 0..INSTANCES {
                self.hear(who);
                self.send(who);
                self.run(who);
                self.answer(who);
            }
            let busy = |it: &Instance| {
                it.replica.has_work() || it.flight.is_some() || !it.pushes.is_empty()
            };
            if !self.instances.iter().any(busy) {
                return;
            }
        }
        panic!("it never settles: {self:?}");
    }

    fn check(&self) {
        for (who, instance) in self.instances.iter().enumerate() {
            assert!(instance.replica.is_synced());
            assert_eq!(instance.replica.unsaved().len(), 0);
            for key in 0..KEYS {
                let there = self.server.get(&name(key));
                let there = there.map(|bytes| String::from_utf8(bytes.clone()).unwrap());
                let here = instance.replica.text("global", &name(key).key);
                assert_eq!(here.as_deref(), there.as_deref(), "{who} {key}");
            }
            for (key, part, number) in &instance.own {
                self.check_not_lost(instance, key, *part, *number);
            }
        }
    }

    /// What was set, and not overridden by the same instance, was on the server or is a conflict.
    fn check_not_lost(&self, instance: &Instance, key: &Name, at: Option<usize>, number: u64) {
        let field = at.map_or_else(|| "id".to_owned(), part);
        let holds = |text: &str| {
            let value: Value = serde_json::from_str(text).unwrap();
            value[&field] == number
        };
        let arrived = self.history.iter().any(|(name, text)| name == key && holds(text));
        let told = instance.conflicts.iter().any(|change| match change {
            Change::Whole(text) => text.as_deref().is_some_and(holds),
            Change::Parts(parts) => {
                parts.iter().any(|part| part.text.as_deref() == Some(&*number.to_string()))
            }
        });
        assert!(arrived || told, "{key} {field} {number} is lost");
    }
}

fn stored(bytes: Option<&Vec<u8>>) -> Found {
    bytes.map(|bytes| Stored::decode("k", bytes, usize::MAX).unwrap())
}

/// Who alone sets a key keeps its last value, though something was lost at the worst moments.
#[test]
fn own_values_survive_a_loss_between_two_changes() {
    use Step::{Answer, Connect, FailOver, Lose, Replicate, Run, Send, Set};
    let round = [Send(0), Run(0), Answer(0)];
    // A later change waits while an earlier one is set again.
    let waits = [Set(0, 0), FailOver, Set(0, 0), Connect(0), Send(0), Set(0, 0)];
    let waits = [Connect(0)].into_iter().chain(round.clone()).chain(waits);
    // What the server goes back to was never acknowledged.
    let unheard = [Connect(0), Set(0, 0), Send(0), Run(0), Set(0, 0), Lose(0), Connect(0), Send(0)];
    let unheard = unheard.into_iter().chain([Replicate, Run(0), Answer(0), FailOver]);
    for steps in [waits.collect::<Vec<_>>(), unheard.collect()] {
        let mut world = World::new();
        for step in [Set(0, 0)].iter().chain(&steps) {
            world.take(step);
        }
        let last = world.last;
        world.settle();
        world.check();
        let found = world.instances[0].replica.text("global", "k0");
        assert_eq!(found, Some(json!({"id": last}).to_string().into()), "{steps:?}");
    }
}

proptest! {
    #[test]
    fn replicas_agree_and_nothing_is_lost_in_silence(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.settle();
        world.check();
    }

    #[test]
    fn without_outages_there_are_no_conflicts(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut world = World::new();
        for who in 0..INSTANCES {
            world.connect(who);
        }
        world.settle();
        let calm = |step: &&Step| !matches!(step, Step::Lose(_) | Step::Empty | Step::FailOver);
        for step in steps.iter().filter(calm) {
            world.take(step);
        }
        world.settle();
        world.check();
        for instance in &world.instances {
            prop_assert!(instance.conflicts.is_empty());
        }
    }

    /// Who alone sets a key finds its last value there, whoever has refilled an emptied server, and
    /// whatever a failover has lost.
    #[test]
    fn what_is_acknowledged_survives_what_the_server_loses(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut world = World::new();
        let mut last: BTreeMap<usize, Text> = BTreeMap::new();
        for step in &steps {
            let step = match *step {
                Step::Set(_, key) | Step::SetPart(_, key, _) | Step::Delete(_, key) => {
                    Step::Set(key, key)
                }
                ref step => step.clone(),
            };
            world.take(&step);
            if let Step::Set(who, key) = step {
                last.insert(key, world.instances[who].replica.text("global", &name(key).key));
            }
        }
        world.settle();
        world.check();
        for (key, expected) in last {
            let found = world.instances[0].replica.text("global", &name(key).key);
            prop_assert_eq!(found, expected);
        }
    }

    /// Who restarts without a loss has lost nothing: what another has put back meanwhile stays.
    #[test]
    fn what_was_put_back_stays(
        number in 1..600_usize,
        fails_over in proptest::bool::ANY,
    ) {
        let mut world = World::new();
        let text = |number: usize| Some(json!({"id": number}).to_string().into());
        world.settle();
        for number in 0..=number {
            let change = vec![("k0".to_owned(), text(number))];
            world.instances[0].replica.set("global", change).unwrap();
            world.settle();
        }
        world.take(&Step::Replicate);
        world.lose(0);
        if fails_over {
            world.fail_over();
        }
        world.connect(1);
        let change = vec![("k0".to_owned(), text(number - 1))];
        world.instances[1].replica.set("global", change).unwrap();
        for step in [Step::Send(1), Step::Run(1), Step::Answer(1)].iter().cycle().take(9) {
            world.take(step);
        }
        world.settle();
        prop_assert_eq!(world.instances[0].replica.text("global", "k0"), text(number - 1));
    }

    /// However often a key is set, its last value survives.
    #[test]
    fn what_is_set_all_the_time_survives_a_failover(number in 1..600_usize) {
        let mut world = World::new();
        world.settle();
        let text = |number: usize| Some(json!({"id": number}).to_string().into());
        world.take(&Step::Replicate);
        for number in 0..=number {
            let change = vec![("k0".to_owned(), text(number))];
            world.instances[0].replica.set("global", change).unwrap();
            world.settle();
        }
        world.fail_over();
        world.settle();
        prop_assert_eq!(world.instances[1].replica.text("global", "k0"), text(number));
    }

    /// One instance alone is in nobody's way, however often its connection breaks.
    #[test]
    fn own_writes_are_no_conflicts(steps in proptest::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        let alone = |step: &Step| match step {
            Step::Set(who, _) | Step::Delete(who, _) | Step::SetPart(who, ..) => *who == 0,
            Step::Empty | Step::FailOver => false,
            _ => true,
        };
        for step in steps.iter().filter(|step| alone(step)) {
            world.take(step);
        }
        let before: Vec<Text> =
            (0..KEYS).map(|key| world.instances[0].replica.text("global", &name(key).key)).collect();
        world.settle();
        world.check();
        prop_assert!(world.instances[0].conflicts.is_empty());
        for (key, before) in before.iter().enumerate() {
            let after: Option<Arc<str>> = world.instances[0].replica.text("global", &name(key).key);
            prop_assert_eq!(&after, before);
        }
    }
}
