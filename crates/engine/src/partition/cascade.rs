//! From one flip to all that follow: memberships that other rules read by `memberOf`.
//!
//! Everything here is about one object. Groups are settled by rank, sources before readers, so each is
//! decided once, with its sources final: the event's deltas are net.

use super::event::{FlippedSource, Reason};
use super::objects::{ObjectNumber, Slot};
use super::{Applying, groups::GroupTable};
use crate::TenantCatalog;
use crate::storage::LocalGroup;
use muster_directory::{MembershipChange, ObjectKind};
use muster_index::{GroupSets, RuleNumber};
use muster_rule::Memberships;
use roaring::RoaringBitmap;
use std::collections::BTreeSet;

/// The groups still to be decided for one object, and those that flipped.
#[derive(Debug, Default)]
struct Cascade {
    /// By rank.
    open: BTreeSet<(u32, RuleNumber)>,
    flipped: Vec<FlippedSource>,
}

/// An object's memberships as rules ask for them.
pub(super) struct ObjectMemberships<'a> {
    pub(super) slot: &'a Slot,
    pub(super) groups: &'a GroupTable,
    pub(super) catalog: &'a TenantCatalog,
}

impl Memberships for ObjectMemberships<'_> {
    fn contains(&self, folded_group_id: &str) -> bool {
        let local = self
            .catalog
            .by_folded_id(folded_group_id)
            .and_then(|group| self.groups.local_of_rule(group.number));
        local.is_some_and(|local| self.slot.is_member(local))
    }
}

/// Everybody's memberships as rules ask for them.
pub(super) struct CatalogGroups<'a> {
    pub(super) groups: &'a GroupTable,
    pub(super) catalog: &'a TenantCatalog,
}

impl GroupSets for CatalogGroups<'_> {
    fn members(&self, folded_group_id: &str) -> Option<&RoaringBitmap> {
        let defined = self.catalog.by_folded_id(folded_group_id)?;
        let local = self.groups.local_of_rule(defined.number)?;
        Some(&self.groups.get(local)?.members)
    }
}

impl Applying<'_> {
    /// Flips one membership and everything that follows from it.
    pub(super) fn flip_and_settle(&mut self, object: ObjectNumber, group: LocalGroup, reason: &Reason) {
        self.flip_all_and_settle(object, &[group], Vec::new(), reason);
    }

    /// Flips these memberships, then decides the `undecided` rules and everything that follows.
    pub(super) fn flip_all_and_settle(
        &mut self,
        object: ObjectNumber,
        groups: &[LocalGroup],
        undecided: Vec<RuleNumber>,
        reason: &Reason,
    ) {
        let mut cascade = Cascade::default();
        self.open(&mut cascade, undecided);
        for &group in groups {
            self.target_flipped(object, group, reason, &mut cascade);
        }
        self.settle(object, reason, &mut cascade);
    }

    /// Decides these rules anew for the object, and everything that follows.
    pub(super) fn reconsider(&mut self, object: ObjectNumber, rules: Vec<RuleNumber>, reason: &Reason) {
        let mut cascade = Cascade::default();
        self.open(&mut cascade, rules);
        self.settle(object, reason, &mut cascade);
    }

    fn open(&self, cascade: &mut Cascade, rules: impl IntoIterator<Item = RuleNumber>) {
        let ranked = rules.into_iter().filter_map(|number| {
            let group = self.catalog.by_number(number)?;
            group.followed_rule()?;
            Some((group.rank, number))
        });
        cascade.open.extend(ranked);
    }

    fn settle(&mut self, object: ObjectNumber, reason: &Reason, cascade: &mut Cascade) {
        while let Some((_, number)) = cascade.open.pop_first() {
            let Some(local) = self.state.groups.local_of_rule(number) else { continue };
            if self.asked_later(object, local) {
                continue;
            }
            if self.target(object, number) != self.previous_target(object, local) {
                self.target_flipped(object, local, reason, cascade);
            }
        }
    }

    /// Whether the rule of this number selects the object.
    fn target(&self, object: ObjectNumber, number: RuleNumber) -> bool {
        let rule = self.catalog.by_number(number).and_then(|group| group.followed_rule());
        rule.is_some_and(|rule| self.state.selects(self.catalog, rule, object, self.clock))
    }

    /// What the rule said before this event: the stored bit, or its opposite while the object is still to
    /// be synchronised.
    fn previous_target(&self, object: ObjectNumber, local: LocalGroup) -> bool {
        self.state.groups.get(local).is_some_and(|group| {
            let pending = group.sync.as_ref().is_some_and(|sync| sync.pending.contains(object));
            group.members.contains(object) != pending
        })
    }

    /// Whether it is not known yet whom the group's rule selects. The object is asked at the end of that.
    fn asked_later(&mut self, object: ObjectNumber, local: LocalGroup) -> bool {
        let sync = self.state.groups.get(local).and_then(|group| group.sync.as_ref());
        let Some(selection) = sync.and_then(|sync| sync.selection.as_ref()) else { return false };
        let number = selection.number();
        self.state.note_for(number, object);
        true
    }

    /// What decides about `group` says otherwise than before of the object: the stored bit follows, unless it
    /// was still behind and thereby agrees again.
    fn target_flipped(
        &mut self,
        object: ObjectNumber,
        group: LocalGroup,
        reason: &Reason,
        cascade: &mut Cascade,
    ) {
        if self.asked_later(object, group) {
            return;
        }
        let sync = self.state.groups.get_mut(group).and_then(|group| group.sync.as_mut());
        if sync.is_some_and(|sync| sync.pending.remove(object)) {
            self.finish_sync_if_empty(group);
            return;
        }
        let Some(kind) = self.state.objects.kind(object) else { return };
        self.flip_bit_and_open(object, kind, group, reason, cascade);
    }

    /// Flips the stored bit and opens the groups that read it.
    fn flip_bit_and_open(
        &mut self,
        object: ObjectNumber,
        kind: ObjectKind,
        group: LocalGroup,
        reason: &Reason,
        cascade: &mut Cascade,
    ) {
        self.flip_bit(object, kind, group, reason, &cascade.flipped);
        let Some(state) = self.state.groups.get(group) else { return };
        let folded_id = state.id.folded();
        cascade.flipped.push(FlippedSource { folded_id: folded_id.clone(), id: state.id.clone() });
        let readers: Vec<_> = self.catalog.readers(&folded_id).map(|reader| reader.number).collect();
        self.open(cascade, readers);
    }

    /// Brings one object that a synchronisation left behind up to date, and everything that follows.
    pub(super) fn catch_up(&mut self, object: ObjectNumber, group: LocalGroup, reason: &Reason) {
        let Some(kind) = self.state.objects.kind(object) else { return };
        let mut cascade = Cascade::default();
        self.flip_bit_and_open(object, kind, group, reason, &mut cascade);
        self.settle(object, reason, &mut cascade);
    }

    /// Flips the stored bit, and nothing else.
    pub(super) fn flip_bit(
        &mut self,
        object: ObjectNumber,
        kind: ObjectKind,
        local: LocalGroup,
        reason: &Reason,
        sources: &[FlippedSource],
    ) {
        let Some(group) = self.state.groups.get_mut(local) else { return };
        let Some(slot) = self.state.objects.slot_mut(object) else { return };
        let change = match slot.groups.binary_search(&local) {
            Ok(place) => {
                slot.groups.remove(place);
                group.members.remove(object);
                MembershipChange::Removed
            }
            Err(place) => {
                slot.groups.insert(place, local);
                group.members.insert(object);
                MembershipChange::Added
            }
        };
        let defined = group.rule_number.and_then(|number| self.catalog.by_number(number));
        let version = match (&group.sync, defined) {
            (_, Some(defined)) => defined.definition.version,
            (Some(sync), None) => sync.version,
            (None, None) => group.synced.unwrap_or(group.created),
        };
        let cause = reason.cause(defined, sources);
        self.event.flip(self.tenant, &group.id, (&slot.id, kind), change, (cause, version));
        self.step.touch_membership(self.tenant, &slot.id);
    }
}
