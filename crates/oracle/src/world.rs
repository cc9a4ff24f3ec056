//! The whole directory, as accepted events have made it, and who is a member of what.
//!
//! Memberships are never kept: they are worked out anew from objects, listings and rules each time.
//! The one exception is what the specification itself freezes, the members of a paused group.

use crate::fold::folded;
use crate::meaning::{self, Seen};
use crate::object::Object;
use muster_directory::{
    Event, GroupId, ListingChange, ListingOp, ObjectChange, ObjectId, ObjectOp, RejectionCode, SchemaRequest,
    Tenant,
};
use muster_rule::{Instant, Rule, Schema};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whether an event was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It had its effect, be it none.
    Accepted,
    /// It changed nothing.
    Refused(RejectionCode),
}

/// One object is a member of one group. In the order of deltas within an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// The group.
    pub group: GroupId,
    /// The object.
    pub member: ObjectId,
    /// Whose group and object.
    pub tenant: Tenant,
}

/// A directory.
#[derive(Clone, Debug)]
pub struct World {
    tenants: BTreeMap<Tenant, Organisation>,
    clock: Instant,
    /// How many group and schema requests there were, refused ones included.
    requests: u64,
}

/// What belongs to one tenant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Organisation {
    pub(crate) schema: Arc<Schema>,
    pub(crate) objects: BTreeMap<ObjectId, Object>,
    pub(crate) groups: BTreeMap<GroupId, Group>,
    /// Objects listed in groups that are assigned or not yet known.
    pub(crate) listings: BTreeSet<(GroupId, ObjectId)>,
}

/// A group that exists.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Dynamic with one, assigned without.
    pub(crate) rule: Option<Arc<Rule>>,
    pub(crate) paused: bool,
    /// The number of the request that made it as it is.
    pub(crate) version: u64,
    /// The members of a paused dynamic group; else empty.
    pub(crate) frozen: BTreeSet<ObjectId>,
}

impl World {
    /// An empty one.
    #[must_use]
    pub fn new(clock: Instant) -> World {
        World { tenants: BTreeMap::new(), clock, requests: 0 }
    }

    /// Lets an event happen.
    pub fn apply(&mut self, event: &Event) -> Verdict {
        let clock = self.clock;
        let outcome = match event {
            Event::Object(change) => self.organisation(&change.tenant).object_changes(change),
            Event::Tombstone(gone) => {
                self.organisation(&gone.tenant).object_goes(&gone.id);
                Ok(())
            }
            Event::Listing(change) => {
                self.organisation(&change.tenant).listing_changes(change);
                Ok(())
            }
            Event::Group(request) => {
                self.requests += 1;
                let version = self.requests;
                self.organisation(&request.tenant).group_request(request, version, clock)
            }
            Event::Schema(request) => {
                self.requests += 1;
                self.organisation(&request.tenant).schema_request(request)
            }
            Event::Clock(now) => {
                self.clock = clock.max(*now);
                Ok(())
            }
        };
        match outcome {
            Ok(()) => Verdict::Accepted,
            Err(code) => Verdict::Refused(code),
        }
    }

    /// Every membership there is, worked out from scratch.
    #[must_use]
    pub fn memberships(&self) -> BTreeSet<Membership> {
        let mut all = BTreeSet::new();
        for (tenant, organisation) in &self.tenants {
            for (group, members) in organisation.all_members(self.clock) {
                let membership = |member| Membership { tenant: tenant.clone(), group: group.clone(), member };
                all.extend(members.into_iter().map(membership));
            }
        }
        all
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> Instant {
        self.clock
    }

    /// The attributes that a tenant declares.
    #[must_use]
    pub fn schema(&self, tenant: &Tenant) -> Arc<Schema> {
        self.tenants.get(tenant).map(|organisation| Arc::clone(&organisation.schema)).unwrap_or_default()
    }

    /// The number of the last group or schema request.
    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    pub(crate) fn object(&self, tenant: &Tenant, id: &ObjectId) -> Option<&Object> {
        self.tenants.get(tenant)?.objects.get(id)
    }

    pub(crate) fn group(&self, tenant: &Tenant, id: &GroupId) -> Option<&Group> {
        self.tenants.get(tenant)?.groups.get(id)
    }

    /// The groups that exist among those that a rule of the tenant reads.
    pub(crate) fn sources(&self, tenant: &Tenant, rule: &Rule) -> Vec<GroupId> {
        self.tenants.get(tenant).map(|at| at.sources(rule).into_iter().cloned().collect()).unwrap_or_default()
    }

    fn organisation(&mut self, tenant: &Tenant) -> &mut Organisation {
        self.tenants.entry(tenant.clone()).or_default()
    }
}

impl Organisation {
    fn object_changes(&mut self, change: &ObjectChange) -> Result<(), RejectionCode> {
        let id = &change.id;
        if self.objects.get(id).is_some_and(|object| object.kind != change.kind) {
            return Err(RejectionCode::KindConflict);
        }
        match &change.op {
            ObjectOp::Upsert(patch) => {
                let mut object = Object::new(id.clone(), change.kind);
                object.patch(patch);
                self.objects.insert(id.clone(), object);
            }
            ObjectOp::Patch(patch) => {
                let blank = || Object::new(id.clone(), change.kind);
                self.objects.entry(id.clone()).or_insert_with(blank).patch(patch);
            }
            ObjectOp::Delete => self.object_goes(id),
        }
        Ok(())
    }

    fn object_goes(&mut self, id: &ObjectId) {
        if self.objects.remove(id).is_none() {
            return;
        }
        self.listings.retain(|(_, listed)| listed != id);
        for group in self.groups.values_mut() {
            group.frozen.remove(id);
        }
    }

    fn listing_changes(&mut self, change: &ListingChange) {
        if self.groups.get(&change.group).is_some_and(|group| group.rule.is_some()) {
            return;
        }
        let listing = (change.group.clone(), change.member.clone());
        match change.op {
            ListingOp::Add => self.listings.insert(listing),
            ListingOp::Remove => self.listings.remove(&listing),
        };
    }

    fn schema_request(&mut self, request: &SchemaRequest) -> Result<(), RejectionCode> {
        // Every attribute that some rule reads must go on being declared, with its type.
        for rule in self.groups.values().filter_map(|group| group.rule.as_ref()) {
            let kind = meaning::kind(rule.tree());
            for read in meaning::reads(rule.tree(), &self.schema) {
                let declared = |schema: &Schema| {
                    let mut all = schema.attributes();
                    let found =
                        all.find(|own| own.object == kind && own.name.eq_ignore_ascii_case(&read.name));
                    found.map(|own| own.value_type)
                };
                if declared(&self.schema) != declared(&request.schema) {
                    return Err(RejectionCode::InvalidSchema);
                }
            }
        }
        self.schema = Arc::clone(&request.schema);
        Ok(())
    }

    fn all_members(&self, now: Instant) -> BTreeMap<GroupId, BTreeSet<ObjectId>> {
        let mut known = BTreeMap::new();
        self.groups.keys().for_each(|id| self.work_out(id, now, &mut known));
        known
    }

    /// The members of one group that exists.
    pub(crate) fn members(&self, id: &GroupId, now: Instant) -> BTreeSet<ObjectId> {
        let mut known = BTreeMap::new();
        self.work_out(id, now, &mut known);
        known.remove(id).unwrap_or_default()
    }

    /// Adds the members of group `id` to `known`, and before them those of the groups it reads.
    fn work_out(&self, id: &GroupId, now: Instant, known: &mut BTreeMap<GroupId, BTreeSet<ObjectId>>) {
        let Some(group) = self.groups.get(id) else { return };
        if known.contains_key(id) {
            return;
        }
        let members = match &group.rule {
            None => {
                let exists = |(listing, member): &&(GroupId, ObjectId)| {
                    listing == id && self.objects.contains_key(member)
                };
                self.listings.iter().filter(exists).map(|(_, member)| member.clone()).collect()
            }
            Some(_) if group.paused => group.frozen.clone(),
            Some(rule) => {
                let sources: Vec<&GroupId> = self.sources(rule);
                sources.iter().for_each(|source| self.work_out(source, now, known));
                let selected = |object: &&Object| {
                    let is_in = |source: &&&GroupId| {
                        known.get(**source).is_some_and(|members| members.contains(&object.id))
                    };
                    let groups: Vec<String> = sources.iter().filter(is_in).map(ToString::to_string).collect();
                    let seen = Seen { object, groups: &groups, schema: &self.schema, now };
                    meaning::selects(rule.tree(), &seen)
                };
                self.objects.values().filter(selected).map(|object| object.id.clone()).collect()
            }
        };
        known.insert(id.clone(), members);
    }

    /// The groups that exist among those whose memberships a rule reads (L36, L38).
    pub(crate) fn sources(&self, rule: &Rule) -> Vec<&GroupId> {
        let named: BTreeSet<Vec<char>> = meaning::sources(rule.tree()).iter().map(|id| folded(id)).collect();
        self.groups.keys().filter(|id| named.contains(&folded(id.as_str()))).collect()
    }
}
