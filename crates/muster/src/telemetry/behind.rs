//! The groups that are furthest behind, told at the moment they are asked for.
//!
//! A gauge of its own for each group would leave a series behind for every group that was ever late.
//! So partitions say which groups are behind, a few of them are kept, and their text is made anew for each
//! answer.

use super::metric::{self, Metric};
use muster_directory::{GroupId, Tenant};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::SystemTime;

/// So many groups are told.
const TOLD: usize = 10;

/// A group whose memberships are not yet those of its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupBehind {
    pub(crate) tenant: Tenant,
    pub(crate) group: GroupId,
    /// Since when: the time of the definition.
    pub(crate) since: SystemTime,
}

/// Of each partition those that are furthest behind.
#[derive(Debug, Default)]
pub(super) struct Behind(BTreeMap<u32, Vec<GroupBehind>>);

impl Behind {
    /// Replaces what was known of a partition. Whatever the number, few are kept.
    pub(super) fn set(&mut self, partition: u32, mut groups: Vec<GroupBehind>) {
        groups.sort_by_key(|behind| behind.since);
        groups.truncate(TOLD);
        groups.shrink_to_fit();
        self.0.insert(partition, groups);
    }

    /// Appends the metric in Prometheus's text format. A group counts as it does in the partition that is
    /// last; that one has it among the few it keeps, or as many that are worse.
    pub(super) fn render(&self, text: &mut String, now: SystemTime) {
        let mut oldest: BTreeMap<(&str, &str), SystemTime> = BTreeMap::new();
        for behind in self.0.values().flatten() {
            let key = (behind.tenant.as_str(), behind.group.as_str());
            oldest.entry(key).and_modify(|since| *since = behind.since.min(*since)).or_insert(behind.since);
        }
        let mut worst: Vec<_> = oldest.into_iter().collect();
        worst.sort_by_key(|(_, since)| *since);
        worst.truncate(TOLD);
        if worst.is_empty() {
            return;
        }
        let name = metric::GROUP_STALENESS;
        let meaning = metric::ALL.iter().find(|metric| metric.name == name).map(Metric::meaning);
        let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} gauge", meaning.unwrap_or_default());
        for ((tenant, group), since) in worst {
            // A clock that was set back is no group from the future.
            let seconds = now.duration_since(since).unwrap_or_default().as_secs_f64();
            let (tenant, group) = (escaped(tenant), escaped(group));
            let _ = writeln!(text, "{name}{{tenant=\"{tenant}\",group=\"{group}\"}} {seconds}");
        }
        text.push('\n');
    }
}

/// A label's value. Ids hold no line breaks.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn behind(group: &str, since: u64) -> GroupBehind {
        GroupBehind { tenant: Tenant::default(), group: GroupId::new(group).unwrap(), since: at(since) }
    }

    fn rendered(behind: &Behind, now: u64) -> Vec<String> {
        let mut text = String::new();
        behind.render(&mut text, at(now));
        text.lines().filter(|line| line.starts_with("muster_")).map(str::to_owned).collect()
    }

    #[test]
    fn a_group_is_as_far_behind_as_in_its_last_partition() {
        let mut all = Behind::default();
        all.set(0, vec![behind("a", 90), behind("b", 95)]);
        all.set(1, vec![behind("a", 80)]);
        let line = |group, seconds| {
            format!("muster_group_staleness_seconds{{tenant=\"default\",group=\"{group}\"}} {seconds}")
        };
        assert_eq!(rendered(&all, 100), [line("a", 20), line("b", 5)]);
        all.set(1, Vec::new());
        assert_eq!(rendered(&all, 92), [line("a", 2), line("b", 0)]);
        all.set(0, Vec::new());
        assert_eq!(rendered(&all, 100), [""; 0]);
    }

    #[test]
    fn only_the_worst_are_told() {
        let mut all = Behind::default();
        for partition in 0..3 {
            let group = |n: u64| behind(&format!("{partition}-{n}"), 1_000 - n);
            all.set(partition, (0..1_000).map(group).collect());
        }
        let lines = rendered(&all, 1_000);
        assert_eq!(lines.len(), TOLD);
        for (at, line) in lines.iter().enumerate() {
            assert!(line.ends_with(&format!(" {}", 999 - at / 3)), "{line}");
        }
    }

    #[test]
    fn labels_are_escaped() {
        let mut all = Behind::default();
        all.set(0, vec![behind("a\"b\\c", 1)]);
        assert!(rendered(&all, 2)[0].contains(r#"group="a\"b\\c""#));
    }
}
