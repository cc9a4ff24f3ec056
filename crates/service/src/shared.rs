//! What the threads of a service share.

use crate::ask::Questions;
use crate::observe::Observer;
use crate::progress::Progress;
use crate::{ServiceOptions, Starting};
use muster_directory::{Instant, Tenant};
use muster_engine::storage::Storage;
use muster_engine::{Catalog, Definition, Interpret};
use muster_rule::Schema;
use muster_stream::log::Log;
use muster_wire::SchemaLookup;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Instant;
}

/// Says whether more may be taken in.
pub trait Intake: Send + Sync {
    /// Why not, for people.
    fn closed(&self) -> Option<String>;
}

/// Takes everything in.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenIntake;

impl Intake for OpenIntake {
    fn closed(&self) -> Option<String> {
        None
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Instant::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Asks every thread of a service to finish what it has begun and end.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    requested: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Asks.
    pub(crate) fn request(&self) {
        *self.requested.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Whether it was asked.
    pub(crate) fn is_requested(&self) -> bool {
        *self.requested.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits so long, or until it is asked; whether it was.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        let requested = self.requested.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(requested, timeout, |requested| !*requested);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

pub(crate) struct Shared {
    pub(crate) options: ServiceOptions,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) interpret: Arc<dyn Interpret>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) intake: Arc<dyn Intake>,
    pub(crate) stop: Stop,
    pub(crate) progress: Progress,
    pub(crate) questions: Questions,
    catalog: RwLock<Catalog>,
    /// For each partition, the definitions in force in the catalog that it has not been told of yet. Only
    /// touched while the catalog is locked, so that a partition which reads the catalog finds them all.
    queues: Vec<Mutex<VecDeque<Arc<Definition>>>>,
    /// One more than the greatest request number among the definitions in force.
    in_force: AtomicU64,
}

impl Shared {
    pub(crate) fn new(starting: Starting) -> Shared {
        let Starting { options, log, storage, interpret, clock, observer, intake } = starting;
        Shared {
            catalog: RwLock::new(Catalog::new(options.index)),
            queues: (0..options.partitions.get()).map(|_| Mutex::default()).collect(),
            in_force: AtomicU64::new(0),
            progress: Progress::new(options.partitions),
            questions: Questions::new(options.partitions.get()),
            stop: Stop::default(),
            options,
            log,
            storage,
            interpret,
            clock,
            observer,
            intake,
        }
    }

    /// A thread that panics ends the service, so a poisoned lock is only ever met on the way out.
    pub(crate) fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn catalog_mut(&self) -> RwLockWriteGuard<'_, Catalog> {
        self.catalog.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts definitions in force, and tells every partition.
    pub(crate) fn put_in_force(&self, definitions: Vec<Definition>) {
        let mut catalog = self.catalog_mut();
        for definition in definitions {
            self.in_force.fetch_max(definition.version() + 1, Ordering::AcqRel);
            catalog.apply(&definition);
            let definition = Arc::new(definition);
            for queue in &self.queues {
                queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(Arc::clone(&definition));
            }
        }
    }

    /// The definitions that this partition was not told of yet, and one more than the greatest request number
    /// among all it was told of by then; to be called with the catalog locked.
    pub(crate) fn take_queued(
        &self,
        partition: u32,
        _catalog: &RwLockReadGuard<'_, Catalog>,
    ) -> (VecDeque<Arc<Definition>>, u64) {
        let queued = self
            .queues
            .get(partition as usize)
            .map(|queue| std::mem::take(&mut *queue.lock().unwrap_or_else(PoisonError::into_inner)));
        (queued.unwrap_or_default(), self.in_force.load(Ordering::Acquire))
    }

    /// How many definitions wait for a partition.
    pub(crate) fn waiting(&self, partition: u32) -> usize {
        let queue = self.queues.get(partition as usize);
        queue.map_or(0, |queue| queue.lock().unwrap_or_else(PoisonError::into_inner).len())
    }

    /// The longest queue of definitions that wait for a partition.
    pub(crate) fn longest_queue(&self) -> usize {
        (0..self.options.partitions.get()).map(|partition| self.waiting(partition)).max().unwrap_or(0)
    }
}

/// Schemas as a catalog has them.
pub(crate) struct CatalogSchemas<'a>(pub(crate) &'a Catalog);

impl SchemaLookup for CatalogSchemas<'_> {
    fn schema(&self, tenant: &Tenant) -> Arc<Schema> {
        Arc::clone(self.0.tenant(tenant).schema())
    }
}
