//! What keeps the deltas exact, one by one: each can be left out, to see that the simulation notices.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// A new writer makes the one before it powerless.
    Fencing,
    /// The outbox is trimmed up to what was read back, not up to what a writer says it committed.
    ReadBackBeforeTrim,
    /// An entry is synced before it is published.
    SyncBeforePublish,
    /// The marker is written in the transaction whose entries it closes.
    MarkerInTransaction,
    /// After a result in doubt the writer is dropped, and the partition taken over again.
    DropDoubtfulWriter,
    /// A state that is of no use is wiped before the partition is restored; nothing is caught up with.
    WipeBeforeRestore,
}

impl Protection {
    /// All of them.
    pub const ALL: [Protection; 6] = [
        Protection::Fencing,
        Protection::ReadBackBeforeTrim,
        Protection::SyncBeforePublish,
        Protection::MarkerInTransaction,
        Protection::DropDoubtfulWriter,
        Protection::WipeBeforeRestore,
    ];
}
