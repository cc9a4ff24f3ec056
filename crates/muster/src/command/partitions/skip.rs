//! `muster partitions skip`.

use super::Which;
use crate::failure::{Failure, Outcome};
use clap::Args;
use muster_engine::storage::{Remedy, Storage, Trouble};
use muster_store::{Changelog, Store};

/// Give up the change at which the engine fails: it becomes a dead letter
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
}

const AFTER_HELP: &str = "\
The data directory must be at rest. At its next start the partition does not apply
the change at which it failed three times: it becomes a dead letter with the code
`engine-failure`, and what follows it is applied. What is given up is that one
change; its bytes are in the dead letter.

Exit status: 0 done, 1 the partition has not failed at any change, 2 wrong usage or
configuration, 3 a fault.

Example:
  muster partitions skip 3 --config muster.toml";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let config = self.which.source.load()?;
        let number = self.which.partition;
        // So that no directory is made by asking.
        drop(crate::data::open_existing(&config.data.dir)?);
        let store = Store::open(&config.data.dir, Changelog::Off)?;
        let Some(trouble) = store.trouble(number)? else {
            eprintln!("partition {number} has not failed at any change");
            return Ok(Outcome::No);
        };
        let trouble = Trouble { remedy: Remedy::DeadLetter, ..trouble };
        store.note_trouble(number, Some(&trouble))?;
        let Trouble { topic, offset, reason, .. } = trouble;
        eprintln!(
            "partition {number} will go on without the change at offset {offset} of `{topic}` ({reason}): it becomes \
             a dead letter at the next start"
        );
        Ok(Outcome::Done)
    }
}
