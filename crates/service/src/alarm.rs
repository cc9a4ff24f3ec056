//! Groups that changes empty: an alarm when more members leave within a period than may.
//!
//! Edits of rules are for the brake; this watches what it cannot hold. Counts by the engines' clocks, over all
//! partitions of this process, joins against leaves. Groups that nobody left lately take no memory.

use muster_directory::{Cause, Delta, GroupId, MembershipChange, Tenant};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What is watched for.
#[derive(Clone, Copy, Debug)]
pub struct EmptyingLimit {
    /// More than so many members fewer.
    pub removals: u64,
    /// Within so long.
    pub period: Duration,
}

/// A group that is being emptied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Emptying {
    pub(crate) tenant: Tenant,
    pub(crate) group: GroupId,
    /// How many members fewer within the period.
    pub(crate) removed: u64,
}

/// So many parts of the period are counted apart: it ends within one of them.
const PARTS: i64 = 32;

#[derive(Debug)]
pub(crate) struct EmptyingWatch {
    limit: u64,
    /// Milliseconds.
    part: i64,
    groups: BTreeMap<(Tenant, GroupId), Window>,
    /// The part at which groups without leaves were last forgotten.
    swept: i64,
}

#[derive(Debug, Default)]
struct Window {
    /// Leaves less joins, by part of time.
    parts: VecDeque<(i64, i64)>,
    net: i64,
    /// The part in which an alarm was raised; there is another one a period later at the earliest.
    raised: Option<i64>,
}

impl EmptyingWatch {
    pub(crate) fn new(limit: EmptyingLimit) -> EmptyingWatch {
        let period = i64::try_from(limit.period.as_millis()).unwrap_or(i64::MAX);
        let part = (period / PARTS).max(1);
        EmptyingWatch { limit: limit.removals, part, groups: BTreeMap::new(), swept: 0 }
    }

    /// Counts the deltas of an entry; the groups for which an alarm is to be raised.
    pub(crate) fn count(&mut self, deltas: &[Delta]) -> Vec<Emptying> {
        let mut raised = Vec::new();
        for delta in deltas {
            if matches!(delta.cause, Cause::Rule { .. }) {
                continue;
            }
            let now = delta.time.as_millis() / self.part;
            let key = (delta.tenant.clone(), delta.group.clone());
            let window = match (self.groups.get_mut(&key), delta.change) {
                (Some(window), _) => window,
                // Before somebody left, those who join do not matter.
                (None, MembershipChange::Added) => continue,
                (None, MembershipChange::Removed) => self.groups.entry(key).or_default(),
            };
            window.count(now, delta.change);
            let removed = u64::try_from(window.net).unwrap_or_default();
            if removed > self.limit && window.raised.is_none_or(|at| now - at >= PARTS) {
                window.raised = Some(now);
                let (tenant, group) = (delta.tenant.clone(), delta.group.clone());
                raised.push(Emptying { tenant, group, removed });
            }
            self.sweep(now);
        }
        raised
    }

    fn sweep(&mut self, now: i64) {
        if now - self.swept >= PARTS {
            self.swept = now;
            self.groups.retain(|_, window| {
                window.parts.back().is_some_and(|(part, _)| now - part < PARTS)
                    || window.raised.is_some_and(|at| now - at < PARTS)
            });
        }
    }
}

impl Window {
    fn count(&mut self, now: i64, change: MembershipChange) {
        while let Some((part, net)) = self.parts.front()
            && now - part >= PARTS
        {
            self.net -= net;
            self.parts.pop_front();
        }
        let step = match change {
            MembershipChange::Added => -1,
            MembershipChange::Removed => 1,
        };
        self.net += step;
        match self.parts.back_mut() {
            // The clocks of partitions differ by a little.
            Some((part, net)) if *part >= now => *net += step,
            _ => self.parts.push_back((now, step)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_directory::{Instant, ObjectId, ObjectKind, Ordinal, Source};
    use std::num::NonZeroU32;

    fn delta(second: i64, change: MembershipChange, cause: Cause) -> Delta {
        Delta {
            tenant: Tenant::default(),
            group: GroupId::new("g").unwrap(),
            member: ObjectId::new("u").unwrap(),
            member_kind: ObjectKind::User,
            change,
            sequence: 1,
            time: Instant::from_millis(second * 1000),
            event: Ordinal { index: NonZeroU32::MIN, count: NonZeroU32::MIN },
            cause,
            rule_version: 1,
            source: Source::File { file: "f".into(), line: 1 },
        }
    }

    fn watch() -> EmptyingWatch {
        EmptyingWatch::new(EmptyingLimit { removals: 3, period: Duration::from_secs(64) })
    }

    #[test]
    fn more_leaves_than_may_within_the_period_raise_one_alarm() {
        let mut watch = watch();
        let left = |second| delta(second, MembershipChange::Removed, Cause::Clock);
        assert_eq!(watch.count(&[left(0), left(10), left(20)]), []);
        let raised = watch.count(&[left(30), left(31)]);
        assert_eq!(raised.iter().map(|one| one.removed).collect::<Vec<_>>(), [4]);
        assert_eq!(watch.count(&[left(40)]), [], "one alarm a period");
        assert_eq!(watch.count(&[left(100)]).len(), 0, "the first ones are too long ago");
        assert_eq!(watch.count(&[left(101), left(102), left(103)]).len(), 1);
    }

    #[test]
    fn slow_leaves_edits_and_moves_raise_none() {
        let mut watch = watch();
        let slow: Vec<_> = (0..40).map(|n| delta(n * 30, MembershipChange::Removed, Cause::Clock)).collect();
        assert_eq!(watch.count(&slow), []);
        let edit = vec![delta(2000, MembershipChange::Removed, Cause::Rule { version: 1 }); 40];
        assert_eq!(watch.count(&edit), []);
        let moves = [MembershipChange::Removed, MembershipChange::Added];
        let moves: Vec<_> =
            moves.into_iter().cycle().take(80).map(|change| delta(3000, change, Cause::Clock)).collect();
        assert_eq!(watch.count(&moves), []);
        watch.count(&[delta(9000, MembershipChange::Removed, Cause::Clock)]);
        assert_eq!(watch.groups.len(), 1, "one who left lately");
    }
}
