//! `muster bench kafka`: the service over a real broker, from a change's intended time to the moment a
//! `read_committed` subscriber has its deltas.
//!
//! Service, producer and subscriber run in this process, on topics of their own. The load is an open loop:
//! a change has a time at which it is to be sent, whether those before it are through or not, and its
//! latency counts from there, so that waiting counts.

mod load;
mod subscriber;

use super::progress::Progress;
use super::{Common, Sampler, baseline};
use crate::command::config::ConfigArguments;
use crate::command::replay::peak_memory;
use crate::config::{Config, LogKind};
use crate::failure::{Failure, Outcome};
use crate::interpret::JsonValues;
use crate::serve;
use clap::Args;
use load::{Load, Sent};
use muster_directory::Instant;
use muster_loadgen::Workload;
use muster_loadgen::bench::outcome::{CauseSource, verify};
use muster_loadgen::bench::report::{Latency, Report};
use muster_loadgen::bench::{Measured, Step, round_number};
use muster_service::{Clock, Observer, OpenIntake, Service, ServiceOptions, Starting, Topics};
use muster_store::{Store, StoreFormat};
use muster_stream::log::Log;
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use subscriber::{Subscriber, Visible};

/// Measure the service over a real broker: changes in, transactions out, latency to a subscriber
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Send so many changes a second [default: as fast as the broker takes them]
    #[arg(long, value_name = "N")]
    rate: Option<NonZeroU64>,
    #[command(flatten)]
    source: ConfigArguments,
}

const AFTER_HELP: &str = "\
The broker is that of the configuration. Topics and application have names of
their own, `muster-bench-…`; the topics stay on the broker. The memberships and
group status topics are off.

Latency is that of changes that flip some membership, from the time at which a
change was to be sent (without --rate: at which it was handed to the producer)
to the moment a read_committed subscriber has the last of its deltas.

Examples:
  muster bench kafka --set log.kind=kafka --set kafka.brokers=localhost:9092
  muster bench kafka --config muster.toml --rate 15000 --report half.html";

/// So many changes, before those that count, fill caches and tell how many take ten seconds.
const WARM_UP: u64 = 5_000;
const DEFAULT_SECONDS: f64 = 10.0;
/// How long the service may take to be ready, or to apply what it was given.
const PATIENCE: Duration = Duration::from_secs(600);

impl Arguments {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        baseline::check(&self.common.baseline)?;
        let config = self.source.load()?;
        if config.log.kind != LogKind::Kafka {
            return Err(Failure::usage(
                "the configured log is the embedded one: name a broker by `--set log.kind=kafka --set \
                 kafka.brokers=HOST:PORT`",
            ));
        }
        let workload = self.common.workload.workload();
        let temporary = tempfile::Builder::new().prefix("muster-bench-").tempdir()?;
        let mut sampler = Sampler::start();
        let mut progress = Progress::new();
        progress.show(Step::Preparing("making rules"));
        let rules = workload.rules().map_err(|fault| Failure::Fault(fault.into()))?;
        let running = Running::start(config, temporary.path(), &workload)?;
        progress.show(Step::Preparing("sending groups"));
        let mut load = Load::new(&running.service, &workload);
        load.groups(PATIENCE)?;
        progress.show(Step::Preparing("sending users"));
        load.users(PATIENCE)?;
        progress.show(Step::Preparing("warming up"));
        let warm = load.changes(0..WARM_UP, None, &mut |_| {})?;
        let took = load.wait(&warm, PATIENCE)?;
        #[expect(clippy::cast_precision_loss, reason = "a number of changes")]
        let wanted = match (self.common.changes, self.rate) {
            (Some(changes), _) => changes.get(),
            (None, Some(rate)) => round_number(rate.get() as f64 * DEFAULT_SECONDS),
            (None, None) => round_number(WARM_UP as f64 / took.as_secs_f64() * DEFAULT_SECONDS),
        };
        let deltas = temporary.path().join("deltas.jsonl");
        let subscriber = Subscriber::start(&*running.log, &running.options, &deltas)?;
        let range = WARM_UP..WARM_UP + wanted;
        let sent = load.changes(range.clone(), self.rate, &mut |done| progress.show(done))?;
        load.wait(&sent, PATIENCE)?;
        let visible = subscriber.finish(&*running.log)?;
        running.service.request_stop();

        progress.show(Step::Preparing("holding a sample against the oracle"));
        let numbers: HashMap<(u32, u64), u64> = sent.numbers();
        let change_of = |source: &CauseSource<'_>| numbers.get(&(source.partition?, source.offset?)).copied();
        let file = std::io::BufReader::with_capacity(1 << 20, std::fs::File::open(&deltas)?);
        let verified = verify(&workload, &rules, file, range, &change_of)?;
        let outcome = outcome(&sent, &visible, &numbers);
        let measured = Measured {
            changes: wanted,
            deltas: visible.deltas,
            elapsed: outcome.elapsed,
            cpu: None,
            verified: verified.changes,
            differences: verified.differences,
            series: outcome.series,
        };
        let comparisons = baseline::measure(&self.common.baseline, &workload, &rules, &mut progress)?;
        let partitions = usize::try_from(running.options.partitions.get()).unwrap_or(1);
        let mut report = Report::new("kafka", &workload, partitions, &measured, &comparisons);
        report.peak_memory_bytes = peak_memory();
        report.latency_millis = Some(Latency {
            p50: at(&outcome.latency, 50.0),
            p99: at(&outcome.latency, 99.0),
            p999: at(&outcome.latency, 99.9),
            max: millis(outcome.latency.max()),
        });
        let percentiles = [50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.99];
        let latency = percentiles.map(|percent| (percent, at(&outcome.latency, percent))).into();
        self.common.tell(&report, &measured, sampler.stop(), latency, progress)
    }
}

/// Latencies are kept in microseconds, to three digits.
type Histogram = hdrhistogram::Histogram<u64>;

struct Timed {
    /// From the first intended time to the last delta.
    elapsed: Duration,
    latency: Histogram,
    series: Vec<(Duration, u64)>,
}

/// Joins what was sent with what became visible.
fn outcome(sent: &Sent, visible: &Visible, numbers: &HashMap<(u32, u64), u64>) -> Timed {
    #[expect(clippy::expect_used, reason = "an hour in microseconds, to three digits, is within its bounds")]
    let mut latency = Histogram::new_with_bounds(1, 3_600_000_000, 3).expect("a histogram");
    let mut series = Vec::new();
    let mut elapsed = sent.last().saturating_duration_since(sent.start());
    for (place, at) in &visible.last_deltas {
        let Some(intended) = numbers.get(place).and_then(|number| sent.intended(*number)) else { continue };
        let took = at.saturating_duration_since(intended);
        latency.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1));
        elapsed = elapsed.max(at.saturating_duration_since(sent.start()));
        series.push(at.saturating_duration_since(sent.start()));
    }
    series.sort_unstable();
    // Changes without deltas are through when those around them are.
    #[expect(clippy::cast_precision_loss, reason = "a curve for people")]
    let share = sent.len() as f64 / series.len().max(1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a curve for people")]
    let counted = (1_u32..).zip(series).map(|(count, at)| (at, (f64::from(count) * share) as u64));
    Timed { elapsed, latency, series: counted.collect() }
}

fn at(latency: &Histogram, percent: f64) -> f64 {
    millis(latency.value_at_percentile(percent))
}

fn millis(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64() * 1000.0
}

/// A service on topics of its own.
struct Running {
    service: Service,
    options: ServiceOptions,
    log: Arc<dyn Log>,
}

impl Running {
    fn start(mut config: Config, directory: &Path, workload: &Workload) -> Result<Running, Failure> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let name = format!("muster-bench-{:x}", since.as_millis());
        config.kafka.application = name.clone();
        let mut options = serve::options(&config);
        options.topics = topics(&name, &options.topics);
        let log = serve::open_log(&config).map_err(serve::failure)?;
        let store = Store::open(&directory.join("data"), serve::changelog(&options.topics.changelog))?;
        let service = Service::start(Starting {
            options: options.clone(),
            log: Arc::clone(&log),
            storage: Arc::new(store),
            format: Arc::new(StoreFormat),
            interpret: Arc::new(JsonValues),
            clock: Arc::new(Fixed(workload.now())),
            observer: Arc::new(Nobody),
            intake: Arc::new(OpenIntake),
        })
        .map_err(|fault| Failure::Fault(fault.into()))?;
        let deadline = std::time::Instant::now() + PATIENCE;
        while let Some(unready) = service.unready() {
            if let Some(reason) = service.failure() {
                return Err(Failure::Fault(anyhow::anyhow!("the service ended: {reason}")));
            }
            if std::time::Instant::now() > deadline {
                let reasons = unready.reasons.join("; ");
                return Err(Failure::Fault(anyhow::anyhow!("the service does not become ready: {reasons}")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Running { service, options, log })
    }
}

/// The configured topics under names of this run.
fn topics(name: &str, configured: &Topics) -> Topics {
    let own = |topic: &Arc<str>| Arc::from(format!("{name}.{topic}"));
    Topics {
        changes: configured.changes.iter().map(own).collect(),
        requests: own(&configured.requests),
        definitions: own(&configured.definitions),
        deltas: own(&configured.deltas),
        memberships: None,
        group_status: None,
        changelog: configured.changelog.as_ref().map(own),
        dead_letters: own(&configured.dead_letters),
        licenses: own(&configured.licenses),
        licenses_changelog: None,
    }
}

/// The workload's clock stands still.
struct Fixed(Instant);

impl Clock for Fixed {
    fn now(&self) -> Instant {
        self.0
    }
}

/// Takes no note.
struct Nobody;

impl Observer for Nobody {}
