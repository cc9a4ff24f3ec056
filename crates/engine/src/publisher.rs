//! The publisher of one partition: which entries go into which transaction, what may be trimmed, and what
//! to do when a write goes wrong. A state machine without IO: the host tells it what happened and does
//! what it says, in order.
//!
//! - An entry is published whole, by itself or with its neighbours, in order, each once per lineage.
//! - One transaction at a time. Whatever was committed to the store meanwhile goes into the next: under
//!   load transactions grow by themselves, and a lone entry waits for nothing.
//! - The outbox is trimmed only up to a marker that was *read back* from the log, committed: what a
//!   writer returned may still be undone by the writer that follows it.
//! - After any failure the writer is dropped and the partition is taken over again, which finds out what
//!   was committed; nothing is aborted, nothing is retried blindly.
//!
//! It knows how heavy entries are, not what is in them. Memory: three numbers for each entry that is not
//! acknowledged; the host stops taking input while [`Publisher::is_full`].

use crate::storage::Marker;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::time::Duration;

/// An entry that the store has on the disk, as far as publishing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// See [`Entry::number`](crate::storage::Entry::number).
    pub entry: u64,
    /// See [`Entry::sequence`](crate::storage::Entry::sequence).
    pub sequence: u64,
    /// How many records publishing it takes.
    pub records: u64,
    /// About how many bytes they have.
    pub bytes: u64,
}

/// How much goes into one transaction, and how much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// At most so many records in a transaction of several entries.
    pub records: u64,
    /// At most so many bytes in a transaction of several entries.
    pub bytes: u64,
    /// With so many bytes not acknowledged, no more input should be taken.
    pub backlog_bytes: u64,
    /// With so many entries not acknowledged, the same.
    pub backlog_entries: u64,
}

impl Default for Limits {
    /// 4,000 records or 1 MiB in a transaction; 64 MiB or 100,000 entries waiting.
    fn default() -> Limits {
        Limits { records: 4_000, bytes: 1 << 20, backlog_bytes: 64 << 20, backlog_entries: 100_000 }
    }
}

/// A place between two entries, in the history that a lineage writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Whose transaction it closed.
    pub lineage: u64,
    /// The last published entry.
    pub entry: u64,
    /// The last published sequence.
    pub sequence: u64,
}

impl From<&Marker> for Published {
    fn from(marker: &Marker) -> Published {
        let Marker { lineage, entry, sequence, .. } = *marker;
        Published { lineage, entry, sequence }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The store has these on the disk: they follow on the last.
    Committed(Vec<Weight>),
    /// The transaction of the last [`Action::Write`] was committed, says the writer.
    Written,
    /// The writer failed.
    Failed(WriteFailure),
    /// A marker was read back from the log.
    ReadBack(Published),
    /// The partition was taken over again: what the log held then, with the lineage claimed now.
    TakenOver(Published),
    /// The answer to [`Action::AskOwnership`].
    Ownership(Ownership),
    /// A delta with this sequence was read back from the output.
    Delivered(u64),
    /// The output was found to hold deltas up to this sequence, and is read back from behind it on.
    Present(u64),
}

/// How a writer failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteFailure {
    /// Somebody made another writer of its name, or its own transaction timed out.
    Fenced,
    /// Whether anything was written is not known.
    Doubtful,
    /// A record can never be written as it is.
    Refused {
        /// Which, and why not.
        reason: String,
    },
}

/// Whether the partition is ours, as the consumer group says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It is assigned to us, and the assignment was not lost.
    Ours,
    /// It is not.
    Lost,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write the entries after `after` up to and including `through`, their marker and the progress in one
    /// transaction; answer with [`Input::Written`] or [`Input::Failed`].
    Write {
        /// The entry before the first.
        after: u64,
        /// The last.
        through: u64,
    },
    /// Trim the outbox up to this, which was read back.
    Acknowledge(Published),
    /// Drop the writer, wait so long, then take the partition over; answer with [`Input::TakenOver`], or
    /// with [`Input::Failed`] where that failed in turn.
    TakeOver {
        /// So that a broker that is away is not hammered, and two owners do not fence each other in turn.
        after: Duration,
    },
    /// Drop the writer, then ask the consumer group; answer with [`Input::Ownership`].
    AskOwnership,
    /// Drop the writer and give the partition up: it is somebody else's.
    GiveUp,
    /// Drop the writer and stop the partition: an operator is needed.
    Stop(StopReason),
}

/// Why a partition stopped publishing for good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopReason {
    /// A record that the log does not take.
    #[error("a record cannot be published: {reason}")]
    Refused {
        /// Which, and why not.
        reason: String,
    },
    /// What was read back is not what was written.
    #[error(
        "the log says that entry {entry} ends with sequence {found}, but here it ends with {expected}: \
         somebody else writes to the output topics"
    )]
    Contradicted {
        /// The entry.
        entry: u64,
        /// In the log.
        found: u64,
        /// In the outbox.
        expected: u64,
    },
    /// What was read back before is not there any more.
    #[error("the log ends with entry {found}, but entry {acknowledged} was read back from it before")]
    WentBack {
        /// In the log.
        found: u64,
        /// Acknowledged.
        acknowledged: u64,
    },
    /// The log holds entries of our lineage that we have not written.
    #[error(
        "the log holds entry {found}, but only those up to {written} were written: somebody else writes it"
    )]
    Ahead {
        /// In the log.
        found: u64,
        /// The last that went into a transaction, in doubt or not.
        written: u64,
    },
    /// A sequence is in the output twice, or missing from it.
    #[error(
        "the output holds a delta of sequence {found} where {expected} is next: deltas were lost or doubled, \
         or somebody else writes to the output topic"
    )]
    NotDense {
        /// In the output.
        found: u64,
        /// What should be there.
        expected: u64,
    },
}

/// What is committed to the store and not acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Entries.
    pub entries: u64,
    /// Their records.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Times in a row that a fenced writer's partition is taken over again, while the group says it is ours.
const MAX_FENCED: u32 = 5;
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(10);

/// The state machine. See the module's text.
#[derive(Clone, Debug)]
pub struct Publisher {
    limits: Limits,
    state: State,
    lineage: u64,
    /// Read back, and handed out to be trimmed.
    acknowledged: Published,
    /// Entries after `acknowledged`, all of them, in order.
    entries: VecDeque<Weight>,
    backlog: Backlog,
    /// The last entry that went into a transaction of this lineage, in doubt or not.
    written: u64,
    /// The last sequence in the output, as far as it was read back.
    delivered: u64,
    /// Failures since something was last read back.
    failures: u32,
    fenced: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing under way.
    Ready,
    /// A transaction is.
    Writing,
    /// The group was asked.
    Asking,
    /// Being taken over.
    Down,
    /// For good.
    Over,
}

impl Publisher {
    /// For a partition that was taken over: `from` is what the log held, with the lineage claimed since;
    /// the outbox is told by the first [`Input::Committed`].
    #[must_use]
    pub fn new(limits: Limits, from: Published) -> Publisher {
        Publisher {
            limits,
            state: State::Ready,
            lineage: from.lineage,
            acknowledged: from,
            entries: VecDeque::new(),
            backlog: Backlog::default(),
            written: from.entry,
            delivered: from.sequence,
            failures: 0,
            fenced: 0,
        }
    }

    /// The same where the output holds deltas up to this sequence already, from a transaction that was torn.
    #[must_use]
    pub fn with_present(self, present: u64) -> Publisher {
        Publisher { delivered: present, ..self }
    }

    /// What to do about what happened, in order.
    #[must_use]
    pub fn handle(&mut self, input: Input) -> Vec<Action> {
        if self.state == State::Over {
            return Vec::new();
        }
        match input {
            Input::Committed(weights) => {
                for weight in weights {
                    self.backlog.add(weight);
                    self.entries.push_back(weight);
                }
                self.write()
            }
            Input::Written if self.state == State::Writing => {
                self.state = State::Ready;
                self.write()
            }
            Input::Failed(failure) => self.fail(failure),
            Input::ReadBack(published) => self.read_back(published),
            Input::TakenOver(published) if self.state == State::Down => self.taken_over(published),
            Input::Ownership(ownership) if self.state == State::Asking => self.told(ownership),
            Input::Delivered(sequence) => self.deliver(sequence),
            Input::Present(sequence) => {
                self.delivered = sequence;
                Vec::new()
            }
            // Late answers to what was overtaken by a failure.
            Input::Written | Input::TakenOver(_) | Input::Ownership(_) => Vec::new(),
        }
    }

    /// What is committed and not acknowledged.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        self.backlog
    }

    /// Whether input should wait until something is acknowledged.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.backlog.bytes >= self.limits.backlog_bytes || self.backlog.entries >= self.limits.backlog_entries
    }

    /// The last place that was read back.
    #[must_use]
    pub fn acknowledged(&self) -> Published {
        self.acknowledged
    }

    /// Whether all that was committed is acknowledged.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.entries.is_empty()
    }

    /// Begins a transaction if there is anything for one and none is under way.
    fn write(&mut self) -> Vec<Action> {
        if self.state != State::Ready {
            return Vec::new();
        }
        let after = self.written;
        let (mut records, mut bytes) = (0, 0);
        for weight in self.entries.iter().skip_while(|weight| weight.entry <= after) {
            records += weight.records;
            bytes += weight.bytes;
            let is_first = self.written == after;
            if !is_first && (records > self.limits.records || bytes > self.limits.bytes) {
                break;
            }
            self.written = weight.entry;
        }
        if self.written == after {
            return Vec::new();
        }
        self.state = State::Writing;
        vec![Action::Write { after, through: self.written }]
    }

    fn fail(&mut self, failure: WriteFailure) -> Vec<Action> {
        match (failure, self.state) {
            // Asked or stopping already; the answer decides.
            (_, State::Asking | State::Over) => Vec::new(),
            (WriteFailure::Refused { reason }, _) => self.stop(StopReason::Refused { reason }),
            (WriteFailure::Fenced, _) => {
                self.state = State::Asking;
                vec![Action::AskOwnership]
            }
            (WriteFailure::Doubtful, _) => self.take_over(),
        }
    }

    fn told(&mut self, ownership: Ownership) -> Vec<Action> {
        self.fenced += 1;
        if ownership == Ownership::Lost || self.fenced > MAX_FENCED {
            self.state = State::Over;
            return vec![Action::GiveUp];
        }
        self.take_over()
    }

    fn take_over(&mut self) -> Vec<Action> {
        self.state = State::Down;
        // The first time at once: most often the doubt is settled as soon as somebody asks.
        let after = match self.failures {
            0 => Duration::ZERO,
            times => FIRST_BACK_OFF.saturating_mul(1 << (times - 1).min(16)).min(LONGEST_BACK_OFF),
        };
        self.failures += 1;
        vec![Action::TakeOver { after }]
    }

    fn taken_over(&mut self, published: Published) -> Vec<Action> {
        self.state = State::Ready;
        self.lineage = published.lineage;
        // Read after the writer before was fenced: as good as read back.
        let mut actions = self.acknowledge(published);
        self.written = self.acknowledged.entry;
        actions.extend(self.write());
        actions
    }

    fn read_back(&mut self, published: Published) -> Vec<Action> {
        if matches!(self.state, State::Down | State::Asking) {
            // Take-over reads for itself, after it fenced.
            return Vec::new();
        }
        match published.lineage.cmp(&self.lineage) {
            // The reader still comes to what take-over has seen.
            Ordering::Less => return Vec::new(),
            // Somebody else claimed the partition; our next write would have said so.
            Ordering::Greater => return self.fail(WriteFailure::Fenced),
            Ordering::Equal => {}
        }
        let before = self.acknowledged;
        let actions = self.acknowledge(published);
        // The marker of the claim alone is no success.
        if self.acknowledged != before {
            self.failures = 0;
            self.fenced = 0;
        }
        actions
    }

    /// The alarm for gaps and duplicates: whatever became of transactions, readers see each sequence once.
    fn deliver(&mut self, found: u64) -> Vec<Action> {
        let expected = self.delivered + 1;
        if found != expected {
            return self.stop(StopReason::NotDense { found, expected });
        }
        self.delivered = found;
        Vec::new()
    }

    /// Moves the acknowledged place on, where what was found agrees with what is here.
    fn acknowledge(&mut self, published: Published) -> Vec<Action> {
        let Published { entry, sequence: found, .. } = published;
        if entry < self.acknowledged.entry {
            let acknowledged = self.acknowledged.entry;
            return self.stop(StopReason::WentBack { found: entry, acknowledged });
        }
        if entry > self.written {
            return self.stop(StopReason::Ahead { found: entry, written: self.written });
        }
        let mut expected = self.acknowledged.sequence;
        while let Some(weight) = self.entries.pop_front_if(|weight| weight.entry <= entry) {
            expected = weight.sequence;
            self.backlog.subtract(weight);
        }
        if expected != found {
            return self.stop(StopReason::Contradicted { entry, found, expected });
        }
        if published == self.acknowledged {
            return Vec::new();
        }
        self.acknowledged = published;
        vec![Action::Acknowledge(published)]
    }

    fn stop(&mut self, reason: StopReason) -> Vec<Action> {
        self.state = State::Over;
        vec![Action::Stop(reason)]
    }
}

impl Backlog {
    fn add(&mut self, weight: Weight) {
        self.entries += 1;
        self.records += weight.records;
        self.bytes += weight.bytes;
    }

    fn subtract(&mut self, weight: Weight) {
        self.entries -= 1;
        self.records -= weight.records;
        self.bytes -= weight.bytes;
    }
}

#[cfg(test)]
mod tests;
