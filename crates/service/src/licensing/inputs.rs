//! The subscriber's inputs, in the order in which they are handed on.
//!
//! Definitions and changes come as they are read. A delta waits until what caused it was handed on: the change
//! that its source names, the definition of its version. So a user's location is known before the group that
//! follows from the same change, and the end of a group before the ends of its memberships; the same lines in
//! a file have the same order. Deltas of one partition stay in theirs.
//!
//! *Bounds.* One batch of deltas is held at most; while its first waits, no other is read.

use super::LicensingShared;
use super::options::{LicensingOptions, position_name};
use crate::Fault;
use muster_directory::licence::LicensingInput;
use muster_directory::{
    Cause, DeadLetter, Event, GroupDefinition, GroupOp, GroupPatch, GroupRequest, Rejection, Source,
};
use muster_engine::storage::Positions;
use muster_rule::Schema;
use muster_stream::log::{Batch, LogError, ReadLimits, Reader, Record, TopicPartition};
use muster_wire::{AcceptedDefinition, AcceptedLicensing, Placement};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Something that was read.
pub(super) struct Input {
    /// What it says; `None`: it counts, and has no effect here.
    pub(super) says: Option<LicensingInput>,
    /// Where it comes from.
    pub(super) source: Source,
    /// The record, where refusing it is the subscriber's business.
    pub(super) record: Option<Record>,
}

impl Input {
    /// The dead letter of this input.
    pub(super) fn dead_letter(&self, rejection: Rejection) -> Option<DeadLetter> {
        let record = self.record.as_ref()?;
        Some(record.as_wire().dead_letter(self.source.clone(), rejection))
    }
}

pub(super) struct Inputs {
    shared: Arc<LicensingShared>,
    /// Definitions and changes.
    causes: Box<dyn Reader>,
    deltas: Box<dyn Reader>,
    /// Deltas that were read and not handed on.
    held: Option<Held>,
    /// Next offsets, everything before them handed on.
    positions: Positions,
    definitions: TopicPartition,
    /// One more than the greatest request number among the definitions that were handed on.
    versions: u64,
    /// The request that ended a group last.
    ended: Option<u64>,
    /// Before this offset, confirmations are of another life.
    stale: u64,
}

struct Held {
    of: TopicPartition,
    next: u64,
    records: VecDeque<Record>,
    /// The offset of the last definition there was when the first of them began to wait.
    last_definition: Option<Option<u64>>,
}

impl Inputs {
    /// Goes on at these positions, and at the beginning where there are none.
    pub(super) fn open(shared: Arc<LicensingShared>, stored: Option<&Positions>) -> Result<Inputs, Fault> {
        let options = &shared.options;
        let limits = ReadLimits { records: options.service.batch_records, ..ReadLimits::default() };
        let (mut causes, mut deltas) = (shared.log.reader(limits)?, shared.log.reader(limits)?);
        let mut positions = Positions::new();
        for of in options.inputs() {
            let name = position_name(&of);
            let from = match stored.and_then(|stored| stored.get(&name)) {
                Some(&next) => next,
                None => shared.log.bounds(&of)?.first,
            };
            let is_delta = of.topic == options.service.topics.deltas;
            if is_delta {
                deltas.assign(&of, from)?
            } else {
                causes.assign(&of, from)?
            }
            positions.insert(name, from);
        }
        let definitions = options.definitions();
        let stale = if stored.is_none() { shared.log.bounds(&definitions)?.next } else { 0 };
        Ok(Inputs {
            causes,
            deltas,
            held: None,
            positions,
            definitions,
            versions: 0,
            ended: None,
            stale,
            shared,
        })
    }

    /// Next offsets, everything before them handed on.
    pub(super) fn positions(&self) -> &Positions {
        &self.positions
    }

    /// Hands on what comes next to `apply`, waiting for it up to `timeout`; whether something came.
    pub(super) fn next(
        &mut self,
        timeout: Duration,
        apply: &mut dyn FnMut(Input) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        let half = timeout / 2;
        if let Some(batch) = self.poll_causes(if self.held.is_some() { timeout } else { half })? {
            self.hand_on_causes(batch, apply)?;
            return Ok(true);
        }
        if self.held.is_none()
            && let Some(Batch { of, records, next, .. }) = self.deltas.poll(half)?
        {
            let records = records.into();
            self.held = Some(Held { of, next, records, last_definition: None });
        }
        self.hand_on_deltas(apply)
    }

    /// A partition of the changes may have lost what was not read in time; then there is nothing to wait for.
    fn poll_causes(&mut self, timeout: Duration) -> Result<Option<Batch>, Fault> {
        match self.causes.poll(timeout) {
            Err(LogError::OutOfRange { of, offset, bounds })
                if of != self.definitions && offset < bounds.first =>
            {
                tracing::error!(
                    topic = %of.topic, partition = of.partition, from = offset, to = bounds.first,
                    "changes were deleted before licensing read them: usage locations may be old"
                );
                self.causes.seek(&of, bounds.first)?;
                self.positions.insert(position_name(&of), bounds.first);
                Ok(None)
            }
            polled => Ok(polled?),
        }
    }

    fn hand_on_causes(
        &mut self,
        batch: Batch,
        apply: &mut dyn FnMut(Input) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Batch { of, records, next, .. } = batch;
        for record in records {
            let offset = record.offset;
            let input = if of == self.definitions {
                self.definition(record)?
            } else {
                Some(change(&self.shared.options, &of, &record))
            };
            if let Some(input) = input {
                apply(input)?;
            }
            self.positions.insert(position_name(&of), offset + 1);
        }
        self.positions.insert(position_name(&of), next);
        Ok(())
    }

    fn hand_on_deltas(&mut self, apply: &mut dyn FnMut(Input) -> Result<(), Fault>) -> Result<bool, Fault> {
        let Some(mut held) = self.held.take() else { return Ok(false) };
        let mut moved = false;
        while let Some(record) = held.records.pop_front() {
            let input = delta(&held.of, &record)?;
            if !self.is_caused(&input, &mut held)? {
                held.records.push_front(record);
                self.held = Some(held);
                return Ok(moved);
            }
            apply(input)?;
            moved = true;
            held.last_definition = None;
            self.positions.insert(position_name(&held.of), record.offset + 1);
        }
        let before = self.positions.insert(position_name(&held.of), held.next);
        Ok(moved || before != Some(held.next))
    }

    /// Whether what caused the delta was handed on.
    fn is_caused(&self, input: &Input, held: &mut Held) -> Result<bool, Fault> {
        let Some(LicensingInput::Delta(_, delta)) = &input.says else { return Ok(true) };
        match (&delta.cause, &delta.source) {
            // Such a change lies there, or is deleted; then the reader goes on behind it.
            (Cause::Change { .. } | Cause::Member { .. }, Source::Topic { topic, partition, offset }) => {
                let of = TopicPartition::new(Arc::clone(topic), *partition);
                let read = self.positions.get(&position_name(&of));
                Ok(read.is_none_or(|read| read > offset))
            }
            // Such a definition lies there, or is superseded.
            (Cause::Rule { version }, _) if self.versions <= *version => {
                let last = match held.last_definition {
                    Some(last) => last,
                    None => {
                        let last = self.shared.log.last_record(&self.definitions)?.map(|last| last.offset);
                        *held.last_definition.insert(last)
                    }
                };
                let read = self.positions.get(&position_name(&self.definitions)).copied().unwrap_or_default();
                Ok(last.is_none_or(|last| read > last))
            }
            // What time causes has no input of its own, and what memberships cause comes with theirs.
            _ => Ok(true),
        }
    }

    fn definition(&mut self, record: Record) -> Result<Option<Input>, Fault> {
        let offset = record.offset;
        let accepted = AcceptedDefinition::from_record(&record.as_wire())?;
        let (says, version, source, record) = match accepted {
            AcceptedDefinition::Group(definition) => {
                let (version, source) = (definition.version, definition.source.clone());
                (Some(group(definition)), version, source, None)
            }
            AcceptedDefinition::GroupDeleted { tenant, id, version, source } => {
                self.ended = Some(version);
                let request = GroupRequest { tenant, id, op: GroupOp::Delete };
                (Some(LicensingInput::Event(Event::Group(request))), version, source, None)
            }
            // What waits is nothing yet.
            AcceptedDefinition::Held(_) | AcceptedDefinition::HeldEnded { .. } => return Ok(None),
            AcceptedDefinition::Schema { version, .. } => {
                // It names no request of its own.
                let topic = Arc::clone(&self.shared.options.service.topics.requests);
                (None, version, Source::Topic { topic, partition: 0, offset: version }, None)
            }
            AcceptedDefinition::Licensing(AcceptedLicensing { input, version, source, line }) => {
                let is_stale = matches!(input, LicensingInput::ConfirmRemoval(..)) && offset < self.stale;
                if is_stale || line.is_none() && self.ended == Some(version) {
                    // The second is the end of an assignment with its group, which was told already.
                    return Ok(None);
                }
                (Some(input), version, source, Some(record))
            }
        };
        self.versions = self.versions.max(version + 1);
        Ok(Some(Input { says, source, record }))
    }
}

/// A group's definition, as its line would say it.
fn group(definition: GroupDefinition) -> LicensingInput {
    let GroupDefinition { tenant, id, rule, .. } = definition;
    let membership_rule = Some(rule.map(|rule| rule.text));
    let patch = GroupPatch { membership_rule, ..GroupPatch::default() };
    LicensingInput::Event(Event::Group(GroupRequest { tenant, id, op: GroupOp::Upsert(patch) }))
}

/// A change of an object. One that the engine refuses is its dead letter, not ours.
fn change(options: &LicensingOptions, of: &TopicPartition, record: &Record) -> Input {
    let source =
        Source::Topic { topic: Arc::clone(&of.topic), partition: of.partition, offset: record.offset };
    let service = &options.service;
    let placement = Placement {
        configured: service.partitioner,
        partition: of.partition,
        partitions: service.partitions,
    };
    // Which attributes a tenant declares means nothing here.
    let event = muster_wire::decode_change(&record.as_wire(), &placement, &Arc::new(Schema::default()));
    Input { says: event.ok().map(LicensingInput::Event), source, record: None }
}

fn delta(of: &TopicPartition, record: &Record) -> Result<Input, Fault> {
    let unreadable = |reason: String| {
        let (offset, of) = (record.offset, of);
        Fault::Contradiction(format!("the record at offset {offset} of {of} is no delta: {reason}"))
    };
    let value = record.value.as_deref().ok_or_else(|| unreadable("it has no value".to_owned()))?;
    let input = muster_wire::decode_licensing(value, &Arc::new(Schema::default()))
        .map_err(|rejection| unreadable(rejection.message))?;
    let LicensingInput::Delta(partition, delta) = input else {
        return Err(unreadable("it is another line".to_owned()));
    };
    if partition != of.partition {
        return Err(unreadable(format!("it says that it is of partition {partition}")));
    }
    let source = delta.source.clone();
    Ok(Input { says: Some(LicensingInput::Delta(partition, delta)), source, record: None })
}
