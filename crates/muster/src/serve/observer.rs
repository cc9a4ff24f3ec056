//! What the service tells about its work, as metrics.

use crate::telemetry::{GroupBehind, Metrics, metric};
use metrics::{counter, gauge, histogram};
use muster_directory::{GroupId, Instant, MembershipChange, Tenant};
use muster_service::{Decision, Observer, Turn};
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) struct MetricsObserver {
    /// The partitions' numbers as labels, made once.
    labels: Vec<String>,
    metrics: Metrics,
}

impl MetricsObserver {
    pub(super) fn new(partitions: NonZeroU32, metrics: Metrics) -> MetricsObserver {
        let labels = (0..partitions.get()).map(|number| number.to_string()).collect();
        MetricsObserver { labels, metrics }
    }

    fn label(&self, partition: u32) -> String {
        self.labels.get(partition as usize).cloned().unwrap_or_default()
    }
}

impl Observer for MetricsObserver {
    fn turn(&self, turn: &Turn<'_>) {
        let partition = self.label(turn.partition);
        let refused = turn.dead_letters.len() as u64;
        counter!(metric::CHANGES, "partition" => partition.clone())
            .increment(turn.records.saturating_sub(refused));
        let added = turn.deltas.iter().filter(|delta| delta.change == MembershipChange::Added).count() as u64;
        let removed = turn.deltas.len() as u64 - added;
        for (change, count) in [("added", added), ("removed", removed)] {
            counter!(metric::DELTAS, "partition" => partition.clone(), "change" => change).increment(count);
        }
        for letter in turn.dead_letters {
            counter!(metric::DEAD_LETTERS, "code" => letter.code.clone()).increment(1);
        }
        if turn.changes > 0 {
            #[expect(clippy::cast_precision_loss, reason = "a mean, for people")]
            let mean = turn.rules as f64 / turn.changes as f64;
            let changes = usize::try_from(turn.changes).unwrap_or(usize::MAX);
            histogram!(metric::AFFECTED_RULES, "partition" => partition.clone()).record_many(mean, changes);
        }
        histogram!(metric::COMMIT, "partition" => partition.clone()).record(turn.commit);
        histogram!(metric::PUBLISH, "partition" => partition.clone()).record(turn.publish);
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
        gauge!(metric::GROUPS_SYNCING, "partition" => partition).set(turn.behind.len() as f64);
        let behind = turn.behind.iter().map(|behind| GroupBehind {
            tenant: behind.tenant.clone(),
            group: behind.group.clone(),
            since: system_time(behind.since),
        });
        self.metrics.set_groups_behind(turn.partition, behind.collect());
    }

    fn request(&self, decision: Decision, code: Option<&str>) {
        let outcome = match decision {
            Decision::Accepted => "accepted",
            Decision::Refused => "refused",
        };
        counter!(metric::REQUESTS, "outcome" => outcome).increment(1);
        if let Some(code) = code {
            counter!(metric::DEAD_LETTERS, "code" => code.to_owned()).increment(1);
        }
    }

    fn lag(&self, topic: &str, partition: u32, records: u64) {
        let labels = [("topic", topic.to_owned()), ("partition", self.label(partition))];
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
        gauge!(metric::LAG, &labels).set(records as f64);
    }

    fn pattern_limit(&self, tenant: &Tenant, group: &GroupId, searches: u64) {
        let labels = [("tenant", tenant.as_str().to_owned()), ("group", group.as_str().to_owned())];
        counter!(metric::PATTERN_LIMIT, &labels).increment(searches);
    }

    fn ready(&self, partition: u32, ready: bool) {
        gauge!(metric::PARTITION_READY, "partition" => self.label(partition)).set(f64::from(u8::from(ready)));
    }
}

fn system_time(instant: Instant) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(instant.as_millis()).unwrap_or_default());
    UNIX_EPOCH + since
}
