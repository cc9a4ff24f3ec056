//! Plans: which are enabled for a user, and whether a source's go together with the rest.
//!
//! A seat that is kept without a source neither supports nor excludes anything.

use crate::arena::UserNo;
use crate::product::Plan;
use crate::source::{Owner, Source, Standing};
use crate::tenant::TenantState;
use muster_directory::licence::Violation;

impl TenantState {
    /// What forbids the source, seats aside: first that a product is not owned, then the usage
    /// location, exclusions, dependencies, uniqueness.
    pub(crate) fn violation(&self, user: UserNo, owner: Owner) -> Option<Violation> {
        let terms = self.terms(user, owner)?;
        if terms.skus().any(|sku| self.products.get(sku).product.is_none()) {
            return Some(Violation::Other);
        }
        let known = self.users.get(user);
        let others = || {
            known.sources.iter().filter(|other| other.owner != owner && other.standing != Standing::Waiting)
        };
        let is_plain = |owner| {
            self.terms(user, owner)
                .is_some_and(|terms| terms.skus().all(|sku| self.products.get(sku).is_plain()))
        };
        if is_plain(owner) && others().all(|other| is_plain(other.owner)) {
            return None;
        }
        let own: Vec<&Plan> = self.enabled(user, owner, Standing::Satisfied).collect();
        let rest: Vec<&Plan> = others().flat_map(|other| self.enabled_by(user, other)).collect();
        let location = known.location.as_ref().or(self.settings.usage_location.as_ref());
        if own.iter().any(|plan| location.is_some_and(|location| plan.prohibited_in.contains(location))) {
            return Some(Violation::ProhibitedInUsageLocation);
        }
        let all = || own.iter().chain(&rest);
        let excludes =
            |a: &Plan, b: &Plan| a.id != b.id && (a.excludes.contains(&b.id) || b.excludes.contains(&a.id));
        if own.iter().any(|plan| all().any(|other| excludes(plan, other))) {
            return Some(Violation::MutuallyExclusive);
        }
        if own.iter().flat_map(|plan| &plan.depends_on).any(|needed| all().all(|plan| plan.id != *needed)) {
            return Some(Violation::Dependency);
        }
        let is_shared = |plan: &&&Plan| plan.unique.is_some() && self.is_shared(user, plan);
        own.iter().find(is_shared).map(|_| Violation::Uniqueness)
    }

    /// The plans that a source enables as it stands; none where it waits.
    pub(crate) fn enabled_by(&self, user: UserNo, source: &Source) -> impl Iterator<Item = &Plan> {
        self.enabled(user, source.owner, source.standing)
    }

    /// The plans that an owner's terms would enable for the user under this standing.
    fn enabled(&self, user: UserNo, owner: Owner, standing: Standing) -> impl Iterator<Item = &Plan> {
        let terms = (standing != Standing::Waiting).then(|| self.terms(user, owner)).flatten();
        let licences = terms.into_iter().flat_map(|terms| &terms.licences);
        licences
            .filter(move |licence| standing != Standing::Gaining || !self.event.gained.contains(&licence.sku))
            .filter(|licence| self.products.get(licence.sku).is_usable())
            .flat_map(|licence| {
                let plans = self.products.get(licence.sku).plans.iter();
                plans.filter(|plan| !licence.disabled.contains(&plan.id))
            })
    }

    /// Whether another user with this plan has an address of this user's.
    fn is_shared(&self, user: UserNo, plan: &Plan) -> bool {
        let addresses = self.users.get(user).addresses.iter();
        addresses.filter_map(|address| self.addresses.get(address)).flatten().any(|&other| {
            let mut sources = self.users.get(other).sources.iter();
            other != user
                && sources.any(|source| self.enabled_by(other, source).any(|enabled| enabled.id == plan.id))
        })
    }

    /// The user, and all who share addresses with the user, with those, and so on, as far as that can
    /// matter.
    pub(crate) fn sharing_addresses(&self, user: UserNo) -> Vec<UserNo> {
        let mut sharing = vec![user];
        if !self.has_unique {
            return sharing;
        }
        let mut next = 0;
        while let Some(&user) = sharing.get(next) {
            next += 1;
            let addresses = self.users.get(user).addresses.iter();
            for &other in addresses.filter_map(|address| self.addresses.get(address)).flatten() {
                if !sharing.contains(&other) {
                    sharing.push(other);
                }
            }
        }
        sharing
    }
}
