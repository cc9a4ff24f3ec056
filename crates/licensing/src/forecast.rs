//! What the members that a group is about to gain and lose would mean for its products.
//!
//! The deltas are applied, as one event, to a state that is thrown away: what comes out is what would
//! happen.

use crate::licensing::Licensing;
use muster_directory::{
    Cause, Delta, GroupId, Instant, MembershipChange, ObjectId, ObjectKind, Ordinal, SkuId, Source, Tenant,
};
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

/// One member more or less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForecastChange {
    /// Who.
    pub user: ObjectId,
    /// Joins or leaves.
    pub change: MembershipChange,
}

/// What would happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// Of each product that the group's assignment names, in the order of ids.
    pub products: Vec<ProductForecast>,
}

/// What would happen to one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductForecast {
    /// Which.
    pub sku: SkuId,
    /// The name for people.
    pub part_number: Option<Arc<str>>,
    /// Users who join and hold no seat yet.
    pub needed: u64,
    /// Seats that are free now.
    pub free: u64,
    /// Seats that those who leave would give back.
    pub freed: u64,
    /// Users who join and would hold no seat after it.
    pub waiting: u64,
}

impl Licensing {
    /// What would happen if the group's members changed so, at once. The state is used up.
    ///
    /// `None` where no licences are assigned to the group.
    #[must_use]
    pub fn forecast(
        mut self,
        tenant: &Tenant,
        group: &GroupId,
        changes: &[ForecastChange],
    ) -> Option<Forecast> {
        let state = self.tenants.get(tenant)?;
        let terms = state.groups.get(state.groups.find(group)?).terms.clone()?;
        let joining: BTreeSet<&ObjectId> = of(changes, MembershipChange::Added);
        let leaving: BTreeSet<&ObjectId> = of(changes, MembershipChange::Removed);
        let mut products: Vec<(crate::arena::SkuNo, ProductForecast)> = Vec::new();
        for sku in terms.skus() {
            let product = state.products.get(sku);
            let forecast = ProductForecast {
                sku: product.id.clone(),
                part_number: product.product.as_ref().and_then(|owned| owned.part_number.clone()),
                needed: joining.iter().filter(|user| !self.has_seat(tenant, user, sku)).count() as u64,
                free: product.free(),
                freed: leaving.iter().filter(|user| self.has_seat(tenant, user, sku)).count() as u64,
                waiting: 0,
            };
            products.push((sku, forecast));
        }
        let deltas: Vec<Delta> = changes.iter().map(|change| delta(tenant, group, change)).collect();
        self.position += 1;
        self.apply_deltas(tenant, &deltas);
        for (sku, product) in &mut products {
            let kept = leaving.iter().filter(|user| self.has_seat(tenant, user, *sku)).count() as u64;
            product.freed -= kept;
            product.waiting = joining.iter().filter(|user| !self.has_seat(tenant, user, *sku)).count() as u64;
        }
        let mut products: Vec<ProductForecast> = products.into_iter().map(|(_, product)| product).collect();
        products.sort_by(|a, b| a.sku.cmp(&b.sku));
        Some(Forecast { products })
    }

    fn has_seat(&self, tenant: &Tenant, user: &ObjectId, sku: crate::arena::SkuNo) -> bool {
        let Some(state) = self.tenants.get(tenant) else { return false };
        state.users.find(user).is_some_and(|user| state.users.get(user).holds(sku))
    }
}

fn of(changes: &[ForecastChange], wanted: MembershipChange) -> BTreeSet<&ObjectId> {
    changes.iter().filter(|change| change.change == wanted).map(|change| &change.user).collect()
}

fn delta(tenant: &Tenant, group: &GroupId, change: &ForecastChange) -> Delta {
    Delta {
        tenant: tenant.clone(),
        group: group.clone(),
        member: change.user.clone(),
        member_kind: ObjectKind::User,
        change: change.change,
        sequence: 0,
        time: Instant::MIN,
        rule_version: 0,
        event: Ordinal { index: NonZeroU32::MIN, count: NonZeroU32::MIN },
        cause: Cause::Rule { version: 0 },
        source: Source::File { file: Arc::from(""), line: 0 },
    }
}
