//! `muster licensing serve`: the licensing subscriber as a process of its own, over Kafka.

use crate::command::config::ConfigArguments;
use crate::failure::{Failure, Outcome};
use crate::serve;
use clap::Args;

/// Turn membership deltas into licences, in a process of its own
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: ConfigArguments,
}

const AFTER_HELP: &str = "\
It reads the accepted definitions, the changes of users and the deltas of the service of the same
configuration, and publishes licence events to `topics.licenses`, each exactly once. Its state is in
`licensing.dir`. One process works for an application: a second one takes its place, and the first ends.
Where the log is embedded, `serve` does it with `licensing.enabled = true`.

Products, assignments, tenants' settings and confirmations of held removals are sent to the requests
topic, by `muster produce` or over HTTP of `serve`:
  {\"kind\":\"removal\",\"op\":\"confirm\",\"id\":\"17\"}

  GET /muster/licenses/report              products with their seats
  GET /muster/licenses/explain?user=alex   what one user has, and what is missing
  GET /livez  /readyz  /metrics

Missing deltas are never skipped: it ends, and says what is missing.

Exit status: 0 ended in order, 2 wrong configuration, 3 a fault, or missing deltas.

Example:
  muster licensing serve --config muster.toml";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        serve::licensing::run(&self.source.load()?)
    }
}
