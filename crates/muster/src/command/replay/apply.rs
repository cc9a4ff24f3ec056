//! The loop: a line, an event, the engine; a batch of them, an entry, the publisher.
//!
//! Two threads: this one reads, decodes and decides; the other commits and writes. How lines are cut
//! into entries changes nothing in what is written.

use super::publish::{Published, Publisher};
use super::statistics::Statistics;
use crate::failure::Failure;
use crate::progress::Progress;
use muster_directory::{DeadLetter, Event, Rejection, RejectionCode, Tenant};
use muster_engine::storage::{Entry, Positions};
use muster_engine::{Engine, PartitionCounts};
use muster_rule::Schema;
use muster_stream::file::{InputLine, Inputs, MAX_LINE_BYTES};
use muster_wire::SchemaLookup;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// A commit happens when a step holds so many records and deltas,
const BATCH_STEP: usize = 16_384;
/// or after so long, or after as many lines as asked for.
const BATCH_TIME: Duration = Duration::from_secs(1);

/// What there is when all lines are applied.
pub(super) struct End {
    /// What the engine holds.
    pub(super) counts: PartitionCounts,
    /// What was written in this run.
    pub(super) published: Published,
    /// Whether the file of dead letters has any, of this run or an earlier one.
    pub(super) has_dead_letters: bool,
}

/// Applies all lines that are left in `inputs`.
pub(super) fn run(
    engine: Engine,
    inputs: Inputs,
    publisher: Publisher<'_>,
    commit_lines: NonZeroUsize,
    statistics: &mut Statistics,
) -> Result<End, Failure> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(1);
        let publishing = scope.spawn(move || publish_all(publisher, &receiver));
        let applied =
            Applying { engine, inputs, entries: sender, statistics, commit_lines, open: Open::new() }.run();
        let published = publishing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // Where the publisher failed, its reason is the one to tell.
        let published = published?;
        Ok(End { counts: applied?, has_dead_letters: published.lengths.has_dead_letters(), published })
    })
}

fn publish_all(mut publisher: Publisher<'_>, entries: &Receiver<Entry>) -> Result<Published, Failure> {
    for entry in entries {
        publisher.publish(entry)?;
    }
    publisher.finish()
}

struct Applying<'a> {
    engine: Engine,
    inputs: Inputs,
    entries: SyncSender<Entry>,
    commit_lines: NonZeroUsize,
    statistics: &'a mut Statistics,
    open: Open,
}

/// The step that is open.
struct Open {
    lines: usize,
    since: Instant,
}

impl Open {
    fn new() -> Open {
        Open { lines: 0, since: Instant::now() }
    }
}

/// The publisher has stopped, for a reason of its own.
const STOPPED: &str = "the output has stopped";

impl Applying<'_> {
    fn run(mut self) -> Result<PartitionCounts, Failure> {
        let (total, read) = self.inputs.bytes();
        let mut progress = Progress::over_bytes("replaying", total);
        progress.set(read, String::new());
        while let Some(line) = self.inputs.next_line()? {
            let decoded = decode(&line, &Schemas(&self.engine));
            self.statistics.line(decoded.as_ref().ok());
            let applied = decoded.and_then(|event| self.engine.feed(event, &line.source));
            if let Err(rejection) = applied {
                self.engine.refuse(DeadLetter::of_line(line.source, rejection, line.bytes, line.length));
            }
            self.open.lines += 1;
            if self.is_full() {
                self.send()?;
            }
            if progress.is_due() {
                progress.set(self.inputs.bytes().1, self.statistics.rate());
            }
        }
        if self.open.lines > 0 || self.engine.step_len() > 0 {
            self.send()?;
        }
        Ok(self.engine.counts())
    }

    fn is_full(&self) -> bool {
        self.open.lines >= self.commit_lines.get()
            || self.engine.step_len() >= BATCH_STEP
            // The time is looked at only now and then: it costs as much as a small event.
            || (self.open.lines.is_multiple_of(32) && self.open.since.elapsed() >= BATCH_TIME)
    }

    /// Closes the open step and hands it on.
    fn send(&mut self) -> Result<(), Failure> {
        let mut positions = Positions::new();
        self.inputs.position().store(&mut positions);
        let entry = self.engine.take_entry(positions);
        self.open = Open::new();
        self.entries.send(entry).map_err(|_| Failure::Fault(anyhow::anyhow!(STOPPED)))
    }
}

/// The schemas that the engine has in force.
struct Schemas<'a>(&'a Engine);

impl SchemaLookup for Schemas<'_> {
    fn schema(&self, tenant: &Tenant) -> Arc<Schema> {
        Arc::clone(self.0.schema(tenant))
    }
}

fn decode(line: &InputLine<'_>, schemas: &Schemas<'_>) -> Result<Event, Rejection> {
    if line.length > MAX_LINE_BYTES as u64 {
        let message = format!("the line has {} bytes: shorten it to at most {MAX_LINE_BYTES}", line.length);
        return Err(Rejection::new(RejectionCode::LineTooLong, message));
    }
    muster_wire::decode(line.bytes, schemas)
}
