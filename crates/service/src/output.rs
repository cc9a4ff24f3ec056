//! What the service wrote, read back from the log as lines: deltas by sequence, all records by offset.
//!
//! Reads what there is and never waits for more. Works on any log, whether or not a service runs over it.

use crate::{ServiceOptions, Topics};
use muster_stream::log::{Batch, Bounds, Log, LogError, ReadLimits, Reader, Record, TopicPartition};
use std::sync::Arc;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(200);
/// A log that has records and does not hand them out for so long is as good as away.
const PATIENCE: Duration = Duration::from_secs(10);

/// A topic that the service writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Membership deltas.
    Deltas,
    /// What was refused.
    DeadLetters,
    /// States of groups.
    GroupStatus,
    /// The present memberships.
    Memberships,
    /// Accepted definitions.
    Definitions,
    /// Licence events.
    Licenses,
}

impl Output {
    /// All of them, by their names on the command line and over HTTP.
    pub const ALL: [(&'static str, Output); 6] = [
        ("deltas", Output::Deltas),
        ("dead-letters", Output::DeadLetters),
        ("group-status", Output::GroupStatus),
        ("memberships", Output::Memberships),
        ("definitions", Output::Definitions),
        ("licenses", Output::Licenses),
    ];

    fn topic(self, topics: &Topics) -> Option<&Arc<str>> {
        match self {
            Output::Deltas => Some(&topics.deltas),
            Output::DeadLetters => Some(&topics.dead_letters),
            Output::GroupStatus => topics.group_status.as_ref(),
            Output::Memberships => topics.memberships.as_ref(),
            Output::Definitions => Some(&topics.definitions),
            Output::Licenses => Some(&topics.licenses),
        }
    }

    fn partitions(self, options: &ServiceOptions) -> u32 {
        match self {
            Output::GroupStatus | Output::Definitions | Output::Licenses => 1,
            Output::Deltas | Output::DeadLetters | Output::Memberships => options.partitions.get(),
        }
    }
}

/// Why an output cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The configuration names no such topic.
    #[error("this topic is turned off: name it in the configuration's `[topics]`")]
    TurnedOff,
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

impl ReadError {
    /// A stable text for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ReadError::TurnedOff => "topic-off",
            ReadError::UnknownPartition { .. } => "unknown-partition",
            ReadError::Expired { .. } => "sequence-expired",
            ReadError::Ahead { .. } => "sequence-ahead",
            ReadError::Log(_) => "log-unavailable",
        }
    }
}

/// Reads one partition of an output.
pub struct OutputReader {
    log: Arc<dyn Log>,
    reader: Box<dyn Reader>,
    of: TopicPartition,
    assigned: bool,
    /// Sequence and offset behind the delta that was read last: whoever follows asks for them next.
    following: Option<(u64, u64)>,
}

impl OutputReader {
    /// A reader of this partition.
    ///
    /// # Errors
    /// `TurnedOff`, `UnknownPartition`, or the log's.
    pub fn open(
        log: Arc<dyn Log>,
        options: &ServiceOptions,
        output: Output,
        partition: u32,
    ) -> Result<OutputReader, ReadError> {
        let topic = output.topic(&options.topics).ok_or(ReadError::TurnedOff)?;
        let partitions = output.partitions(options);
        if partition >= partitions {
            return Err(ReadError::UnknownPartition { partitions });
        }
        let of = TopicPartition::new(Arc::clone(topic), partition);
        let reader = log.reader(ReadLimits::default())?;
        Ok(OutputReader { log, reader, of, assigned: false, following: None })
    }

    /// Delta lines from sequence `from` on, in order, at most `limit`; from the first that is kept, where
    /// `from` is 0. None where `from` is the next to come.
    ///
    /// # Errors
    /// `Expired`, `Ahead`, or the log's.
    pub fn deltas(&mut self, from: u64, limit: usize) -> Result<Vec<u8>, ReadError> {
        let bounds = self.log.bounds(&self.of)?;
        let offset = match (from, self.following) {
            (0, _) => Some(bounds.first),
            (_, Some((sequence, offset))) if sequence == from => Some(offset),
            _ => self.offset_of(from, bounds)?,
        };
        let Some(offset) = offset else {
            // The next one to come is no mistake, later ones are.
            let last = self.log.last_record(&self.of)?.and_then(|record| sequence_of(&record)).unwrap_or(0);
            return if from > last + 1 { Err(ReadError::Ahead { next: last + 1 }) } else { Ok(Vec::new()) };
        };
        let mut lines = Vec::new();
        let mut following = self.following;
        self.read(offset, bounds.next, limit, |record| {
            following = sequence_of(record).map(|sequence| (sequence + 1, record.offset + 1));
            lines.extend_from_slice(record.value.as_deref().unwrap_or_default());
            lines.push(b'\n');
        })?;
        self.following = following;
        Ok(lines)
    }

    /// Records from this offset on, or from the first behind it that is kept, at most `limit`: one JSON object
    /// a line, see [`muster_wire::write_record`].
    ///
    /// # Errors
    /// The log's.
    pub fn records(&mut self, from: u64, limit: usize) -> Result<Vec<u8>, ReadError> {
        let bounds = self.log.bounds(&self.of)?;
        let partition = self.of.partition;
        let mut lines = Vec::new();
        self.read(from.max(bounds.first), bounds.next, limit, |record| {
            let at = muster_wire::RecordPlace { partition, offset: record.offset, time: record.timestamp };
            muster_wire::write_record(&mut lines, &at, &record.as_wire());
        })?;
        Ok(lines)
    }

    /// Hands over the records at `offset` and behind it, at most `limit`, to the end there was.
    fn read(
        &mut self,
        offset: u64,
        end: u64,
        limit: usize,
        mut take: impl FnMut(&Record),
    ) -> Result<(), LogError> {
        if offset >= end {
            return Ok(());
        }
        self.go_to(offset)?;
        let mut left = limit;
        while left > 0 {
            let batch = self.next_batch()?;
            batch.records.iter().take(left).for_each(&mut take);
            left = left.saturating_sub(batch.records.len());
            if batch.at_end || batch.next >= end {
                break;
            }
        }
        Ok(())
    }

    /// The offset of the first delta with this sequence or a later one; `None` where there is none yet.
    fn offset_of(&mut self, sequence: u64, bounds: Bounds) -> Result<Option<u64>, ReadError> {
        let Bounds { first, next } = bounds;
        // Without gaps and without deletions, sequence n lies at offset n - 1.
        if (first..next).contains(&(sequence - 1))
            && self.at(sequence - 1, next)? == Some((sequence - 1, sequence))
        {
            return Ok(Some(sequence - 1));
        }
        match self.at(first, next)? {
            None => return Ok(None),
            Some((_, oldest)) if sequence < oldest => return Err(ReadError::Expired { first: oldest }),
            Some(_) => {}
        }
        let (mut low, mut high) = (first, next);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.at(middle, next)? {
                Some((offset, found)) if found < sequence => low = offset + 1,
                Some(_) | None => high = middle,
            }
        }
        Ok(self.at(low, next)?.map(|(offset, _)| offset))
    }

    /// Offset and sequence of the first delta at this offset or behind it.
    fn at(&mut self, offset: u64, end: u64) -> Result<Option<(u64, u64)>, LogError> {
        let mut found = None;
        self.read(offset, end, 1, |record| found = sequence_of(record).map(|at| (record.offset, at)))?;
        Ok(found)
    }

    fn go_to(&mut self, offset: u64) -> Result<(), LogError> {
        if self.assigned {
            self.reader.seek(&self.of, offset)?;
        } else {
            self.reader.assign(&self.of, offset)?;
            self.assigned = true;
        }
        Ok(())
    }

    /// What comes next, where something is known to come, be it the end.
    fn next_batch(&mut self) -> Result<Batch, LogError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(batch) = self.reader.poll(POLL)? {
                return Ok(batch);
            }
            if Instant::now() > deadline {
                let reason = format!("nothing came within {} s; is the log there?", PATIENCE.as_secs());
                return Err(LogError::Unreachable { action: format!("read {}", self.of), reason });
            }
        }
    }
}

/// The sequence of a record of an output that has sequences.
pub(crate) fn sequence_of(record: &Record) -> Option<u64> {
    let (_, value) = record.headers.iter().find(|(name, _)| name == "ce_sequence")?;
    std::str::from_utf8(value.as_deref()?).ok()?.parse().ok()
}
