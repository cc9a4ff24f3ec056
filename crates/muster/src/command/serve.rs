//! `muster serve`: the service.

use super::config::ConfigArguments;
use crate::failure::{Failure, Outcome};
use crate::serve;
use clap::Args;

/// Run the service
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: ConfigArguments,
}

const AFTER_HELP: &str = "\
Without a configuration it is self-contained: its own log, in the data directory, and HTTP on
http://127.0.0.1:8080. One line `ready` with the address on stderr says that it works. SIGTERM or
Ctrl-C ends it in order.

  POST /muster/events                    event lines; answers one line for each: its position, or the error
  POST /muster/events?wait=applied       the same, once they are applied and groups are current
  GET  /muster/deltas?partition=0&from=1 delta lines from that sequence on
  GET  /muster/records?topic=dead-letters  records of a topic that it writes, from an offset on
  GET  /muster/licenses/report           products with their seats, where `licensing.enabled`; also explain?user=
  GET  /livez  /readyz  /metrics

`muster produce` and `muster tail` do the same from the command line.

Exit status: 0 ended in order, 2 wrong configuration, 3 a fault.

Examples:
  muster serve --set data.dir=muster-data
  curl --data-binary @events.jsonl http://127.0.0.1:8080/muster/events?wait=applied
  curl 'http://127.0.0.1:8080/muster/deltas?partition=0'";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        serve::run(&self.source.load()?)
    }
}
