//! What is known of one user.

use crate::arena::{GroupNo, PlanNo, SkuNo};
use crate::source::{Owner, Source, Standing, Terms};
use muster_directory::ObjectId;
use muster_directory::licence::{Kept, UsageLocation};
use std::sync::Arc;

/// One user.
pub(crate) struct User {
    pub(crate) id: ObjectId,
    pub(crate) location: Option<UsageLocation>,
    /// As they are compared: sorted, each once.
    pub(crate) addresses: Vec<Arc<str>>,
    /// Groups and the position at which the membership began; sorted.
    pub(crate) memberships: Vec<(GroupNo, u64)>,
    /// How many of them are dynamic.
    pub(crate) dynamic: u32,
    pub(crate) direct: Option<Arc<Terms>>,
    /// Each owner once.
    pub(crate) sources: Vec<Source>,
    /// Products of which the user holds a seat: sorted.
    pub(crate) seats: Vec<SkuNo>,
    /// Seats among them that no satisfied source has.
    pub(crate) kept: Vec<KeptSeat>,
    /// The event that touched the user last, and the place among the users it touched.
    pub(crate) touched: (u64, usize),
    /// Whether the record is to be written.
    pub(crate) dirty: bool,
}

/// A seat that no satisfied source has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptSeat {
    pub(crate) sku: SkuNo,
    pub(crate) kept: Kept,
    /// What stays enabled meanwhile; sorted.
    pub(crate) plans: Vec<PlanNo>,
}

impl User {
    pub(crate) fn new(id: &ObjectId) -> User {
        User {
            id: id.clone(),
            location: None,
            addresses: Vec::new(),
            memberships: Vec::new(),
            dynamic: 0,
            direct: None,
            sources: Vec::new(),
            seats: Vec::new(),
            kept: Vec::new(),
            touched: (0, 0),
            dirty: false,
        }
    }

    /// Whether nothing is known but the id.
    pub(crate) fn is_empty(&self) -> bool {
        self.location.is_none()
            && self.addresses.is_empty()
            && self.memberships.is_empty()
            && self.direct.is_none()
            && self.kept.is_empty()
    }

    pub(crate) fn source(&self, owner: Owner) -> Option<&Source> {
        self.sources.iter().find(|source| source.owner == owner)
    }

    pub(crate) fn source_mut(&mut self, owner: Owner) -> Option<&mut Source> {
        self.sources.iter_mut().find(|source| source.owner == owner)
    }

    pub(crate) fn holds(&self, sku: SkuNo) -> bool {
        self.seats.binary_search(&sku).is_ok()
    }

    /// The owners of sources that have no seats.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = Owner> {
        let waiting = self.sources.iter().filter(|source| source.standing == Standing::Waiting);
        waiting.map(|source| source.owner)
    }
}
