//! The wiring of licensing: inside `muster serve`, or as a process of its own.

use super::{answer_http, changelog, leave_address, listen, log, options};
use crate::answer::licences::{ExplainAnswer, ReportAnswer};
use crate::config::{Config, LogKind};
use crate::failure::{Failure, Outcome};
use crate::shutdown::Shutdown;
use crate::telemetry::{Metrics, metric, start_logs};
use anyhow::Context as _;
use metrics::{counter, gauge, histogram};
use muster_api::{Position, Problem, ValuesPage, Waited};
use muster_directory::{DeadLetter, GroupId, LicenceEvent, ObjectId, SkuId, Tenant};
use muster_engine::storage::Storage;
use muster_service::{
    Fault, Licences, LicensingObserver, LicensingOptions, LicensingStarting, Output, OutputReader,
    SystemClock,
};
use muster_store::{Store, StoreFormat};
use muster_stream::log::Log;
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is looked whether it became ready, or stopped.
const WATCH: Duration = Duration::from_millis(10);

/// Runs licensing until a signal asks for its end.
pub(crate) fn run(config: &Config) -> Result<Outcome, Failure> {
    start_logs(config.telemetry.format, &config.telemetry.filter).map_err(Failure::usage)?;
    if config.log.kind == LogKind::Embedded {
        return Err(Failure::usage(
            "the embedded log belongs to `muster serve`: set `licensing.enabled` to true, and it does licensing too",
        ));
    }
    let shutdown = Shutdown::default();
    shutdown.on_signals().context("cannot listen for signals").map_err(Failure::Fault)?;
    let metrics = Metrics::start().map_err(Failure::Fault)?;
    let listener = config.licensing.listen.map(listen).transpose()?;
    let kept = changelog(&config.topics.licenses_changelog);
    let store = Arc::new(Store::open(&config.licensing.dir, kept)?);
    let address = listener.as_ref().and_then(|listener| listener.local_addr().ok());
    leave_address(&config.licensing.dir, address)?;
    let log = log::open_licensing_log(config).map_err(log::failure)?;
    let licences = start(config, Arc::clone(&log), store, &metrics)?;
    let api =
        Api { licences: Arc::clone(&licences), metrics: metrics.clone(), log, options: options(config) };
    let answering =
        listener.map(|listener| answer_http(listener, Arc::new(api), config, &shutdown)).transpose()?;
    let keeping = metrics.keep_small(shutdown.clone())?;
    let mut ready = false;
    while licences.failure().is_none() && !licences.has_ended() {
        if !ready && licences.unready().is_none() {
            ready = true;
            match address {
                Some(address) => eprintln!("ready http://{address}"),
                None => eprintln!("ready"),
            }
        }
        if shutdown.wait(if ready { 10 * WATCH } else { WATCH }) {
            break;
        }
    }
    shutdown.request();
    if let Some(answering) = answering {
        let _ = answering.join();
    }
    let _ = keeping.join();
    end(&licences, config.limits.shutdown_wait)?;
    match licences.failure() {
        None => Ok(Outcome::Done),
        Some(reason) => Err(Failure::Fault(anyhow::anyhow!("{reason}"))),
    }
}

/// Starts licensing over this log and store.
pub(super) fn start(
    config: &Config,
    log: Arc<dyn Log>,
    storage: Arc<dyn Storage>,
    metrics: &Metrics,
) -> Result<Arc<Licences>, Failure> {
    let starting = LicensingStarting {
        options: LicensingOptions { service: options(config) },
        log,
        storage,
        format: Arc::new(StoreFormat),
        clock: Arc::new(SystemClock),
        observer: Arc::new(MetricsObserver),
    };
    let licences = Licences::start(starting).map_err(|fault: Fault| Failure::Fault(fault.into()))?;
    let licences = Arc::new(licences);
    let counted = Arc::clone(&licences);
    metrics.collect_by(move || count(&counted));
    Ok(licences)
}

/// Waits for its threads, but not for ever: what was not committed is done again at the next start.
pub(super) fn end(licences: &Licences, patience: Duration) -> Result<(), Failure> {
    licences.request_stop();
    let deadline = Instant::now() + patience;
    while !licences.has_ended() {
        if Instant::now() > deadline {
            let seconds = patience.as_secs();
            return Err(Failure::Fault(anyhow::anyhow!(
                "licensing did not end within {seconds} s; nothing committed is lost"
            )));
        }
        std::thread::sleep(WATCH);
    }
    Ok(())
}

/// A tenant's report, as HTTP answers it.
pub(super) fn report(licences: Option<&Licences>, tenant: Option<&str>) -> Result<Vec<u8>, Problem> {
    let report = running(licences)?.report(&parse_tenant(tenant)?).ok_or_else(restoring)?;
    line(&ReportAnswer::from(&report))
}

/// A user's licences, as HTTP answers them.
pub(super) fn explanation(
    licences: Option<&Licences>,
    tenant: Option<&str>,
    user: &str,
) -> Result<Vec<u8>, Problem> {
    let tenant = parse_tenant(tenant)?;
    let id = ObjectId::new(user).map_err(|rejection| invalid(rejection.message))?;
    match running(licences)?.explain(&tenant, &id).ok_or_else(restoring)? {
        Some(explanation) => line(&ExplainAnswer::new(user, &explanation)),
        None => {
            let message = format!("nothing is known of user `{user}` in tenant `{tenant}`");
            Err(Problem::new("unknown-user", message))
        }
    }
}

fn running(licences: Option<&Licences>) -> Result<&Licences, Problem> {
    licences.ok_or_else(|| {
        let message =
            "this process does no licensing: set `licensing.enabled`, or ask `muster licensing serve`";
        Problem::new("licensing-off", message)
    })
}

fn restoring() -> Problem {
    Problem::new("unanswered", "licensing is being restored: try again")
}

fn parse_tenant(tenant: Option<&str>) -> Result<Tenant, Problem> {
    match tenant {
        Some(tenant) => Tenant::new(tenant).map_err(|rejection| invalid(rejection.message)),
        None => Ok(Tenant::default()),
    }
}

fn invalid(message: String) -> Problem {
    Problem::new("invalid-parameter", message)
}

fn line(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let mut line = serde_json::to_vec(value).map_err(|error| Problem::new("internal", error))?;
    line.push(b'\n');
    Ok(line)
}

/// HTTP of the process of its own: what is about licences, and health.
struct Api {
    licences: Arc<Licences>,
    metrics: Metrics,
    log: Arc<dyn Log>,
    options: muster_service::ServiceOptions,
}

impl Api {
    fn elsewhere<T>() -> Result<T, Problem> {
        Err(Problem::new("licensing-only", "this process does licensing only: ask `muster serve`"))
    }
}

impl muster_api::Service for Api {
    fn not_ready(&self) -> Vec<String> {
        self.licences.unready().into_iter().collect()
    }

    fn metrics(&self) -> String {
        self.metrics.render()
    }

    fn submit(&self, _lines: &[&[u8]]) -> Result<Vec<Result<Position, Problem>>, Problem> {
        Api::elsewhere()
    }

    fn wait_applied(&self, _positions: &[Position], _deadline: Instant) -> Result<Waited, Problem> {
        Api::elsewhere()
    }

    fn deltas(&self, _partition: u32, _from: u64, _limit: usize) -> Result<Vec<u8>, Problem> {
        Api::elsewhere()
    }

    fn records(&self, topic: &str, partition: u32, from: u64, limit: usize) -> Result<Vec<u8>, Problem> {
        if topic != "licenses" {
            return Api::elsewhere();
        }
        OutputReader::open(Arc::clone(&self.log), &self.options, Output::Licenses, partition)
            .and_then(|mut reader| reader.records(from, limit))
            .map_err(|error| Problem::new(error.code(), error))
    }

    fn preview(&self, _body: &[u8]) -> Result<Vec<u8>, Problem> {
        Api::elsewhere()
    }

    fn find(&self, _body: &[u8]) -> Result<Vec<u8>, Problem> {
        Api::elsewhere()
    }

    fn values(&self, _page: &ValuesPage) -> Result<Vec<u8>, Problem> {
        Api::elsewhere()
    }

    fn license_report(&self, tenant: Option<&str>) -> Result<Vec<u8>, Problem> {
        report(Some(&self.licences), tenant)
    }

    fn license_explanation(&self, tenant: Option<&str>, user: &str) -> Result<Vec<u8>, Problem> {
        explanation(Some(&self.licences), tenant, user)
    }
}

/// Records what licensing tells as metrics.
struct MetricsObserver;

impl LicensingObserver for MetricsObserver {
    fn committed(&self, events: &[LicenceEvent], dead_letters: &[DeadLetter], took: Duration) {
        for event in events {
            counter!(metric::LICENSE_EVENTS, "type" => event.change.as_str()).increment(1);
        }
        for letter in dead_letters {
            counter!(metric::DEAD_LETTERS, "code" => letter.code.clone()).increment(1);
        }
        histogram!(metric::LICENSING_COMMIT).record(took);
    }

    fn lag(&self, topic: &str, partition: u32, records: u64) {
        let labels = [("topic", topic.to_owned()), ("partition", partition.to_string())];
        gauge!(metric::LICENSING_LAG, &labels).set(number(records));
    }

    fn outbox(&self, entries: u64) {
        gauge!(metric::LICENSING_OUTBOX).set(number(entries));
    }

    fn published(&self, took: Duration) {
        histogram!(metric::LICENSING_PUBLISH).record(took);
    }

    fn flap(&self, tenant: &Tenant, group: &GroupId, sku: &SkuId, flaps: bool) {
        let labels =
            [("tenant", tenant.to_string()), ("group", group.to_string()), ("product", sku.to_string())];
        gauge!(metric::LICENSE_FLAPS, &labels).set(f64::from(u8::from(flaps)));
    }

    fn ready(&self, ready: bool) {
        gauge!(metric::LICENSING_READY).set(f64::from(u8::from(ready)));
    }

    fn stopped(&self, gap: bool) {
        gauge!(metric::LICENSING_STOPPED, "reason" => if gap { "gap" } else { "fault" }).set(1.0);
    }
}

/// Counts seats, whenever metrics are asked for.
fn count(licences: &Licences) {
    let Some((reports, dynamic)) = licences.reports() else { return };
    for (tenant, report) in reports {
        for product in report.products {
            let labels = |more: (&'static str, &'static str)| {
                [
                    ("tenant", tenant.to_string()),
                    ("product", product.sku.to_string()),
                    (more.0, more.1.to_owned()),
                ]
            };
            let seats = [
                ("owned", product.enabled_units),
                ("used", product.consumed_units),
                ("waiting", product.waiting),
            ];
            for (state, seats) in seats {
                gauge!(metric::LICENSE_SEATS, &labels(("state", state))).set(number(seats));
            }
            for violation in muster_directory::licence::Violation::ALL {
                let errors = product.errors.get(&violation).copied().unwrap_or_default();
                gauge!(metric::LICENSE_ERRORS, &labels(("error", violation.as_str()))).set(number(errors));
            }
        }
        let held: u64 = report.held_removals.values().sum();
        gauge!(metric::LICENSE_SEATS_HELD, "tenant" => tenant.to_string()).set(number(held));
    }
    gauge!(metric::DYNAMIC_GROUP_USERS).set(number(dynamic.users));
    gauge!(metric::DYNAMIC_GROUP_UNITS).set(number(dynamic.owned_units));
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn number(count: u64) -> f64 {
    count as f64
}
