//! Whom a rule selects, found out in parts, so that the changes that come meanwhile do not wait for it.
//!
//! What must be searched through is searched a part at a time. An object whose row changes in the meantime is noted,
//! and asked by itself at the end; so the answer is that of one moment, the last. Previews, the brake and the start
//! of a synchronisation all ask so.

use super::cascade::{CatalogGroups, ObjectMemberships};
use super::objects::ObjectNumber;
use super::preview::{Against, Comparison};
use super::{Partition, TenantState};
use crate::{Catalog, Draft, TenantCatalog};
use muster_directory::{GroupId, Instant, Tenant};
use muster_index::{GroupSets, Query, Search};
use muster_rule::Rule;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A question about a rule, on its way.
#[derive(Debug)]
pub struct Inquiry {
    tenant: Tenant,
    group: Option<GroupId>,
    against: Against,
    now: Option<Instant>,
    /// Begun when it is first proceeded with.
    selection: Option<Selection>,
    rule: Arc<Rule>,
}

/// A selection on its way.
#[derive(Debug)]
pub(super) struct Selection {
    /// Under which changed objects are noted for it.
    number: u64,
    now: Instant,
    search: Search,
}

/// The objects whose rows changed since each selection on its way began.
#[derive(Debug, Default)]
pub(super) struct Watched {
    next: u64,
    changed: BTreeMap<u64, RoaringBitmap>,
}

impl Watched {
    /// An object's row changed.
    pub(super) fn note(&mut self, object: ObjectNumber) {
        for changed in self.changed.values_mut() {
            changed.insert(object);
        }
    }
}

impl Inquiry {
    /// What the rule would do to the group's members, or to nobody's; at this time or the partition's.
    #[must_use]
    pub fn new(draft: Draft<'_>, rule: Arc<Rule>, against: Against) -> Inquiry {
        let Draft { tenant, group, now, .. } = draft;
        Inquiry { tenant: tenant.clone(), group: group.cloned(), against, now, selection: None, rule }
    }
}

impl Partition {
    /// Goes on with a question: looks at about so many values. The answer, once it is known; an inquiry that is given
    /// up before must be [`forgotten`](Self::forget).
    pub fn proceed<'a>(
        &'a mut self,
        catalog: &'a Catalog,
        inquiry: &'a mut Inquiry,
        values: usize,
    ) -> Option<Comparison<'a>> {
        let now = inquiry.now.unwrap_or(self.clock);
        let of = catalog.tenant(&inquiry.tenant);
        let mut selected = RoaringBitmap::new();
        if let Some(state) = self.tenants.get_mut(&inquiry.tenant) {
            if inquiry.against == Against::InForce && state.is_selecting(inquiry.group.as_ref()) {
                return None;
            }
            let selection = inquiry.selection.get_or_insert_with(|| state.begin_selection(now));
            selected = state.proceed(of, &inquiry.rule, selection, now, values)?;
        }
        let inquiry = &*inquiry;
        let draft = Draft {
            tenant: &inquiry.tenant,
            group: inquiry.group.as_ref(),
            rule: &inquiry.rule,
            now: Some(now),
        };
        Some(self.comparison(catalog, draft, inquiry.against, selected))
    }

    /// Gives a question up.
    pub fn forget(&mut self, inquiry: &Inquiry) {
        if let (Some(state), Some(selection)) = (self.tenants.get_mut(&inquiry.tenant), &inquiry.selection) {
            state.forget(selection);
        }
    }
}

impl TenantState {
    pub(super) fn begin_selection(&mut self, now: Instant) -> Selection {
        let number = self.watched.next;
        self.watched.next += 1;
        self.watched.changed.insert(number, RoaringBitmap::new());
        Selection { number, now, search: Search::default() }
    }

    /// Goes on with a selection. Objects that were noted are asked at the time `end`.
    pub(super) fn proceed(
        &mut self,
        catalog: &TenantCatalog,
        rule: &Rule,
        selection: &mut Selection,
        end: Instant,
        values: usize,
    ) -> Option<RoaringBitmap> {
        let groups = CatalogGroups { groups: &self.groups, catalog };
        let query = Query::new(&self.rows, &groups as &dyn GroupSets, selection.now);
        let mut selected = query.select_in_parts(rule, &mut selection.search, values)?;
        let changed = self.watched.changed.remove(&selection.number).unwrap_or_default();
        for object in changed {
            if self.selects(catalog, rule, object, end) {
                selected.insert(object);
            } else {
                selected.remove(object);
            }
        }
        Some(selected)
    }

    /// An object is to be asked at the end, though its row did not change.
    pub(super) fn note_for(&mut self, selection: u64, object: ObjectNumber) {
        if let Some(changed) = self.watched.changed.get_mut(&selection) {
            changed.insert(object);
        }
    }

    pub(super) fn forget(&mut self, selection: &Selection) {
        self.watched.changed.remove(&selection.number);
    }

    /// Whether the rule selects the object.
    pub(super) fn selects(
        &self,
        catalog: &TenantCatalog,
        rule: &Rule,
        object: ObjectNumber,
        now: Instant,
    ) -> bool {
        let Some(slot) = self.objects.slot(object) else { return false };
        let memberships = ObjectMemberships { slot, groups: &self.groups, catalog };
        self.rows.row(object).is_some_and(|row| {
            row.kind() == rule.kind() && rule.matches(&self.rows.view(row), &memberships, now)
        })
    }

    /// Whether it is not known yet who the members of the group will be.
    fn is_selecting(&self, group: Option<&GroupId>) -> bool {
        let group = group.and_then(|id| self.groups.get(self.groups.local(id)?));
        group.and_then(|group| group.sync.as_ref()).is_some_and(|sync| sync.selection.is_some())
    }
}

impl Selection {
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}
