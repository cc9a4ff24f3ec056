//! Products: their seats, the plans in them, and who waits for one.

use crate::arena::{PlanNo, UserNo};
use crate::source::{OrderKey, Owner};
use foldhash::HashSet;
use muster_directory::SkuId;
use muster_directory::licence::{Capability, Product, UniqueAttribute, UsageLocation};
use std::collections::BTreeSet;

/// A product, owned or only named by an assignment.
pub(crate) struct ProductSlot {
    pub(crate) id: SkuId,
    /// `None`: the tenant owns nothing of it.
    pub(crate) product: Option<Product>,
    /// Of the product, in numbers; sorted by number.
    pub(crate) plans: Vec<Plan>,
    /// Seats that users hold. It may be more than there are.
    pub(crate) used: u64,
    /// Sources that lack a seat of it, each in one product's list only.
    pub(crate) waiting: BTreeSet<OrderKey>,
    /// Assignments that name it: groups, and users with one of their own.
    pub(crate) assigned_to: HashSet<(Owner, Option<UserNo>)>,
    /// Users whose seat is kept without a source.
    pub(crate) kept: BTreeSet<UserNo>,
}

/// A service plan in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) id: PlanNo,
    pub(crate) depends_on: Vec<PlanNo>,
    pub(crate) excludes: Vec<PlanNo>,
    pub(crate) prohibited_in: Vec<UsageLocation>,
    pub(crate) unique: Option<UniqueAttribute>,
}

impl Plan {
    /// Whether it asks nothing of anybody.
    pub(crate) fn is_plain(&self) -> bool {
        self.depends_on.is_empty()
            && self.excludes.is_empty()
            && self.prohibited_in.is_empty()
            && self.unique.is_none()
    }
}

impl ProductSlot {
    pub(crate) fn new(id: &SkuId) -> ProductSlot {
        ProductSlot {
            id: id.clone(),
            product: None,
            plans: Vec::new(),
            used: 0,
            waiting: BTreeSet::new(),
            assigned_to: HashSet::default(),
            kept: BTreeSet::new(),
        }
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.product.as_ref().is_some_and(|product| product.capability == Capability::Enabled)
    }

    /// Seats that nobody holds.
    pub(crate) fn free(&self) -> u64 {
        match &self.product {
            Some(product) if product.capability == Capability::Enabled => {
                product.enabled_units.saturating_sub(self.used)
            }
            _ => 0,
        }
    }

    /// Whether no plan asks anything of anybody.
    pub(crate) fn is_plain(&self) -> bool {
        self.product.is_some() && self.plans.iter().all(Plan::is_plain)
    }
}
