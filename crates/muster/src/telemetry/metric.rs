//! The names of all metrics, with what they mean. `deploy/metrics.md` is their table.
//!
//! Names and labels are a contract with dashboards and alarms: they are added, not changed. Every number
//! is measured with the constant of its name, so that none is told which is not described.

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Only grows, from 0 at the start of the process.
    Counter,
    /// As it is now.
    Gauge,
    /// How many were at most so large, for each of these sizes.
    Histogram(&'static [f64]),
}

/// A metric.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the table in deploy"))]
    pub(crate) labels: &'static [&'static str],
    /// What it counts or measures, in a sentence or two.
    pub(crate) meaning: &'static str,
}

macro_rules! metrics {
    ($($(#[doc = $doc:literal])+ $constant:ident = $name:literal: $kind:expr, [$($label:literal),*];)+) => {
        $($(#[doc = $doc])+ pub(crate) const $constant: &str = $name;)+

        /// Every metric there is.
        pub(crate) const ALL: &[Metric] = &[
            $(Metric { name: $constant, kind: $kind, labels: &[$($label),*], meaning: concat!($($doc),+) },)+
        ];
    };
}

/// From 100 µs to 10 s.
const SECONDS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Of rules.
const RULES: &[f64] = &[0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 10_000.0];

metrics! {
    /// Changes of objects and listings that were applied. What is refused is a dead letter.
    CHANGES = "muster_changes_total": Kind::Counter, ["partition"];
    /// Requests of administrators (groups, schemas) that were decided: `outcome` is `accepted`, `held` or `refused`.
    REQUESTS = "muster_requests_total": Kind::Counter, ["outcome"];
    /// Membership deltas that were committed: `change` is `added` or `removed`.
    DELTAS = "muster_deltas_total": Kind::Counter, ["partition", "change"];
    /// Inputs that were refused, by the code of the reason.
    DEAD_LETTERS = "muster_dead_letters_total": Kind::Counter, ["code"];
    /// Rules that had to be evaluated for one change.
    AFFECTED_RULES = "muster_affected_rules": Kind::Histogram(RULES), ["partition"];
    /// Records of a topic's partition that are not applied yet.
    LAG = "muster_lag": Kind::Gauge, ["topic", "partition"];
    /// Groups whose memberships are not yet those of their definition, paused ones aside.
    GROUPS_SYNCING = "muster_groups_syncing": Kind::Gauge, ["partition"];
    /// Memberships that synchronisations have still to flip: how far they are.
    MEMBERSHIPS_PENDING = "muster_memberships_pending": Kind::Gauge, ["partition"];
    /// Edits of groups that are held until they are confirmed or rejected.
    EDITS_HELD = "muster_edits_held": Kind::Gauge, [];
    /// Alarms: changes took more members out of the group than `brake.alarm_removals` within `brake.alarm_period`; by
    /// group, one a period, no series for others.
    GROUP_EMPTYING = "muster_group_emptying_total": Kind::Counter, ["tenant", "group"];
    /// Age of the definition that a group's memberships do not follow yet, in seconds and in the partition
    /// that is last; of the ten groups that are furthest behind, no series for others.
    GROUP_STALENESS = "muster_group_staleness_seconds": Kind::Gauge, ["tenant", "group"];
    /// Searches for a pattern of `-match` that were given up at the step limit, which counts as no match; by the
    /// groups whose rules ask for the pattern, no series for others. Simplify the pattern.
    PATTERN_LIMIT = "muster_pattern_limit_total": Kind::Counter, ["tenant", "group"];
    /// Seconds that one commit took: its batch made, written and synced.
    COMMIT = "muster_commit_seconds": Kind::Histogram(SECONDS), ["partition"];
    /// Seconds that the disk took to sync commits, since the start: the median (`0.5`), `0.99` and the longest (`1`).
    FSYNC = "muster_fsync_seconds": Kind::Gauge, ["quantile"];
    /// Syncs of the disk, for commits.
    FSYNCS = "muster_fsyncs_total": Kind::Counter, [];
    /// What waits, as of the last second: `definitions` in force that a partition has not acted on, `outbox`
    /// entries that are committed and not published. Where the outbox is full (`limits.outbox_entries`) the
    /// partition takes nothing in.
    QUEUE = "muster_queue_length": Kind::Gauge, ["queue", "partition"];
    /// Seconds that one transaction on the log took.
    PUBLISH = "muster_publish_seconds": Kind::Histogram(SECONDS), ["partition"];
    /// 1 when the partition is restored and has read the definitions, else 0.
    PARTITION_READY = "muster_partition_ready": Kind::Gauge, ["partition"];
    /// 1 while the consumer group leaves the partition to this instance, else 0. Over all instances the sum of a
    /// partition is 1, or 0 while it moves.
    PARTITION_ASSIGNED = "muster_partition_assigned": Kind::Gauge, ["partition"];
    /// Partitions that came or went: `change` is `assigned`, `revoked` (handed over), or `lost` (this instance was
    /// silent for longer than its session, or was replaced).
    REBALANCED = "muster_partitions_rebalanced_total": Kind::Counter, ["change"];
    /// 1 for the state that the partition is in, else 0: `restoring`, `running`, `fenced` (somebody else became its
    /// writer; it is taken over again) or `stopped` (somebody has to decide: `/readyz` and the log say what).
    PARTITION_STATE = "muster_partition_state": Kind::Gauge, ["partition", "state"];
    /// Records of the partition that the last restore from the changelog has put so far.
    RESTORED = "muster_restored_records": Kind::Gauge, ["partition"];
    /// Offsets of the changelog that a restore has still to go over, about; 0 when none is under way.
    RESTORE_LEFT = "muster_restore_left": Kind::Gauge, ["partition"];
    /// Licence events that were committed: `type` is `assigned`, `changed`, `removed`, `waiting` or `failed`.
    LICENSE_EVENTS = "muster_license_events_total": Kind::Counter, ["type"];
    /// Seats of a product: `state` is `owned`, `used`, or `waiting` for users who want one and hold none.
    LICENSE_SEATS = "muster_license_seats": Kind::Gauge, ["tenant", "product", "state"];
    /// Sources of licences with an error, by what is wrong: one user may have several.
    LICENSE_ERRORS = "muster_license_errors": Kind::Gauge, ["tenant", "product", "error"];
    /// Seats whose removal the brake holds until somebody confirms it; the report names the removals.
    LICENSE_SEATS_HELD = "muster_license_seats_held": Kind::Gauge, ["tenant"];
    /// 1 where a group's rule excludes users for the product that the group gives them, so that they would join
    /// and leave for ever: the product is not fed back for the group, until its rule or its assignment changes.
    LICENSE_FLAPS = "muster_license_flaps": Kind::Gauge, ["tenant", "group", "product"];
    /// Users in at least one dynamic group: each needs a unit of Microsoft Entra ID P1.
    DYNAMIC_GROUP_USERS = "muster_dynamic_group_users": Kind::Gauge, [];
    /// Units owned of products that license dynamic groups.
    DYNAMIC_GROUP_UNITS = "muster_dynamic_group_units": Kind::Gauge, [];
    /// Records that licensing has not applied yet.
    LICENSING_LAG = "muster_licensing_lag": Kind::Gauge, ["topic", "partition"];
    /// Entries of licensing that are committed and not published.
    LICENSING_OUTBOX = "muster_licensing_outbox_entries": Kind::Gauge, [];
    /// Seconds that one commit of licensing took.
    LICENSING_COMMIT = "muster_licensing_commit_seconds": Kind::Histogram(SECONDS), [];
    /// Seconds that one transaction of licensing took.
    LICENSING_PUBLISH = "muster_licensing_publish_seconds": Kind::Histogram(SECONDS), [];
    /// 1 when licensing is restored and works, else 0.
    LICENSING_READY = "muster_licensing_ready": Kind::Gauge, [];
    /// 1 when licensing stopped by itself: `reason` is `gap` where deltas are missing, else `fault`; the log has it all.
    LICENSING_STOPPED = "muster_licensing_stopped": Kind::Gauge, ["reason"];
    /// Records of the changelog of another instance's partition that this instance's copy lacks (`[standby]`); 0 for
    /// its own partitions.
    STANDBY_LAG = "muster_standby_lag": Kind::Gauge, ["partition"];
    /// Always 1; the labels say which program this is.
    BUILD = "muster_build_info": Kind::Gauge, ["version"];
    /// When the process started, in seconds since 1970.
    START_TIME = "process_start_time_seconds": Kind::Gauge, [];
    /// Memory that the process holds, in bytes.
    MEMORY = "process_resident_memory_bytes": Kind::Gauge, [];
    /// The most memory that the process ever held, in bytes.
    PEAK_MEMORY = "process_peak_resident_memory_bytes": Kind::Gauge, [];
}

impl Metric {
    /// Its meaning as one line.
    pub(crate) fn meaning(&self) -> &'static str {
        self.meaning.trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;
    use std::path::Path;

    /// Rewritten with `UPDATE_EXPECT=1`.
    #[test]
    fn the_table_in_deploy_names_every_metric() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/metrics.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let head = "| name | kind | labels | meaning |\n|---|---|---|---|\n";
        let (before, rest) = text.split_once(head).expect("a table");
        let found = rest.split_inclusive('\n').take_while(|line| line.starts_with('|')).collect::<String>();
        let expected = table();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            let after = rest.strip_prefix(&found).unwrap();
            std::fs::write(&path, format!("{before}{head}{expected}{after}")).unwrap();
        } else {
            assert_eq!(found, expected, "UPDATE_EXPECT=1 writes it anew");
        }
    }

    fn table() -> String {
        let mut table = String::new();
        for metric @ Metric { name, kind, labels, .. } in ALL {
            let kind = match kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram(_) => "histogram",
            };
            let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
            let (labels, meaning) = (labels.join(", "), metric.meaning());
            writeln!(table, "| `{name}` | {kind} | {labels} | {meaning} |").unwrap();
        }
        table
    }

    #[test]
    fn names_follow_the_convention() {
        for Metric { name, kind, .. } in ALL {
            assert!(name.starts_with("muster_") || name.starts_with("process_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert_eq!(ALL.iter().filter(|other| other.name == *name).count(), 1, "{name}");
            if let Kind::Histogram(bounds) = kind {
                assert!(bounds.is_sorted_by(|a, b| a < b), "{name}");
            }
        }
    }
}
