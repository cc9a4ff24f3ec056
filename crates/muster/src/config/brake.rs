//! `[brake]`: which edits are held, and which changes raise an alarm.
//!
//! Who would leave by an edit only a process knows that owns all partitions; where others may own some, the brake is
//! refused.

use super::reader::Reader;
use super::{LogKind, SECOND};
use muster_engine::BrakeLimits;
use muster_service::EmptyingLimit;
use std::time::Duration;

/// `[brake]`
#[derive(Clone, Debug)]
pub(crate) struct Brake {
    /// More than so many removals hold an edit; 0 for none.
    pub(crate) removals: usize,
    /// More than so many in a hundred members; 0 for none.
    pub(crate) share_percent: usize,
    /// More than so many removals by changes raise an alarm; 0 for none.
    pub(crate) alarm_removals: usize,
    /// Within so long.
    pub(crate) alarm_period: Duration,
    /// Whether one instance runs on Kafka.
    pub(crate) single_instance: bool,
}

impl Brake {
    pub(super) fn read(reader: &mut Reader<'_>) -> Brake {
        let members = 0..=1_000_000_000;
        Brake {
            removals: reader.count("brake.removals", members.clone()),
            share_percent: reader.count("brake.share_percent", 0..=100),
            alarm_removals: reader.count("brake.alarm_removals", members),
            alarm_period: reader.duration("brake.alarm_period", SECOND..=24 * 3600 * SECOND),
            single_instance: reader.boolean("brake.single_instance"),
        }
    }

    pub(super) fn check(&self, reader: &mut Reader<'_>, log: LogKind) {
        let others = log == LogKind::Kafka && !self.single_instance;
        for (key, limit) in [("brake.removals", self.removals), ("brake.share_percent", self.share_percent)] {
            if others && limit > 0 {
                reader.complain(
                    key,
                    "on Kafka another instance may own some partitions, and this one cannot know who would leave there: \
                     set `brake.single_instance = true` where only one runs, or leave it at 0",
                );
            }
        }
    }

    /// What holds edits.
    pub(crate) fn limits(&self) -> Option<BrakeLimits> {
        let limit = |number: usize| (number > 0).then_some(number as u64);
        let limits = BrakeLimits { removals: limit(self.removals), share_percent: limit(self.share_percent) };
        (limits != BrakeLimits::default()).then_some(limits)
    }

    /// What raises an alarm.
    pub(crate) fn emptying(&self) -> Option<EmptyingLimit> {
        let limit = EmptyingLimit { removals: self.alarm_removals as u64, period: self.alarm_period };
        (self.alarm_removals > 0).then_some(limit)
    }
}
