//! The metrics of this process: recorded by whoever measures, rendered when asked.
//!
//! Nothing listens here; the HTTP routes ask for the text.

use super::behind::{Behind, GroupBehind};
use super::memory::Memory;
use super::metric::{self, Kind};
use crate::shutdown::Shutdown;
use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What was recorded. Clones are the same.
#[derive(Clone)]
pub(crate) struct Metrics {
    recorded: PrometheusHandle,
    behind: Arc<Mutex<Behind>>,
    collectors: Arc<Mutex<Vec<Collector>>>,
}

/// Records what is only worth asking for when somebody wants to know.
type Collector = Box<dyn Fn() + Send>;

impl Metrics {
    /// Records what is measured anywhere in the process from now on.
    ///
    /// # Errors
    /// When something else records already.
    pub(crate) fn start() -> anyhow::Result<Metrics> {
        let recorder = recorder()?;
        let metrics = Metrics::of(&recorder);
        metrics::set_global_recorder(recorder)?;
        describe();
        Ok(metrics)
    }

    /// Everything in Prometheus's text format.
    pub(crate) fn render(&self) -> String {
        if let Some(Memory { resident, peak }) = Memory::read() {
            gauge!(metric::MEMORY).set(resident as f64);
            gauge!(metric::PEAK_MEMORY).set(peak as f64);
        }
        self.collectors.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|collect| collect());
        let mut text = self.recorded.render();
        let behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        behind.render(&mut text, SystemTime::now());
        text
    }

    /// Has this called before each answer.
    pub(crate) fn collect_by(&self, collect: impl Fn() + Send + 'static) {
        self.collectors.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(collect));
    }

    /// Which groups are behind in a partition, instead of those that were.
    pub(crate) fn set_groups_behind(&self, partition: u32, groups: Vec<GroupBehind>) {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner).set(partition, groups);
    }

    /// Keeps what is recorded from growing where nobody asks for it: sorts it into histograms now and
    /// then, until the end.
    ///
    /// # Errors
    /// When no thread can be made.
    pub(crate) fn keep_small(&self, shutdown: Shutdown) -> io::Result<JoinHandle<()>> {
        const EVERY: Duration = Duration::from_secs(5);
        let recorded = self.recorded.clone();
        thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            while !shutdown.wait(EVERY) {
                recorded.run_upkeep();
            }
        })
    }

    fn of(recorder: &PrometheusRecorder) -> Metrics {
        Metrics { recorded: recorder.handle(), behind: Arc::default(), collectors: Arc::default() }
    }
}

fn recorder() -> anyhow::Result<PrometheusRecorder> {
    let mut builder = PrometheusBuilder::new();
    for metric in metric::ALL {
        if let Kind::Histogram(bounds) = metric.kind {
            builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)?;
        }
    }
    Ok(builder.build_recorder())
}

/// Tells the recorder what the names mean, and what never changes.
fn describe() {
    for metric in metric::ALL {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.meaning()),
            Kind::Gauge => describe_gauge!(metric.name, metric.meaning()),
            Kind::Histogram(_) => describe_histogram!(metric.name, metric.meaning()),
        }
    }
    gauge!(metric::BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    gauge!(metric::START_TIME).set(started.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::{counter, histogram};
    use muster_directory::{GroupId, Tenant};

    #[test]
    fn what_is_measured_is_told() {
        let recorder = recorder().unwrap();
        let metrics = Metrics::of(&recorder);
        let text = metrics::with_local_recorder(&recorder, || {
            describe();
            counter!(metric::DELTAS, "partition" => "0", "change" => "added").increment(2);
            histogram!(metric::AFFECTED_RULES, "partition" => "0").record(3.0);
            metrics.set_groups_behind(
                0,
                vec![GroupBehind {
                    tenant: Tenant::default(),
                    group: GroupId::new("g1").unwrap(),
                    since: UNIX_EPOCH,
                }],
            );
            metrics.render()
        });
        for line in [
            "# TYPE muster_deltas_total counter",
            "muster_deltas_total{partition=\"0\",change=\"added\"} 2",
            "# HELP muster_affected_rules Rules that had to be evaluated for one change.",
            "# TYPE muster_affected_rules histogram",
            "muster_affected_rules_bucket{partition=\"0\",le=\"2\"} 0",
            "muster_affected_rules_bucket{partition=\"0\",le=\"5\"} 1",
            "muster_affected_rules_count{partition=\"0\"} 1",
            "muster_build_info{version=\"0.1.0\"} 1",
            "# TYPE process_start_time_seconds gauge",
            "# TYPE muster_group_staleness_seconds gauge",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        for start in [
            "process_peak_resident_memory_bytes ",
            "muster_group_staleness_seconds{tenant=\"default\",group=\"g1\"} ",
        ] {
            assert!(text.lines().any(|found| found.starts_with(start)), "{start}\n{text}");
        }
    }
}
