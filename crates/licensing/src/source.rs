//! Sources: assignments as they reach users, and their order.
//!
//! The order decides who is served first: lowest priority, then earliest, then user id, then group id
//! with the direct assignment before all groups. It depends on no number of an arena.

use crate::arena::{GroupNo, PlanNo, SkuNo, UserNo};
use muster_directory::{GroupId, ObjectId};

/// What a source comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Owner {
    /// The user's own assignment.
    Direct,
    /// A group that the user is a member of.
    Group(GroupNo),
}

/// An assignment in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) priority: i64,
    /// The position at which it came into being; edits keep it.
    pub(crate) since: u64,
    /// Sorted by product.
    pub(crate) licences: Vec<Licence>,
}

/// A product of an assignment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Licence {
    pub(crate) sku: SkuNo,
    /// Sorted.
    pub(crate) disabled: Vec<PlanNo>,
}

impl Terms {
    pub(crate) fn skus(&self) -> impl Iterator<Item = SkuNo> {
        self.licences.iter().map(|licence| licence.sku)
    }

    pub(crate) fn names(&self, sku: SkuNo) -> bool {
        self.licences.iter().any(|licence| licence.sku == sku)
    }
}

/// One assignment as it reaches one user.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) owner: Owner,
    /// When it began: membership or assignment, the later.
    pub(crate) since: u64,
    pub(crate) standing: Standing,
    /// The product in whose waiting list it is: one of which it lacks a seat while none is free.
    pub(crate) watch: Option<SkuNo>,
}

/// Whether a source has its seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// All of them.
    Satisfied,
    /// All that it had before its assignment gained products in this event.
    Gaining,
    /// None.
    Waiting,
}

/// A source's place in the order, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OrderKey {
    priority: i64,
    since: u64,
    user: ObjectId,
    /// `None`, a direct one, is the least.
    group: Option<GroupId>,
    pub(crate) user_no: UserNo,
    pub(crate) owner: Owner,
}

impl OrderKey {
    pub(crate) fn new(
        terms: &Terms,
        source: &Source,
        user: (UserNo, &ObjectId),
        group: Option<&GroupId>,
    ) -> OrderKey {
        OrderKey {
            priority: terms.priority,
            since: source.since,
            user: user.1.clone(),
            group: group.cloned(),
            user_no: user.0,
            owner: source.owner,
        }
    }
}
