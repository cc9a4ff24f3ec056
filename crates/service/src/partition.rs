//! One partition's thread: changes in, entries committed.
//!
//! A turn of its loop takes the definitions that came into force, the changes that were read, the time and a
//! slice of whatever synchronises, makes one entry of what they did and commits it. The position of what was
//! read is in the entry, so that a kill repeats a turn whole or not at all. Publishing is a thread of its own;
//! while too much is committed and not published, or the disk is nearly full, nothing is taken in: the log
//! keeps what waits, and memory stays as it is.

mod work;

pub(crate) use work::work;

use crate::alarm::Emptying;
use crate::observe::{PartitionState, Turn};
use crate::progress::Applied;
use crate::publisher::{Outbox, PartitionSubject, Publisher, Publishing, Subject, store_number};
use crate::shared::{CatalogSchemas, Past, Shared};
use crate::stop::Stop;
use crate::{Fault, Feedback, ServiceOptions, feedback};
use muster_directory::{Delta, Event, Rejection, RejectionCode, Source};
use muster_engine::storage::{Positions, RecordImage, Remedy, Restore, StorageError, Trouble};
use muster_engine::{Budget, Catalog, Definition, Partition};
use muster_stream::kill_point::KillPoint;
use muster_stream::log::{Batch, ReadLimits, Reader, Record, TopicPartition};
use muster_wire::Placement;
use std::sync::{Arc, PoisonError, RwLockReadGuard};
use std::time::{Duration, Instant};
use work::At;

/// How long one poll waits; definitions, instants that are due and a stop are noticed after that at the latest.
const POLL: Duration = Duration::from_millis(10);

/// How often lag and queues are told, and whether there is room; asking may cost a round trip to a broker.
const LOOK_PERIOD: Duration = Duration::from_secs(1);

/// One partition at work.
pub(crate) struct PartitionTask {
    shared: Arc<Shared>,
    number: u32,
    stop: Arc<Stop>,
    at: Arc<At>,
    trouble: Option<Trouble>,
    partition: Partition,
    positions: Positions,
    /// One more than the greatest request number among the definitions that the partition knows.
    definitions: u64,
    reader: Box<dyn Reader>,
    subject: Arc<dyn Subject>,
    outbox: Arc<Outbox>,
    publishing: Publishing,
    entry: u64,
    /// Whether the last entry left something to synchronise.
    syncing: bool,
    /// Whether it owes an answer.
    asked: bool,
    /// Schemas that are not stored yet. Nothing here reads them: they are for whoever looks at a directory at rest.
    schemas: Vec<RecordImage>,
    looked: Option<Instant>,
    /// Whether there is room on the disk.
    open: bool,
}

impl PartitionTask {
    /// Takes the partition over, which restores its state where that is lost, loads it under the definitions in
    /// force, and begins to publish what was left. Dropped, it waits until what is committed is published, as far
    /// as the log lets it.
    fn start(
        shared: &Arc<Shared>,
        number: u32,
        stop: &Arc<Stop>,
        at: &Arc<At>,
    ) -> Result<PartitionTask, Fault> {
        let (shared, stop) = (Arc::clone(shared), Arc::clone(stop));
        tracing::info!(partition = number, "the partition is being restored");
        let subject: Arc<dyn Subject> =
            Arc::new(PartitionSubject::new(Arc::clone(&shared), number, Arc::clone(&stop)));
        let publisher = Publisher::start(Arc::clone(&subject))?;
        let head = shared.storage.head(store_number(number))?;
        let mut restoring = Restoring {
            partition: match &head {
                Some(head) => Partition::after(head),
                None => Partition::new(shared.clock.now()),
            },
            schemas: Vec::new(),
        };
        if head.is_some() {
            shared.storage.load(store_number(number), &mut restoring)?;
        }
        let Restoring { mut partition, schemas: stored } = restoring;
        let mut unstored = Vec::new();
        let known = head.as_ref().map_or(0, |head| head.definitions_position);
        let (entry, positions) = match head {
            Some(head) => (head.entry, head.positions),
            None => (0, publisher.positions().clone()),
        };
        let definitions = {
            let catalog = shared.catalog();
            // What is in force already counts as known from the start.
            let (Past { endings, schemas, held }, next) = shared.begin_telling(number, &catalog);
            for schema in schemas.values() {
                // It may have come since the objects were stored.
                partition.define(&catalog, schema, &*shared.interpret, Budget::Whole);
                unstored.extend(schema_record(schema).filter(|record| !stored.contains(record)));
            }
            partition.restored(&catalog, &here(&shared, number, &positions), &endings);
            // Whether an edit is held is told once, and not stored; the last that was known may not have been told.
            for definition in held.values().filter(|definition| definition.version() + 1 >= known) {
                partition.define(&catalog, definition, &*shared.interpret, Budget::Whole);
            }
            next
        };
        let mut reader = shared
            .log
            .reader(ReadLimits { records: shared.options.batch_records, ..ReadLimits::default() })?;
        let mut reached = Positions::new();
        for topic in &shared.options.topics.changes {
            let of = TopicPartition::new(Arc::clone(topic), number);
            let from = match positions.get(&**topic) {
                Some(&next) => next,
                None => shared.log.bounds(&of)?.first,
            };
            reader.assign(&of, from)?;
            reached.insert(topic.to_string(), from);
        }
        let trouble = shared.storage.trouble(store_number(number))?;
        let counts = partition.counts();
        tracing::info!(
            partition = number,
            objects = counts.objects,
            groups = counts.groups,
            "the partition runs"
        );
        let positions = reached;
        let outbox = publisher.outbox();
        let publishing = Publishing::spawn(publisher)?;
        let mut task = PartitionTask {
            shared,
            number,
            stop,
            at: Arc::clone(at),
            trouble,
            partition,
            positions,
            definitions,
            reader,
            subject,
            outbox,
            publishing,
            entry,
            syncing: true,
            asked: false,
            schemas: unstored,
            looked: None,
            open: true,
        };
        task.turn(None)?;
        task.report();
        task.shared.observer.ready(number, true);
        task.shared.observer.state(number, PartitionState::Running);
        Ok(task)
    }

    /// Works until it is asked to stop.
    fn run(mut self) -> Result<(), Fault> {
        while !self.stop.is_requested() {
            self.look();
            if self.publishing.has_ended() {
                // By itself: it says why.
                return self.publishing.end();
            }
            if !self.outbox.wait_for_room(self.shared.options.outbox_entries, LOOK_PERIOD) {
                continue;
            }
            if !self.open {
                self.stop.wait(POLL);
                continue;
            }
            let timeout = if self.syncing || self.asked { Duration::ZERO } else { POLL };
            let batch = self.reader.poll(timeout)?;
            self.turn(batch)?;
        }
        self.shared.observer.ready(self.number, false);
        self.publishing.end()?;
        tracing::info!(partition = self.number, "the partition stopped");
        Ok(())
    }

    fn turn(&mut self, batch: Option<Batch>) -> Result<(), Fault> {
        let shared = Arc::clone(&self.shared);
        let catalog = shared.catalog();
        let known = self.definitions;
        self.take_definitions(&catalog);
        self.take_time(&catalog);
        self.asked = shared.questions.answer(self.number, &mut self.partition, &catalog);
        let work = self.partition.counts().work;
        let (mut moved, mut records) = (false, 0);
        if let Some(batch) = batch {
            records = batch.records.len() as u64;
            self.at.batch(Some(&batch.of));
            for record in &batch.records {
                self.at.record(record.offset);
                self.take_record(&catalog, &batch.of, record);
            }
            self.at.batch(None);
            let place = self.positions.entry(batch.of.topic.to_string()).or_default();
            moved = *place != batch.next;
            *place = batch.next;
        }
        let synced = self.partition.synchronise(&catalog, Budget::Objects(shared.options.slice));
        drop(catalog);
        let was_syncing = std::mem::replace(&mut self.syncing, synced);
        if !self.partition.step_is_empty() || moved || !self.schemas.is_empty() {
            let schemas = std::mem::take(&mut self.schemas);
            let entry = self.partition.take_entry(self.positions.clone(), self.definitions, schemas);
            let began = Instant::now();
            KillPoint::BeforeBatch.pass();
            shared.storage.commit(store_number(self.number), std::slice::from_ref(&entry))?;
            KillPoint::AfterBatch.pass();
            let commit = began.elapsed();
            self.leave_trouble_behind()?;
            self.entry = entry.number;
            self.outbox.push(self.subject.weight(&entry));
            self.watch_emptying(&entry.deltas);
            let done = self.partition.counts().work;
            shared.observer.turn(&Turn {
                partition: self.number,
                records,
                changes: done.changes - work.changes,
                rules: done.rules - work.rules,
                deltas: &entry.deltas,
                dead_letters: &entry.dead_letters,
                behind: &self.partition.behind(),
                commit,
            });
        } else if known == self.definitions && was_syncing == synced {
            return Ok(());
        }
        self.report();
        Ok(())
    }

    /// Raises the alarm for groups that changes empty.
    fn watch_emptying(&self, deltas: &[Delta]) {
        let Some(watch) = &self.shared.emptying else { return };
        let raised = watch.lock().unwrap_or_else(PoisonError::into_inner).count(deltas);
        for Emptying { tenant, group, removed } in raised {
            tracing::error!(%tenant, %group, removed, "changes empty a group faster than they may: look at what sends them");
            self.shared.observer.emptying(&tenant, &group, removed);
        }
    }

    /// Applies the definitions that came into force.
    fn take_definitions(&mut self, catalog: &RwLockReadGuard<'_, Catalog>) {
        let (queued, next) = self.shared.take_queued(self.number, catalog);
        if !queued.is_empty() {
            self.advance(catalog);
        }
        let budget = Budget::Objects(self.shared.options.slice);
        for definition in queued {
            self.partition.define(catalog, &definition, &*self.shared.interpret, budget);
            self.schemas.extend(schema_record(&definition));
            self.syncing = true;
        }
        self.definitions = next;
    }

    /// Steps the clock over every instant that has come at which a membership may change.
    fn take_time(&mut self, catalog: &Catalog) {
        let now = self.shared.clock.now();
        while let Some(due) = self.partition.next_deadline(catalog).filter(|due| *due <= now) {
            let source = here(&self.shared, self.number, &self.positions);
            self.partition.advance(catalog, due, &source);
        }
    }

    /// Brings the clock to the present, before something else is decided at it.
    fn advance(&mut self, catalog: &Catalog) {
        self.take_time(catalog);
        let source = here(&self.shared, self.number, &self.positions);
        self.partition.advance(catalog, self.shared.clock.now(), &source);
    }

    fn take_record(&mut self, catalog: &Catalog, of: &TopicPartition, record: &Record) {
        let source =
            Source::Topic { topic: Arc::clone(&of.topic), partition: of.partition, offset: record.offset };
        let read = record.as_wire();
        if let Some(rejection) = self.given_up(of, record.offset) {
            self.partition.refuse(read.dead_letter(source, rejection));
            return;
        }
        self.advance(catalog);
        let event = muster_wire::decode_change(&read, &self.placement(), &CatalogSchemas(catalog));
        if let Err(rejection) = event.and_then(|event| self.apply(catalog, event, &source)) {
            tracing::warn!(partition = self.number, offset = record.offset, code = %rejection.code, "a record was refused");
            self.partition.refuse(read.dead_letter(source, rejection));
        }
    }

    fn apply(&mut self, catalog: &Catalog, event: Event, source: &Source) -> Result<(), Rejection> {
        match event {
            Event::Object(change) => {
                let change = match self.shared.options.feedback {
                    Feedback::Off => Some(change),
                    Feedback::On => feedback::received(&self.partition, change),
                };
                if let Some(change) = change {
                    self.partition.change(catalog, change, source)?;
                }
            }
            Event::Tombstone(tombstone) => self.partition.end(catalog, tombstone, source),
            Event::Listing(change) => self.partition.listing(catalog, change, source),
            // Refused by the reader of records: they belong on another topic, or in files.
            Event::Group(_) | Event::Schema(_) | Event::Clock(_) => {}
        }
        Ok(())
    }

    /// Why the change there is not applied, where somebody decided to give it up.
    fn given_up(&self, of: &TopicPartition, offset: u64) -> Option<Rejection> {
        let Trouble { topic, reason, remedy, .. } = self.trouble.as_ref().filter(|at| at.offset == offset)?;
        let is_it = *topic == *of.topic && *remedy == Remedy::DeadLetter;
        let message = format!("the engine failed at it ({reason}), and it was given up by an operator");
        is_it.then(|| Rejection::new(RejectionCode::EngineFailure, message))
    }

    /// Forgets the change at which the engine failed, once what came of it is committed.
    fn leave_trouble_behind(&mut self) -> Result<(), Fault> {
        let passed =
            |trouble: &Trouble| self.positions.get(&trouble.topic).is_some_and(|next| *next > trouble.offset);
        if self.trouble.as_ref().is_some_and(passed) {
            self.shared.storage.note_trouble(store_number(self.number), None)?;
            self.trouble = None;
        }
        Ok(())
    }

    fn placement(&self) -> Placement {
        let ServiceOptions { partitioner, partitions, .. } = self.shared.options;
        Placement { configured: partitioner, partition: self.number, partitions }
    }

    /// Looks now and then what waits, and whether there is room for it; of a log that does not answer nothing
    /// is known.
    fn look(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK_PERIOD) {
            return;
        }
        self.looked = Some(Instant::now());
        self.shared.observer.definitions(self.number, self.shared.waiting(self.number));
        let closed = self.shared.intake.closed();
        if self.open == closed.is_some() {
            self.open = closed.is_none();
            match &closed {
                Some(reason) => {
                    tracing::error!(partition = self.number, reason, "nothing more is taken in");
                }
                None => tracing::info!(partition = self.number, "the partition goes on"),
            }
            self.shared.progress.stalled(self.number, closed);
        }
        for (topic, &next) in &self.positions {
            let of = TopicPartition::new(topic.as_str(), self.number);
            if let Ok(bounds) = self.shared.log.bounds(&of) {
                self.shared.observer.lag(topic, self.number, bounds.next.saturating_sub(next));
            }
        }
    }

    fn report(&self) {
        let Self { entry, definitions, syncing, .. } = *self;
        self.shared.progress.applied(self.number, Applied { entry, definitions, syncing });
    }
}

/// The place of the next change to be read: the source of what time alone causes.
fn here(shared: &Shared, partition: u32, positions: &Positions) -> Source {
    let topic = shared.options.topics.changes.first().cloned().unwrap_or_else(|| "".into());
    let offset = positions.get(&*topic).copied().unwrap_or_default();
    Source::Topic { topic, partition, offset }
}

/// The record of a definition that is a schema.
fn schema_record(definition: &Definition) -> Option<RecordImage> {
    match definition {
        Definition::Schema { request, version } => {
            Some(RecordImage::Schema(request.tenant.clone(), Some((*version, request.clone()))))
        }
        _ => None,
    }
}

struct Restoring {
    partition: Partition,
    /// As they are stored.
    schemas: Vec<RecordImage>,
}

impl Restore for Restoring {
    fn record(&mut self, record: RecordImage) -> Result<(), StorageError> {
        if let RecordImage::Schema(..) = record {
            self.schemas.push(record);
            return Ok(());
        }
        self.partition.restore_record(record)
    }
}
