//! Starting, asking and stopping a service.

use crate::follower::Follower;
use crate::observe::Observer;
use crate::progress::{Position, Unready, WaitError};
use crate::shared::{Clock, Intake, Shared};
use crate::{Fault, Output, OutputReader, ReadError, ServiceOptions, SubmitError, lifecycle, submit};
use muster_engine::Interpret;
use muster_engine::storage::{ChangelogFormat, Storage};
use muster_stream::log::{Joining, Log, Producer};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// What a service is made of.
pub struct Starting {
    /// How it runs.
    pub options: ServiceOptions,
    /// Where it reads and writes.
    pub log: Arc<dyn Log>,
    /// Where partitions are kept.
    pub storage: Arc<dyn Storage>,
    /// How their changelog is spelt.
    pub format: Arc<dyn ChangelogFormat>,
    /// How single values are read and written.
    pub interpret: Arc<dyn Interpret>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// Who takes note.
    pub observer: Arc<dyn Observer>,
    /// Whether there is room for more.
    pub intake: Arc<dyn Intake>,
}

/// A running service. Its threads end when it is stopped, or when one of them fails.
pub struct Service {
    shared: Arc<Shared>,
    producer: Box<dyn Producer>,
    threads: Vec<JoinHandle<()>>,
}

impl Service {
    /// Makes the topics that are missing and starts the threads. Readiness comes later: see
    /// [`unready`](Self::unready).
    ///
    /// # Errors
    /// Topics that exist and are not as configured; the log.
    pub fn start(starting: Starting) -> Result<Service, Fault> {
        let Starting { options, log, .. } = &starting;
        if options.partitions.get() >= u32::from(u16::MAX) {
            let most = u16::MAX - 1;
            return Err(Fault::Contradiction(format!(
                "at most {most} partitions are possible: configure fewer"
            )));
        }
        let specs = options.topics.specs(options.partitions);
        log.create_topics(&specs)?;
        let differences: Vec<String> = log.check_topics(&specs)?.iter().map(ToString::to_string).collect();
        if !differences.is_empty() {
            return Err(Fault::Contradiction(differences.join("; ")));
        }
        let producer = log.producer()?;
        let member = log.join(&Joining {
            topic: options.topics.changes.first().cloned().unwrap_or_else(|| "".into()),
            instance: format!("{:032x}", starting.storage.owner()),
            session_timeout: options.session_timeout,
        })?;
        let shared = Arc::new(Shared::new(starting));
        let mut service = Service { shared, producer, threads: Vec::new() };
        service.spawn("group", |shared| lifecycle::run(&shared, member));
        service.spawn("definitions", |shared| Follower::start(shared)?.run());
        Ok(service)
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Why the service is not ready; `None` when it is.
    #[must_use]
    pub fn unready(&self) -> Option<Unready> {
        self.shared.progress.unready()
    }

    /// Why the service is ending by itself, if it is.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.shared.progress.failure()
    }

    /// Appends event lines to the topics they belong on; answers for each in its place. A line that is taken
    /// may still be refused later, when it is applied: it becomes a dead letter then.
    pub fn submit(&self, lines: &[&[u8]]) -> Vec<Result<Position, SubmitError>> {
        submit::submit(&self.shared, &*self.producer, lines)
    }

    /// Waits until what was appended there is applied and published; after requests until all groups are what
    /// their definitions say, in every partition.
    ///
    /// # Errors
    /// It takes longer than `timeout`, or the service fails.
    pub fn wait_applied(&self, positions: &[Position], timeout: Duration) -> Result<(), WaitError> {
        let requests = &self.shared.options.topics.requests;
        self.shared.progress.wait_applied((positions, requests), timeout)
    }

    /// Delta lines of a partition from sequence `from` on, at most `limit`.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn deltas(&self, partition: u32, from: u64, limit: usize) -> Result<Vec<u8>, ReadError> {
        self.output(Output::Deltas, partition)?.deltas(from, limit)
    }

    /// Records of a partition of a topic that the service writes, from this offset on, at most `limit`.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn records(
        &self,
        output: Output,
        partition: u32,
        from: u64,
        limit: usize,
    ) -> Result<Vec<u8>, ReadError> {
        self.output(output, partition)?.records(from, limit)
    }

    fn output(&self, output: Output, partition: u32) -> Result<OutputReader, ReadError> {
        OutputReader::open(Arc::clone(&self.shared.log), &self.shared.options, output, partition)
    }

    /// Asks all threads to finish what they have begun and end.
    pub fn request_stop(&self) {
        self.shared.stop.request();
    }

    /// Whether all of them have.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    fn spawn(
        &mut self,
        name: &'static str,
        run: impl FnOnce(Arc<Shared>) -> Result<(), Fault> + Send + 'static,
    ) {
        let shared = Arc::clone(&self.shared);
        self.threads.push(guarded(name.to_owned(), shared, run));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.stop.request();
    }
}

/// A thread whose failure, or panic, ends the service.
pub(crate) fn guarded(
    name: String,
    shared: Arc<Shared>,
    run: impl FnOnce(Arc<Shared>) -> Result<(), Fault> + Send + 'static,
) -> JoinHandle<()> {
    let inside = Arc::clone(&shared);
    let thread_name = name.clone();
    let body = move || {
        let run = std::panic::AssertUnwindSafe(|| run(Arc::clone(&inside)));
        let ended = std::panic::catch_unwind(run).unwrap_or_else(|_| Err(Fault::Panic(thread_name.clone())));
        if let Err(fault) = ended
            // As it was asked to.
            && !matches!(fault, Fault::Stopped)
        {
            tracing::error!(thread = thread_name, %fault, "the service ends: this part of it cannot go on");
            inside.progress.fail(&format!("{thread_name}: {fault}"));
            inside.stop.request();
        }
    };
    std::thread::Builder::new().name(name.clone()).spawn(body).unwrap_or_else(|error| {
        shared.progress.fail(&format!("{name} cannot be started: {error}"));
        shared.stop.request();
        std::thread::spawn(|| {})
    })
}
