//! What one user has, through what, and what is missing.

use crate::arena::{SkuNo, UserNo};
use crate::licensing::Licensing;
use crate::source::OrderKey;
use crate::tenant::TenantState;
use crate::view::View;
use muster_directory::licence::{AssignmentState, Kept, SourceState, Violation};
use muster_directory::{GroupId, ObjectId, PlanId, SkuId, Tenant};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One user's licences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// In the order of products.
    pub licences: Vec<Licence>,
}

/// What a user has of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// The product.
    pub sku: SkuId,
    /// Its name for people.
    pub part_number: Option<Arc<str>>,
    /// Whether the user holds a seat.
    pub has_seat: bool,
    /// Sorted.
    pub enabled_plans: Vec<PlanId>,
    /// The direct one first, then by group.
    pub states: Vec<SourceState>,
    /// Why the seat is kept, where no source has it any more.
    pub kept: Option<Kept>,
    /// The user's place among those who want the product through a waiting source and hold no seat
    /// of it, from 1.
    pub waiting_position: Option<u64>,
}

impl Licensing {
    /// The users in a group, as far as it is known here.
    #[must_use]
    pub fn members(&self, tenant: &Tenant, group: &GroupId) -> Vec<ObjectId> {
        let Some(state) = self.tenants.get(tenant) else { return Vec::new() };
        let members = state.groups.find(group).map(|group| state.groups.get(group).members.iter());
        members.into_iter().flatten().map(|user| state.users.get(*user).id.clone()).collect()
    }

    /// What the user has and wants; `None` where nothing is known of the user.
    #[must_use]
    pub fn explain(&self, tenant: &Tenant, user: &ObjectId) -> Option<Explanation> {
        let state = self.tenants.get(tenant)?;
        let user = state.users.find(user)?;
        let mut licences: Vec<Licence> =
            state.views(user).iter().map(|view| state.licence(user, view)).collect();
        licences.sort_by(|a, b| a.sku.cmp(&b.sku));
        Some(Explanation { licences })
    }
}

impl TenantState {
    fn licence(&self, user: UserNo, view: &View) -> Licence {
        let product = self.products.get(view.sku);
        let waits = !view.has_seat && view.waits();
        Licence {
            sku: product.id.clone(),
            part_number: product.product.as_ref().and_then(|owned| owned.part_number.clone()),
            has_seat: view.has_seat,
            enabled_plans: self.plan_ids(&view.plans),
            states: self.source_states(view),
            kept: view.kept,
            waiting_position: waits.then(|| self.waiting_position(user, view.sku)).flatten(),
        }
    }

    /// The user's place in the queue for a product, from 1.
    fn waiting_position(&self, user: UserNo, sku: SkuNo) -> Option<u64> {
        let own = self.first_waiting(user, sku)?;
        let others: BTreeSet<UserNo> = self
            .users
            .numbers()
            .filter(|other| self.first_waiting(*other, sku).is_some_and(|key| key < own))
            .collect();
        Some(others.len() as u64 + 1)
    }

    /// The user's first waiting source of a product, where the user holds no seat of it.
    fn first_waiting(&self, user: UserNo, sku: SkuNo) -> Option<OrderKey> {
        let known = self.users.get(user);
        if known.holds(sku) {
            return None;
        }
        let view = self.views(user).into_iter().find(|view| view.sku == sku)?;
        let waiting = AssignmentState::Error(Violation::Count);
        let owners = view.states.iter().filter(|(_, state)| *state == waiting).map(|(owner, _)| *owner);
        owners.filter_map(|owner| self.key(user, known.source(owner)?)).min()
    }
}
