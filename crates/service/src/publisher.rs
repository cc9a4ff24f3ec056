//! From committed entries to records of the log, on a thread of its own for each subject.
//!
//! What goes into which transaction, and what to do when one fails, the engine's state machine decides; this
//! does what it says. While a transaction is under way the partition goes on; what it commits meanwhile goes
//! into the next. After any failure the writer is dropped and the partition taken over again, for as long as
//! it takes: the log's own marker then says what was published, and the outbox has the rest. The outbox is
//! trimmed by what was read back from the log, never by what a writer said.

mod ground;
mod outbox;
mod publishing;
mod read_back;
mod render;
mod subject;
mod writing;

pub(crate) use outbox::Outbox;
pub(crate) use publishing::Publishing;
pub(crate) use subject::{PartitionSubject, Subject, store_number};

use crate::Fault;
use crate::observe::PartitionState;
use muster_engine::publisher::{Action, Input, Published, WriteFailure};
use muster_engine::storage::Positions;
use muster_stream::log::{LogError, WriteError};
use read_back::Seen;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use writing::Writing;

/// Before the first take-over is tried again.
const BACK_OFF: Duration = Duration::from_millis(500);
/// How often it is looked whether something was read back, while something is outstanding.
const READ_BACK: Duration = Duration::from_millis(2);
/// At the end, how long to wait for what was written to be read back: the next start finds it as well.
const PATIENCE: Duration = Duration::from_secs(2);

/// Publishes one subject.
pub(crate) struct Publisher {
    subject: Arc<dyn Subject>,
    outbox: Arc<Outbox>,
    machine: muster_engine::publisher::Publisher,
    writing: Writing,
}

impl Publisher {
    /// Takes the subject over.
    ///
    /// # Errors
    /// What no waiting cures; or the service stops before it succeeds.
    pub(crate) fn start(subject: Arc<dyn Subject>) -> Result<Publisher, Fault> {
        let writing = loop {
            match Writing::take_over(Arc::clone(&subject)) {
                Ok(writing) => break writing,
                Err(fault) => drop(failure(fault, &*subject)?),
            }
            if subject.stop().wait(BACK_OFF) {
                return Err(Fault::Stopped);
            }
        };
        subject.stalled(None);
        let machine = muster_engine::publisher::Publisher::new(subject.limits(), writing.published())
            .with_present(writing.present());
        let publisher = Publisher { subject, outbox: Arc::default(), machine, writing };
        publisher.load()?;
        publisher.report();
        Ok(publisher)
    }

    /// Where the partition puts what it committed.
    pub(crate) fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(&self.outbox)
    }

    /// How far the inputs are read in what is published.
    pub(crate) fn positions(&self) -> &Positions {
        self.writing.positions()
    }

    /// Publishes until the outbox is closed and empty; or until it is asked to end while the log is away, is to drop
    /// what it has begun, or gives the subject up.
    ///
    /// # Errors
    /// What no waiting cures.
    pub(crate) fn run(mut self) -> Result<(), Fault> {
        let mut closed_since = None;
        loop {
            // What is outstanding is looked for; otherwise there is nothing to do before something comes.
            let taken = if self.machine.is_drained() {
                self.outbox.wait()
            } else {
                self.outbox.wait_at_most(READ_BACK)
            };
            let actions = self.machine.handle(Input::Committed(taken.committed));
            if !self.act(actions)? || !self.read_back()? {
                return Ok(());
            }
            if taken.closed {
                let since = *closed_since.get_or_insert_with(Instant::now);
                if self.machine.is_drained() || self.subject.stop().is_cut() || since.elapsed() > PATIENCE {
                    return Ok(());
                }
            }
        }
    }

    /// Tells the machine of what was read back; false when it is to stop meanwhile.
    fn read_back(&mut self) -> Result<bool, Fault> {
        let seen = match self.writing.read_back() {
            Ok(seen) => seen,
            Err(fault) => {
                let failure = match fault {
                    // While nothing was written, retention took the place where it was to be read on.
                    Fault::Log(LogError::OutOfRange { .. }) => WriteFailure::Doubtful,
                    fault => failure(fault, &*self.subject)?,
                };
                let actions = self.machine.handle(Input::Failed(failure));
                return self.act(actions);
            }
        };
        for seen in seen {
            let input = match seen {
                Seen::Sequence(sequence) => Input::Delivered(sequence),
                Seen::Marker(marker) => {
                    let published = Published::from(&marker);
                    self.writing.see(marker);
                    Input::ReadBack(published)
                }
            };
            let actions = self.machine.handle(input);
            if !self.act(actions)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells the outbox of what an earlier life left in it.
    fn load(&self) -> Result<(), Fault> {
        let mut reached = self.writing.published().entry;
        loop {
            let entries = self.writing.entries(reached, u64::MAX)?;
            let Some(last) = entries.last() else { return Ok(()) };
            reached = last.number;
            for entry in &entries {
                self.outbox.push(self.subject.weight(entry));
            }
        }
    }

    /// Does what the machine says until it says nothing more; false when it is to end meanwhile.
    fn act(&mut self, actions: Vec<Action>) -> Result<bool, Fault> {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            if self.subject.stop().is_cut() {
                tracing::warn!(
                    of = self.subject.name(),
                    "it is dropped: what is committed and not published is left to whoever has it next"
                );
                return Ok(false);
            }
            let inputs = match action {
                Action::Write { after, through } => self.write(after, through)?,
                Action::Acknowledge(_) => {
                    self.writing.acknowledge()?;
                    Vec::new()
                }
                Action::TakeOver { after } => {
                    if self.subject.stop().wait(after) {
                        tracing::warn!(
                            of = self.subject.name(),
                            "the log is away at the end: what is committed is published at the next start"
                        );
                        return Ok(false);
                    }
                    self.take_over()?
                }
                Action::AskOwnership => {
                    self.subject.state(PartitionState::Fenced);
                    vec![Input::Ownership(self.subject.ownership())]
                }
                Action::GiveUp => {
                    self.subject.give_up()?;
                    return Ok(false);
                }
                Action::Stop(reason) => {
                    return Err(Fault::Contradiction(format!("{}: {reason}", self.subject.name())));
                }
            };
            // What was committed meanwhile first, so that it goes with the next transaction.
            let committed = self.outbox.take().committed;
            actions.extend(self.machine.handle(Input::Committed(committed)));
            for input in inputs {
                actions.extend(self.machine.handle(input));
            }
            self.report();
        }
        Ok(true)
    }

    fn write(&mut self, after: u64, through: u64) -> Result<Vec<Input>, Fault> {
        let began = Instant::now();
        match self.writing.write(after, through) {
            Ok(()) => {
                self.subject.wrote(began.elapsed());
                Ok(vec![Input::Written])
            }
            Err(fault) => Ok(vec![Input::Failed(failure(fault, &*self.subject)?)]),
        }
    }

    fn take_over(&mut self) -> Result<Vec<Input>, Fault> {
        Ok(match self.writing.resume() {
            Ok(present) => {
                tracing::info!(of = self.subject.name(), "it was taken over again");
                self.subject.stalled(None);
                self.subject.state(PartitionState::Running);
                let taken_over = Input::TakenOver(self.writing.published());
                present.map(Input::Present).into_iter().chain([taken_over]).collect()
            }
            Err(fault) => vec![Input::Failed(failure(fault, &*self.subject)?)],
        })
    }

    fn report(&self) {
        self.outbox.report(self.machine.backlog(), self.machine.is_full());
        // Committed is visible to subscribers, read back or not.
        let published = self.writing.published().entry;
        self.subject.reached(published, self.writing.positions(), self.outbox.entries());
    }
}

/// What the machine is told of a failure, which makes the subject unready; an error where there is nothing to
/// try again.
fn failure(fault: Fault, subject: &dyn Subject) -> Result<WriteFailure, Fault> {
    let failure = match &fault {
        Fault::Write(WriteError::Doubtful { .. }) | Fault::Log(LogError::Unreachable { .. }) => {
            WriteFailure::Doubtful
        }
        Fault::Write(WriteError::Fenced { .. }) => WriteFailure::Fenced,
        Fault::Write(error @ WriteError::Refused { .. }) => {
            WriteFailure::Refused { reason: error.to_string() }
        }
        _ => return Err(fault),
    };
    tracing::warn!(of = subject.name(), %fault, "the log does not take what is to be published");
    subject.stalled(Some(fault.to_string()));
    Ok(failure)
}
