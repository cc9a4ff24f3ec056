//! A partition from its stored records.

use super::groups::AfterSync;
use super::{Applying, EventBuilder, Partition};
use crate::storage::{GroupMode, PartitionHead, RecordImage, StorageError};
use crate::{Budget, Catalog, Endings};
use muster_directory::{Object, ObjectId, Source, Tenant};
use muster_index::Edit;

impl Partition {
    /// A partition that goes on after `head`, its records to follow by [`restore_record`](Self::restore_record).
    #[must_use]
    pub fn after(head: &PartitionHead) -> Partition {
        let mut partition = Partition::new(head.clock);
        partition.step.continue_after(head);
        partition
    }

    /// Takes one stored record. Groups come before the memberships that name their numbers.
    ///
    /// # Errors
    /// `Damaged` for a membership in a group that has no record, or of an object that does not exist.
    pub fn restore_record(&mut self, record: RecordImage) -> Result<(), StorageError> {
        match record {
            RecordImage::Object(tenant, id, object) => {
                let state = self.tenants.entry(tenant).or_default();
                let number = state.objects.ensure(&id);
                state.objects.set_kind(number, object.as_ref().map(|object| object.kind));
                let new = object.map(|Object { kind, attributes }| {
                    state.rows.draft(kind, &id, None, Edit::Replace(attributes.into_patch()))
                });
                state.rows.put(number, new);
            }
            RecordImage::Group(tenant, id, Some(image)) => {
                self.tenants.entry(tenant).or_default().groups.restore(&id, &image);
            }
            RecordImage::Membership(tenant, id, Some(image)) => {
                let state = self.tenants.entry(tenant.clone()).or_default();
                let number = state.objects.ensure(&id);
                for &local in &image.groups {
                    let Some(group) = state.groups.get_mut(local) else {
                        return Err(damaged(&tenant, &id, format!("there is no group of number {local}")));
                    };
                    group.members.insert(number);
                }
                for group in &image.listed {
                    state.listings.entry(group.clone()).or_default().insert(number);
                }
                let Some(slot) = state.objects.slot_mut(number) else { return Ok(()) };
                if slot.kind.is_none() && !image.groups.is_empty() {
                    return Err(damaged(&tenant, &id, "it is a member of groups but does not exist".into()));
                }
                slot.groups = image.groups;
                slot.listed = image.listed;
            }
            RecordImage::Group(_, _, None)
            | RecordImage::Membership(_, _, None)
            | RecordImage::Definition(..)
            | RecordImage::Schema(..)
            | RecordImage::Licensing(..) => {}
        }
        Ok(())
    }

    /// Connects the restored records with the definitions in force. Groups that are behind their definition
    /// begin to synchronise; groups that have none any more are deleted, by the request in `endings` or, where
    /// it is not known any more, with `source` standing for it.
    pub fn restored(&mut self, catalog: &Catalog, source: &Source, endings: &Endings) {
        let clock = self.clock;
        // Also of those that it has no record of yet.
        for tenant in catalog.tenants() {
            self.tenants.entry(tenant.clone()).or_default();
        }
        for (tenant, state) in &mut self.tenants {
            let catalog = catalog.tenant(tenant);
            let mut event = EventBuilder::new(source.clone());
            let mut applying =
                Applying { tenant, state, catalog, event: &mut event, step: &mut self.step, clock };
            applying.reconnect(source, endings);
            event.close(clock, &mut self.step);
        }
    }

    /// Connects the restored groups with their numbers in `catalog` and does nothing else: for a look at what is
    /// stored. Such a partition is asked, and never fed.
    pub fn connect(&mut self, catalog: &Catalog) {
        for (tenant, state) in &mut self.tenants {
            let catalog = catalog.tenant(tenant);
            let known: Vec<_> = state.groups.all().map(|(local, group)| (local, group.id.clone())).collect();
            for (local, id) in known {
                if let Some(defined) = catalog.group(&id) {
                    state.groups.connect(local, defined.number);
                }
            }
        }
    }
}

impl Applying<'_> {
    fn reconnect(&mut self, source: &Source, endings: &Endings) {
        let known: Vec<_> = self.state.groups.all().map(|(local, group)| (local, group.id.clone())).collect();
        let evaluator = self.catalog.evaluator().version;
        let mut behind = Vec::new();
        for (local, id) in known {
            match self.catalog.group(&id) {
                Some(defined) => {
                    self.state.groups.connect(local, defined.number);
                    let Some(group) = self.state.groups.get(local) else { continue };
                    let rests = defined.followed_rule().is_none()
                        && (group.mode, defined.mode()) == (GroupMode::Dynamic, GroupMode::Dynamic)
                        && group.created == defined.definition.created;
                    let current = group.synced == Some(defined.definition.version)
                        && (group.mode == GroupMode::Assigned || group.evaluator == evaluator);
                    if !current && !rests {
                        behind.push(defined);
                    }
                }
                None => {
                    let synced = self.state.groups.get(local).and_then(|group| group.synced);
                    let unknown = (synced.unwrap_or_default(), source);
                    let (version, source) = endings.of(self.tenant, &id).unwrap_or(unknown);
                    self.begin_deletion(local, version, source);
                }
            }
        }
        self.follow_clock();
        // By rank, so that what a rule reads by memberOf is connected; the sources' stored bits are what
        // counts, and drained sources cascade.
        behind.sort_by_key(|defined| defined.rank);
        for defined in behind {
            self.define_group(&defined.definition, Budget::Objects(1));
        }
        let missing =
            self.catalog.groups().filter(|defined| self.state.groups.local(&defined.definition.id).is_none());
        for defined in missing.collect::<Vec<_>>() {
            self.define_group(&defined.definition, Budget::Objects(1));
        }
        debug_assert!(self.state.groups.all().all(|(_, group)| {
            group.rule_number.is_some()
                || group.sync.as_ref().is_some_and(|sync| sync.then == AfterSync::Remove)
        }));
    }
}

fn damaged(tenant: &Tenant, id: &ObjectId, reason: String) -> StorageError {
    StorageError::Damaged { place: format!("the memberships of `{id}` (tenant `{tenant}`)"), reason }
}
