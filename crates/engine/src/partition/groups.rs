//! The groups of one tenant in one partition: who is a member, and how far each is synchronised.
//!
//! Invariant: `members` of a group and `groups` of an object's slot say the same; a group that is
//! synchronising has a `sync` whose `pending` holds exactly the objects whose stored membership is not
//! yet what the target says.

use super::inquiry::Selection;
use crate::storage::{GroupImage, GroupMode, LocalGroup};
use foldhash::HashMap;
use muster_directory::{GroupId, Instant, Source};
use muster_index::RuleNumber;
use roaring::RoaringBitmap;
use std::collections::BTreeSet;

#[derive(Debug)]
pub(super) struct StoredGroup {
    pub(super) id: GroupId,
    pub(super) created: u64,
    pub(super) mode: GroupMode,
    /// The version that the members agree with.
    pub(super) synced: Option<u64>,
    /// The evaluator that they agree with it by.
    pub(super) evaluator: u32,
    pub(super) members: RoaringBitmap,
    pub(super) sync: Option<Sync>,
    /// The group's number in the catalog, while it is defined.
    pub(super) rule_number: Option<RuleNumber>,
}

/// A synchronisation under way: `diff(g)` of the design.
#[derive(Debug)]
pub(super) struct Sync {
    /// The definition that the members are brought to.
    pub(super) version: u64,
    /// The request behind it.
    pub(super) source: Source,
    /// The clock when it began.
    pub(super) since: Instant,
    /// While it is not known yet whom the rule selects: how far that is. Nothing is pending then.
    pub(super) selection: Option<Selection>,
    /// The objects whose membership is still to be flipped.
    pub(super) pending: RoaringBitmap,
    /// How many memberships it has added and removed.
    pub(super) done: Flips,
    /// What becomes of the group when that is empty.
    pub(super) then: AfterSync,
}

/// Memberships added and removed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flips {
    pub(super) added: u64,
    pub(super) removed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterSync {
    /// It goes on as defined.
    Keep,
    /// It was deleted.
    Remove,
}

#[derive(Debug, Default)]
pub(super) struct GroupTable {
    slots: Vec<Option<StoredGroup>>,
    free: BTreeSet<LocalGroup>,
    by_id: HashMap<GroupId, LocalGroup>,
    by_rule: Vec<Option<LocalGroup>>,
    syncing: BTreeSet<LocalGroup>,
}

impl GroupTable {
    pub(super) fn local(&self, id: &GroupId) -> Option<LocalGroup> {
        self.by_id.get(id).copied()
    }

    pub(super) fn local_of_rule(&self, number: RuleNumber) -> Option<LocalGroup> {
        self.by_rule.get(number as usize).copied().flatten()
    }

    pub(super) fn get(&self, local: LocalGroup) -> Option<&StoredGroup> {
        self.slots.get(local as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, local: LocalGroup) -> Option<&mut StoredGroup> {
        self.slots.get_mut(local as usize)?.as_mut()
    }

    /// A group without members, under the smallest free number.
    pub(super) fn create(
        &mut self,
        id: &GroupId,
        created: u64,
        (mode, evaluator): (GroupMode, u32),
    ) -> LocalGroup {
        let next = || LocalGroup::try_from(self.slots.len()).unwrap_or(LocalGroup::MAX);
        let local = self.free.first().copied().unwrap_or_else(next);
        self.restore(id, &GroupImage { local, created, mode, synced: None, evaluator });
        local
    }

    /// A group as it was stored, its members to follow.
    pub(super) fn restore(&mut self, id: &GroupId, image: &GroupImage) {
        let place = image.local as usize;
        while self.slots.len() <= place {
            self.free.insert(LocalGroup::try_from(self.slots.len()).unwrap_or(LocalGroup::MAX));
            self.slots.push(None);
        }
        self.free.remove(&image.local);
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Some(StoredGroup {
                id: id.clone(),
                created: image.created,
                mode: image.mode,
                synced: image.synced,
                evaluator: image.evaluator,
                members: RoaringBitmap::new(),
                sync: None,
                rule_number: None,
            });
        }
        self.by_id.insert(id.clone(), image.local);
    }

    /// Connects a group to its definition's number in the catalog.
    pub(super) fn connect(&mut self, local: LocalGroup, number: RuleNumber) {
        self.disconnect(local);
        let place = number as usize;
        if self.by_rule.len() <= place {
            self.by_rule.resize(place + 1, None);
        }
        if let Some(slot) = self.by_rule.get_mut(place) {
            *slot = Some(local);
        }
        if let Some(group) = self.get_mut(local) {
            group.rule_number = Some(number);
        }
    }

    /// The group is no longer defined.
    pub(super) fn disconnect(&mut self, local: LocalGroup) {
        let number = self.get_mut(local).and_then(|group| group.rule_number.take());
        if let Some(number) = number
            && let Some(slot) = self.by_rule.get_mut(number as usize)
            && *slot == Some(local)
        {
            *slot = None;
        }
    }

    pub(super) fn remove(&mut self, local: LocalGroup) -> Option<StoredGroup> {
        self.disconnect(local);
        self.syncing.remove(&local);
        let group = self.slots.get_mut(local as usize).and_then(Option::take)?;
        self.free.insert(local);
        self.by_id.remove(&group.id);
        Some(group)
    }

    /// Begins, replaces or (with `None`) ends a group's synchronisation.
    pub(super) fn set_sync(&mut self, local: LocalGroup, sync: Option<Sync>) {
        if sync.is_some() {
            self.syncing.insert(local);
        } else {
            self.syncing.remove(&local);
        }
        if let Some(group) = self.get_mut(local) {
            group.sync = sync;
        }
    }

    /// The groups that are synchronising.
    pub(super) fn syncing(&self) -> &BTreeSet<LocalGroup> {
        &self.syncing
    }

    /// All groups, in the order of their numbers.
    pub(super) fn all(&self) -> impl Iterator<Item = (LocalGroup, &StoredGroup)> {
        (0..).zip(&self.slots).filter_map(|(local, slot)| Some((local, slot.as_ref()?)))
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}

impl StoredGroup {
    pub(super) fn image(&self, local: LocalGroup) -> GroupImage {
        let StoredGroup { created, mode, synced, evaluator, .. } = *self;
        GroupImage { local, created, mode, synced, evaluator }
    }
}
