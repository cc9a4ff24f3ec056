//! What the threads of a service share.

use crate::alarm::EmptyingWatch;
use crate::ask::Questions;
use crate::observe::Observer;
use crate::progress::Progress;
use crate::standby::Copies;
use crate::stop::Stop;
use crate::{ServiceOptions, Starting};
use muster_directory::{GroupId, Instant, Tenant};
use muster_engine::storage::{ChangelogFormat, Storage};
use muster_engine::{Catalog, Definition, Endings, Interpret};
use muster_rule::Schema;
use muster_stream::log::Log;
use muster_wire::SchemaLookup;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{SystemTime, UNIX_EPOCH};

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

pub(crate) struct Shared {
    pub(crate) options: ServiceOptions,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) format: Arc<dyn ChangelogFormat>,
    pub(crate) interpret: Arc<dyn Interpret>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) intake: Arc<dyn Intake>,
    pub(crate) stop: Stop,
    pub(crate) progress: Progress,
    pub(crate) questions: Questions,
    pub(crate) copies: Copies,
    /// Where an alarm is configured.
    pub(crate) emptying: Option<Mutex<EmptyingWatch>>,
    catalog: RwLock<Catalog>,
    /// For each partition that is told, the definitions in force in the catalog that it has not been told of
    /// yet. Only touched while the catalog is locked, so that a partition which reads the catalog finds them all.
    queues: Vec<Mutex<Option<VecDeque<Arc<Definition>>>>>,
    past: Mutex<Past>,
    has_definitions: AtomicBool,
    /// One more than the greatest request number among the definitions in force.
    in_force: AtomicU64,
}

/// What the catalog does not say, and a partition that starts under it has to know. Only touched while the
/// catalog is locked.
#[derive(Clone, Default)]
pub(crate) struct Past {
    /// Groups that are no more.
    pub(crate) endings: Endings,
    /// The last schema of each tenant, in no order.
    pub(crate) schemas: BTreeMap<Tenant, Arc<Definition>>,
    /// Of each group the last word on whether an edit of it is held, in no order.
    pub(crate) held: BTreeMap<(Tenant, GroupId), Arc<Definition>>,
}

impl Shared {
    pub(crate) fn new(starting: Starting) -> Shared {
        let Starting { options, log, storage, format, interpret, clock, observer, intake } = starting;
        Shared {
            catalog: RwLock::new(Catalog::new(options.index)),
            queues: (0..options.partitions.get()).map(|_| Mutex::default()).collect(),
            past: Mutex::default(),
            has_definitions: AtomicBool::new(false),
            in_force: AtomicU64::new(0),
            progress: Progress::new(options.partitions),
            questions: Questions::new(options.partitions.get()),
            copies: Copies::default(),
            emptying: options.emptying.map(|limit| Mutex::new(EmptyingWatch::new(limit))),
            stop: Stop::default(),
            options,
            log,
            storage,
            format,
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

    /// Puts definitions in force, and tells every partition that is told.
    pub(crate) fn put_in_force(&self, definitions: Vec<Definition>) {
        let mut catalog = self.catalog_mut();
        for definition in definitions {
            self.in_force.fetch_max(definition.version() + 1, Ordering::AcqRel);
            catalog.apply(&definition);
            let definition = Arc::new(definition);
            self.past().learn(&definition);
            for number in 0..self.options.partitions.get() {
                if let Some(queue) = self.queue(number).as_deref_mut().and_then(Option::as_mut) {
                    queue.push_back(Arc::clone(&definition));
                }
            }
        }
    }

    /// Begins to tell a partition of what comes into force; what it has to know beside the catalog, and one more
    /// than the greatest request number among all that is in force; to be called with the catalog locked.
    pub(crate) fn begin_telling(
        &self,
        partition: u32,
        _catalog: &RwLockReadGuard<'_, Catalog>,
    ) -> (Past, u64) {
        if let Some(mut queue) = self.queue(partition) {
            *queue = Some(VecDeque::new());
        }
        (self.past().clone(), self.in_force.load(Ordering::Acquire))
    }

    /// Tells a partition nothing more.
    pub(crate) fn stop_telling(&self, partition: u32) {
        if let Some(mut queue) = self.queue(partition) {
            *queue = None;
        }
    }

    /// The definitions that this partition was not told of yet, and one more than the greatest request number
    /// among all it was told of by then; to be called with the catalog locked.
    pub(crate) fn take_queued(
        &self,
        partition: u32,
        _catalog: &RwLockReadGuard<'_, Catalog>,
    ) -> (VecDeque<Arc<Definition>>, u64) {
        let queued = self.queue(partition).and_then(|mut queue| queue.as_mut().map(std::mem::take));
        (queued.unwrap_or_default(), self.in_force.load(Ordering::Acquire))
    }

    /// One more than the greatest request number among the definitions in force.
    pub(crate) fn in_force(&self) -> u64 {
        self.in_force.load(Ordering::Acquire)
    }

    /// How many definitions wait for a partition.
    pub(crate) fn waiting(&self, partition: u32) -> usize {
        self.queue(partition).and_then(|queue| queue.as_ref().map(VecDeque::len)).unwrap_or(0)
    }

    /// The definitions that there were at the start are in force now: partitions may start.
    pub(crate) fn definitions_are_read(&self) {
        self.has_definitions.store(true, Ordering::Release);
    }

    /// Whether they are.
    pub(crate) fn has_definitions(&self) -> bool {
        self.has_definitions.load(Ordering::Acquire)
    }

    fn queue(&self, partition: u32) -> Option<MutexGuard<'_, Option<VecDeque<Arc<Definition>>>>> {
        let queue = self.queues.get(partition as usize)?;
        Some(queue.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The longest queue of definitions that wait for a partition.
    pub(crate) fn longest_queue(&self) -> usize {
        (0..self.options.partitions.get()).map(|partition| self.waiting(partition)).max().unwrap_or(0)
    }
}

impl Past {
    fn learn(&mut self, definition: &Arc<Definition>) {
        self.endings.learn(definition);
        match &**definition {
            Definition::Schema { request, .. } => {
                self.schemas.insert(request.tenant.clone(), Arc::clone(definition));
            }
            Definition::Held(held) => {
                let key = (held.definition.tenant.clone(), held.definition.id.clone());
                self.held.insert(key, Arc::clone(definition));
            }
            Definition::HeldEnded { tenant, id, .. } => {
                self.held.insert((tenant.clone(), id.clone()), Arc::clone(definition));
            }
            Definition::Group { .. } | Definition::GroupDeleted { .. } => {}
        }
    }
}

/// Schemas as a catalog has them.
pub(crate) struct CatalogSchemas<'a>(pub(crate) &'a Catalog);

impl SchemaLookup for CatalogSchemas<'_> {
    fn schema(&self, tenant: &Tenant) -> Arc<Schema> {
        Arc::clone(self.0.tenant(tenant).schema())
    }
}
