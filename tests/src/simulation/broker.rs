//! The broker, as far as exactly-once depends on it: transactions, fencing, what a committed reader sees and
//! when, a compacted changelog.
//!
//! A commit has three lives. It may reach the coordinator at once, late or never; when it has, it is decided
//! but not yet visible; then it is visible and stays. Until it is visible a crash may undo it, even though the
//! writer was told that it is done. Only whoever makes the next writer, or reads, learns which it was.

use crate::random::Random;
use muster_directory::{DeadLetter, Delta};
use muster_engine::Definition;
use muster_engine::publisher::WriteFailure;
use muster_engine::storage::{Marker, RecordImage};
use muster_engine::takeover::{Changelog, Evidence, Output};
use std::collections::{BTreeMap, BTreeSet};

/// Everything on the other side of the network.
pub(super) struct Broker {
    partitions: Vec<PartitionLog>,
    pub(super) definitions: Vec<Definition>,
    /// Grows with each crash, which every connection notices.
    generation: u64,
    writers: u64,
    /// Whether a new writer fences the one before it.
    fences: bool,
    /// Commits under way in the network.
    late: Vec<(usize, u64)>,
    /// What became visible, for the judge.
    shown: Vec<(usize, Transaction)>,
    /// Writes that failed.
    pub(super) failures: usize,
}

#[derive(Default)]
struct PartitionLog {
    changes: Vec<String>,
    /// The writer in force; earlier ones are fenced.
    current: u64,
    open: BTreeMap<u64, Transaction>,
    /// Committed, not yet visible.
    decided: Option<Transaction>,
    /// With their offsets, which compaction leaves as they are.
    changelog: Vec<(u64, RecordImage)>,
    changelog_next: u64,
    marker: Option<Marker>,
    offset: Option<Marker>,
    output: Option<Output>,
}

/// What one transaction holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Transaction {
    pub(super) deltas: Vec<Delta>,
    pub(super) letters: Vec<DeadLetter>,
    pub(super) images: Vec<RecordImage>,
    pub(super) marker: Option<Marker>,
    /// The last entry that its author's disk was sure to keep when it was sent.
    pub(super) synced: u64,
}

/// The right to write to one partition, until the next one gets it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer {
    partition: usize,
    number: u64,
    generation: u64,
}

/// How long ago they were written, by the measure of the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tombstones {
    /// They stay: whoever reads from the beginning will come to them.
    Young,
    /// They go.
    Old,
}

/// What becomes of a commit on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Answered,
    AnswerLost,
    RequestLost,
    Late,
}

impl Broker {
    pub(super) fn new(partitions: usize, fences: bool) -> Broker {
        Broker {
            partitions: (0..partitions).map(|_| PartitionLog::default()).collect(),
            definitions: Vec::new(),
            generation: 0,
            writers: 0,
            fences,
            late: Vec::new(),
            shown: Vec::new(),
            failures: 0,
        }
    }

    /// Appends a change; its offset.
    pub(super) fn append(&mut self, partition: usize, line: String) -> u64 {
        let changes = &mut self.partitions[partition].changes;
        changes.push(line);
        changes.len() as u64 - 1
    }

    pub(super) fn changes(&self, partition: usize) -> &[String] {
        &self.partitions[partition].changes
    }

    /// Makes a writer: whatever the one before had begun is then either visible or void.
    pub(super) fn make_writer(&mut self, partition: usize) -> Writer {
        self.writers += 1;
        if self.fences {
            self.show(partition);
            let log = &mut self.partitions[partition];
            log.open.clear();
            log.current = self.writers;
        }
        Writer { partition, number: self.writers, generation: self.generation }
    }

    /// Adds to the writer's open transaction.
    pub(super) fn send(&mut self, writer: Writer, part: Transaction) -> Result<(), WriteFailure> {
        self.admit(writer)?;
        // A transaction begins when the one before it is complete.
        self.show(writer.partition);
        let open = self.partitions[writer.partition].open.entry(writer.number).or_default();
        open.deltas.extend(part.deltas);
        open.letters.extend(part.letters);
        open.images.extend(part.images);
        open.marker = part.marker.or(open.marker.take());
        open.synced = part.synced;
        Ok(())
    }

    /// Asks for the commit of the writer's open transaction.
    pub(super) fn commit(&mut self, writer: Writer, fate: Fate) -> Result<(), WriteFailure> {
        self.admit(writer)?;
        match fate {
            Fate::Answered | Fate::AnswerLost => self.decide(writer.partition, writer.number),
            Fate::Late => self.late.push((writer.partition, writer.number)),
            Fate::RequestLost => {}
        }
        if fate == Fate::Answered {
            return Ok(());
        }
        self.failures += 1;
        Err(WriteFailure::Doubtful)
    }

    fn admit(&mut self, writer: Writer) -> Result<(), WriteFailure> {
        self.check(writer).inspect_err(|_| self.failures += 1)
    }

    fn check(&self, writer: Writer) -> Result<(), WriteFailure> {
        if writer.generation != self.generation {
            return Err(WriteFailure::Doubtful);
        }
        if writer.number < self.partitions[writer.partition].current {
            return Err(WriteFailure::Fenced);
        }
        Ok(())
    }

    fn decide(&mut self, partition: usize, writer: u64) {
        if let Some(transaction) = self.partitions[partition].open.remove(&writer) {
            self.show(partition);
            self.partitions[partition].decided = Some(transaction);
        }
    }

    /// One commit that was under way arrives, at whatever is open by then.
    pub(super) fn deliver_late(&mut self) -> bool {
        if self.late.is_empty() {
            return false;
        }
        let (partition, writer) = self.late.remove(0);
        if writer >= self.partitions[partition].current {
            self.decide(partition, writer);
        }
        true
    }

    /// Makes what is decided visible.
    pub(super) fn show(&mut self, partition: usize) -> bool {
        let log = &mut self.partitions[partition];
        let Some(transaction) = log.decided.take() else { return false };
        for image in &transaction.images {
            log.changelog.push((log.changelog_next, image.clone()));
            log.changelog_next += 1;
        }
        if let Some(marker) = &transaction.marker {
            log.offset = Some(marker.clone());
            log.marker = Some(marker.clone());
        }
        if let Some(last) = transaction.deltas.last() {
            log.output = Some(Output::Last(last.sequence));
        }
        self.shown.push((partition, transaction));
        true
    }

    /// Loses power, and comes back: what was decided and not visible is undone or not.
    pub(super) fn crash(&mut self, random: &mut Random) {
        self.generation += 1;
        self.late.clear();
        for partition in 0..self.partitions.len() {
            if random.chance(50) {
                self.partitions[partition].decided = None;
            } else {
                self.show(partition);
            }
        }
    }

    /// The coordinator gives up waiting for a writer: its transaction is void, and it is fenced.
    pub(super) fn expire_transaction(&mut self, partition: usize) {
        let log = &mut self.partitions[partition];
        if !log.open.is_empty() {
            log.open.clear();
            self.writers += 1;
            if self.fences {
                log.current = self.writers;
            }
        }
    }

    /// Keeps the last record of each key; of old tombstones, not even that.
    pub(super) fn compact(&mut self, partition: usize, tombstones: Tombstones) {
        let log = &mut self.partitions[partition];
        let mut seen = BTreeSet::new();
        let mut kept: Vec<_> = std::mem::take(&mut log.changelog);
        kept.reverse();
        kept.retain(|(_, image)| {
            seen.insert(key(image)) && (tombstones == Tombstones::Young || !is_tombstone(image))
        });
        kept.reverse();
        log.changelog = kept;
    }

    /// The committed offset expires, as it does when nobody was there for a week.
    pub(super) fn expire_offset(&mut self, partition: usize) {
        self.partitions[partition].offset = None;
    }

    /// Retention deletes what is in the output.
    pub(super) fn expire_output(&mut self, partition: usize) {
        let log = &mut self.partitions[partition];
        log.output = log.output.map(|_| Output::Expired);
    }

    pub(super) fn marker(&self, partition: usize) -> Option<&Marker> {
        self.partitions[partition].marker.as_ref()
    }

    /// What a take-over reads.
    pub(super) fn evidence(&self, partition: usize) -> Evidence {
        let log = &self.partitions[partition];
        Evidence {
            changelog: log.marker.clone().map_or(Changelog::Empty, Changelog::Marked),
            offset: log.offset.clone(),
            output: log.output.unwrap_or(Output::Unused),
        }
    }

    /// The records of the changelog from this offset on.
    pub(super) fn images_from(
        &self,
        partition: usize,
        from: u64,
    ) -> impl Iterator<Item = &(u64, RecordImage)> {
        self.partitions[partition].changelog.iter().filter(move |(offset, _)| *offset >= from)
    }

    pub(super) fn changelog_end(&self, partition: usize) -> u64 {
        self.partitions[partition].changelog_next
    }

    /// Whether the writer's connection is as good as any.
    pub(super) fn knows(&self, writer: Writer) -> bool {
        self.check(writer).is_ok()
    }

    pub(super) fn take_shown(&mut self) -> Vec<(usize, Transaction)> {
        std::mem::take(&mut self.shown)
    }
}

/// What a compacted topic tells records apart by.
pub(super) fn key(image: &RecordImage) -> (u8, String) {
    match image {
        RecordImage::Schema(tenant, _) => (0, tenant.to_string()),
        RecordImage::Definition(tenant, id, _) => (1, format!("{tenant}/{id}")),
        RecordImage::Group(tenant, id, _) => (2, format!("{tenant}/{id}")),
        RecordImage::Object(tenant, id, _) => (3, format!("{tenant}/{id}")),
        RecordImage::Membership(tenant, id, _) => (4, format!("{tenant}/{id}")),
        RecordImage::Licensing(_) => unreachable!("no engine writes licences"),
    }
}

pub(super) fn is_tombstone(image: &RecordImage) -> bool {
    match image {
        RecordImage::Schema(_, image) => image.is_none(),
        RecordImage::Definition(_, _, image) => image.is_none(),
        RecordImage::Group(_, _, image) => image.is_none(),
        RecordImage::Object(_, _, image) => image.is_none(),
        RecordImage::Membership(_, _, image) => image.is_none(),
        RecordImage::Licensing(_) => unreachable!("no engine writes licences"),
    }
}
