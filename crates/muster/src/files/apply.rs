//! The loop: a line, an event, the machine; a batch of them, an entry, the publisher.
//!
//! Two threads: this one reads and decides; the other commits and writes. How lines are cut into
//! entries changes nothing in what is written.

use super::publish::{Published, Publisher};
use crate::failure::Failure;
use crate::progress::Progress;
use muster_directory::{Rejection, RejectionCode};
use muster_engine::storage::{Entry, Positions};
use muster_stream::file::{InputLine, InputPosition, Inputs, MAX_LINE_BYTES};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// A commit happens when a step holds so many records and deltas,
const BATCH_STEP: usize = 16_384;
/// or after so long, or after as many lines as asked for.
const BATCH_TIME: Duration = Duration::from_secs(1);

/// What lines are applied to.
pub(crate) trait Machine {
    /// Applies one line whole; a refused one becomes a dead letter of the open step.
    ///
    /// # Errors
    /// Nothing after this line can be applied. It has no effect, and is read again the next time.
    fn line(&mut self, line: &InputLine<'_>) -> Result<(), Failure>;

    /// How much the open step holds.
    fn step_len(&self) -> usize;

    /// Closes the open step.
    fn take_entry(&mut self, positions: Positions) -> Entry;

    /// How fast it goes, for people.
    fn rate(&self) -> String;
}

/// Applies all lines that are left in `inputs`; the machine, and what was written in this run.
pub(crate) fn run<M: Machine>(
    machine: M,
    inputs: Inputs,
    publisher: Publisher<'_>,
    commit_lines: NonZeroUsize,
) -> Result<(M, Published), Failure> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(1);
        let publishing = scope.spawn(move || publish_all(publisher, &receiver));
        let applied = Applying { machine, inputs, entries: sender, commit_lines, open: Open::new() }.run();
        let published = publishing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // Where the publisher failed, its reason is the one to tell.
        let published = published?;
        Ok((applied?, published))
    })
}

fn publish_all(mut publisher: Publisher<'_>, entries: &Receiver<Entry>) -> Result<Published, Failure> {
    for entry in entries {
        publisher.publish(entry)?;
    }
    publisher.finish()
}

struct Applying<M> {
    machine: M,
    inputs: Inputs,
    entries: SyncSender<Entry>,
    commit_lines: NonZeroUsize,
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

impl<M: Machine> Applying<M> {
    fn run(mut self) -> Result<M, Failure> {
        let (total, read) = self.inputs.bytes();
        let mut progress = Progress::over_bytes("replaying", total);
        progress.set(read, String::new());
        loop {
            let before = self.inputs.position();
            let Some(line) = self.inputs.next_line()? else { break };
            if let Err(failure) = self.machine.line(&line) {
                // What came before the line is kept.
                self.send(before)?;
                return Err(failure);
            }
            self.open.lines += 1;
            if self.is_full() {
                self.send(self.inputs.position())?;
            }
            if progress.is_due() {
                progress.set(self.inputs.bytes().1, self.machine.rate());
            }
        }
        if self.open.lines > 0 || self.machine.step_len() > 0 {
            self.send(self.inputs.position())?;
        }
        Ok(self.machine)
    }

    fn is_full(&self) -> bool {
        self.open.lines >= self.commit_lines.get()
            || self.machine.step_len() >= BATCH_STEP
            // The time is looked at only now and then: it costs as much as a small event.
            || (self.open.lines.is_multiple_of(32) && self.open.since.elapsed() >= BATCH_TIME)
    }

    /// Closes the open step and hands it on.
    fn send(&mut self, position: InputPosition) -> Result<(), Failure> {
        let mut positions = Positions::new();
        position.store(&mut positions);
        let entry = self.machine.take_entry(positions);
        self.open = Open::new();
        self.entries.send(entry).map_err(|_| Failure::Fault(anyhow::anyhow!(STOPPED)))
    }
}

/// Refuses a line that is longer than lines are read.
pub(crate) fn check_length(line: &InputLine<'_>) -> Result<(), Rejection> {
    if line.length > MAX_LINE_BYTES as u64 {
        let message = format!("the line has {} bytes: shorten it to at most {MAX_LINE_BYTES}", line.length);
        return Err(Rejection::new(RejectionCode::LineTooLong, message));
    }
    Ok(())
}
