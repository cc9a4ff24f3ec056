//! `muster partitions resolve --rewrite-changelog`: a partition's changelog, from its data directory.
//!
//! Only where everything that is committed is published: the rows are then the state as of the marker, which a
//! restorer may be given. The marker is written after the last row. Until then the changelog ends with a row, by
//! which every start refuses the partition, and this command can be run again.

use crate::config::Config;
use crate::failure::{Failure, Outcome};
use crate::serve::{failure, open_log, topics};
use anyhow::anyhow;
use muster_engine::storage::{
    ChangelogFormat, ChangelogRecord, Logged, Marker, PartitionNumber, RecordImage, Restore, Storage,
    StorageError,
};
use muster_engine::takeover::{from_metadata, to_metadata};
use muster_store::{Store, StoreFormat};
use muster_stream::log::{NewRecord, Progress, TopicPartition, WriteError, Writer};

/// So many rows go into one transaction.
const ROWS: usize = 4_000;

pub(super) fn run(config: &Config, store: &Store, number: PartitionNumber) -> Result<Outcome, Failure> {
    let Some(topic) = &config.topics.changelog else {
        return Err(Failure::usage("`topics.changelog` is empty: name the topic that is to be written"));
    };
    let refuse = |reason: &str| {
        eprintln!("the changelog of partition {number} is not written: {reason}");
        Ok(Outcome::No)
    };
    let (Some(head), Some(stored)) = (store.head(number)?, store.marker(number)?) else {
        return refuse("the data directory holds nothing of the partition that was published");
    };
    if head.entry != stored.entry {
        return refuse(
            "entries are committed that are not known to be published: start the service once without a changelog \
             (`topics.changelog` empty), so that they are, and end it",
        );
    }
    let log = open_log(config).map_err(failure)?;
    log.create_topics(&topics(config).specs(config.topics.partitions)).map_err(failure)?;
    let to = TopicPartition::new(topic.as_str(), number.into());
    if let Some(last) = log.last_record(&to).map_err(failure)?
        && let Logged::Marker(_) =
            StoreFormat.read(last.key.as_deref().unwrap_or_default(), last.value.as_deref())?
    {
        return refuse("it is there, and ends with a marker: delete its topic first, if it has to go");
    }
    let name = format!("{}-{number}", config.kafka.application);
    let mut writer = log.writer(&name).map_err(failure)?;
    let changes = config.topics.changes.iter();
    let inputs: Vec<TopicPartition> =
        changes.map(|topic| TopicPartition::new(topic.as_str(), number.into())).collect();
    let mut lineage = stored.lineage.max(store.intent(number)?.unwrap_or_default());
    for input in &inputs {
        let Some(progress) = writer.committed(input).map_err(fault)? else { continue };
        let Ok(committed) = from_metadata(&progress.metadata, stored.positions.clone()) else { continue };
        if committed.owner != store.owner() || committed.entry != stored.entry {
            return refuse(
                "the committed offsets were written by another data directory, or after this one was copied",
            );
        }
        lineage = lineage.max(committed.lineage);
    }
    let marker = Marker { owner: store.owner(), lineage: lineage + 1, ..stored };
    let mut rows = Rows { writer: &mut *writer, to, waiting: Vec::new(), written: 0, failed: None };
    store.load(number, &mut rows)?;
    rows.flush();
    let (written, to, failed) = (rows.written, rows.to, rows.failed);
    if let Some(error) = failed {
        return Err(fault(error));
    }
    store.intend(number, marker.lineage)?;
    let record = placed(&to, StoreFormat.marker(&marker)?);
    let progress = inputs.into_iter().map(|of| Progress {
        next: marker.positions.get(&*of.topic).copied().unwrap_or_default(),
        of,
        metadata: to_metadata(&marker),
    });
    writer.write(&[record], &progress.collect::<Vec<_>>()).map_err(fault)?;
    eprintln!("the changelog of partition {number} is written: {written} records");
    Ok(Outcome::Done)
}

/// Writes a partition's rows as they are loaded.
struct Rows<'a> {
    writer: &'a mut dyn Writer,
    to: TopicPartition,
    waiting: Vec<NewRecord>,
    written: u64,
    failed: Option<WriteError>,
}

impl Rows<'_> {
    fn flush(&mut self) {
        if self.failed.is_some() || self.waiting.is_empty() {
            return;
        }
        self.written += self.waiting.len() as u64;
        self.failed = self.writer.write(&self.waiting, &[]).err();
        self.waiting.clear();
    }
}

impl Restore for Rows<'_> {
    fn record(&mut self, record: RecordImage) -> Result<(), StorageError> {
        self.waiting.push(placed(&self.to, StoreFormat.image(&record)?));
        if self.waiting.len() >= ROWS {
            self.flush();
        }
        Ok(())
    }
}

fn placed(to: &TopicPartition, record: ChangelogRecord) -> NewRecord {
    NewRecord { to: to.clone(), key: Some(record.key), value: record.value, headers: Vec::new() }
}

fn fault(error: WriteError) -> Failure {
    Failure::Fault(anyhow!("{error}; run this command again"))
}
