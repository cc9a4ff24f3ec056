//! The state machine of one partition: objects, their memberships, and what an event does to them.
//!
//! Stored membership bits are the truth. An event moves rows and bits together and leaves deltas, dead
//! letters and the after-images of what it touched in the open step, which [`Partition::take_entry`]
//! closes. Objects are independent of each other: whatever a rule reads belongs to the object itself.

mod cascade;
mod event;
mod groups;
mod inquiry;
mod lookup;
mod objects;
mod preview;
mod restore;
mod step;
mod sync;

use crate::{Catalog, Definition, Interpret, TenantCatalog};
use event::{EventBuilder, Reason};
use foldhash::{HashMap, HashMapExt};
use groups::GroupTable;
use inquiry::Watched;
use muster_directory::delta::ObjectLife;
use muster_directory::object::MAX_OBJECT_BYTES;
use muster_directory::{
    Attributes, GroupId, Instant, ListingChange, ListingOp, Object, ObjectChange, ObjectId, ObjectKind,
    ObjectOp, Rejection, RejectionCode, Source, Tenant, Tombstone,
};
use muster_index::{Affected, Deadlines, Edit, Effect, RowChange, Scratch, Table, Work};
use muster_rule::{Attribute, Schema};
use objects::{ObjectNumber, ObjectTable};
use std::collections::{BTreeMap, BTreeSet};
use step::Step;

pub use inquiry::Inquiry;
pub use lookup::{FoundPage, ValueCount, ValuesPage, ValuesQuestion};
pub use preview::{Against, Comparison, Draft, Preview, Sampled};

use crate::storage::{GroupMode, LocalGroup};

/// How much of a synchronisation to do in one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// All of it.
    Whole,
    /// At most so many objects, and while it is not known who they are, at most four times as many values.
    Objects(u64),
}

impl Budget {
    fn values(self) -> usize {
        match self {
            Budget::Whole => usize::MAX,
            Budget::Objects(objects) => {
                usize::try_from(objects).unwrap_or(usize::MAX).saturating_mul(4).max(1)
            }
        }
    }
}

/// Sizes, for metrics and statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartitionCounts {
    /// Objects that exist.
    pub objects: u64,
    /// Groups, those being emptied after their deletion included.
    pub groups: u64,
    /// What the index did.
    pub work: Work,
}

/// A group that is being brought to its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupBehind {
    /// Whose group.
    pub tenant: Tenant,
    /// Which.
    pub group: GroupId,
    /// The clock when that began.
    pub since: Instant,
    /// How many memberships are still to be flipped.
    pub pending: u64,
}

/// One partition. See the module's text.
#[derive(Debug)]
pub struct Partition {
    clock: Instant,
    tenants: HashMap<Tenant, TenantState>,
    step: Step,
    scratch: Scratch,
}

/// What a partition holds of one tenant.
#[derive(Debug, Default)]
struct TenantState {
    objects: ObjectTable,
    /// By the same numbers: the attributes of the objects that exist.
    rows: Table,
    groups: GroupTable,
    /// The objects that each group lists, be the group known or not.
    listings: HashMap<GroupId, BTreeSet<ObjectNumber>>,
    deadlines: Deadlines,
    watched: Watched,
}

/// One event being applied to one tenant: everything it may touch, borrowed apart.
struct Applying<'a> {
    tenant: &'a Tenant,
    state: &'a mut TenantState,
    catalog: &'a TenantCatalog,
    event: &'a mut EventBuilder,
    step: &'a mut Step,
    clock: Instant,
}

impl Partition {
    /// An empty partition whose clock starts at `clock`.
    #[must_use]
    pub fn new(clock: Instant) -> Partition {
        Partition { clock, tenants: HashMap::new(), step: Step::default(), scratch: Scratch::default() }
    }

    /// The time at which it decides.
    #[must_use]
    pub fn clock(&self) -> Instant {
        self.clock
    }

    /// Applies a change of one object.
    ///
    /// # Errors
    /// `kind-conflict` or `object-too-large`; the change has no effect then.
    pub fn change(
        &mut self,
        catalog: &Catalog,
        change: ObjectChange,
        source: &Source,
    ) -> Result<(), Rejection> {
        let ObjectChange { tenant, kind, id, op, time } = change;
        let state = self.tenants.entry(tenant.clone()).or_default();
        let known = state.objects.number(&id);
        let living = known.and_then(|number| state.objects.kind(number));
        if let Some(living) = living
            && living != kind
        {
            return Err(kind_conflict(&id, living, kind));
        }
        let old = known.and_then(|number| state.rows.take(number));
        let new = match op {
            ObjectOp::Delete => None,
            ObjectOp::Upsert(patch) => Some(state.rows.draft(kind, &id, old.as_ref(), Edit::Replace(patch))),
            ObjectOp::Patch(patch) => Some(state.rows.draft(kind, &id, old.as_ref(), Edit::Patch(patch))),
        };
        if let Some(draft) = &new
            && draft.size() > MAX_OBJECT_BYTES
        {
            state.rows.discard(draft);
            if let Some(number) = known {
                state.rows.give_back(number, old);
            }
            return Err(too_large(&id, draft.size()));
        }
        if old == new {
            if let Some(number) = known {
                state.rows.give_back(number, old);
            }
            return Ok(());
        }
        let number = state.objects.ensure(&id);
        state.objects.set_kind(number, new.as_ref().map(|_| kind));
        self.step.touch_object(&tenant, &id);

        let mut event = EventBuilder::new(source.clone());
        let catalog = catalog.tenant(&tenant);
        let mut found = Vec::new();
        let (old_row, new_row) = (old.as_ref(), new.as_ref());
        state.deadlines.change(&state.rows, number, old_row, new_row);
        if new_row.is_some() {
            let change = RowChange { old: old_row, new: new_row };
            catalog.index().affected(&mut state.rows, &[change], self.clock, &mut self.scratch, &mut found);
        }
        let life = match (old_row, new_row) {
            (None, _) => Some(ObjectLife::Created),
            (_, None) => Some(ObjectLife::Deleted),
            _ => None,
        };
        let changed = state.rows.differences(old_row, new_row);
        state.rows.replace(number, old_row, new);
        state.watched.note(number);
        let reason = Reason::Change { changed, object: life, time };
        let clock = self.clock;
        let mut applying =
            Applying { tenant: &tenant, state, catalog, event: &mut event, step: &mut self.step, clock };
        match life {
            Some(ObjectLife::Deleted) => applying.object_deleted(number, kind, &reason),
            _ => applying.object_changed(number, &found, life, &reason),
        }
        event.close(clock, &mut self.step);
        Ok(())
    }

    /// Ends whatever object has this id; without effect where there is none.
    pub fn end(&mut self, catalog: &Catalog, tombstone: Tombstone, source: &Source) {
        let Tombstone { tenant, id } = tombstone;
        let objects = self.tenants.get(&tenant).map(|state| &state.objects);
        let living = objects.and_then(|objects| objects.kind(objects.number(&id)?));
        if let Some(kind) = living {
            let change = ObjectChange { tenant, kind, id, op: ObjectOp::Delete, time: None };
            // A deletion that names the living object's own kind is never refused.
            let _ = self.change(catalog, change, source);
        }
    }

    /// Applies a listing of an object in an assigned group, or its end.
    pub fn listing(&mut self, catalog: &Catalog, change: ListingChange, source: &Source) {
        let ListingChange { tenant, group, member, op, time } = change;
        let catalog = catalog.tenant(&tenant);
        let state = self.tenants.entry(tenant.clone()).or_default();
        if catalog.group(&group).is_some_and(|defined| defined.mode() == GroupMode::Dynamic) {
            return;
        }
        let mut event = EventBuilder::new(source.clone());
        let clock = self.clock;
        let mut applying =
            Applying { tenant: &tenant, state, catalog, event: &mut event, step: &mut self.step, clock };
        let changed = match op {
            ListingOp::Add => {
                let number = applying.state.objects.ensure(&member);
                applying.list(&group, number).then_some(number)
            }
            ListingOp::Remove => {
                applying.state.objects.number(&member).filter(|&number| applying.unlist(&group, number))
            }
        };
        if let Some(number) = changed {
            if let Some(local) = applying.assigned_group(&group)
                && applying.state.objects.kind(number).is_some()
            {
                let reason = Reason::Listing { time };
                applying.flip_and_settle(number, local, &reason);
            }
            applying.state.objects.forget_if_unknown(number);
        }
        event.close(clock, &mut self.step);
    }

    /// Applies a definition that `catalog` already has in force, and synchronises as much as `budget` allows
    /// in the same event.
    pub fn define(
        &mut self,
        catalog: &Catalog,
        definition: &Definition,
        interpret: &dyn Interpret,
        budget: Budget,
    ) {
        let (tenant, source) = match definition {
            Definition::Group { definition, .. } => (&definition.tenant, &definition.source),
            Definition::GroupDeleted { tenant, source, .. }
            | Definition::HeldEnded { tenant, source, .. } => (tenant, source),
            Definition::Held(held) => (&held.definition.tenant, &held.definition.source),
            Definition::Schema { request, .. } => {
                self.reread(&request.tenant, catalog.tenant(&request.tenant), interpret);
                return;
            }
        };
        let catalog = catalog.tenant(tenant);
        let state = self.tenants.entry(tenant.clone()).or_default();
        let mut event = EventBuilder::new(source.clone());
        let clock = self.clock;
        let mut applying =
            Applying { tenant, state, catalog, event: &mut event, step: &mut self.step, clock };
        match definition {
            Definition::Group { definition, .. } => {
                if let Some(local) = applying.define_group(definition, budget) {
                    applying.drain(local, budget);
                }
            }
            Definition::GroupDeleted { id, version, source, .. } => {
                if let Some(local) = applying.delete_group(id, *version, source) {
                    applying.drain(local, budget);
                }
            }
            Definition::Held(held) => applying.report_standing(&held.definition.id),
            Definition::HeldEnded { id, .. } => applying.report_standing(id),
            Definition::Schema { .. } => {}
        }
        event.close(clock, &mut self.step);
    }

    /// Goes on with a synchronisation that a budget interrupted, as an event of its own. Returns whether
    /// there was any.
    pub fn synchronise(&mut self, catalog: &Catalog, budget: Budget) -> bool {
        let clock = self.clock;
        for (tenant, state) in &mut self.tenants {
            let Some(&local) = state.groups.syncing().first() else { continue };
            let Some(sync) = state.groups.get(local).and_then(|group| group.sync.as_ref()) else { continue };
            let mut event = EventBuilder::new(sync.source.clone());
            let catalog = catalog.tenant(tenant);
            let mut applying =
                Applying { tenant, state, catalog, event: &mut event, step: &mut self.step, clock };
            applying.drain(local, budget);
            event.close(clock, &mut self.step);
            return true;
        }
        false
    }

    /// Moves the clock forward to `to`; an earlier time has no effect. All memberships that time alone
    /// changes are one event: the net difference.
    pub fn advance(&mut self, catalog: &Catalog, to: Instant, source: &Source) {
        if to <= self.clock {
            return;
        }
        let from = std::mem::replace(&mut self.clock, to);
        self.step.touch_clock();
        let mut event = EventBuilder::new(source.clone());
        for (tenant, state) in &mut self.tenants {
            let catalog = catalog.tenant(tenant);
            let mut due: BTreeMap<ObjectNumber, Vec<u32>> = BTreeMap::new();
            for (object, rule) in state.deadlines.passed(catalog.clock_terms(), from, to) {
                due.entry(object).or_default().push(rule);
            }
            let mut applying =
                Applying { tenant, state, catalog, event: &mut event, step: &mut self.step, clock: to };
            for (object, rules) in due {
                applying.reconsider(object, rules, &Reason::Clock);
            }
        }
        event.close(to, &mut self.step);
    }

    /// The groups that are not yet what their definition says, and since when.
    #[must_use]
    pub fn behind(&self) -> Vec<GroupBehind> {
        let mut behind = Vec::new();
        for (tenant, state) in &self.tenants {
            let groups = state.groups.syncing().iter().filter_map(|local| state.groups.get(*local));
            behind.extend(groups.filter_map(|group| {
                let sync = group.sync.as_ref()?;
                let (since, pending) = (sync.since, sync.pending.len());
                Some(GroupBehind { tenant: tenant.clone(), group: group.id.clone(), since, pending })
            }));
        }
        behind
    }

    /// The next instant at which time alone may change a membership.
    #[must_use]
    pub fn next_deadline(&self, catalog: &Catalog) -> Option<Instant> {
        let next = |(tenant, state): (&Tenant, &TenantState)| {
            state.deadlines.next(catalog.tenant(tenant).clock_terms(), self.clock)
        };
        self.tenants.iter().filter_map(next).min()
    }

    /// Sizes and work done.
    #[must_use]
    pub fn counts(&self) -> PartitionCounts {
        let mut counts = PartitionCounts { work: self.scratch.work, ..PartitionCounts::default() };
        for state in self.tenants.values() {
            let existing = [ObjectKind::User, ObjectKind::Device].map(|kind| state.rows.existing(kind).len());
            counts.objects += existing.iter().sum::<u64>();
            counts.groups += state.groups.len() as u64;
        }
        counts
    }

    /// Reads the attributes of all objects again after the tenant's schema changed: what it declares is
    /// typed, what it no longer declares is kept as unknown. No rule reads an attribute whose
    /// declaration changed (the registrar sees to that), so no membership changes.
    fn reread(&mut self, tenant: &Tenant, catalog: &TenantCatalog, interpret: &dyn Interpret) {
        let Some(state) = self.tenants.get_mut(tenant) else { return };
        let TenantState { objects, rows, deadlines, watched, .. } = state;
        let numbers = rows.existing(ObjectKind::User) | rows.existing(ObjectKind::Device);
        for number in numbers {
            let (Some(slot), Some(object)) = (objects.slot(number), rows.object(number)) else { continue };
            let attributes = reread(&object, catalog, interpret);
            if attributes != object.attributes {
                let old = rows.row(number).cloned();
                let edit = Edit::Replace(attributes.into_patch());
                let new = rows.draft(object.kind, &slot.id, old.as_ref(), edit);
                deadlines.change(rows, number, old.as_ref(), Some(&new));
                rows.put(number, Some(new));
                watched.note(number);
                self.step.touch_object(tenant, &slot.id);
            }
        }
    }
}

impl Applying<'_> {
    fn object_changed(
        &mut self,
        number: ObjectNumber,
        found: &[Affected],
        life: Option<ObjectLife>,
        reason: &Reason,
    ) {
        let mut undecided = Vec::new();
        let mut flipped = Vec::new();
        for affected in found {
            match affected.effect {
                Effect::Flipped => flipped.extend(self.state.groups.local_of_rule(affected.rule)),
                Effect::Undecided => undecided.push(affected.rule),
            }
        }
        if life.is_some()
            && let Some(slot) = self.state.objects.slot(number)
        {
            let listing = slot.listed.iter().filter_map(|id| self.assigned_group(id));
            flipped.extend(listing);
        }
        self.flip_all_and_settle(number, &flipped, undecided, reason);
    }

    /// Ends all memberships and listings of an object that is no more.
    fn object_deleted(&mut self, number: ObjectNumber, kind: ObjectKind, reason: &Reason) {
        let Some(slot) = self.state.objects.slot(number) else { return };
        let (groups, listed) = (slot.groups.clone(), slot.listed.clone());
        for local in groups {
            self.flip_bit(number, kind, local, reason, &[]);
        }
        for group in listed {
            self.unlist(&group, number);
        }
        // After the bits: a group that only waited for this object to leave is gone by this.
        let syncing: Vec<_> = self.state.groups.syncing().iter().copied().collect();
        for local in syncing {
            let sync = self.state.groups.get_mut(local).and_then(|group| group.sync.as_mut());
            if sync.is_some_and(|sync| sync.pending.remove(number)) {
                self.finish_sync_if_empty(local);
            }
        }
        self.state.objects.forget_if_unknown(number);
    }

    /// The group of this id, if there is one whose members are those listed.
    fn assigned_group(&self, id: &GroupId) -> Option<LocalGroup> {
        let defined = self.catalog.group(id).filter(|defined| defined.mode() == GroupMode::Assigned)?;
        self.state.groups.local_of_rule(defined.number)
    }

    /// Lists the object in the group; returns whether it was not listed yet.
    fn list(&mut self, group: &GroupId, number: ObjectNumber) -> bool {
        let Some(slot) = self.state.objects.slot_mut(number) else { return false };
        let Err(place) = slot.listed.binary_search(group) else { return false };
        slot.listed.insert(place, group.clone());
        self.step.touch_membership(self.tenant, &slot.id);
        self.state.listings.entry(group.clone()).or_default().insert(number)
    }

    /// Takes the object off the group's list; returns whether it was on it.
    fn unlist(&mut self, group: &GroupId, number: ObjectNumber) -> bool {
        let Some(slot) = self.state.objects.slot_mut(number) else { return false };
        let Ok(place) = slot.listed.binary_search(group) else { return false };
        slot.listed.remove(place);
        self.step.touch_membership(self.tenant, &slot.id);
        if let Some(listed) = self.state.listings.get_mut(group) {
            listed.remove(&number);
            if listed.is_empty() {
                self.state.listings.remove(group);
            }
        }
        true
    }
}

fn too_large(id: &ObjectId, size: usize) -> Rejection {
    let message = format!(
        "`{id}` would have {size} bytes of attributes, and an object may have {MAX_OBJECT_BYTES}: shorten its values"
    );
    Rejection::new(RejectionCode::ObjectTooLarge, message)
}

fn kind_conflict(id: &ObjectId, living: ObjectKind, named: ObjectKind) -> Rejection {
    let message = format!(
        "`{id}` is a {living}, and the event is about a {named}: within a tenant an id names one object; delete the \
         {living} first, or use another id"
    );
    Rejection::new(RejectionCode::KindConflict, message)
}

/// The object's attributes under the tenant's present schema.
fn reread(object: &Object, catalog: &TenantCatalog, interpret: &dyn Interpret) -> Attributes {
    let mut attributes = object.attributes.clone();
    let schema = catalog.schema();
    let declared = |name: &str| schema.find(object.kind, name);
    let named = object.attributes.known().iter().filter_map(|(attribute, value)| match attribute {
        Attribute::Named(name) => Some((attribute, name, value)),
        Attribute::Standard(_) => None,
    });
    for (attribute, name, value) in named {
        if muster_rule::property::find(object.kind, name, &Schema::default()).is_some() {
            continue; // an `extension_…` attribute, which no schema declares
        }
        let json = interpret.write(value);
        let keeps_type = declared(name).is_some_and(|declared| {
            interpret.read(object.kind, declared.value_type, &json).as_ref() == Some(value)
        });
        if !keeps_type {
            attributes.set(attribute.clone(), None);
            attributes.set_unknown(name, Some(json));
        }
    }
    for unknown in attributes.unknown().to_vec() {
        if let Some(declared) = declared(&unknown.name)
            && let Some(value) = interpret.read(object.kind, declared.value_type, &unknown.json)
        {
            attributes.set(declared.attribute(), Some(value));
            attributes.set_unknown(&unknown.name, None);
        }
    }
    attributes
}
