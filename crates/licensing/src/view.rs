//! What a user has of each product, as events tell it; and the events, which are the differences
//! between two views.

use crate::arena::{PlanNo, SkuNo, UserNo};
use crate::licensing::Numbering;
use crate::source::{Owner, Standing};
use crate::tenant::{TenantState, Touched};
use muster_directory::licence::{AssignmentState, Kept, LicenceChange, SourceState, Violation};
use muster_directory::{GroupId, LicenceEvent, PlanId, Tenant};

/// What a user has of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) sku: SkuNo,
    pub(crate) has_seat: bool,
    /// Sorted by number, each once.
    pub(crate) plans: Vec<PlanNo>,
    /// The direct one first, then by group.
    pub(crate) states: Vec<(Owner, AssignmentState)>,
    pub(crate) kept: Option<Kept>,
}

impl View {
    fn new(sku: SkuNo) -> View {
        View { sku, has_seat: false, plans: Vec::new(), states: Vec::new(), kept: None }
    }

    /// Whether a source of it waits for a seat.
    pub(crate) fn waits(&self) -> bool {
        self.states.iter().any(|(_, state)| *state == AssignmentState::Error(Violation::Count))
    }
}

impl TenantState {
    /// What the user has, by product.
    pub(crate) fn views(&self, user: UserNo) -> Vec<View> {
        let known = self.users.get(user);
        let mut views: Vec<View> = Vec::with_capacity(known.sources.len());
        for source in &known.sources {
            let Some(terms) = self.terms(user, source.owner) else { continue };
            let violation = self.violation(user, source.owner);
            for licence in &terms.licences {
                let usable = self.products.get(licence.sku).is_usable();
                let state = match (source.standing, violation) {
                    (Standing::Waiting, violation) => {
                        AssignmentState::Error(violation.unwrap_or(Violation::Count))
                    }
                    (_, Some(violation @ Violation::Other)) => AssignmentState::ActiveWithError(violation),
                    (_, _) if !usable => AssignmentState::Disabled,
                    (_, Some(violation)) => AssignmentState::ActiveWithError(violation),
                    (_, None) => AssignmentState::Active,
                };
                let view = entry(&mut views, licence.sku);
                view.states.push((source.owner, state));
                if source.standing != Standing::Waiting && usable {
                    let plans = self.products.get(licence.sku).plans.iter().map(|plan| plan.id);
                    view.plans.extend(plans.filter(|plan| !licence.disabled.contains(plan)));
                }
            }
        }
        for seat in &known.kept {
            let usable = self.products.get(seat.sku).is_usable();
            let view = entry(&mut views, seat.sku);
            view.kept = Some(seat.kept);
            if usable {
                view.plans.extend(&seat.plans);
            }
        }
        for view in &mut views {
            view.has_seat = known.holds(view.sku);
            view.plans.sort_unstable();
            view.plans.dedup();
            view.states.sort_by_key(|(owner, _)| self.group_of(*owner));
        }
        views.sort_unstable_by_key(|view| view.sku);
        views
    }

    /// The group's id; `None`, which sorts first, for a direct assignment.
    pub(crate) fn group_of(&self, owner: Owner) -> Option<&GroupId> {
        match owner {
            Owner::Direct => None,
            Owner::Group(group) => Some(&self.groups.get(group).id),
        }
    }

    /// The event's differences, in the order of users and products.
    pub(crate) fn tell(&mut self, tenant: &Tenant, numbering: &mut Numbering) {
        let mut touched = std::mem::take(&mut self.event.touched);
        touched.sort_by(|a, b| self.users.get(a.user).id.cmp(&self.users.get(b.user).id));
        for touched in &touched {
            self.tell_user(tenant, touched, numbering);
        }
        for touched in &touched {
            self.forget(touched.user);
        }
    }

    fn tell_user(&self, tenant: &Tenant, touched: &Touched, numbering: &mut Numbering) {
        let after = self.views(touched.user);
        if after == touched.before {
            return;
        }
        let mut skus: Vec<SkuNo> = after.iter().chain(&touched.before).map(|view| view.sku).collect();
        skus.sort_by(|a, b| self.products.get(*a).id.cmp(&self.products.get(*b).id));
        skus.dedup();
        let of = |views: &[View], sku| views.iter().find(|view| view.sku == sku).cloned();
        let cause = self.event.causes.get(touched.cause).or(self.event.causes.first());
        let Some((cause, source)) = cause else { return };
        for sku in skus {
            let before = of(&touched.before, sku).unwrap_or_else(|| View::new(sku));
            let after = of(&after, sku).unwrap_or_else(|| View::new(sku));
            let Some(change) = change(&before, &after) else { continue };
            numbering.push(LicenceEvent {
                tenant: tenant.clone(),
                sequence: 0,
                time: numbering.clock(),
                change,
                user: self.users.get(touched.user).id.clone(),
                sku: self.products.get(sku).id.clone(),
                enabled_plans: self.plan_ids(&after.plans),
                states: self.source_states(&after),
                kept: after.kept,
                cause: cause.clone(),
                source: source.clone(),
            });
        }
    }

    /// The plans' ids, sorted.
    pub(crate) fn plan_ids(&self, plans: &[PlanNo]) -> Vec<PlanId> {
        let mut ids: Vec<PlanId> = plans.iter().map(|plan| self.plans.get(*plan).clone()).collect();
        ids.sort_unstable();
        ids
    }

    pub(crate) fn source_states(&self, view: &View) -> Vec<SourceState> {
        let state = |(owner, state): &(Owner, AssignmentState)| SourceState {
            group: self.group_of(*owner).cloned(),
            state: *state,
        };
        view.states.iter().map(state).collect()
    }
}

fn entry(views: &mut Vec<View>, sku: SkuNo) -> &mut View {
    let at = match views.iter().position(|view| view.sku == sku) {
        Some(at) => at,
        None => {
            views.push(View::new(sku));
            views.len() - 1
        }
    };
    #[expect(clippy::indexing_slicing, reason = "found, or pushed, above")]
    &mut views[at]
}

/// What happened to a product of a user, if anything.
fn change(before: &View, after: &View) -> Option<LicenceChange> {
    if before == after {
        return None;
    }
    Some(match (before.has_seat, after.has_seat) {
        (false, true) => LicenceChange::Assigned,
        (true, true) => LicenceChange::Changed,
        (true, false) => LicenceChange::Removed,
        (false, false) if after.states.is_empty() => LicenceChange::Removed,
        (false, false) if after.waits() => LicenceChange::Waiting,
        (false, false) => LicenceChange::Failed,
    })
}
