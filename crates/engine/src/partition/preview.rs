//! What a rule would do to a group, before it is saved: the members that the draft selects against those that are
//! stored.
//!
//! Asks the same [`Query`] that a synchronisation asks, so that saving the draft then flips exactly what this says,
//! as long as nothing changes in between. Changes nothing itself. What other groups that read this one by `memberOf`
//! would do is not said.

use super::cascade::{CatalogGroups, ObjectMemberships};
use super::lookup::FoundPage;
use super::objects::{ObjectNumber, ObjectTable};
use super::{Partition, TenantState};
use crate::{Catalog, TenantCatalog};
use muster_directory::{GroupId, Impact, Instant, MembershipChange, ObjectId, Tenant};
use muster_index::{GroupSets, Query};
use muster_rule::{Explanation, Memberships, Rule};
use roaring::RoaringBitmap;
use std::borrow::Cow;

/// A rule that may become a group's.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Whose.
    pub tenant: &'a Tenant,
    /// The group whose present members count; without one nobody is a member.
    pub group: Option<&'a GroupId>,
    /// The draft.
    pub rule: &'a Rule,
    /// The time it is asked about; otherwise the partition's clock.
    pub now: Option<Instant>,
}

/// Which members of the group count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Those that are stored.
    Stored,
    /// Those by the definition in force, be it that not all of them are stored yet.
    InForce,
}

/// What a draft would do. Of several partitions, put together by [`Preview::merge`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// How many objects would join.
    pub added: u64,
    /// How many would leave.
    pub removed: u64,
    /// How many would stay.
    pub unchanged: u64,
    /// Some of those who would join, sorted by id.
    pub added_sample: Vec<Sampled>,
    /// Some of those who would leave, sorted by id.
    pub removed_sample: Vec<Sampled>,
}

/// One object that a draft would add or remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// Which.
    pub id: ObjectId,
    /// The expression of the draft that decided: see [`Explanation::decisive`].
    pub decided_by: Explanation,
}

impl Preview {
    /// How many members the group would have.
    #[must_use]
    pub fn members(&self) -> u64 {
        self.added + self.unchanged
    }

    /// Adds what another partition says of the same draft; at most `samples` of each sample are kept.
    pub fn merge(&mut self, other: Preview, samples: usize) {
        self.added += other.added;
        self.removed += other.removed;
        self.unchanged += other.unchanged;
        let merge = |mine: &mut Vec<Sampled>, theirs: Vec<Sampled>| {
            mine.extend(theirs);
            mine.sort_by(|one, other| one.id.cmp(&other.id));
            mine.truncate(samples);
        };
        merge(&mut self.added_sample, other.added_sample);
        merge(&mut self.removed_sample, other.removed_sample);
    }
}

/// The objects that a draft would add, remove and keep, in one partition.
pub struct Comparison<'a> {
    draft: Draft<'a>,
    now: Instant,
    place: Option<(&'a TenantState, &'a TenantCatalog)>,
    added: RoaringBitmap,
    removed: RoaringBitmap,
    unchanged: u64,
}

impl Partition {
    /// Compares what a draft selects with the stored members of its group.
    #[must_use]
    pub fn compare<'a>(&'a self, catalog: &'a Catalog, draft: Draft<'a>) -> Comparison<'a> {
        let now = draft.now.unwrap_or(self.clock);
        let state = self.tenants.get(draft.tenant);
        let selected = state.map(|state| state.selected(catalog.tenant(draft.tenant), draft.rule, now));
        let draft = Draft { now: Some(now), ..draft };
        self.comparison(catalog, draft, Against::Stored, selected.unwrap_or_default())
    }

    /// Compares those that the draft selects with the members of its group.
    pub(super) fn comparison<'a>(
        &'a self,
        catalog: &'a Catalog,
        draft: Draft<'a>,
        against: Against,
        selected: RoaringBitmap,
    ) -> Comparison<'a> {
        let state = self.tenants.get(draft.tenant);
        let group = draft.group.zip(state).and_then(|(id, state)| state.groups.get(state.groups.local(id)?));
        let members = match group {
            None => Cow::Owned(RoaringBitmap::new()),
            Some(group) => match (&group.sync, against) {
                (Some(sync), Against::InForce) => Cow::Owned(&group.members ^ &sync.pending),
                _ => Cow::Borrowed(&group.members),
            },
        };
        Comparison {
            draft,
            now: draft.now.unwrap_or(self.clock),
            place: state.map(|state| (state, catalog.tenant(draft.tenant))),
            unchanged: selected.intersection_len(&members),
            removed: &*members - &selected,
            added: &selected - &*members,
        }
    }

    /// Whether there is such a group here.
    #[must_use]
    pub fn knows_group(&self, tenant: &Tenant, group: &GroupId) -> bool {
        self.tenants.get(tenant).is_some_and(|state| state.groups.local(group).is_some())
    }
}

impl TenantState {
    /// The objects that a rule selects.
    pub(super) fn selected(&self, catalog: &TenantCatalog, rule: &Rule, now: Instant) -> RoaringBitmap {
        let groups = CatalogGroups { groups: &self.groups, catalog };
        Query::new(&self.rows, &groups as &dyn GroupSets, now).select(rule)
    }
}

impl Comparison<'_> {
    /// The counts, and at most so many ids of those who would join and of those who would leave.
    #[must_use]
    pub fn impact(&self, samples: usize) -> Impact {
        let sample = |numbers| {
            let of = self.place.map(|(state, _)| ids(&state.objects, numbers).take(samples));
            let mut sample: Vec<ObjectId> = of.into_iter().flatten().map(|(_, id)| id.clone()).collect();
            sample.sort_unstable();
            sample
        };
        Impact {
            added: self.added.len(),
            removed: self.removed.len(),
            unchanged: self.unchanged,
            added_sample: sample(&self.added),
            removed_sample: sample(&self.removed),
        }
    }

    /// A page of those who would join: whose id comes after `after`, at most `limit`.
    #[must_use]
    pub fn joining(&self, after: Option<&str>, limit: usize) -> FoundPage {
        let count = self.added.len();
        let ids =
            self.place.map(|(state, _)| super::lookup::smallest(&state.objects, &self.added, after, limit));
        FoundPage { count, ids: ids.unwrap_or_default() }
    }

    /// The counts, and at most so many of those who would join and of those who would leave.
    #[must_use]
    pub fn preview(&self, samples: usize) -> Preview {
        Preview {
            added: self.added.len(),
            removed: self.removed.len(),
            unchanged: self.unchanged,
            added_sample: self.sample(&self.added, samples),
            removed_sample: self.sample(&self.removed, samples),
        }
    }

    /// Everybody who would join or leave, in no order.
    pub fn changes(&self) -> impl Iterator<Item = (&ObjectId, MembershipChange)> {
        let both = [(&self.added, MembershipChange::Added), (&self.removed, MembershipChange::Removed)];
        self.place.into_iter().flat_map(move |(state, _)| {
            both.into_iter().flat_map(move |(numbers, change)| {
                ids(&state.objects, numbers).map(move |(_, id)| (id, change))
            })
        })
    }

    fn sample(&self, objects: &RoaringBitmap, samples: usize) -> Vec<Sampled> {
        let Some((state, catalog)) = self.place else { return Vec::new() };
        let mut sample: Vec<Sampled> = ids(&state.objects, objects)
            .take(samples)
            .map(|(number, id)| Sampled {
                id: id.clone(),
                decided_by: self.decided_by(state, catalog, number),
            })
            .collect();
        sample.sort_by(|one, other| one.id.cmp(&other.id));
        sample
    }

    /// Of an object of the other kind, which the draft is not about, the whole of it.
    fn decided_by(&self, state: &TenantState, catalog: &TenantCatalog, number: ObjectNumber) -> Explanation {
        let slot = state.objects.slot(number);
        let row = state.rows.row(number).filter(|row| row.kind() == self.draft.rule.kind());
        let (Some(slot), Some(row)) = (slot, row) else {
            return Explanation {
                expression: self.draft.rule.text().to_owned(),
                result: false,
                property: None,
                details: Vec::new(),
            };
        };
        let memberships = ObjectMemberships { slot, groups: &state.groups, catalog };
        let memberships: &dyn Memberships = &memberships;
        self.draft.rule.explain(&state.rows.view(row), memberships, self.now).decisive().clone()
    }
}

impl std::fmt::Debug for Comparison<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Comparison")
            .field("draft", &self.draft)
            .field("added", &self.added)
            .field("removed", &self.removed)
            .finish_non_exhaustive()
    }
}

/// The ids of these objects, in the order of their numbers.
pub(super) fn ids<'a>(
    objects: &'a ObjectTable,
    numbers: &'a RoaringBitmap,
) -> impl Iterator<Item = (ObjectNumber, &'a ObjectId)> {
    numbers.iter().filter_map(|number| Some((number, &objects.slot(number)?.id)))
}
