//! `muster partitions list`.

use super::ConfigArguments;
use crate::data;
use crate::failure::{Failure, Outcome};
use clap::Args;
use muster_engine::storage::{PartitionNumber, Remedy, Resolution, Storage};
use muster_store::Store;
use serde_json::{Value, json};
use std::io::{BufWriter, Write};

/// Say how far each partition is, what it has not published, and what holds it up
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: ConfigArguments,
}

const AFTER_HELP: &str = "\
One JSON object a line, for each partition that the data directory holds anything
of: the last entry and sequence committed (`head`) and published (`marker`, with
the lineage), how many entries wait between them, the offsets that are read next,
the change at which the engine failed, and what was decided.

Exit status: 0 done, 2 wrong usage or configuration, 3 a fault.

Example:
  muster partitions list --config muster.toml";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let config = self.source.load()?;
        let store = data::open_existing(&config.data.dir)?;
        let mut stdout = BufWriter::new(std::io::stdout().lock());
        for number in store.partitions()? {
            writeln!(stdout, "{}", line(&store, number)?)?;
        }
        stdout.flush()?;
        Ok(Outcome::Done)
    }
}

fn line(store: &Store, number: PartitionNumber) -> Result<Value, Failure> {
    let (head, marker) = (store.head(number)?, store.marker(number)?);
    let committed = head.as_ref().map_or(0, |head| head.entry);
    let published = marker.as_ref().map_or(0, |marker| marker.entry);
    let head =
        head.map(|head| json!({"entry": head.entry, "sequence": head.sequence, "positions": head.positions}));
    let marker = marker.map(|marker| {
        json!({
            "owner": format!("{:032x}", marker.owner),
            "lineage": marker.lineage,
            "entry": marker.entry,
            "sequence": marker.sequence,
        })
    });
    let trouble = store.trouble(number)?.map(|trouble| {
        json!({
            "topic": trouble.topic,
            "offset": trouble.offset,
            "failures": trouble.failures,
            "reason": trouble.reason,
            "remedy": match trouble.remedy { Remedy::Apply => "apply", Remedy::DeadLetter => "dead-letter" },
        })
    });
    let resolution = store.resolution(number)?.map(|resolution| match resolution {
        Resolution::KeepPublished => "keep-published",
        Resolution::GoOnWithout => "go-on-without",
    });
    Ok(json!({
        "partition": number,
        "head": head,
        "marker": marker,
        "waiting": committed.saturating_sub(published),
        "trouble": trouble,
        "resolution": resolution,
    }))
}
