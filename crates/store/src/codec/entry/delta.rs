//! A delta as an entry has it: what differs from the delta before.

use super::list::{List, ListedSourceV1};
use crate::codec::Damage;
use crate::codec::object::KindV1;
use muster_directory::delta::ObjectLife;
use muster_directory::{Cause, Delta, GroupId, Instant, MembershipChange, ObjectId, Ordinal, Tenant};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::sync::Arc;

/// `None`: as in the delta before. The first has them all.
#[derive(Serialize, Deserialize)]
pub(super) struct DeltaV1<'a> {
    tenant: Option<&'a str>,
    group: Option<&'a str>,
    member: Option<&'a str>,
    member_kind: Option<KindV1>,
    added: bool,
    time: Option<i64>,
    /// Index and count; `None`: the next index of the same count.
    event: Option<(u32, u32)>,
    /// Its place in the list of causes.
    cause: u32,
    rule_version: Option<u64>,
    source: Option<ListedSourceV1>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum CauseV1<'a> {
    Change {
        #[serde(borrow)]
        attributes: Vec<&'a str>,
        object: Option<ObjectLifeV1>,
        time: Option<&'a str>,
    },
    Rule {
        version: u64,
    },
    Clock,
    MemberOf {
        group: &'a str,
    },
    Member {
        time: Option<&'a str>,
    },
}

#[derive(Serialize, Deserialize)]
pub(super) enum ObjectLifeV1 {
    Created,
    Deleted,
}

impl<'a> DeltaV1<'a> {
    pub(super) fn after(
        previous: Option<&Delta>,
        delta: &'a Delta,
        names: &mut List<'a, str>,
        causes: &mut List<'a, Cause>,
    ) -> DeltaV1<'a> {
        let event = (delta.event.index.get(), delta.event.count.get());
        let follows = |previous: &Delta| {
            (previous.event.index.checked_add(1), previous.event.count)
                == (Some(delta.event.index), delta.event.count)
        };
        // Ids of one event are most often the same allocation, and compare by their address then.
        let differs = |same: &dyn Fn(&Delta) -> bool| !previous.is_some_and(same);
        DeltaV1 {
            tenant: differs(&|of| of.tenant == delta.tenant).then(|| delta.tenant.as_str()),
            group: differs(&|of| of.group == delta.group).then(|| delta.group.as_str()),
            member: differs(&|of| of.member == delta.member).then(|| delta.member.as_str()),
            member_kind: differs(&|of| of.member_kind == delta.member_kind).then(|| delta.member_kind.into()),
            added: delta.change == MembershipChange::Added,
            time: differs(&|of| of.time == delta.time).then(|| delta.time.as_millis()),
            event: differs(&follows).then_some(event),
            cause: causes.place(&delta.cause),
            rule_version: differs(&|of| of.rule_version == delta.rule_version).then_some(delta.rule_version),
            source: differs(&|of| of.source == delta.source)
                .then(|| ListedSourceV1::listed(&delta.source, names)),
        }
    }

    pub(super) fn into_delta(
        self,
        previous: Option<&Delta>,
        sequence: u64,
        names: &[Arc<str>],
        causes: &[Cause],
    ) -> Result<Delta, Damage> {
        let missing = || Damage::new(format!("the delta of sequence {sequence} is not complete"));
        let event = match (self.event, previous) {
            (Some((index, count)), _) => NonZeroU32::new(index).zip(NonZeroU32::new(count)),
            (None, Some(Delta { event, .. })) => event.index.checked_add(1).zip(Some(event.count)),
            (None, None) => None,
        };
        let (index, count) = event.ok_or_else(missing)?;
        Ok(Delta {
            tenant: match self.tenant {
                Some(tenant) => Tenant::new(tenant)?,
                None => previous.ok_or_else(missing)?.tenant.clone(),
            },
            group: match self.group {
                Some(group) => GroupId::new(group)?,
                None => previous.ok_or_else(missing)?.group.clone(),
            },
            member: match self.member {
                Some(member) => ObjectId::new(member)?,
                None => previous.ok_or_else(missing)?.member.clone(),
            },
            member_kind: match self.member_kind {
                Some(kind) => kind.into(),
                None => previous.ok_or_else(missing)?.member_kind,
            },
            change: if self.added { MembershipChange::Added } else { MembershipChange::Removed },
            sequence,
            time: match self.time {
                Some(time) => Instant::from_millis(time),
                None => previous.ok_or_else(missing)?.time,
            },
            event: Ordinal { index, count },
            cause: causes.get(self.cause as usize).ok_or_else(missing)?.clone(),
            rule_version: match self.rule_version {
                Some(version) => version,
                None => previous.ok_or_else(missing)?.rule_version,
            },
            source: match self.source {
                Some(source) => source.into_source(names)?,
                None => previous.ok_or_else(missing)?.source.clone(),
            },
        })
    }
}

impl<'a> From<&'a Cause> for CauseV1<'a> {
    fn from(cause: &'a Cause) -> CauseV1<'a> {
        match cause {
            Cause::Change { attributes, object, time } => CauseV1::Change {
                attributes: attributes.iter().map(|name| &**name).collect(),
                object: object.map(|life| match life {
                    ObjectLife::Created => ObjectLifeV1::Created,
                    ObjectLife::Deleted => ObjectLifeV1::Deleted,
                }),
                time: time.as_deref(),
            },
            Cause::Rule { version } => CauseV1::Rule { version: *version },
            Cause::Clock => CauseV1::Clock,
            Cause::MemberOf { group } => CauseV1::MemberOf { group: group.as_str() },
            Cause::Member { time } => CauseV1::Member { time: time.as_deref() },
        }
    }
}

impl TryFrom<CauseV1<'_>> for Cause {
    type Error = Damage;

    fn try_from(cause: CauseV1<'_>) -> Result<Cause, Damage> {
        Ok(match cause {
            CauseV1::Change { attributes, object, time } => Cause::Change {
                attributes: attributes.into_iter().map(Arc::from).collect(),
                object: object.map(|life| match life {
                    ObjectLifeV1::Created => ObjectLife::Created,
                    ObjectLifeV1::Deleted => ObjectLife::Deleted,
                }),
                time: time.map(Arc::from),
            },
            CauseV1::Rule { version } => Cause::Rule { version },
            CauseV1::Clock => Cause::Clock,
            CauseV1::MemberOf { group } => Cause::MemberOf { group: GroupId::new(group)? },
            CauseV1::Member { time } => Cause::Member { time: time.map(Arc::from) },
        })
    }
}
