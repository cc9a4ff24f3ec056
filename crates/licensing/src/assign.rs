//! What administrators decide: assignments, products, settings.

use crate::arena::{SkuNo, UserNo};
use crate::product::Plan;
use crate::source::{Licence, Owner, Source, Standing, Terms};
use crate::tenant::TenantState;
use muster_directory::SkuId;
use muster_directory::licence::{Assignee, Assignment, Product, ServicePlan, TenantSettings};
use std::sync::Arc;

impl TenantState {
    /// An assignment is from now on this, or is none any more.
    pub(crate) fn assign(&mut self, assignee: &Assignee, assignment: Option<&Assignment>) {
        let (owner, user) = match assignee {
            Assignee::Group(group) => match self.groups.find(group) {
                None if assignment.is_none() => return,
                _ => (Owner::Group(self.group_no(group)), None),
            },
            Assignee::User(user) => match self.users.find(user) {
                None if assignment.is_none() => return,
                _ => (Owner::Direct, Some(self.user_no(user))),
            },
        };
        let old = self.terms_of(owner, user).cloned();
        let since = old.as_ref().map_or(self.event.position, |old| old.since);
        let new = assignment.map(|assignment| Arc::new(self.terms_from(assignment, since)));
        if old == new {
            return;
        }
        let reached = match owner {
            Owner::Group(group) => self.groups.get(group).members.iter().copied().collect(),
            Owner::Direct => user.into_iter().collect::<Vec<_>>(),
        };
        for &user in &reached {
            self.touch(user, 0);
            // While the place in the order is still the old one.
            self.unwatch(user, owner);
        }
        if let (Some(old), Some(new)) = (&old, &new) {
            self.event.gained = new.skus().filter(|sku| !old.names(*sku)).collect();
        }
        self.name_products(owner, user, old.as_deref(), new.as_deref());
        self.set_terms(owner, user, new.clone());
        for &user in &reached {
            match (&old, &new) {
                (_, None) => self.users.get_mut(user).sources.retain(|source| source.owner != owner),
                (None, Some(_)) => self.begin_source(user, owner),
                (Some(_), Some(_)) => self.edit_source(user, owner),
            }
        }
    }

    /// A source of the user begins now; it has no seats yet.
    pub(crate) fn begin_source(&mut self, user: UserNo, owner: Owner) {
        let since = self.event.position;
        let source = Source { owner, since, standing: Standing::Waiting, watch: None };
        self.users.get_mut(user).sources.push(source);
    }

    fn edit_source(&mut self, user: UserNo, owner: Owner) {
        if !self.event.gained.is_empty()
            && let Some(source) = self.users.get_mut(user).source_mut(owner)
            && source.standing == Standing::Satisfied
        {
            source.standing = Standing::Gaining;
        }
    }

    /// The terms of a group, or of this user.
    fn terms_of(&self, owner: Owner, user: Option<UserNo>) -> Option<&Arc<Terms>> {
        match owner {
            Owner::Group(group) => self.groups.get(group).terms.as_ref(),
            Owner::Direct => self.users.get(user?).direct.as_ref(),
        }
    }

    pub(crate) fn set_terms(&mut self, owner: Owner, user: Option<UserNo>, terms: Option<Arc<Terms>>) {
        match (owner, user) {
            (Owner::Group(group), _) => {
                self.groups.get_mut(group).terms = terms;
                self.mark_group(group);
            }
            (Owner::Direct, Some(user)) => {
                self.users.get_mut(user).direct = terms;
                self.mark_user(user);
            }
            (Owner::Direct, None) => {}
        }
    }

    /// Keeps who names which product.
    pub(crate) fn name_products(
        &mut self,
        owner: Owner,
        user: Option<UserNo>,
        old: Option<&Terms>,
        new: Option<&Terms>,
    ) {
        for sku in old.into_iter().flat_map(Terms::skus) {
            self.products.get_mut(sku).assigned_to.remove(&(owner, user));
        }
        for sku in new.into_iter().flat_map(Terms::skus) {
            self.products.get_mut(sku).assigned_to.insert((owner, user));
        }
    }

    pub(crate) fn terms_from(&mut self, assignment: &Assignment, since: u64) -> Terms {
        let mut licences = Vec::with_capacity(assignment.licences.len());
        for licence in &assignment.licences {
            let sku = self.sku_no(&licence.sku);
            let mut disabled: Vec<_> = licence.disabled_plans.iter().map(|plan| self.plan_no(plan)).collect();
            disabled.sort_unstable();
            licences.push(Licence { sku, disabled });
        }
        licences.sort_unstable();
        Terms { priority: assignment.priority, since, licences }
    }

    /// The tenant owns this of a product from now on.
    pub(crate) fn own(&mut self, id: &SkuId, product: Option<Product>) {
        let sku = self.sku_no(id);
        let old = &self.products.get(sku).product;
        if *old == product {
            return;
        }
        let offer = |product: &Option<Product>| {
            product.as_ref().map(|product| (product.capability, product.service_plans.clone()))
        };
        let is_same_offer = offer(old) == offer(&product);
        let unique = |plan: &ServicePlan| plan.unique.is_some();
        self.has_unique |= product.as_ref().is_some_and(|product| product.service_plans.iter().any(unique));
        if !is_same_offer {
            for user in self.concerned(sku) {
                self.touch(user, 0);
            }
        }
        self.set_product(sku, product);
        self.dirty.products.insert(id.clone());
    }

    pub(crate) fn set_product(&mut self, sku: SkuNo, product: Option<Product>) {
        let plans = product.iter().flat_map(|product| &product.service_plans);
        let mut plans: Vec<Plan> = plans.map(|plan| self.plan_from(plan)).collect();
        plans.sort_unstable_by_key(|plan| plan.id);
        let slot = self.products.get_mut(sku);
        slot.plans = plans;
        slot.product = product;
        self.refresh_open(sku);
        let unique = |sku| self.products.get(sku).plans.iter().any(|plan: &Plan| plan.unique.is_some());
        self.has_unique = self.products.numbers().any(unique);
    }

    fn plan_from(&mut self, plan: &ServicePlan) -> Plan {
        Plan {
            id: self.plan_no(&plan.id),
            depends_on: plan.depends_on.iter().map(|id| self.plan_no(id)).collect(),
            excludes: plan.excludes.iter().map(|id| self.plan_no(id)).collect(),
            prohibited_in: plan.prohibited_in.clone(),
            unique: plan.unique,
        }
    }

    /// Users with a source of the product, or a seat of it that is kept.
    fn concerned(&self, sku: SkuNo) -> Vec<UserNo> {
        let product = self.products.get(sku);
        let mut users: Vec<UserNo> = product.kept.iter().copied().collect();
        for (owner, user) in &product.assigned_to {
            match owner {
                Owner::Direct => users.extend(user),
                Owner::Group(group) => users.extend(&self.groups.get(*group).members),
            }
        }
        users
    }

    /// What holds for the tenant from now on.
    pub(crate) fn set(&mut self, settings: TenantSettings) {
        if self.settings == settings {
            return;
        }
        if self.settings.usage_location != settings.usage_location {
            let concerned = |user: &UserNo| {
                let user = self.users.get(*user);
                user.location.is_none() && !user.sources.is_empty()
            };
            let users: Vec<UserNo> = self.users.numbers().filter(concerned).collect();
            for user in users {
                self.touch(user, 0);
            }
        }
        self.settings = settings;
        self.dirty.settings = true;
    }
}
