//! The open step: what has happened since the last entry was taken.

use super::Partition;
use crate::storage::{Entry, PartitionHead, Positions, RecordImage};
use indexmap::IndexSet;
use muster_directory::{DeadLetter, Delta, GroupId, GroupStatus, ObjectId, Tenant};

#[derive(Debug, Default)]
pub(super) struct Step {
    /// The number of the last entry that was taken.
    entry: u64,
    sequence: u64,
    deltas: Vec<Delta>,
    dead_letters: Vec<DeadLetter>,
    statuses: Vec<GroupStatus>,
    /// In the order in which they were first touched, which is the same whenever the same is done.
    objects: Touched<ObjectId>,
    memberships: Touched<ObjectId>,
    groups: Touched<GroupId>,
    clock_moved: bool,
}

/// Records to be written, by their tenant and id.
type Touched<Id> = IndexSet<(Tenant, Id), foldhash::fast::RandomState>;

impl Step {
    pub(super) fn continue_after(&mut self, head: &PartitionHead) {
        self.entry = head.entry;
        self.sequence = head.sequence;
    }

    pub(super) fn push_delta(&mut self, delta: impl FnOnce(u64) -> Delta) {
        self.sequence += 1;
        self.deltas.push(delta(self.sequence));
    }

    pub(super) fn push_dead_letter(&mut self, letter: DeadLetter) {
        self.dead_letters.push(letter);
    }

    pub(super) fn push_status(&mut self, status: GroupStatus) {
        self.statuses.push(status);
    }

    pub(super) fn touch_object(&mut self, tenant: &Tenant, id: &ObjectId) {
        self.objects.insert((tenant.clone(), id.clone()));
    }

    pub(super) fn touch_membership(&mut self, tenant: &Tenant, id: &ObjectId) {
        self.memberships.insert((tenant.clone(), id.clone()));
    }

    pub(super) fn touch_group(&mut self, tenant: &Tenant, id: &GroupId) {
        self.groups.insert((tenant.clone(), id.clone()));
    }

    pub(super) fn touch_clock(&mut self) {
        self.clock_moved = true;
    }
}

impl Partition {
    /// Adds a refused input to the open step.
    pub fn refuse(&mut self, letter: DeadLetter) {
        self.step.push_dead_letter(letter);
    }

    /// Whether the open step holds nothing that a subscriber or a restart would miss, positions apart.
    #[must_use]
    pub fn step_is_empty(&self) -> bool {
        let step = &self.step;
        step.deltas.is_empty()
            && step.dead_letters.is_empty()
            && step.statuses.is_empty()
            && step.objects.is_empty()
            && step.memberships.is_empty()
            && step.groups.is_empty()
            && !step.clock_moved
    }

    /// How many deltas and record images the open step holds, by which a host decides when to take it.
    #[must_use]
    pub fn step_len(&self) -> usize {
        let step = &self.step;
        step.deltas.len() + step.dead_letters.len() + step.objects.len() + step.memberships.len()
    }

    /// Closes the open step: everything since the last call, as one outbox entry with the after-image of every
    /// record it touched. `positions` is how far the inputs were read, `definitions` the records of the
    /// definitions that were put in force meanwhile, by a host that keeps them with this partition.
    pub fn take_entry(
        &mut self,
        positions: Positions,
        definitions_position: u64,
        definitions: Vec<RecordImage>,
    ) -> Entry {
        let entry = self.step.entry + 1;
        let sequence = self.step.sequence;
        let step = std::mem::take(&mut self.step);
        self.step.entry = entry;
        self.step.sequence = sequence;
        let mut records = definitions;
        for (tenant, id) in step.groups {
            let state = self.tenants.get(&tenant);
            let image = state.and_then(|state| {
                let local = state.groups.local(&id)?;
                Some(state.groups.get(local)?.image(local))
            });
            records.push(RecordImage::Group(tenant, id, image));
        }
        for (tenant, id) in step.objects {
            let object = self.tenants.get(&tenant).and_then(|state| {
                let number = state.objects.number(&id)?;
                state.rows.object(number)
            });
            records.push(RecordImage::Object(tenant, id, object));
        }
        for (tenant, id) in step.memberships {
            let image = self.slot(&tenant, &id).and_then(|slot| slot.membership_image());
            records.push(RecordImage::Membership(tenant, id, image));
        }
        Entry {
            number: entry,
            positions,
            definitions_position,
            clock: self.clock,
            sequence,
            deltas: step.deltas,
            licences: Vec::new(),
            dead_letters: step.dead_letters,
            statuses: step.statuses,
            records,
        }
    }

    fn slot(&self, tenant: &Tenant, id: &ObjectId) -> Option<&super::objects::Slot> {
        let objects = &self.tenants.get(tenant)?.objects;
        objects.slot(objects.number(id)?)
    }
}
