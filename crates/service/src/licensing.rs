//! The licensing subscriber as a service over a log: one task for an application.
//!
//! It reads the accepted definitions, the changes (of users: usage locations and mail addresses) and all
//! partitions of the deltas, each from its own stored positions, commits to its own records of a store, and
//! publishes licence events as the engine publishes deltas: by the same publisher, with a changelog of its own. What is decided is
//! `muster_licensing`'s; in which order inputs are handed to it, `inputs` says.
//!
//! A gap in the deltas, or anything else that no waiting cures, stops the task, and nothing else: whoever runs
//! it asks [`Licences::failure`].

mod ask;
mod current;
mod feedback;
mod flaps;
mod inputs;
mod observe;
mod options;
mod subject;
mod task;
mod turn;

pub use observe::LicensingObserver;
pub use options::LicensingOptions;

use crate::Fault;
use crate::shared::Clock;
use crate::stop::Stop;
use current::Current;
use flaps::Flaps;
use muster_engine::storage::{ChangelogFormat, Storage};
use muster_licensing::Licensing;
use muster_stream::log::{Log, LogError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What the subscriber is made of.
pub struct LicensingStarting {
    /// How it runs.
    pub options: LicensingOptions,
    /// Where it reads and writes, on behalf of an application of its own: its progress is not the engine's.
    pub log: Arc<dyn Log>,
    /// Where it is kept; the records are apart from those of engines.
    pub storage: Arc<dyn Storage>,
    /// How its records and markers are spelt in its changelog.
    pub format: Arc<dyn ChangelogFormat>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// Who takes note.
    pub observer: Arc<dyn LicensingObserver>,
}

/// A running subscriber. Its threads end when it is stopped, or when it fails.
pub struct Licences {
    shared: Arc<LicensingShared>,
    thread: JoinHandle<()>,
}

struct LicensingShared {
    options: LicensingOptions,
    log: Arc<dyn Log>,
    storage: Arc<dyn Storage>,
    format: Arc<dyn ChangelogFormat>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn LicensingObserver>,
    stop: Stop,
    current: Current,
    /// The state, once it is restored; the task holds it while it applies a batch.
    licensing: Mutex<Option<Licensing>>,
    flaps: Mutex<Flaps>,
}

impl Licences {
    /// Makes the topics that are missing and starts. Readiness comes later: see [`unready`](Self::unready).
    ///
    /// # Errors
    /// Topics that exist and are not as configured; the log; the system, for a thread.
    pub fn start(starting: LicensingStarting) -> Result<Licences, Fault> {
        let LicensingStarting { options, log, storage, format, clock, observer } = starting;
        let specs = options.service.topics.specs(options.service.partitions);
        log.create_topics(&specs)?;
        let differences: Vec<String> = log.check_topics(&specs)?.iter().map(ToString::to_string).collect();
        if !differences.is_empty() {
            return Err(Fault::Contradiction(differences.join("; ")));
        }
        let shared = Arc::new(LicensingShared {
            options,
            log,
            storage,
            format,
            clock,
            observer,
            stop: Stop::default(),
            current: Current::default(),
            licensing: Mutex::new(None),
            flaps: Mutex::default(),
        });
        let inside = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("licensing".to_owned()).spawn(move || run(&inside));
        let thread =
            thread.map_err(|error| Fault::Contradiction(format!("no thread can be started: {error}")))?;
        Ok(Licences { shared, thread })
    }

    /// Why it is not ready; `None` when it is.
    #[must_use]
    pub fn unready(&self) -> Option<String> {
        self.shared.current.unready()
    }

    /// Why it stopped by itself, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.shared.current.failure()
    }

    /// Asks it to finish what it has begun and end.
    pub fn request_stop(&self) {
        self.shared.stop.request();
    }

    /// Whether it has.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }
}

impl Drop for Licences {
    fn drop(&mut self) {
        self.shared.stop.request();
    }
}

impl LicensingShared {
    /// A task that panics has ended, so a poisoned lock is only ever met on the way out.
    fn licensing(&self) -> MutexGuard<'_, Option<Licensing>> {
        self.licensing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flaps(&self) -> MutexGuard<'_, Flaps> {
        self.flaps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task, whose failure, or panic, is told.
fn run(shared: &Arc<LicensingShared>) {
    let work = std::panic::AssertUnwindSafe(|| turn::run(shared));
    let ended = std::panic::catch_unwind(work).unwrap_or_else(|_| Err(Fault::Panic("licensing".to_owned())));
    shared.observer.ready(false);
    if let Err(fault) = ended
        // As it was asked to.
        && !matches!(fault, Fault::Stopped)
    {
        tracing::error!(%fault, "licensing stops: it cannot go on");
        // What retention took is missing, too.
        let gap = matches!(fault, Fault::Gap(_) | Fault::Log(LogError::OutOfRange { .. }));
        shared.observer.stopped(gap);
        shared.current.fail(&fault.to_string());
    }
}
