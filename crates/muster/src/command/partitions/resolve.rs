//! `muster partitions resolve`.

use super::{Which, rewrite};
use crate::failure::{Failure, Outcome};
use clap::Args;
use muster_engine::storage::{Resolution, Storage};
use muster_store::{Changelog, Store};

/// Decide what a partition that refuses to start cannot know
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    decision: Decision,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Decision {
    /// Deltas of a torn transaction stand as they are in the output
    #[arg(long)]
    keep_published: bool,
    /// Published deltas that are gone from the output stay gone
    #[arg(long)]
    go_on_without: bool,
    /// The changelog is lost: write it anew from this data directory
    #[arg(long)]
    rewrite_changelog: bool,
    /// Take a decision back that was not needed
    #[arg(long)]
    undo: bool,
}

const AFTER_HELP: &str = "\
The log and `/readyz` say which decision a stopped partition needs. The data
directory must be at rest. What each gives up:

  --keep-published     the output holds deltas that nothing here accounts for. They
                       stand; what is computed in their place is not published. If
                       it differs, subscribers and the engine disagree about these
                       memberships until they change again.
  --go-on-without      the output lost deltas that were published, as after its topic
                       was deleted. Sequences go on behind them: every subscriber
                       has to begin anew, from `muster.memberships` or an export.
  --rewrite-changelog  the changelog is lost, or was off. It is written from the data
                       directory, which becomes the truth: what another instance did
                       since this directory had the partition is lost.

Exit status: 0 done, 1 it cannot be decided so, 2 wrong usage or configuration, 3 a
fault.

Example:
  muster partitions resolve 3 --rewrite-changelog --config muster.toml";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let config = self.which.source.load()?;
        let number = self.which.partition;
        drop(crate::data::open_existing(&config.data.dir)?);
        let store = Store::open(&config.data.dir, Changelog::On)?;
        if self.decision.rewrite_changelog {
            return rewrite::run(&config, &store, number);
        }
        let resolution = match &self.decision {
            Decision { keep_published: true, .. } => Some(Resolution::KeepPublished),
            Decision { go_on_without: true, .. } => Some(Resolution::GoOnWithout),
            _ => None,
        };
        store.resolve(number, resolution)?;
        match resolution {
            Some(_) => eprintln!(
                "partition {number} decides so at its next start, for as long as it is needed; `--undo` takes it back"
            ),
            None => eprintln!("nothing is decided about partition {number} any more"),
        }
        Ok(Outcome::Done)
    }
}
