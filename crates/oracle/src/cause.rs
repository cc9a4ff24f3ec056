//! The deltas that an event must cause, and the cause that each must name.

use crate::meaning;
use crate::world::{Membership, World};
use muster_directory::delta::ObjectLife;
use muster_directory::{Cause, Event, GroupId, MembershipChange, ObjectId, ObjectKind, Tenant};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One membership added or removed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedDelta {
    /// Who joined or left what.
    pub membership: Membership,
    /// User or device.
    pub member_kind: ObjectKind,
    /// Joined or left.
    pub change: MembershipChange,
    /// The version of the group's definition, or of its deletion.
    pub rule_version: u64,
    /// Why.
    pub cause: Cause,
}

/// The deltas, in order, of an accepted event that led from one world to another, given the
/// memberships in both.
#[must_use]
pub fn expected_deltas(
    event: &Event,
    (before, members_before): (&World, &BTreeSet<Membership>),
    (after, members_after): (&World, &BTreeSet<Membership>),
) -> Vec<ExpectedDelta> {
    let flips: BTreeSet<&Membership> = members_before.symmetric_difference(members_after).collect();
    let flipped = |tenant: &Tenant, group: &GroupId, member: &ObjectId| {
        flips.iter().any(|flip| (&flip.tenant, &flip.group, &flip.member) == (tenant, group, member))
    };
    let expected = |flip: &&Membership| {
        let Membership { tenant, group, member } = flip;
        let removed = members_before.contains(*flip);
        let (there, then) = if removed { (before, after) } else { (after, before) };
        let object = there.object(tenant, member).or_else(|| then.object(tenant, member));
        let source = sources(before, after, tenant, group)
            .into_iter()
            .filter(|source| flipped(tenant, source, member))
            .min();
        ExpectedDelta {
            membership: (*flip).clone(),
            member_kind: object
                .map_or_else(|| crate::beyond("a member that never was"), |object| object.kind),
            change: if removed { MembershipChange::Removed } else { MembershipChange::Added },
            rule_version: after.group(tenant, group).map_or(after.requests(), |group| group.version),
            cause: cause(event, before, after, flip, source),
        }
    };
    flips.iter().map(expected).collect()
}

/// Why `flip` happened; `source` is the smallest group that its rule reads and that flipped too.
fn cause(event: &Event, before: &World, after: &World, flip: &Membership, source: Option<GroupId>) -> Cause {
    let own = match event {
        Event::Object(change) => return change_cause(change.time.clone(), before, after, flip, source),
        Event::Tombstone(_) => return change_cause(None, before, after, flip, source),
        Event::Listing(change) if change.group == flip.group => {
            Some(Cause::Member { time: change.time.clone() })
        }
        Event::Group(request) if request.id == flip.group => Some(Cause::Rule { version: after.requests() }),
        _ => None,
    };
    match (own, source) {
        (Some(own), _) => own,
        (None, Some(group)) => Cause::MemberOf { group },
        (None, None) if matches!(event, Event::Clock(_)) => Cause::Clock,
        (None, None) => crate::beyond(&format!("the reason of {flip:?}")),
    }
}

fn change_cause(
    time: Option<Arc<str>>,
    before: &World,
    after: &World,
    flip: &Membership,
    source: Option<GroupId>,
) -> Cause {
    let attributes = changed_reads(before, after, flip);
    let exists = |world: &World| world.object(&flip.tenant, &flip.member).is_some();
    let life = match (exists(before), exists(after)) {
        (_, false) => Some(ObjectLife::Deleted),
        (false, true) => Some(ObjectLife::Created),
        (true, true) => None,
    };
    match source {
        Some(group) if attributes.is_empty() && life != Some(ObjectLife::Deleted) => {
            Cause::MemberOf { group }
        }
        _ => {
            let attributes = attributes.iter().map(|name| Arc::from(name.as_str())).collect();
            Cause::Change { attributes, object: life, time }
        }
    }
}

/// The names of the member's own attributes that differ, as stored, and that the group's rule reads.
fn changed_reads(before: &World, after: &World, flip: &Membership) -> BTreeSet<String> {
    let Some(rule) = after.group(&flip.tenant, &flip.group).and_then(|group| group.rule.as_ref()) else {
        return BTreeSet::new();
    };
    let names = |world: &World| {
        let object = world.object(&flip.tenant, &flip.member);
        let reads = meaning::reads(rule.tree(), &world.schema(&flip.tenant));
        reads
            .into_iter()
            .map(|read| (object.and_then(|object| object.value(&read)), read.name))
            .collect::<Vec<_>>()
    };
    let (old, new) = (names(before), names(after));
    old.into_iter().zip(new).filter(|((old, _), (new, _))| old != new).map(|(_, (_, name))| name).collect()
}

/// The groups that the group's rule reads, be they new or gone.
fn sources(before: &World, after: &World, tenant: &Tenant, group: &GroupId) -> Vec<GroupId> {
    let Some(rule) = after.group(tenant, group).and_then(|group| group.rule.as_ref()) else {
        return Vec::new();
    };
    [before, after].iter().flat_map(|world| world.sources(tenant, rule)).collect()
}
