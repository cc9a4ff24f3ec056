//! The writer of one subject: taking over, writing entries, and the marker between them.

use super::ground::{LogGround, progress, push_images, push_marker};
use super::read_back::{ReadBack, Seen};
use super::subject::Subject;
use crate::Fault;
use muster_engine::publisher::Published;
use muster_engine::storage::{Entry, Marker, Positions};
use muster_engine::takeover::{TakeOverError, TakenOver, resume, take_over};
use muster_stream::kill_point::KillPoint;
use muster_stream::log::{NewRecord, Writer};
use std::sync::Arc;

/// So many entries are read from the outbox at once.
const ENTRIES: usize = 64;

/// Writes one subject.
pub(super) struct Writing {
    subject: Arc<dyn Subject>,
    writer: Option<Box<dyn Writer>>,
    read_back: ReadBack,
    /// What was written last in this lineage, or claimed.
    marker: Marker,
    /// What was read back last, or found when it was taken over; `None` where there was nothing.
    seen: Option<Marker>,
    /// Up to this sequence the output was filled by a transaction that was torn.
    present: u64,
}

impl Writing {
    /// Makes a writer, which fences any earlier one, and takes over what is not running here.
    pub(super) fn take_over(subject: Arc<dyn Subject>) -> Result<Writing, Fault> {
        let mut writer = subject.log().writer(&subject.writer())?;
        let mut ground = LogGround { subject: &*subject, writer: &mut *writer, copy: subject.copy() };
        let taken = take_over(subject.storage(), subject.store_number(), &mut ground)
            .map_err(|error| fault(error, &*subject))?;
        if let Some(because) = taken.restored {
            tracing::info!(of = subject.name(), %because, "its state was restored from the changelog");
        }
        let mut read_back = ReadBack::default();
        read_back.begin(&*subject)?;
        let seen = subject.storage().marker(subject.store_number())?;
        let TakenOver { marker, present, .. } = taken;
        Ok(Writing { subject, writer: Some(writer), read_back, seen, marker, present })
    }

    /// The same after the writer failed, while the state in memory goes on. The last sequence in the output, where
    /// it is read back from its end on.
    pub(super) fn resume(&mut self) -> Result<Option<u64>, Fault> {
        // The one before goes first, or its threads would outlive it.
        self.writer = None;
        let subject = Arc::clone(&self.subject);
        let mut writer = subject.log().writer(&subject.writer())?;
        let mut ground = LogGround { subject: &*subject, writer: &mut *writer, copy: None };
        let taken = resume(subject.storage(), subject.store_number(), &mut ground)
            .map_err(|error| fault(error, &*subject))?;
        self.writer = Some(writer);
        self.seen = subject.storage().marker(subject.store_number())?;
        self.present = taken.present;
        self.marker = taken.marker;
        if self.read_back.has_begun() {
            return Ok(None);
        }
        self.read_back.begin(&*subject)?;
        Ok(Some(self.present))
    }

    /// What is published, in the lineage of this writer.
    pub(super) fn published(&self) -> Published {
        Published::from(&self.marker)
    }

    /// The last sequence that is in the output already.
    pub(super) fn present(&self) -> u64 {
        self.present
    }

    /// How far the inputs are read in what is published.
    pub(super) fn positions(&self) -> &Positions {
        &self.marker.positions
    }

    /// The entries after this one, up to and including `through` at most, a few.
    pub(super) fn entries(&self, after: u64, through: u64) -> Result<Vec<Entry>, Fault> {
        let (storage, number) = (self.subject.storage(), self.subject.store_number());
        let few = usize::try_from(through.saturating_sub(after)).unwrap_or(ENTRIES).min(ENTRIES);
        let mut entries = storage.outbox(number, after, few)?;
        if self.subject.changelog().is_some() {
            for entry in &mut entries {
                entry.records = storage.images(number, entry.number)?.ok_or_else(|| {
                    Fault::Contradiction(format!(
                        "entry {} of {} was committed while no changelog was kept: start once more without \
                         one (`topics.changelog` empty), so that it is published",
                        entry.number,
                        self.subject.name()
                    ))
                })?;
            }
        }
        Ok(entries)
    }

    /// Writes entries in one transaction with the marker after them.
    pub(super) fn write(&mut self, after: u64, through: u64) -> Result<(), Fault> {
        let mut records = Vec::new();
        let mut last: Option<Entry> = None;
        let mut reached = after;
        while reached < through {
            for entry in self.entries(reached, through)? {
                self.render(&entry, &mut records)?;
                last = Some(entry);
            }
            let Some(entry) = last.as_ref().filter(|entry| entry.number > reached) else {
                return Err(Fault::Contradiction(format!(
                    "entry {} of {} is committed, but not in the outbox",
                    reached + 1,
                    self.subject.name()
                )));
            };
            reached = entry.number;
        }
        let (Some(last), Some(mut writer)) = (last, self.writer.take()) else { return Ok(()) };
        let marker = Marker::after(&last, self.marker.owner, self.marker.lineage);
        push_marker(&*self.subject, &marker, &mut records)?;
        // Only a writer that wrote is kept: of any other it is not known what it did.
        writer.write(&records, &progress(&*self.subject, &marker))?;
        self.writer = Some(writer);
        self.marker = marker;
        Ok(())
    }

    /// What was read back since the last time.
    pub(super) fn read_back(&mut self) -> Result<Vec<Seen>, Fault> {
        let unseen = self.seen.as_ref() != Some(&self.marker);
        self.read_back.poll(&*self.subject, self.writer.as_deref_mut().filter(|_| unseen))
    }

    /// This marker was read back.
    pub(super) fn see(&mut self, marker: Marker) {
        self.seen = Some(marker);
    }

    /// Trims the outbox up to what was read back.
    pub(super) fn acknowledge(&self) -> Result<(), Fault> {
        match &self.seen {
            Some(seen) => {
                KillPoint::BeforeTrim.pass();
                Ok(self.subject.storage().acknowledge(self.subject.store_number(), seen)?)
            }
            None => Ok(()),
        }
    }

    /// An entry's records: what goes out, but for what is there already, and what it left for the changelog.
    fn render(&self, entry: &Entry, records: &mut Vec<NewRecord>) -> Result<(), Fault> {
        let from = records.len();
        self.subject.render(entry, records);
        let first = entry.sequence + 1 - (entry.deltas.len() + entry.licences.len()) as u64;
        if first <= self.present
            && let Some(output) = self.subject.output()
        {
            let mut sequence = first;
            let mut at = from;
            while let Some(record) = records.get(at) {
                if record.to != output {
                    at += 1;
                    continue;
                }
                if sequence > self.present {
                    break;
                }
                records.remove(at);
                sequence += 1;
            }
        }
        push_images(&*self.subject, &entry.records, records)
    }
}

fn fault(error: TakeOverError<Fault>, subject: &dyn Subject) -> Fault {
    match error {
        TakeOverError::Failed(fault) => fault,
        TakeOverError::Refused(refusal) => Fault::Refused { of: subject.name(), refusal: Box::new(refusal) },
        TakeOverError::Overtaken => Fault::Overtaken { of: subject.name() },
    }
}
