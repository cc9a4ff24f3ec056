//! A deterministic simulation: log, stores, clocks, network and instances in one thread, around the engine's
//! own take-over, publisher and partitions.
//!
//! A seed decides what happens next: a step of one partition in one instance, an input, or a fault. Processes
//! are killed between any two steps and inside a take-over, machines lose power and disks, disks go back in
//! time, commits come late or never, partitions move while their owners go on. Now and then the faults stop,
//! everything comes to rest, and what subscribers see must be what the oracle says. The same seed gives the
//! same trace.
//!
//! What is here instead of the service is [`task`]; it can leave out one protection at a time, which the
//! invariants must notice.

mod author;
mod broker;
mod disk;
mod ground;
mod instance;
mod judge;
mod protection;
mod task;

pub use protection::Protection;

use crate::engine::START;
use crate::guard::guarded;
use crate::random::Random;
use author::Author;
use broker::{Broker, Tombstones};
use disk::{Disk, Wipes};
use instance::Instance;
use judge::Judge;
use muster_directory::Instant;
use muster_engine::publisher::Ownership;
use std::fmt;
use task::{Network, Step, Surroundings, Then};

const PARTITIONS: usize = 2;
const INSTANCES: usize = 3;
const ROUNDS: usize = 3;
const ACTIONS: usize = 160;
/// More steps than any rest takes.
const REST: usize = 20_000;

/// An invariant that does not hold, with everything that led to it.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Run it again with this.
    pub seed: u64,
    /// Which, and how.
    pub what: String,
    /// What happened, in order.
    pub trace: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { seed, what, trace } = self;
        writeln!(f, "MUSTER_SEED={seed}: {what}\nThe last of what happened:")?;
        trace.iter().skip(trace.len().saturating_sub(60)).try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// What happened in a run that went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Everything, in order.
    pub trace: Vec<String>,
    /// Deltas that subscribers saw.
    pub deltas: usize,
    /// Partitions that were restored from their changelog.
    pub restores: usize,
    /// Writers that found themselves fenced or their result in doubt.
    pub failures: usize,
}

/// Runs the simulation of this seed, without one protection if that is asked for.
///
/// # Errors
/// The first violation.
pub fn run(seed: u64, without: Option<Protection>) -> Result<Run, Box<Violation>> {
    let mut world = World::new(seed, without);
    let ran = guarded(|| world.live()).unwrap_or_else(|panic| Err(format!("panicked: {panic}")));
    match ran {
        Ok(()) => {
            let (deltas, restores) = (world.judge.deltas(), world.judge.restores);
            Ok(Run { deltas, restores, failures: world.broker.failures, trace: world.trace })
        }
        Err(what) => Err(Box::new(Violation { seed, what, trace: world.trace })),
    }
}

/// What can happen beside the steps of instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    Change,
    Request,
    Tick,
    Show,
    Late,
    Learn,
    Start,
    Rebalance,
    Kill,
    KillInside,
    PowerLoss,
    LoseDisk,
    CopyDisk,
    PutBackDisk,
    Stop,
    Continue,
    StepClock,
    BrokerCrash,
    ExpireTransaction,
    ExpireOffset,
    ExpireOutput,
    Compact,
}

/// With their weights; the second part of them does not happen at all in about half of the worlds.
const ALWAYS: [(Happening, usize); 7] = [
    (Happening::Change, 40),
    (Happening::Request, 6),
    (Happening::Tick, 8),
    (Happening::Show, 25),
    (Happening::Late, 6),
    (Happening::Learn, 15),
    (Happening::Start, 12),
];
const FAULTS: [(Happening, usize); 15] = [
    (Happening::Rebalance, 6),
    (Happening::Kill, 4),
    (Happening::KillInside, 5),
    (Happening::PowerLoss, 4),
    (Happening::LoseDisk, 2),
    (Happening::CopyDisk, 4),
    (Happening::PutBackDisk, 3),
    (Happening::Stop, 4),
    (Happening::Continue, 8),
    (Happening::StepClock, 2),
    (Happening::BrokerCrash, 3),
    (Happening::ExpireTransaction, 3),
    (Happening::ExpireOffset, 2),
    (Happening::ExpireOutput, 1),
    (Happening::Compact, 5),
];

struct World {
    random: Random,
    without: Option<Protection>,
    time: Instant,
    broker: Broker,
    instances: Vec<Instance>,
    /// As the consumer group has it: which instance has which partition.
    assignment: Vec<usize>,
    author: Author,
    judge: Judge,
    owners: u128,
    weights: Vec<(Happening, usize)>,
    trace: Vec<String>,
}

impl World {
    fn new(seed: u64, without: Option<Protection>) -> World {
        let mut random = Random::new(seed);
        let wipes = match without {
            Some(Protection::WipeBeforeRestore) => Wipes::NotTheRecords,
            _ => Wipes::Everything,
        };
        let disk = |owner| Instance::new(Disk::new(owner as u128 + 1, wipes));
        let mut weights = ALWAYS.to_vec();
        weights.extend(FAULTS.iter().filter(|_| random.chance(50)));
        let start = Instant::from_millis(START);
        World {
            without,
            time: start,
            broker: Broker::new(PARTITIONS, without != Some(Protection::Fencing)),
            instances: (0..INSTANCES).map(disk).collect(),
            assignment: (0..PARTITIONS).map(|_| random.below(INSTANCES)).collect(),
            author: Author::new(PARTITIONS, start),
            judge: Judge::new(PARTITIONS),
            owners: INSTANCES as u128,
            weights,
            trace: Vec::new(),
            random,
        }
    }

    fn live(&mut self) -> Result<(), String> {
        self.instances.iter_mut().for_each(Instance::start);
        let assigned = self.author.assigned_group();
        self.broker.definitions.extend(assigned);
        for _ in 0..ROUNDS {
            for _ in 0..ACTIONS {
                self.happen()?;
            }
            self.rest()?;
            self.check()?;
            let clocks: Vec<Instant> =
                self.assignment.iter().map(|instance| self.instances[*instance].clock(self.time)).collect();
            let request = self.author.request_at_rest(&mut self.random, &clocks);
            self.broker.definitions.extend(request);
            self.rest()?;
            self.check()?;
        }
        self.restart()
    }

    /// One step or happening, as the seed has it.
    fn happen(&mut self) -> Result<(), String> {
        if self.random.chance(60) {
            let instance = self.random.below(INSTANCES);
            let steps = self.instances[instance].steps(&self.broker, self.time);
            if !steps.is_empty() {
                let (partition, step) = *self.random.pick(&steps);
                return self.step(instance, partition, step, Network::Rough);
            }
        }
        let weights: Vec<usize> = self.weights.iter().map(|(_, weight)| *weight).collect();
        let (happening, _) = self.weights[self.random.weighted(&weights)];
        let (partition, instance) = (self.random.below(PARTITIONS), self.random.below(INSTANCES));
        self.let_happen(happening, partition, instance);
        self.judge_shown()
    }

    fn let_happen(&mut self, happening: Happening, partition: usize, instance: usize) {
        self.note(|| format!("{happening:?} (instance {instance}, partition {partition})"));
        let at = &mut self.instances[instance];
        match happening {
            Happening::Change => {
                let (partition, line) = self.author.change(&mut self.random);
                self.broker.append(partition, line);
            }
            Happening::Request => {
                let definition = self.author.request(&mut self.random);
                self.broker.definitions.extend(definition);
            }
            Happening::Tick => {
                let millis = *self.random.pick(&[1, 1_000, 3_600_000, 5 * 3_600_000]);
                self.time = Instant::from_millis(self.time.as_millis() + millis);
            }
            Happening::Show => drop(self.broker.show(partition)),
            Happening::Late => drop(self.broker.deliver_late()),
            Happening::Learn => at.learn(&self.assignment, instance),
            Happening::Start if at.process.is_none() => at.start(),
            Happening::Start => {}
            Happening::Rebalance => self.rebalance(partition),
            Happening::Kill => at.process = None,
            // At one of its next calls of the disk or the log.
            Happening::KillInside => at.disk.set_fuse(Some(self.random.below(12))),
            Happening::PowerLoss => {
                at.process = None;
                at.disk.lose_power(&mut self.random);
            }
            Happening::LoseDisk => {
                self.owners += 1;
                at.process = None;
                at.copy = None;
                at.disk = at.disk.blank(self.owners);
            }
            Happening::CopyDisk => at.copy = Some(at.disk.copy()),
            Happening::PutBackDisk => {
                if let Some(copy) = at.copy.take() {
                    at.process = None;
                    at.disk = copy;
                }
            }
            Happening::Stop => at.process.iter_mut().for_each(|process| process.is_stopped = true),
            Happening::Continue => at.process.iter_mut().for_each(|process| process.is_stopped = false),
            Happening::StepClock => at.skew = (self.random.below(5) as i64 - 2) * 3_600_000,
            Happening::BrokerCrash => self.broker.crash(&mut self.random),
            Happening::ExpireTransaction => self.broker.expire_transaction(partition),
            Happening::ExpireOffset => self.broker.expire_offset(partition),
            Happening::ExpireOutput => self.broker.expire_output(partition),
            Happening::Compact => self.broker.compact(partition, Tombstones::Old),
        }
    }

    /// The group gives a partition to an instance that it hears of, or to any where it hears of none.
    fn rebalance(&mut self, partition: usize) {
        let hears = |(_, instance): &(usize, &Instance)| {
            instance.process.as_ref().is_some_and(|process| !process.is_stopped)
        };
        let alive: Vec<usize> = self.instances.iter().enumerate().filter(hears).map(|(at, _)| at).collect();
        if !alive.is_empty() {
            self.assignment[partition] = *self.random.pick(&alive);
        }
    }

    fn step(
        &mut self,
        instance: usize,
        partition: usize,
        step: Step,
        network: Network,
    ) -> Result<(), String> {
        self.note(|| format!("instance {instance}, partition {partition}: {step:?}"));
        let at = &mut self.instances[instance];
        let now = at.clock(self.time);
        let Some(task) = at.process.as_mut().and_then(|process| process.tasks.get_mut(&partition)) else {
            return Ok(());
        };
        let ours = self.assignment[partition] == instance;
        let then = task.step(
            step,
            &mut Surroundings {
                broker: &mut self.broker,
                disk: &at.disk,
                random: &mut self.random,
                judge: &mut self.judge,
                now,
                ownership: if ours { Ownership::Ours } else { Ownership::Lost },
                network,
                without: self.without,
            },
        );
        // What a step showed it did before it failed.
        self.judge_shown()?;
        if then? == Then::Killed {
            self.note(|| format!("instance {instance} is killed in it"));
            self.instances[instance].process = None;
            if self.random.chance(50) {
                self.instances[instance].disk.lose_power(&mut self.random);
            }
            self.instances[instance].disk.set_fuse(None);
        }
        Ok(())
    }

    fn judge_shown(&mut self) -> Result<(), String> {
        for (partition, transaction) in self.broker.take_shown() {
            let deltas = transaction.deltas.len();
            let marker =
                transaction.marker.as_ref().map(|marker| (marker.lineage, marker.entry, marker.sequence));
            self.note(|| format!("partition {partition} shows {deltas} deltas, marker {marker:?}"));
            self.judge.shown(partition, &transaction)?;
        }
        self.judge.judge_restored()
    }

    /// No more faults: everybody does what there is to do.
    fn rest(&mut self) -> Result<(), String> {
        self.note(|| "the faults stop".to_owned());
        for instance in &mut self.instances {
            instance.disk.set_fuse(None);
            match &mut instance.process {
                Some(process) => process.is_stopped = false,
                None => instance.start(),
            }
        }
        while self.broker.deliver_late() {}
        for _ in 0..REST {
            for (own, instance) in self.instances.iter_mut().enumerate() {
                instance.learn(&self.assignment, own);
            }
            let mut rests = true;
            for instance in 0..INSTANCES {
                if let Some((partition, step)) =
                    self.instances[instance].steps(&self.broker, self.time).first().copied()
                {
                    rests = false;
                    self.step(instance, partition, step, Network::Calm)?;
                }
            }
            for partition in 0..PARTITIONS {
                rests &= !self.broker.show(partition);
            }
            self.judge_shown()?;
            if rests {
                return Ok(());
            }
        }
        Err("it does not come to rest".to_owned())
    }

    fn check(&self) -> Result<(), String> {
        for partition in 0..PARTITIONS {
            let clock = self.instances[self.assignment[partition]].clock(self.time);
            let reached = self.broker.marker(partition).map_or(clock, |marker| marker.clock);
            let truth = self.author.truth(partition, clock.max(reached));
            self.judge.rests(partition, &truth, self.broker.changes(partition).len() as u64)?;
        }
        Ok(())
    }

    /// I7: without new input, a restart tells nobody anything.
    fn restart(&mut self) -> Result<(), String> {
        let before = self.judge.deltas();
        self.note(|| "everybody is restarted".to_owned());
        self.instances.iter_mut().for_each(Instance::start);
        self.rest()?;
        self.check()?;
        match self.judge.deltas() - before {
            0 => Ok(()),
            more => Err(format!("I7: a restart published {more} deltas")),
        }
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        self.trace.push(what());
    }
}
