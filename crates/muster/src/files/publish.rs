//! Commits entries and writes their lines, each exactly once whatever happens in between.
//!
//! The order is what counts: an entry is committed with the state, then its lines are appended, then
//! they are brought to the disk, then their lengths are acknowledged, which empties the outbox. See
//! [`muster_stream::file`] for each place where a kill may fall.

use crate::command::LicenceShow;
use crate::failure::Failure;
use crate::show::Show as DeltaShow;
use muster_engine::storage::{Entry, Marker, PartitionNumber, Storage};
use muster_stream::file::{OutputLengths, Outputs};
use std::path::Path;
use std::time::{Duration, Instant};

/// How many entries are read from the outbox at once.
const OUTBOX_ENTRIES: usize = 64;
/// Outputs are brought to the disk so often, and at the end. What is not yet there is in the outbox.
const ACKNOWLEDGE_INTERVAL: Duration = Duration::from_millis(500);

/// Commits, writes, acknowledges.
pub(crate) struct Publisher<'s> {
    storage: &'s dyn Storage,
    partition: PartitionNumber,
    outputs: Outputs,
    /// Of the last entry whose lines are appended and not acknowledged.
    pending: Option<Marker>,
    acknowledged: Instant,
    show: Option<Show>,
    published: Published,
}

/// What people are shown of what is written.
pub(crate) enum Show {
    /// Deltas.
    Deltas(DeltaShow),
    /// Licence events.
    Licences(LicenceShow),
}

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Published {
    pub(crate) commits: u64,
    /// Deltas, or licence events.
    pub(crate) events: u64,
    pub(crate) dead_letters: u64,
    /// Of both files, with what earlier runs wrote.
    pub(crate) lengths: OutputLengths,
}

impl<'s> Publisher<'s> {
    /// Cuts the outputs back to what was acknowledged, and writes what is still in the outbox.
    pub(crate) fn open(
        storage: &'s dyn Storage,
        partition: PartitionNumber,
        path: &Path,
        show: Option<Show>,
    ) -> Result<Publisher<'s>, Failure> {
        let marker = storage.marker(partition)?;
        let lengths =
            marker.as_ref().map(|marker| OutputLengths::stored(&marker.positions)).unwrap_or_default();
        let mut publisher = Publisher {
            storage,
            partition,
            outputs: Outputs::open(path, lengths)?,
            pending: None,
            acknowledged: Instant::now(),
            show,
            published: Published { lengths, ..Published::default() },
        };
        let mut after = marker.map_or(0, |marker| marker.entry);
        loop {
            let entries = storage.outbox(partition, after, OUTBOX_ENTRIES)?;
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
    pub(crate) fn publish(&mut self, entry: Entry) -> Result<(), Failure> {
        let entries = [entry];
        self.storage.commit(self.partition, &entries)?;
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
    pub(crate) fn finish(mut self) -> Result<Published, Failure> {
        self.acknowledge()?;
        Ok(self.published)
    }

    fn append(&mut self, entry: &Entry) -> Result<(), Failure> {
        self.outputs.append(&entry.deltas, &entry.licences, &entry.dead_letters)?;
        match &mut self.show {
            None => {}
            Some(Show::Deltas(show)) => {
                for delta in &entry.deltas {
                    let mut line = Vec::new();
                    muster_wire::write_delta(&mut line, delta, None);
                    show.line(&line);
                }
            }
            Some(Show::Licences(show)) => entry.licences.iter().for_each(|event| show.event(event)),
        }
        self.published.events += (entry.deltas.len() + entry.licences.len()) as u64;
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
            self.storage.acknowledge(self.partition, &marker)?;
            self.published.lengths = lengths;
        }
        self.acknowledged = Instant::now();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_directory::{DeadLetter, Rejection, RejectionCode, Source};
    use muster_engine::storage::Positions;
    use muster_engine::storage::memory::MemoryStorage;
    use std::fs;

    const PARTITION: PartitionNumber = 0;
    const ENTRIES: u64 = 6;

    fn entry(number: u64) -> Entry {
        let letter = |line| {
            let source = Source::File { file: "e.jsonl".into(), line };
            DeadLetter::of_line(source, Rejection::new(RejectionCode::InvalidJson, "no"), b"nonsense", 8)
        };
        Entry {
            number,
            positions: Positions::from([("events.line".to_owned(), number)]),
            definitions_position: 0,
            clock: muster_directory::Instant::MIN,
            sequence: 0,
            deltas: Vec::new(),
            licences: Vec::new(),
            dead_letters: (0..number % 3 + 1).map(|line| letter(10 * number + line)).collect(),
            statuses: Vec::new(),
            records: Vec::new(),
        }
    }

    /// What the disk holds at one moment.
    struct Disk {
        storage: MemoryStorage,
        dead_letters: Vec<u8>,
    }

    /// Every moment of a run at which the disk differs: after each commit, each append and each
    /// acknowledgement.
    fn moments(path: &Path, dead: &Path) -> Vec<Disk> {
        let storage = MemoryStorage::default();
        let mut moments = Vec::new();
        let mut publisher = Publisher::open(&storage, PARTITION, path, None).unwrap();
        for number in 1..=ENTRIES {
            let entries = [entry(number)];
            let mut note =
                || moments.push(Disk { storage: storage.clone(), dead_letters: fs::read(dead).unwrap() });
            storage.commit(PARTITION, &entries).unwrap();
            note();
            publisher.append(&entries[0]).unwrap();
            publisher.outputs.flush().unwrap();
            note();
            if number % 2 == 0 {
                publisher.acknowledge().unwrap();
                note();
            }
        }
        moments
    }

    #[test]
    fn a_kill_at_any_moment_and_any_torn_line_leave_no_trace() {
        let directory = tempfile::tempdir().unwrap();
        let (path, dead) = (directory.path().join("out"), directory.path().join("out.dead"));
        let moments = moments(&path, &dead);
        let whole = fs::read(&dead).unwrap();
        let mut shortest = 0;
        for Disk { storage, dead_letters } in moments {
            // The kill may have fallen into the write that led here.
            for torn in (shortest..dead_letters.len()).step_by(7).chain([dead_letters.len()]) {
                let storage = storage.clone();
                fs::write(&dead, &dead_letters[..torn]).unwrap();
                let mut publisher = Publisher::open(&storage, PARTITION, &path, None).unwrap();
                let next = storage.head(PARTITION).unwrap().map_or(1, |head| head.entry + 1);
                for number in next..=ENTRIES {
                    publisher.publish(entry(number)).unwrap();
                }
                publisher.finish().unwrap();
                assert!(fs::read(&dead).unwrap() == whole, "torn at {torn} of {}", dead_letters.len());
            }
            shortest = dead_letters.len();
        }
    }
}
