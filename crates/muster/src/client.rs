//! How `produce` and `tail` reach a service's events and deltas: the log itself, or the service over HTTP.
//!
//! A Kafka log is reached directly. The embedded one belongs to one process at a time: while a service runs
//! on the data directory, it is asked over HTTP, at the address that it left there; else the log is opened.

mod http;

pub(crate) use http::{Answer, Http, Problem};

use crate::config::{Config, LogKind};
use crate::failure::Failure;
use crate::serve;
use muster_service::ServiceOptions;
use muster_stream::log::{Log, LogError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name, in a data directory, of the file with the address of the service that runs on it. What is in it
/// counts only while the directory's log is in use.
const ADDRESS_FILE: &str = "http-address";

/// What was reached.
pub(crate) enum Reached {
    /// The log itself.
    Log { log: Arc<dyn Log>, options: Box<ServiceOptions> },
    /// A running service.
    Service(Http),
}

/// Reaches the configured service, or the one at `url`.
pub(crate) fn reach(config: &Config, url: Option<&str>) -> Result<Reached, Failure> {
    if let Some(url) = url {
        return Ok(Reached::Service(Http::new(url)));
    }
    match serve::open_log(config) {
        Ok(log) => Ok(Reached::Log { log, options: Box::new(serve::options(config)) }),
        Err(LogError::InUse { .. }) if config.log.kind == LogKind::Embedded => {
            let file = address_file(&config.data.dir);
            let address = std::fs::read_to_string(&file).map_err(|_| {
                let directory = config.data.dir.display();
                Failure::usage(format!(
                    "another process uses `{directory}` and answers no HTTP: turn on its `http.listen`, or end it"
                ))
            })?;
            Ok(Reached::Service(Http::new(address.trim())))
        }
        Err(error) => Err(serve::failure(error)),
    }
}

/// See [`ADDRESS_FILE`].
pub(crate) fn address_file(directory: &Path) -> PathBuf {
    directory.join(ADDRESS_FILE)
}
