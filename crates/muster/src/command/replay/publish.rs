//! Commits entries and writes their lines, each exactly once whatever happens in between.
//!
//! The order is what counts: an entry is committed with the state, then its lines are appended, then
//! they are brought to the disk, then their lengths are acknowledged, which empties the outbox. See
//! [`muster_stream::file`] for each place where a kill may fall.

use super::show::Show;
use crate::failure::Failure;
use muster_engine::storage::{Entry, Marker, PartitionNumber, Storage};
use muster_stream::file::{OutputLengths, Outputs};
use std::path::Path;
use std::time::{Duration, Instant};

const PARTITION: PartitionNumber = 0;
/// How many entries are read from the outbox at once.
const OUTBOX_ENTRIES: usize = 64;
/// Outputs are brought to the disk so often, and at the end. What is not yet there is in the outbox.
const ACKNOWLEDGE_INTERVAL: Duration = Duration::from_millis(500);

/// Commits, writes, acknowledges.
pub(super) struct Publisher<'s> {
    storage: &'s dyn Storage,
    outputs: Outputs,
    /// Of the last entry whose lines are appended and not acknowledged.
    pending: Option<Marker>,
    acknowledged: Instant,
    show: Option<Show>,
    published: Published,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Published {
    pub(super) commits: u64,
    pub(super) deltas: u64,
    pub(super) dead_letters: u64,
    /// Of both files, with what earlier runs wrote.
    pub(super) lengths: OutputLengths,
}

impl<'s> Publisher<'s> {
    /// Cuts the outputs back to what was acknowledged, and writes what is still in the outbox.
    pub(super) fn open(
        storage: &'s dyn Storage,
        path: &Path,
        show: Option<Show>,
    ) -> Result<Publisher<'s>, Failure> {
        let marker = storage.marker(PARTITION)?;
        let lengths =
            marker.as_ref().map(|marker| OutputLengths::stored(&marker.positions)).unwrap_or_default();
        let mut publisher = Publisher {
            storage,
            outputs: Outputs::open(path, lengths)?,
            pending: None,
            acknowledged: Instant::now(),
            show,
            published: Published { lengths, ..Published::default() },
        };
        let mut after = marker.map_or(0, |marker| marker.entry);
        loop {
            let entries = storage.outbox(PARTITION, after, OUTBOX_ENTRIES)?;
            let Some(last) = entries.last() else { break };
            after = last.number;
            for entry in &entries {
                publisher.append(entry)?;
            }
        }
        publisher.acknowledge()?;
        // What an earlier run decided is not counted as this one's.
        publisher.published = Published { lengths: publisher.published.lengths, ..Published::default() };
        Ok(publisher)
    }

    /// Commits an entry, then writes its lines.
    pub(super) fn publish(&mut self, entry: Entry) -> Result<(), Failure> {
        let entries = [entry];
        self.storage.commit(PARTITION, &entries)?;
        self.published.commits += 1;
        for entry in &entries {
            self.append(entry)?;
        }
        if self.acknowledged.elapsed() >= ACKNOWLEDGE_INTERVAL {
            self.acknowledge()?;
        }
        Ok(())
    }

    /// Brings everything to the disk.
    pub(super) fn finish(mut self) -> Result<Published, Failure> {
        self.acknowledge()?;
        Ok(self.published)
    }

    fn append(&mut self, entry: &Entry) -> Result<(), Failure> {
        self.outputs.append(&entry.deltas, &entry.dead_letters)?;
        if let Some(show) = &mut self.show {
            entry.deltas.iter().for_each(|delta| show.delta(delta));
        }
        self.published.deltas += entry.deltas.len() as u64;
        self.published.dead_letters += entry.dead_letters.len() as u64;
        self.pending = Some(Marker {
            owner: self.storage.owner(),
            lineage: 0,
            entry: entry.number,
            sequence: entry.sequence,
            positions: entry.positions.clone(),
            definitions_position: entry.definitions_position,
            clock: entry.clock,
        });
        Ok(())
    }

    fn acknowledge(&mut self) -> Result<(), Failure> {
        if let Some(mut marker) = self.pending.take() {
            let lengths = self.outputs.sync()?;
            lengths.store(&mut marker.positions);
            self.storage.acknowledge(PARTITION, &marker)?;
            self.published.lengths = lengths;
        }
        self.acknowledged = Instant::now();
        Ok(())
    }
}
