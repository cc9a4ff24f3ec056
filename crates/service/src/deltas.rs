//! Delta lines read back from the log, by sequence.

use crate::shared::Shared;
use muster_stream::log::{Batch, Bounds, LogError, ReadLimits, Reader, Record, TopicPartition};
use std::sync::Arc;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(200);

/// Why deltas cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DeltasError {
    /// There is no such partition.
    #[error("there is no such partition: they are numbered from 0, and there are {partitions}")]
    UnknownPartition {
        /// How many there are.
        partitions: u32,
    },
    /// Retention has taken them.
    #[error("deltas of that sequence are no longer kept: the first one that is has the sequence {first}")]
    Expired {
        /// The first there is.
        first: u64,
    },
    /// There are not so many yet.
    #[error("there are no deltas of that sequence yet: the next one will have the sequence {next}")]
    Ahead {
        /// The sequence that comes next.
        next: u64,
    },
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Delta lines of a partition from sequence `from` on, in order, at most `limit`, one a line.
pub(crate) fn deltas(
    shared: &Shared,
    partition: u32,
    from: u64,
    limit: usize,
) -> Result<Vec<u8>, DeltasError> {
    let partitions = shared.options.partitions.get();
    if partition >= partitions {
        return Err(DeltasError::UnknownPartition { partitions });
    }
    let of = TopicPartition::new(Arc::clone(&shared.options.topics.deltas), partition);
    let bounds = shared.log.bounds(&of)?;
    let mut search =
        Search { reader: shared.log.reader(ReadLimits::default())?, of, bounds, assigned: false };
    let from = from.max(1);
    match search.offset_of(from)? {
        Some(offset) => search.read(offset, limit),
        // The next one to come is no mistake, later ones are.
        None => {
            let last =
                shared.log.last_record(&search.of)?.and_then(|record| sequence_of(&record)).unwrap_or(0);
            if from > last + 1 { Err(DeltasError::Ahead { next: last + 1 }) } else { Ok(Vec::new()) }
        }
    }
}

/// Looks for a sequence among offsets, which grow with it but may have gaps.
struct Search {
    reader: Box<dyn Reader>,
    of: TopicPartition,
    bounds: Bounds,
    assigned: bool,
}

impl Search {
    /// The offset of the first delta with this sequence or a later one; `None` where there is none yet.
    fn offset_of(&mut self, sequence: u64) -> Result<Option<u64>, DeltasError> {
        let Bounds { first, next } = self.bounds;
        // Without gaps and without deletions, sequence n lies at offset n - 1.
        if (first..next).contains(&(sequence - 1)) && self.at(sequence - 1)? == Some((sequence - 1, sequence))
        {
            return Ok(Some(sequence - 1));
        }
        match self.at(first)? {
            None => return Ok(None),
            Some((_, oldest)) if sequence < oldest => {
                return Err(DeltasError::Expired { first: oldest });
            }
            Some(_) => {}
        }
        let (mut low, mut high) = (first, next);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.at(middle)? {
                Some((offset, found)) if found < sequence => low = offset + 1,
                Some(_) | None => high = middle,
            }
        }
        Ok(self.at(low)?.map(|(offset, _)| offset))
    }

    /// Offset and sequence of the first delta at this offset or behind it.
    fn at(&mut self, offset: u64) -> Result<Option<(u64, u64)>, DeltasError> {
        self.go_to(offset)?;
        while let Some(batch) = self.next_batch()? {
            let found = batch.records.iter().find_map(|record| Some((record.offset, sequence_of(record)?)));
            if found.is_some() || batch.at_end {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn read(&mut self, offset: u64, limit: usize) -> Result<Vec<u8>, DeltasError> {
        self.go_to(offset)?;
        let (mut lines, mut count) = (Vec::new(), 0);
        while count < limit
            && let Some(batch) = self.next_batch()?
        {
            for value in batch.records.iter().filter_map(|record| record.value.as_deref()).take(limit - count)
            {
                lines.extend_from_slice(value);
                lines.push(b'\n');
                count += 1;
            }
            if batch.at_end {
                break;
            }
        }
        Ok(lines)
    }

    fn go_to(&mut self, offset: u64) -> Result<(), DeltasError> {
        if self.assigned {
            self.reader.seek(&self.of, offset)?;
        } else {
            self.reader.assign(&self.of, offset)?;
            self.assigned = true;
        }
        Ok(())
    }

    fn next_batch(&mut self) -> Result<Option<Batch>, DeltasError> {
        Ok(self.reader.poll(POLL)?)
    }
}

fn sequence_of(record: &Record) -> Option<u64> {
    let header = record.headers.iter().find(|header| header.name == "ce_sequence")?;
    std::str::from_utf8(header.value.as_deref()?).ok()?.parse().ok()
}
