//! The objects of one tenant in one partition, under dense numbers; their attributes are the rows of a table.
//!
//! A slot exists while its object exists or some group lists it. Numbers are reused and never stored.

use crate::storage::{LocalGroup, MembershipImage};
use foldhash::HashMap;
use muster_directory::{GroupId, ObjectId, ObjectKind};

/// An object's number within its table.
pub(super) type ObjectNumber = u32;

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: ObjectId,
    /// `None` for an object that is listed but does not exist.
    pub(super) kind: Option<ObjectKind>,
    /// The groups it is a member of; sorted.
    pub(super) groups: Vec<LocalGroup>,
    /// The groups that list it; sorted.
    pub(super) listed: Vec<GroupId>,
}

#[derive(Debug, Default)]
pub(super) struct ObjectTable {
    slots: Vec<Option<Slot>>,
    free: Vec<ObjectNumber>,
    by_id: HashMap<ObjectId, ObjectNumber>,
}

impl ObjectTable {
    pub(super) fn number(&self, id: &ObjectId) -> Option<ObjectNumber> {
        self.by_id.get(id).copied()
    }

    /// The number of the object, given one if it has none.
    pub(super) fn ensure(&mut self, id: &ObjectId) -> ObjectNumber {
        if let Some(number) = self.number(id) {
            return number;
        }
        let slot = Slot { id: id.clone(), kind: None, groups: Vec::new(), listed: Vec::new() };
        let number = match self.free.pop() {
            Some(number) => {
                if let Some(place) = self.slots.get_mut(number as usize) {
                    *place = Some(slot);
                }
                number
            }
            None => {
                self.slots.push(Some(slot));
                ObjectNumber::try_from(self.slots.len() - 1).unwrap_or(ObjectNumber::MAX)
            }
        };
        self.by_id.insert(id.clone(), number);
        number
    }

    pub(super) fn slot(&self, number: ObjectNumber) -> Option<&Slot> {
        self.slots.get(number as usize)?.as_ref()
    }

    pub(super) fn slot_mut(&mut self, number: ObjectNumber) -> Option<&mut Slot> {
        self.slots.get_mut(number as usize)?.as_mut()
    }

    /// The kind of the object, if it exists.
    pub(super) fn kind(&self, number: ObjectNumber) -> Option<ObjectKind> {
        self.slot(number)?.kind
    }

    /// Notes that the object exists, or does not.
    pub(super) fn set_kind(&mut self, number: ObjectNumber, kind: Option<ObjectKind>) {
        if let Some(slot) = self.slot_mut(number) {
            slot.kind = kind;
        }
    }

    /// Frees the slot if nothing is known of its object any more.
    pub(super) fn forget_if_unknown(&mut self, number: ObjectNumber) {
        let unknown = self
            .slot(number)
            .is_some_and(|slot| slot.kind.is_none() && slot.listed.is_empty() && slot.groups.is_empty());
        if unknown && let Some(slot) = self.slots.get_mut(number as usize).and_then(Option::take) {
            self.by_id.remove(&slot.id);
            self.free.push(number);
        }
    }
}

impl Slot {
    pub(super) fn membership_image(&self) -> Option<MembershipImage> {
        let known = !self.groups.is_empty() || !self.listed.is_empty();
        known.then(|| MembershipImage { groups: self.groups.clone(), listed: self.listed.clone() })
    }

    pub(super) fn is_member(&self, group: LocalGroup) -> bool {
        self.groups.binary_search(&group).is_ok()
    }
}
