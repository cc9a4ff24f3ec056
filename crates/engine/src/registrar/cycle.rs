//! Cycles through `memberOf`: a group must not depend on itself (L38).

use crate::{CatalogGroup, TenantCatalog};
use foldhash::{HashMap, HashMapExt};
use muster_directory::{GroupId, Rejection, RejectionCode};
use muster_rule::Rule;
use std::sync::Arc;

/// The refusal of `rule` for the group `id`, if with it the group would read itself, directly or through
/// others. Iterative: chains may be as long as there are groups.
pub(super) fn find(tenant: &TenantCatalog, id: &GroupId, rule: &Rule) -> Option<Rejection> {
    let target = id.folded();
    // Each group that was reached, by its folded id, and the group it was reached from.
    let mut reached_from: HashMap<Arc<str>, Option<Arc<str>>> = HashMap::new();
    let mut open: Vec<Arc<str>> = Vec::new();
    for source in rule.sources() {
        reached_from.insert(Arc::clone(source), None);
        open.push(Arc::clone(source));
    }
    while let Some(folded_id) = open.pop() {
        if folded_id == target {
            return Some(refusal(tenant, id, &folded_id, &reached_from));
        }
        let group = tenant.by_folded_id(&folded_id);
        for source in group.and_then(CatalogGroup::rule).map(|rule| rule.sources()).unwrap_or_default() {
            if !reached_from.contains_key(source) {
                reached_from.insert(Arc::clone(source), Some(Arc::clone(&folded_id)));
                open.push(Arc::clone(source));
            }
        }
    }
    None
}

fn refusal(
    tenant: &TenantCatalog,
    id: &GroupId,
    last: &Arc<str>,
    reached_from: &HashMap<Arc<str>, Option<Arc<str>>>,
) -> Rejection {
    let mut names = vec![id.to_string()];
    let mut step = reached_from.get(last).cloned().flatten();
    while let Some(folded_id) = step {
        let group = tenant.by_folded_id(&folded_id);
        names.push(group.map_or_else(|| folded_id.to_string(), |group| group.definition.id.to_string()));
        step = reached_from.get(&folded_id).cloned().flatten();
    }
    names.push(id.to_string());
    names.reverse();
    let message = format!(
        "the group would depend on itself: {}: take one of these out of a memberOf rule",
        names.join(" → ")
    );
    Rejection::new(RejectionCode::MembershipCycle, message)
}
