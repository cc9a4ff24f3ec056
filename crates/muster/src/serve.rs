//! The wiring of `muster serve`: configuration to log, store, threads and HTTP, and an orderly end.

mod api;
mod disk;
pub(crate) mod licensing;
mod log;
mod mirror;
mod observer;

pub(crate) use log::{failure, open_log, topics};

use crate::client::address_file;
use crate::config::Config;
use crate::failure::{Failure, Outcome};
use crate::interpret::JsonValues;
use crate::shutdown::Shutdown;
use crate::telemetry::{Metrics, start_logs};
use anyhow::Context as _;
use log::{Logs, open_logs};
use muster_engine::storage::Storage;
use muster_index::IndexKind;
use muster_service::{Feedback, Licences, Service, ServiceOptions, Starting, SystemClock};
use muster_store::{Changelog, Store, StoreFormat};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often it is looked whether the service became ready, or failed.
const WATCH: Duration = Duration::from_millis(10);

/// Runs the service until a signal asks for its end.
pub(crate) fn run(config: &Config) -> Result<Outcome, Failure> {
    start_logs(config.telemetry.format, &config.telemetry.filter).map_err(Failure::usage)?;
    let shutdown = Shutdown::default();
    shutdown.on_signals().context("cannot listen for signals").map_err(Failure::Fault)?;
    let metrics = Metrics::start().map_err(Failure::Fault)?;
    let listener = config.http.listen.map(listen).transpose()?;
    let of_licensing = config.topics.licenses_changelog.as_ref().filter(|_| config.licensing.enabled);
    let kept = changelog(&config.topics.changelog.as_ref().or(of_licensing));
    let store = Arc::new(Store::open(&config.data.dir, kept)?);
    if config.topics.changelog.is_none() {
        tracing::warn!("`topics.changelog` is empty: if the disk is lost, so are its data");
    }
    observer::observe_syncs(&metrics, Arc::clone(&store));
    let address = listener.as_ref().and_then(|listener| listener.local_addr().ok());
    // From here on the directory is ours.
    leave_address(&config.data.dir, address)?;
    let Logs { engine: log, licensing: licensing_log } = open_logs(config).map_err(failure)?;
    let storage: Arc<dyn Storage> = Arc::clone(&store) as Arc<dyn Storage>;
    let service = Arc::new(
        Service::start(Starting {
            options: options(config),
            log,
            storage: store,
            format: Arc::new(StoreFormat),
            interpret: Arc::new(JsonValues),
            clock: Arc::new(SystemClock),
            observer: Arc::new(observer::MetricsObserver::new(config.topics.partitions, metrics.clone())),
            intake: Arc::new(disk::Disk::new(&config.data)),
        })
        .map_err(|fault| Failure::Fault(fault.into()))?,
    );
    let licences = licensing_log.map(|log| licensing::start(config, log, storage, &metrics)).transpose()?;
    let api = api::Api::new(Arc::clone(&service), licences.clone(), metrics.clone());
    let answering =
        listener.map(|listener| answer_http(listener, Arc::new(api), config, &shutdown)).transpose()?;
    let keeping = metrics.keep_small(shutdown.clone())?;
    watch(&service, licences.as_deref(), &shutdown, address);

    shutdown.request();
    if let Some(answering) = answering {
        let _ = answering.join();
    }
    let _ = keeping.join();
    let licensing_ended =
        licences.map_or(Ok(()), |licences| licensing::end(&licences, config.limits.shutdown_wait));
    match end(service, config.limits.shutdown_wait) {
        Ok(()) => licensing_ended.map(|()| Outcome::Done),
        Err(reason) => Err(Failure::Fault(anyhow::anyhow!("{reason}"))),
    }
}

/// Says once that the service is ready, and returns when it is to end.
fn watch(service: &Service, licences: Option<&Licences>, shutdown: &Shutdown, address: Option<SocketAddr>) {
    let mut ready = false;
    while service.failure().is_none() {
        let is_ready = service.unready().is_none() && licences.is_none_or(|of| of.unready().is_none());
        if !ready && is_ready {
            ready = true;
            match address {
                Some(address) => eprintln!("ready http://{address}"),
                None => eprintln!("ready"),
            }
        }
        if shutdown.wait(if ready { 10 * WATCH } else { WATCH }) {
            return;
        }
    }
}

/// Waits for the service's threads, but not for ever: what they had not committed is done again at the next
/// start.
fn end(service: Arc<Service>, patience: Duration) -> Result<(), String> {
    service.request_stop();
    let deadline = Instant::now() + patience;
    while !service.has_ended() {
        if Instant::now() > deadline {
            let seconds = patience.as_secs();
            return Err(format!("the service did not end within {seconds} s; nothing committed is lost"));
        }
        std::thread::sleep(WATCH);
    }
    service.failure().map_or(Ok(()), Err)
}

pub(crate) fn options(config: &Config) -> ServiceOptions {
    ServiceOptions {
        application: config.kafka.application.clone(),
        topics: topics(config),
        partitions: config.topics.partitions,
        partitioner: config.topics.partitioner,
        index: IndexKind::Value,
        dialect: config.rules.dialect,
        slice: config.limits.slice_memberships as u64,
        batch_records: config.limits.batch_records,
        outbox_entries: config.limits.outbox_entries as u64,
        transaction_records: config.limits.transaction_records as u64,
        transaction_bytes: config.limits.transaction_size,
        session_timeout: config.kafka.session_timeout,
        departure: config.kafka.on_stop,
        standby: config.standby.enabled,
        feedback: if config.licensing.feedback { Feedback::On } else { Feedback::Off },
        definitions_wait: config.limits.definitions_wait,
        brake: config.brake.limits(),
        emptying: config.brake.emptying(),
    }
}

/// Whether the store keeps what a changelog publishes.
pub(crate) fn changelog<T>(topic: &Option<T>) -> Changelog {
    if topic.is_some() { Changelog::On } else { Changelog::Off }
}

/// Leaves the address where those who use the data directory look for it.
fn leave_address(directory: &Path, address: Option<SocketAddr>) -> std::io::Result<()> {
    let file = address_file(directory);
    match address {
        Some(address) => std::fs::write(file, format!("http://{address}\n")),
        None if file.exists() => std::fs::remove_file(file),
        None => Ok(()),
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|reason| {
        Failure::usage(format!("cannot listen on {address}: {reason}; free it, or set `http.listen`"))
    })
}

fn answer_http(
    listener: TcpListener,
    api: Arc<dyn muster_api::Service>,
    config: &Config,
    shutdown: &Shutdown,
) -> Result<JoinHandle<()>, Failure> {
    let max_body = usize::try_from(config.http.max_request).unwrap_or(usize::MAX);
    let router = muster_api::router(api, max_body);
    // Half of the patience is for the partitions.
    let grace = config.limits.shutdown_wait / 2;
    let requested = shutdown.requested();
    let body = move || {
        if let Err(error) = muster_api::serve(listener, router, requested, grace) {
            tracing::error!(%error, "HTTP ended");
        }
    };
    Ok(std::thread::Builder::new().name("http".to_owned()).spawn(body)?)
}
