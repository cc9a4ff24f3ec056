//! `muster licensing`: the subscriber that acts on deltas, one file a subcommand.

mod explain;
mod forecast;
mod replay;
mod report;
mod serve;
mod show;

use crate::client::{Http, Problem};
use crate::data;
use crate::failure::{Failure, Outcome};
use clap::{Args, Subcommand};
use muster_directory::{Instant, Tenant};
use muster_engine::storage::{LICENSING_PARTITION, Storage};
use muster_licensing::Licensing;
use serde::de::DeserializeOwned;
pub(crate) use show::Show as LicenceShow;
use std::path::PathBuf;

/// What can be asked about licences.
#[derive(Subcommand)]
pub(crate) enum LicensingCommand {
    /// Turn membership deltas and assignments in files into licence events
    Replay(replay::Arguments),
    /// Turn membership deltas into licences, in a process of its own
    Serve(serve::Arguments),
    /// Count seats, users who wait and errors, by product
    Report(report::Arguments),
    /// Say what one user has, through what, and what is missing
    Explain(explain::Arguments),
    /// Say how many seats an edit of a group's rule would need
    Forecast(forecast::Arguments),
}

impl LicensingCommand {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self {
            LicensingCommand::Replay(arguments) => arguments.run(),
            LicensingCommand::Serve(arguments) => arguments.run(),
            LicensingCommand::Report(arguments) => arguments.run(),
            LicensingCommand::Explain(arguments) => arguments.run(),
            LicensingCommand::Forecast(arguments) => arguments.run(),
        }
    }
}

/// A data directory at rest, and whose licences in it.
#[derive(Args)]
struct StoredArguments {
    /// The data directory: of `licensing replay`, of `licensing serve`, or of `serve`
    #[arg(long, value_name = "DIR", default_value = "muster-data")]
    data: PathBuf,
    /// Whose licences
    #[arg(long, value_name = "T", default_value = "default", value_parser = super::parse_tenant)]
    tenant: Tenant,
}

impl StoredArguments {
    /// What the directory holds.
    fn restore(&self) -> Result<Licensing, Failure> {
        let store = data::open_existing(&self.data)?;
        if store.head(LICENSING_PARTITION)?.is_none() {
            let directory = self.data.display();
            return Err(Failure::usage(format!(
                "`{directory}` holds no licences: give the directory of `muster licensing replay --data`"
            )));
        }
        Ok(Licensing::restore(&store, LICENSING_PARTITION, Instant::MIN)?)
    }
}

/// Licences at rest, or those of a running service.
#[derive(Args)]
struct AskedArguments {
    #[command(flatten)]
    stored: StoredArguments,
    /// Ask the running service at this address
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    url: Option<String>,
}

impl AskedArguments {
    /// Asks the service at `url`; a refusal has a code.
    fn ask<T: DeserializeOwned>(
        &self,
        url: &str,
        route: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Result<T, Problem>, Failure> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("tenant", self.stored.tenant.as_str()).extend_pairs(parameters);
        Http::new(url).get_json(&format!("/muster/licenses/{route}?{}", query.finish()))
    }
}
