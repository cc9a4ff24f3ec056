//! What a tenant owns, uses and lacks, counted.

use crate::licensing::Licensing;
use crate::tenant::TenantState;
use muster_directory::licence::Violation;
use muster_directory::{SkuId, Tenant};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Plans that license dynamic groups: Microsoft Entra ID P1, which P2 includes.
const DYNAMIC_GROUP_PLANS: [&str; 2] = ["AAD_PREMIUM", "AAD_PREMIUM_P2"];

/// A tenant's products.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order of their ids.
    pub products: Vec<ProductReport>,
    /// Whom dynamic groups need units for.
    pub dynamic_groups: DynamicGroupUsers,
    /// Removals that wait for a confirmation: their number, and their seats.
    pub held_removals: BTreeMap<u64, u64>,
}

/// One product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductReport {
    /// Which.
    pub sku: SkuId,
    /// The name for people.
    pub part_number: Option<Arc<str>>,
    /// Seats there are.
    pub enabled_units: u64,
    /// Seats that users hold.
    pub consumed_units: u64,
    /// Users who want a seat through a waiting source and hold none.
    pub waiting: u64,
    /// Sources with an error, by what is wrong.
    pub errors: BTreeMap<Violation, u64>,
}

/// Each user in at least one dynamic group needs a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DynamicGroupUsers {
    /// Such users.
    pub users: u64,
    /// Units of products with a plan that licenses dynamic groups.
    pub owned_units: u64,
}

impl Licensing {
    /// The tenant's products, and who waits for them.
    #[must_use]
    pub fn report(&self, tenant: &Tenant) -> Report {
        self.tenants.get(tenant).map(TenantState::report).unwrap_or_default()
    }

    /// Users in at least one dynamic group against units owned, of all tenants together.
    #[must_use]
    pub fn dynamic_group_users(&self) -> DynamicGroupUsers {
        self.tenants.values().map(TenantState::dynamic_group_users).fold(
            DynamicGroupUsers::default(),
            |sum, of| DynamicGroupUsers {
                users: sum.users + of.users,
                owned_units: sum.owned_units + of.owned_units,
            },
        )
    }

    /// The tenants there are.
    pub fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.keys()
    }
}

impl TenantState {
    fn report(&self) -> Report {
        let mut counts: BTreeMap<_, (u64, BTreeMap<Violation, u64>)> = BTreeMap::new();
        for user in self.users.numbers() {
            for view in self.views(user) {
                let (waiting, errors) = counts.entry(view.sku).or_default();
                *waiting += u64::from(!view.has_seat && view.waits());
                for violation in view.states.iter().filter_map(|(_, state)| state.violation()) {
                    *errors.entry(violation).or_default() += 1;
                }
            }
        }
        let skus = self.products.sorted();
        let products = skus.into_iter().map(|sku| {
            let product = self.products.get(sku);
            let (waiting, errors) = counts.remove(&sku).unwrap_or_default();
            ProductReport {
                sku: product.id.clone(),
                part_number: product.product.as_ref().and_then(|owned| owned.part_number.clone()),
                enabled_units: product.product.as_ref().map_or(0, |owned| owned.enabled_units),
                consumed_units: product.used,
                waiting,
                errors,
            }
        });
        // A name that nothing owns, assigns or holds any more is no product.
        let is_known = |report: &ProductReport| {
            let sku = self.products.find(&report.sku).map(|sku| self.products.get(sku));
            sku.is_some_and(|slot| slot.product.is_some() || slot.used > 0 || !slot.assigned_to.is_empty())
        };
        Report {
            products: products.filter(is_known).collect(),
            dynamic_groups: self.dynamic_group_users(),
            held_removals: self
                .unconfirmed
                .iter()
                .map(|(number, seats)| (*number, seats.len() as u64))
                .collect(),
        }
    }

    fn dynamic_group_users(&self) -> DynamicGroupUsers {
        let licenses = |owned: &&muster_directory::licence::Product| {
            let names = owned.service_plans.iter().filter_map(|plan| plan.name.as_deref());
            let mut names = names;
            names.any(|name| DYNAMIC_GROUP_PLANS.iter().any(|known| known.eq_ignore_ascii_case(name)))
        };
        let owned = self.products.numbers().filter_map(|sku| self.products.get(sku).product.as_ref());
        DynamicGroupUsers {
            users: self.dynamic_users,
            owned_units: owned.filter(licenses).map(|owned| owned.enabled_units).sum(),
        }
    }
}
