//! One event's deltas, collected, netted and put in order.

use super::step::Step;
use crate::CatalogGroup;
use muster_directory::delta::ObjectLife;
use muster_directory::{
    Cause, Delta, GroupId, Instant, MembershipChange, ObjectId, ObjectKind, Ordinal, Source, Tenant,
};
use muster_rule::Attribute;
use std::num::NonZeroU32;
use std::sync::Arc;

/// What happened, from which the cause of each delta follows.
#[derive(Clone, Debug)]
pub(super) enum Reason {
    /// An object changed, came or went.
    Change {
        /// The attributes whose values differ.
        changed: Vec<Attribute>,
        object: Option<ObjectLife>,
        time: Option<Arc<str>>,
    },
    /// A group's definition changed.
    Definition { version: u64 },
    /// The clock moved.
    Clock,
    /// An object was listed in a group or taken off its list.
    Listing { time: Option<Arc<str>> },
}

/// A group whose membership flipped for the object at hand, in this event.
#[derive(Clone, Debug)]
pub(super) struct FlippedSource {
    pub(super) folded_id: Arc<str>,
    pub(super) id: GroupId,
}

impl Reason {
    /// Why the membership in `group` (`None`: no longer defined) changed, `sources` having flipped before it.
    pub(super) fn cause(&self, group: Option<&CatalogGroup>, sources: &[FlippedSource]) -> Cause {
        let rule = group.and_then(CatalogGroup::rule);
        let member_of = || {
            let read = rule?.sources();
            let flipped = sources.iter().filter(|source| read.binary_search(&source.folded_id).is_ok());
            flipped.map(|source| &source.id).min().map(|group| Cause::MemberOf { group: group.clone() })
        };
        match self {
            Reason::Change { changed, object, time } => {
                let reads = rule.map(|rule| rule.reads()).unwrap_or_default();
                let names = reads.iter().filter(|read| changed.contains(&read.attribute));
                let attributes: Arc<[Arc<str>]> = names.map(|read| Arc::clone(&read.name)).collect();
                if attributes.is_empty()
                    && *object != Some(ObjectLife::Deleted)
                    && let Some(cause) = member_of()
                {
                    return cause;
                }
                Cause::Change { attributes, object: *object, time: time.clone() }
            }
            Reason::Definition { version } => member_of().unwrap_or(Cause::Rule { version: *version }),
            Reason::Clock => member_of().unwrap_or(Cause::Clock),
            Reason::Listing { time } => member_of().unwrap_or_else(|| Cause::Member { time: time.clone() }),
        }
    }
}

#[derive(Debug)]
pub(super) struct EventBuilder {
    source: Source,
    flips: Vec<Flip>,
}

#[derive(Debug)]
struct Flip {
    group: GroupId,
    member: ObjectId,
    tenant: Tenant,
    member_kind: ObjectKind,
    change: MembershipChange,
    cause: Cause,
    rule_version: u64,
}

impl Flip {
    fn key(&self) -> (&GroupId, &ObjectId, &Tenant) {
        (&self.group, &self.member, &self.tenant)
    }
}

impl EventBuilder {
    pub(super) fn new(source: Source) -> EventBuilder {
        EventBuilder { source, flips: Vec::new() }
    }

    pub(super) fn flip(
        &mut self,
        tenant: &Tenant,
        group: &GroupId,
        (member, member_kind): (&ObjectId, ObjectKind),
        change: MembershipChange,
        (cause, rule_version): (Cause, u64),
    ) {
        self.flips.push(Flip {
            group: group.clone(),
            member: member.clone(),
            tenant: tenant.clone(),
            member_kind,
            change,
            cause,
            rule_version,
        });
    }

    /// Ends the event: its deltas, net, ordered by group and member, go to the step.
    pub(super) fn close(mut self, time: Instant, step: &mut Step) {
        self.flips.sort_by(|a, b| a.key().cmp(&b.key()));
        // A membership that flipped back within the event did not change; of an odd number the last counts.
        let mut net: Vec<Flip> = Vec::with_capacity(self.flips.len());
        for flip in self.flips {
            match net.last() {
                Some(last) if last.key() == flip.key() => drop(net.pop()),
                _ => net.push(flip),
            }
        }
        let Some(count) = u32::try_from(net.len()).ok().and_then(NonZeroU32::new) else { return };
        let mut index = NonZeroU32::MIN;
        for flip in net {
            let Flip { group, member, tenant, member_kind, change, cause, rule_version } = flip;
            let event = Ordinal { index, count };
            index = index.saturating_add(1);
            let source = self.source.clone();
            step.push_delta(|sequence| Delta {
                tenant,
                group,
                member,
                member_kind,
                change,
                sequence,
                time,
                event,
                rule_version,
                cause,
                source,
            });
        }
    }
}
