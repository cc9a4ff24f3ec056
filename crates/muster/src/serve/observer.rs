//! What the service tells about its work, as metrics.

use crate::telemetry::{GroupBehind, Metrics, metric};
use metrics::{counter, gauge, histogram};
use muster_directory::{GroupId, Instant, MembershipChange, Tenant};
use muster_service::{Decision, Observer, PartitionState, Turn};
use muster_store::{Store, SyncTimes};
use muster_stream::log::Rebalance;
use std::num::NonZeroU32;
use std::sync::Arc;
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

    fn queue(&self, queue: &'static str, partition: u32, length: u64) {
        let labels = [("queue", queue.to_owned()), ("partition", self.label(partition))];
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
        gauge!(metric::QUEUE, &labels).set(length as f64);
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
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
        gauge!(metric::GROUPS_SYNCING, "partition" => partition.clone()).set(turn.behind.len() as f64);
        let pending: u64 = turn.behind.iter().map(|behind| behind.pending).sum();
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
        gauge!(metric::MEMBERSHIPS_PENDING, "partition" => partition).set(pending as f64);
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
            Decision::Held => "held",
            Decision::Refused => "refused",
        };
        counter!(metric::REQUESTS, "outcome" => outcome).increment(1);
        if let Some(code) = code {
            counter!(metric::DEAD_LETTERS, "code" => code.to_owned()).increment(1);
        }
    }

    fn held(&self, edits: usize) {
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
        gauge!(metric::EDITS_HELD).set(edits as f64);
    }

    fn emptying(&self, tenant: &Tenant, group: &GroupId, _removed: u64) {
        let labels = [("tenant", tenant.as_str().to_owned()), ("group", group.as_str().to_owned())];
        counter!(metric::GROUP_EMPTYING, &labels).increment(1);
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

    fn published(&self, partition: u32, took: Duration) {
        histogram!(metric::PUBLISH, "partition" => self.label(partition)).record(took);
    }

    fn outbox(&self, partition: u32, entries: u64) {
        self.queue("outbox", partition, entries);
    }

    fn definitions(&self, partition: u32, waiting: usize) {
        self.queue("definitions", partition, waiting as u64);
    }

    fn rebalance(&self, rebalance: &Rebalance) {
        let (change, partitions, assigned) = match rebalance {
            Rebalance::Assigned(partitions) => ("assigned", partitions, 1.0),
            Rebalance::Revoked(partitions) => ("revoked", partitions, 0.0),
            Rebalance::Lost(partitions) => ("lost", partitions, 0.0),
        };
        counter!(metric::REBALANCED, "change" => change).increment(partitions.len() as u64);
        for partition in partitions {
            gauge!(metric::PARTITION_ASSIGNED, "partition" => self.label(*partition)).set(assigned);
        }
    }

    fn standby(&self, partition: u32, lag: u64) {
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
        gauge!(metric::STANDBY_LAG, "partition" => self.label(partition)).set(lag as f64);
    }

    fn ended(&self, partition: u32) {
        let label = self.label(partition);
        let gauges = [
            metric::GROUPS_SYNCING,
            metric::MEMBERSHIPS_PENDING,
            metric::PARTITION_READY,
            metric::RESTORE_LEFT,
        ];
        for gauge in gauges {
            gauge!(gauge, "partition" => label.clone()).set(0.0);
        }
        for state in PartitionState::ALL {
            let labels = [("partition", label.clone()), ("state", state.name().to_owned())];
            gauge!(metric::PARTITION_STATE, &labels).set(0.0);
        }
        for queue in ["outbox", "definitions"] {
            self.queue(queue, partition, 0);
        }
        self.metrics.set_groups_behind(partition, Vec::new());
    }

    fn state(&self, partition: u32, state: PartitionState) {
        for of in PartitionState::ALL {
            let labels = [("partition", self.label(partition)), ("state", of.name().to_owned())];
            gauge!(metric::PARTITION_STATE, &labels).set(f64::from(u8::from(of == state)));
        }
        // Nothing is left of a restore that is over.
        if state == PartitionState::Running {
            gauge!(metric::RESTORE_LEFT, "partition" => self.label(partition)).set(0.0);
        }
    }

    fn restoring(&self, partition: u32, records: u64, left: u64) {
        let partition = self.label(partition);
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
        gauge!(metric::RESTORED, "partition" => partition.clone()).set(records as f64);
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
        gauge!(metric::RESTORE_LEFT, "partition" => partition).set(left as f64);
    }

    fn ready(&self, partition: u32, ready: bool) {
        gauge!(metric::PARTITION_READY, "partition" => self.label(partition)).set(f64::from(u8::from(ready)));
    }
}

/// Records how long the disk takes to sync the store, whenever metrics are asked for.
pub(super) fn observe_syncs(metrics: &Metrics, store: Arc<Store>) {
    metrics.collect_by(move || {
        let SyncTimes { count, median, p99, longest } = store.syncs();
        counter!(metric::FSYNCS).absolute(count);
        for (quantile, time) in [("0.5", median), ("0.99", p99), ("1", longest)] {
            gauge!(metric::FSYNC, "quantile" => quantile).set(time.as_secs_f64());
        }
    });
}

fn system_time(instant: Instant) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(instant.as_millis()).unwrap_or_default());
    UNIX_EPOCH + since
}
