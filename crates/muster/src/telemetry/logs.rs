//! Logs on stderr: lines for people, or one JSON object each for collectors.

use crate::config::LogFormat;
use std::io::{self, IsTerminal};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// A filter that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{filter}` is no filter of logs: give a level, and `part=level` where it differs, like `info,muster_engine=debug`"
)]
pub(crate) struct FilterError {
    filter: String,
}

/// Writes logs to stderr from now on, those that `filter` lets pass: levels, for all or as `part=level`,
/// separated by commas. Where logs are written already, that stays as it is.
///
/// # Errors
/// For a filter that cannot be read.
pub(crate) fn start_logs(format: LogFormat, filter: &str) -> Result<(), FilterError> {
    let targets: Targets = filter.parse().map_err(|_| FilterError { filter: filter.to_owned() })?;
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // An error would say that there is a subscriber already.
    let _ = tracing_subscriber::registry().with(lines.with_filter(targets)).try_init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_refused() {
        let error = start_logs(LogFormat::Text, "muster=loud").unwrap_err().to_string();
        assert!(error.starts_with("`muster=loud` is no filter of logs"), "{error}");
        assert!("info,muster_engine=debug,off".parse::<Targets>().is_ok());
    }
}
