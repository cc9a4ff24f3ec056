//! One partition in one instance: what the service does with it, cut into steps between which anything may
//! happen. The decisions are the engine's own: take-over, publisher, partition.

use super::broker::{Broker, Fate, Transaction, Writer};
use super::disk::Disk;
use super::ground::{BrokerGround, GroundError};
use super::judge::Judge;
use super::protection::Protection;
use crate::engine::WireInterpret;
use crate::random::Random;
use muster_directory::{DeadLetter, Event, Instant, Rejection, Source};
use muster_engine::publisher::{
    Action, Input, Limits, Ownership, Published, Publisher, Weight, WriteFailure,
};
use muster_engine::storage::{
    Entry, Marker, PartitionNumber, Positions, RecordImage, Restore, Storage, StorageError,
};
use muster_engine::takeover::{TakeOverError, TakenOver, resume, take_over};
use muster_engine::{Budget, Catalog, Endings, Partition};
use muster_index::IndexKind;
use muster_rule::Schema;
use std::collections::VecDeque;
use std::sync::Arc;

/// The topic of changes, as positions and sources name it.
pub(super) const CHANGES: &str = "changes";

/// So small that transactions hold few entries, and input waits now and then.
const LIMITS: Limits = Limits { records: 6, bytes: u64::MAX, backlog_bytes: u64::MAX, backlog_entries: 12 };

/// Everything that a step may use.
pub(super) struct Surroundings<'a> {
    pub(super) broker: &'a mut Broker,
    pub(super) disk: &'a Disk,
    pub(super) random: &'a mut Random,
    pub(super) judge: &'a mut Judge,
    /// By the instance's clock.
    pub(super) now: Instant,
    /// As the consumer group says.
    pub(super) ownership: Ownership,
    pub(super) network: Network,
    pub(super) without: Option<Protection>,
}

/// How the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    /// Every commit arrives, and its answer.
    Calm,
    /// Not so, and somebody else may fence at any time.
    Rough,
}

/// See the module's text.
pub(super) struct Task {
    number: usize,
    stage: Stage,
    writer: Option<Writer>,
    running: Option<Running>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// To be taken over, from the start or again.
    Down,
    Up,
    /// Given up.
    Over,
}

/// What can be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    TakeOver,
    Turn,
    Sync,
    Act,
    Send,
    Commit,
    ReadBack,
}

/// What a step led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    GoesOn,
    /// The process ended in the middle of it.
    Killed,
}

struct Running {
    partition: Partition,
    catalog: Catalog,
    definitions: usize,
    positions: Positions,
    machine: Publisher,
    lineage: u64,
    /// Deltas up to this sequence are in the output.
    present: u64,
    /// Written, and not yet synced.
    unsynced: Vec<Weight>,
    actions: VecDeque<Action>,
    sending: Option<Sending>,
    read: Option<Marker>,
    syncing: bool,
}

struct Sending {
    after: u64,
    through: u64,
    parts: VecDeque<Part>,
}

enum Part {
    Send(Transaction),
    Commit,
}

impl Task {
    pub(super) fn new(number: usize) -> Task {
        Task { number, stage: Stage::Down, writer: None, running: None }
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// All that could be done now.
    pub(super) fn steps(&self, broker: &Broker, now: Instant) -> Vec<Step> {
        if self.stage == Stage::Over {
            return Vec::new();
        }
        let mut steps = Vec::new();
        let Some(running) = &self.running else { return vec![Step::TakeOver] };
        if self.stage == Stage::Down && running.actions.is_empty() {
            steps.push(Step::TakeOver);
        }
        if running.has_input(broker, self.number, now) && !running.machine.is_full() {
            steps.push(Step::Turn);
        }
        if !running.unsynced.is_empty() {
            steps.push(Step::Sync);
        }
        if !running.actions.is_empty() && running.sending.is_none() {
            steps.push(Step::Act);
        }
        if let Some(sending) = &running.sending {
            steps.push(match sending.parts.front() {
                Some(Part::Send(_)) => Step::Send,
                _ => Step::Commit,
            });
        }
        if self.stage == Stage::Up && broker.marker(self.number) != running.read.as_ref() {
            steps.push(Step::ReadBack);
        }
        steps
    }

    /// # Errors
    /// What must never happen.
    pub(super) fn step(&mut self, step: Step, around: &mut Surroundings<'_>) -> Result<Then, String> {
        let done = match step {
            Step::TakeOver => return self.take_over(around),
            Step::Turn => self.turn(around),
            Step::Sync => self.sync(around),
            Step::Act => self.act(around)?,
            Step::Send => self.send(around),
            Step::Commit => self.commit(around),
            Step::ReadBack => self.read_back(around),
        };
        // A disk fails only where the process is to be killed.
        Ok(done.map_or(Then::Killed, |()| Then::GoesOn))
    }

    fn take_over(&mut self, around: &mut Surroundings<'_>) -> Result<Then, String> {
        let partition = stored(self.number);
        let writer = around.broker.make_writer(self.number);
        self.writer = Some(writer);
        let disk = around.disk;
        let mut ground = BrokerGround { around, writer, number: self.number };
        let result = match self.running {
            Some(_) => resume(disk, partition, &mut ground),
            None => take_over(disk, partition, &mut ground),
        };
        match result {
            Ok(taken) => Ok(self.begin(taken, around).map_or(Then::Killed, |()| Then::GoesOn)),
            Err(TakeOverError::Refused(refusal)) => {
                Err(format!("partition {} is refused: {refusal}", self.number))
            }
            Err(TakeOverError::Overtaken) => {
                self.running = None;
                Ok(Then::GoesOn)
            }
            Err(TakeOverError::Failed(GroundError::Storage(StorageError::Io { .. }))) => Ok(Then::Killed),
            Err(TakeOverError::Failed(GroundError::Storage(error))) => Err(error.to_string()),
            Err(TakeOverError::Failed(GroundError::Write(failure))) => {
                self.writer = None;
                match &mut self.running {
                    Some(running) => running.handle(Input::Failed(failure)),
                    None if failure == WriteFailure::Fenced && around.ownership == Ownership::Lost => {
                        self.stage = Stage::Over;
                    }
                    None => {}
                }
                Ok(Then::GoesOn)
            }
        }
    }

    fn begin(&mut self, taken: TakenOver, around: &mut Surroundings<'_>) -> Result<(), StorageError> {
        let partition = stored(self.number);
        if taken.restored.is_some() {
            around.judge.restored(self.number, taken.marker.entry, around.disk.records(partition));
        }
        self.stage = Stage::Up;
        if let Some(running) = &mut self.running {
            running.lineage = taken.marker.lineage;
            running.present = taken.present;
            running.handle(Input::TakenOver(taken.published()));
            return Ok(());
        }
        self.running = Some(Running::load(self.number, &taken, around)?);
        Ok(())
    }

    fn turn(&mut self, around: &mut Surroundings<'_>) -> Result<(), StorageError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        if let Some(entry) = running.turn(self.number, around) {
            let partition = stored(self.number);
            let number = entry.number;
            running.unsynced.push(weight(&entry));
            around.disk.burn()?;
            around.disk.prepare(partition, entry);
            around.judge.prepared(self.number, (around.disk.owner(), number), around.disk.records(partition));
            if around.without == Some(Protection::SyncBeforePublish) {
                let weights = std::mem::take(&mut running.unsynced);
                running.handle(Input::Committed(weights));
            }
        }
        Ok(())
    }

    fn sync(&mut self, around: &mut Surroundings<'_>) -> Result<(), StorageError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        around.disk.burn()?;
        around.disk.sync();
        let weights = std::mem::take(&mut running.unsynced);
        running.handle(Input::Committed(weights));
        Ok(())
    }

    fn act(&mut self, around: &mut Surroundings<'_>) -> Result<Result<(), StorageError>, String> {
        let Some(running) = &mut self.running else { return Ok(Ok(())) };
        let Some(action) = running.actions.pop_front() else { return Ok(Ok(())) };
        let done = match action {
            Action::Write { after, through } => running
                .parts(self.number, after, through, around)
                .map(|parts| running.sending = Some(Sending { after, through, parts })),
            Action::Acknowledge(published) => {
                // What a take-over found it has noted itself.
                match running.read.as_ref().filter(|read| Published::from(*read) == published) {
                    Some(read) => around.disk.acknowledge(stored(self.number), read),
                    None => Ok(()),
                }
            }
            Action::TakeOver { .. } => {
                self.drop_writer();
                self.stage = Stage::Down;
                Ok(())
            }
            Action::AskOwnership => {
                running.handle(Input::Ownership(around.ownership));
                self.drop_writer();
                Ok(())
            }
            Action::GiveUp => {
                self.drop_writer();
                self.stage = Stage::Over;
                Ok(())
            }
            Action::Stop(reason) => return Err(format!("partition {} stops: {reason}", self.number)),
        };
        Ok(done)
    }

    fn drop_writer(&mut self) {
        self.writer = None;
        if let Some(running) = &mut self.running {
            running.sending = None;
        }
    }

    fn send(&mut self, around: &mut Surroundings<'_>) -> Result<(), StorageError> {
        let (Some(running), Some(writer)) = (&mut self.running, self.writer) else { return Ok(()) };
        let part = running.sending.as_mut().and_then(|sending| sending.parts.pop_front());
        if let Some(Part::Send(part)) = part
            && let Err(failure) = around.broker.send(writer, part)
        {
            self.fail(failure);
        }
        Ok(())
    }

    fn commit(&mut self, around: &mut Surroundings<'_>) -> Result<(), StorageError> {
        let (Some(running), Some(writer)) = (&mut self.running, self.writer) else { return Ok(()) };
        let Some(sending) = &mut running.sending else { return Ok(()) };
        sending.parts.pop_front();
        let (after, through) = (sending.after, sending.through);
        let fate = around.fate();
        match around.broker.commit(writer, fate) {
            Ok(()) if !sending.parts.is_empty() => Ok(()),
            Ok(()) => {
                running.sending = None;
                if around.without == Some(Protection::ReadBackBeforeTrim) {
                    return running.trust(self.number, through, around);
                }
                running.handle(Input::Written);
                Ok(())
            }
            Err(WriteFailure::Doubtful)
                if around.without == Some(Protection::DropDoubtfulWriter) && around.broker.knows(writer) =>
            {
                let parts = running.parts(self.number, after, through, around)?;
                running.sending = Some(Sending { after, through, parts });
                Ok(())
            }
            Err(failure) => {
                self.fail(failure);
                Ok(())
            }
        }
    }

    fn fail(&mut self, failure: WriteFailure) {
        self.drop_writer();
        if let Some(running) = &mut self.running {
            running.handle(Input::Failed(failure));
        }
    }

    fn read_back(&mut self, around: &mut Surroundings<'_>) -> Result<(), StorageError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        running.read = around.broker.marker(self.number).cloned();
        around.disk.set_position(stored(self.number), around.broker.changelog_end(self.number));
        if let Some(read) = &running.read {
            let published = Published::from(read);
            running.handle(Input::ReadBack(published));
        }
        Ok(())
    }
}

impl Running {
    fn load(
        number: usize,
        taken: &TakenOver,
        around: &mut Surroundings<'_>,
    ) -> Result<Running, StorageError> {
        let partition = stored(number);
        let mut loading = Loading(match around.disk.head(partition)? {
            Some(head) => Partition::after(&head),
            None => Partition::new(around.now),
        });
        around.disk.load(partition, &mut loading)?;
        let (mut catalog, mut endings) = (Catalog::new(IndexKind::Value), Endings::default());
        for definition in &around.broker.definitions {
            catalog.apply(definition);
            endings.learn(definition);
        }
        let positions = around
            .disk
            .head(partition)?
            .map_or_else(|| taken.marker.positions.clone(), |head| head.positions);
        let machine = Publisher::new(LIMITS, taken.published());
        let mut running = Running {
            partition: loading.0,
            definitions: around.broker.definitions.len(),
            catalog,
            positions,
            machine,
            lineage: taken.marker.lineage,
            present: taken.present,
            unsynced: Vec::new(),
            actions: VecDeque::new(),
            sending: None,
            read: None,
            syncing: true,
        };
        let source = running.here(number);
        running.partition.restored(&running.catalog, &source, &endings);
        let outbox = around.disk.outbox(partition, taken.marker.entry, usize::MAX)?;
        running.handle(Input::Committed(outbox.iter().map(weight).collect()));
        Ok(running)
    }

    fn handle(&mut self, input: Input) {
        self.actions.extend(self.machine.handle(input));
    }

    fn next(&self) -> u64 {
        self.positions.get(CHANGES).copied().unwrap_or_default()
    }

    fn here(&self, number: usize) -> Source {
        Source::Topic { topic: CHANGES.into(), partition: number as u32, offset: self.next() }
    }

    fn has_input(&self, broker: &Broker, number: usize, now: Instant) -> bool {
        self.syncing
            || self.next() < broker.changes(number).len() as u64
            || self.definitions < broker.definitions.len()
            || self.partition.next_deadline(&self.catalog).is_some_and(|due| due <= now)
            || !self.partition.step_is_empty()
    }

    /// Some definitions, some changes, the time, a slice of what synchronises.
    fn turn(&mut self, number: usize, around: &mut Surroundings<'_>) -> Option<Entry> {
        let source = self.here(number);
        while let Some(due) = self.partition.next_deadline(&self.catalog).filter(|due| *due <= around.now) {
            self.partition.advance(&self.catalog, due, &source);
        }
        let waiting = around.broker.definitions.len() - self.definitions;
        let known = self.definitions + around.random.below(waiting + 1);
        let known = if self.next() < around.broker.changes(number).len() as u64 {
            known
        } else {
            self.definitions + waiting
        };
        for definition in &around.broker.definitions[self.definitions..known] {
            self.partition.advance(&self.catalog, around.now, &source);
            self.catalog.apply(definition);
            self.partition.define(&self.catalog, definition, &WireInterpret, Budget::Objects(1));
        }
        self.definitions = known;
        let from = self.next();
        let few = around.random.between(1, 3);
        for line in around.broker.changes(number).iter().skip(from as usize).take(few) {
            self.partition.advance(&self.catalog, around.now, &self.here(number));
            let source = self.here(number);
            if let Err(rejection) = self.take(line, &source) {
                self.partition.refuse(DeadLetter::of_line(
                    source,
                    rejection,
                    line.as_bytes(),
                    line.len() as u64,
                ));
            }
            *self.positions.entry(CHANGES.to_owned()).or_default() += 1;
        }
        let budget = Budget::Objects(around.random.between(1, 3) as u64);
        self.syncing = self.partition.synchronise(&self.catalog, budget);
        let moved = self.next() != from;
        (moved || !self.partition.step_is_empty())
            .then(|| self.partition.take_entry(self.positions.clone(), self.definitions as u64, Vec::new()))
    }

    fn take(&mut self, line: &str, source: &Source) -> Result<(), Rejection> {
        match muster_wire::decode(line.as_bytes(), &Arc::<Schema>::default())? {
            Event::Object(change) => self.partition.change(&self.catalog, change, source),
            Event::Listing(change) => {
                self.partition.listing(&self.catalog, change, source);
                Ok(())
            }
            other => unreachable!("no change: {other:?}"),
        }
    }

    /// The transaction of these entries, in the steps in which it is written.
    fn parts(
        &self,
        number: usize,
        after: u64,
        through: u64,
        around: &Surroundings<'_>,
    ) -> Result<VecDeque<Part>, StorageError> {
        let (disk, partition) = (around.disk, stored(number));
        let synced = disk.synced_entry(partition);
        let mut parts = VecDeque::new();
        let mut marker = None;
        for entry in disk.outbox(partition, after, (through - after) as usize)? {
            let images = disk.images(partition, entry.number)?.expect("a changelog is kept");
            marker = Some(Marker::after(&entry, disk.owner(), self.lineage));
            let mut deltas = entry.deltas;
            deltas.retain(|delta| delta.sequence > self.present);
            let part = Transaction { deltas, letters: entry.dead_letters, images, marker: None, synced };
            parts.push_back(Part::Send(part));
        }
        if around.without == Some(Protection::MarkerInTransaction) {
            parts.push_back(Part::Commit);
        }
        parts.push_back(Part::Send(Transaction { marker, synced, ..Transaction::default() }));
        parts.push_back(Part::Commit);
        Ok(parts)
    }

    /// Takes the writer's word for it: the mistake.
    fn trust(&mut self, number: usize, through: u64, around: &Surroundings<'_>) -> Result<(), StorageError> {
        let partition = stored(number);
        if let Some(entry) = around.disk.outbox(partition, through - 1, 1)?.first() {
            let marker = Marker::after(entry, around.disk.owner(), self.lineage);
            around.disk.acknowledge(partition, &marker)?;
            self.read = Some(marker);
        }
        self.handle(Input::Written);
        if let Some(read) = &self.read {
            let published = Published::from(read);
            self.handle(Input::ReadBack(published));
        }
        Ok(())
    }
}

impl Surroundings<'_> {
    pub(super) fn fate(&mut self) -> Fate {
        if self.network == Network::Calm {
            return Fate::Answered;
        }
        let fates = [Fate::Answered, Fate::AnswerLost, Fate::RequestLost, Fate::Late];
        fates[self.random.weighted(&[10, 1, 1, 1])]
    }
}

struct Loading(Partition);

impl Restore for Loading {
    fn record(&mut self, record: RecordImage) -> Result<(), StorageError> {
        self.0.restore_record(record)
    }
}

fn weight(entry: &Entry) -> Weight {
    let records = entry.deltas.len() + entry.dead_letters.len() + entry.records.len();
    Weight { entry: entry.number, sequence: entry.sequence, records: records as u64, bytes: 1 }
}

pub(super) fn stored(number: usize) -> PartitionNumber {
    PartitionNumber::try_from(number).expect("few partitions")
}
