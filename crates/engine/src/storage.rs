//! What the engine needs of a store: load a partition whole, commit steps atomically, keep the
//! outbox until it is published. The types are the logical records; bytes are the store's business.

use muster_directory::{
    DeadLetter, Delta, GroupDefinition, GroupId, GroupStatus, Instant, LicenceEvent, Object, ObjectId,
    SchemaRequest, Tenant,
};
use std::collections::BTreeMap;

pub mod changelog;
pub mod licensing;
pub mod memory;
pub mod order;

pub use changelog::{ChangelogFormat, ChangelogRecord, Logged};
pub use licensing::LicensingImage;
pub use memory::MemoryStorage;

/// The number of a partition of the changes topic; `replay` has only 0.
pub type PartitionNumber = u16;

/// The number under which a registrar of its own keeps its records, entries and marker; no partition
/// of a topic has it.
pub const REGISTRAR_PARTITION: PartitionNumber = PartitionNumber::MAX;

/// A group's number within one partition: what stored memberships are made of. Reused after the
/// group of that number is deleted and empty.
pub type LocalGroup = u32;

/// What a partition knows of an object's memberships. Kept apart from the attributes, so that an
/// edit that flips a million memberships does not rewrite a million attribute records. It may
/// outlive or precede the object (a listing of an object that does not exist yet).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MembershipImage {
    /// The groups whose member the object is: sorted, each once.
    pub groups: Vec<LocalGroup>,
    /// The groups, assigned ones or not yet existing, that list the object: sorted, each once.
    pub listed: Vec<GroupId>,
}

/// Whose decision a group's memberships are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupMode {
    /// Objects are listed by `member` events.
    Assigned,
    /// Objects are selected by a rule.
    Dynamic,
}

/// What a partition knows of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupImage {
    /// Its number here.
    pub local: LocalGroup,
    /// Which group of this id: see [`GroupDefinition::created`].
    pub created: u64,
    /// What it was when its definition was last acted on: a group that has become assigned since keeps
    /// its members as its listing, one that has become dynamic forgets the listing.
    pub mode: GroupMode,
    /// The version of the definition that the stored memberships agree with; `None` before the
    /// first synchronisation is complete.
    pub synced: Option<u64>,
    /// The [version](crate::Evaluator::version) of the evaluator that they agree with it by.
    pub evaluator: u32,
}

/// The after-image of one record that a step wrote; `None` is its tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordImage {
    /// An object's attributes.
    Object(Tenant, ObjectId, Option<Object>),
    /// An object's memberships and listings.
    Membership(Tenant, ObjectId, Option<MembershipImage>),
    /// A group's state in this partition.
    Group(Tenant, GroupId, Option<GroupImage>),
    /// A group's definition (written by the registrar).
    Definition(Tenant, GroupId, Option<GroupDefinition>),
    /// A tenant's schema (written by the registrar), with the version of the request that set it.
    Schema(Tenant, Option<(u64, SchemaRequest)>),
    /// A record of the licensing subscriber.
    Licensing(LicensingImage),
}

/// Positions reached in the inputs (and outputs, for a publisher to files): name → the next offset to
/// read. For a file the name is chosen by the reader and the offset is in bytes or lines, as it says.
pub type Positions = BTreeMap<String, u64>;

/// The number under which the licensing subscriber keeps its records, entries and marker.
pub const LICENSING_PARTITION: PartitionNumber = PartitionNumber::MAX - 1;

/// What a step leaves for the publisher: deltas (of an engine) or licence events (of the licensing
/// subscriber), dead letters, and how far the inputs had been read. Entries are numbered densely per
/// partition, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub number: u64,
    /// All positions as after this entry.
    pub positions: Positions,
    /// Next position to read in the definitions.
    pub definitions_position: u64,
    /// The engine's clock after this entry.
    pub clock: Instant,
    /// The sequence of the last delta or licence event up to and including this entry; 0 before the
    /// first.
    pub sequence: u64,
    /// In order.
    pub deltas: Vec<Delta>,
    /// In order.
    pub licences: Vec<LicenceEvent>,
    /// In order.
    pub dead_letters: Vec<DeadLetter>,
    /// Changes of groups' states, in order.
    pub statuses: Vec<GroupStatus>,
    /// The after-image of every record that the step wrote, each once.
    pub records: Vec<RecordImage>,
}

/// What a partition had reached when it was last committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionHead {
    /// The number of the last entry; 0 before the first.
    pub entry: u64,
    /// See [`Entry::sequence`].
    pub sequence: u64,
    /// See [`Entry::clock`].
    pub clock: Instant,
    /// See [`Entry::positions`].
    pub positions: Positions,
    /// See [`Entry::definitions_position`].
    pub definitions_position: u64,
}

/// How far the outbox is known to be published, and by whom. Stored beside the state, and written
/// into the published transaction itself where the output is Kafka.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The random id of the data directory that published.
    pub owner: u128,
    /// Grows each time the partition is claimed.
    pub lineage: u64,
    /// The last published entry.
    pub entry: u64,
    /// The last published sequence.
    pub sequence: u64,
    /// Positions as of that entry; for file outputs also the length in bytes of each output file.
    pub positions: Positions,
    /// As of that entry.
    pub definitions_position: u64,
    /// As of that entry.
    pub clock: Instant,
}

/// A change at which the engine failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The changes topic.
    pub topic: String,
    /// The change's offset.
    pub offset: u64,
    /// How often in a row.
    pub failures: u32,
    /// What it said the last time.
    pub reason: String,
    /// What to do when it comes to that change again.
    pub remedy: Remedy,
}

/// What is to become of a change at which the engine failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// It is tried again.
    Apply,
    /// It becomes a dead letter: somebody decided so.
    DeadLetter,
}

/// What an operator decided about a partition that refused to start. It counts until it is not needed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The output holds deltas of a transaction that was torn, and nothing here says what they were: they stand,
    /// and what is computed anew in their place is not published.
    KeepPublished,
    /// Published deltas are gone from the output: the numbers go on without them.
    GoOnWithout,
}

/// Why a store could not do what was asked. A fault of ours or the disk's, never the user's input.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The disk or the database refused.
    #[error("the store failed to {action}: {reason}")]
    Io {
        /// What was being done.
        action: String,
        /// What the database said.
        reason: String,
    },
    /// Bytes that do not decode.
    #[error("damaged data in {place}: {reason}")]
    Damaged {
        /// Which record.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A directory of another program or a newer version.
    #[error("{0}")]
    Incompatible(String),
    /// Entries or a marker that do not follow on what is stored: a mistake of the caller, or state
    /// that went back in time behind it.
    #[error("the store was asked to {action} out of order: {reason}")]
    OutOfOrder {
        /// What was asked.
        action: String,
        /// What is stored.
        reason: String,
    },
}

/// Receives a partition's records as a store loads them: schemas first, then definitions, groups,
/// objects and memberships, each kind in the order of tenants and ids.
pub trait Restore {
    /// One record.
    ///
    /// # Errors
    /// What contradicts the records before it, as `Damaged`.
    fn record(&mut self, record: RecordImage) -> Result<(), StorageError>;
}

impl Restore for Vec<RecordImage> {
    /// Collects them all.
    fn record(&mut self, record: RecordImage) -> Result<(), StorageError> {
        self.push(record);
        Ok(())
    }
}

/// Where partitions live.
pub trait Storage: Send + Sync {
    /// The partition's head, or `None` where nothing was ever committed.
    ///
    /// # Errors
    /// The disk's, or damage.
    fn head(&self, partition: PartitionNumber) -> Result<Option<PartitionHead>, StorageError>;

    /// Hands every record of the partition to `restore`.
    ///
    /// # Errors
    /// The disk's, damage, or what `restore` returns.
    fn load(&self, partition: PartitionNumber, restore: &mut dyn Restore) -> Result<(), StorageError>;

    /// Commits entries, in order and densely numbered after the last: their records, themselves as
    /// outbox entries and the new head, all or nothing, and returns once that is on the disk. Of
    /// several images of one record the last stays.
    ///
    /// # Errors
    /// The disk's, or `OutOfOrder`. Nothing of `entries` is committed then.
    fn commit(&self, partition: PartitionNumber, entries: &[Entry]) -> Result<(), StorageError>;

    /// Outbox entries after number `after`, at most `limit`, in order, without their records.
    ///
    /// # Errors
    /// The disk's, or damage.
    fn outbox(
        &self,
        partition: PartitionNumber,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, StorageError>;

    /// The marker of what is published, or `None` before the first.
    ///
    /// # Errors
    /// The disk's, or damage.
    fn marker(&self, partition: PartitionNumber) -> Result<Option<Marker>, StorageError>;

    /// Notes that everything up to the marker is published, and trims the outbox up to it. A power loss
    /// may undo the last ones, marker and outbox together; a kill of the process does not. A marker of
    /// a new lineage is on the disk when this returns.
    ///
    /// # Errors
    /// The disk's, or `OutOfOrder` for a marker beyond the head or behind the stored one.
    fn acknowledge(&self, partition: PartitionNumber, marker: &Marker) -> Result<(), StorageError>;

    /// The after-images of the records that an outbox entry wrote, or `None` where they were not kept:
    /// a store keeps them only for a changelog.
    ///
    /// # Errors
    /// The disk's, or damage.
    fn images(
        &self,
        partition: PartitionNumber,
        entry: u64,
    ) -> Result<Option<Vec<RecordImage>>, StorageError>;

    /// The last lineage that this directory meant to claim, or `None` before the first.
    ///
    /// # Errors
    /// The disk's, or damage.
    fn intent(&self, partition: PartitionNumber) -> Result<Option<u64>, StorageError>;

    /// Notes a lineage that is going to be claimed; on the disk when this returns.
    ///
    /// # Errors
    /// The disk's.
    fn intend(&self, partition: PartitionNumber, lineage: u64) -> Result<(), StorageError>;

    /// The change at which the engine failed last, if that is not done with.
    ///
    /// # Errors
    /// The disk's, or damage.
    fn trouble(&self, partition: PartitionNumber) -> Result<Option<Trouble>, StorageError>;

    /// Notes a change at which the engine failed, or that it is done with; on the disk when this returns.
    ///
    /// # Errors
    /// The disk's.
    fn note_trouble(&self, partition: PartitionNumber, trouble: Option<&Trouble>)
    -> Result<(), StorageError>;

    /// What was decided about the partition, if anything.
    ///
    /// # Errors
    /// The disk's, or damage.
    fn resolution(&self, partition: PartitionNumber) -> Result<Option<Resolution>, StorageError>;

    /// Notes what was decided, or that it is done with; on the disk when this returns.
    ///
    /// # Errors
    /// The disk's.
    fn resolve(&self, partition: PartitionNumber, resolution: Option<Resolution>)
    -> Result<(), StorageError>;

    /// Forgets everything of the partition but intent, trouble and resolution: records, outbox, head and marker, all or
    /// nothing, and on the disk when this returns.
    ///
    /// # Errors
    /// The disk's.
    fn wipe(&self, partition: PartitionNumber) -> Result<(), StorageError>;

    /// Puts records of a partition that was wiped, without any entry; of several images of one record
    /// the last stays. They count from [`finish_restore`](Self::finish_restore) on: before it, the
    /// partition has no head, and a kill leaves something to be wiped.
    ///
    /// # Errors
    /// The disk's, or `OutOfOrder` for a partition that has a head.
    fn put_restored(&self, partition: PartitionNumber, records: &[RecordImage]) -> Result<(), StorageError>;

    /// Gives a restored partition its head and its marker, both as this one says; all that was put is on
    /// the disk when this returns.
    ///
    /// # Errors
    /// As [`put_restored`](Self::put_restored).
    fn finish_restore(&self, partition: PartitionNumber, marker: &Marker) -> Result<(), StorageError>;

    /// The random id written into the data directory when it was made.
    fn owner(&self) -> u128;
}
