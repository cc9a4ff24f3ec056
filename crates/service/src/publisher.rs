//! From committed entries to records of the log, each entry's once.
//!
//! Whole entries go into a transaction together with the marker. After any failure the writer is dropped and
//! taken over anew; the log's own marker then says what was published, and the outbox has the rest.

use crate::shared::Shared;
use crate::{Fault, marker};
use muster_engine::storage::{Entry, Marker, PartitionHead, Positions};
use muster_stream::log::{NewRecord, Progress, TopicPartition, WriteError, Writer};
use muster_wire::DeltaOrigin;
use std::sync::Arc;
use std::time::Duration;

/// A transaction takes whole entries until it has so many records.
const RECORDS: usize = 4_000;
/// So many entries are read from the outbox at once.
const ENTRIES: usize = 64;
/// How often a partition is taken over again before it is given up.
const ATTEMPTS: u32 = 5;

/// Publishes one partition.
pub(crate) struct Publisher {
    shared: Arc<Shared>,
    partition: u32,
    origin: DeltaOrigin,
    writer: Option<Box<dyn Writer>>,
    /// What is published.
    marker: Marker,
}

impl Publisher {
    /// Takes the partition over, and publishes what the outbox still holds.
    pub(crate) fn start(shared: Arc<Shared>, partition: u32) -> Result<Publisher, Fault> {
        let options = &shared.options;
        let origin = DeltaOrigin::new(&options.application, partition, options.partitions);
        let nothing = Marker {
            owner: shared.storage.owner(),
            lineage: 0,
            entry: 0,
            sequence: 0,
            positions: Positions::new(),
            definitions_position: 0,
            clock: muster_directory::Instant::MIN,
        };
        let mut publisher = Publisher { shared, partition, origin, writer: None, marker: nothing };
        publisher.publish()?;
        Ok(publisher)
    }

    /// Publishes every committed entry that is not published yet.
    pub(crate) fn publish(&mut self) -> Result<(), Fault> {
        let mut attempt = 0;
        loop {
            let error = match self.publish_once() {
                Err(Fault::Write(error @ (WriteError::Doubtful { .. } | WriteError::Fenced { .. }))) => error,
                ended => return ended,
            };
            self.writer = None;
            attempt += 1;
            if attempt >= ATTEMPTS || self.shared.stop.is_requested() {
                return Err(error.into());
            }
            tracing::warn!(partition = self.partition, %error, attempt, "the partition is taken over again");
            std::thread::sleep(Duration::from_millis(100 << attempt));
        }
    }

    fn publish_once(&mut self) -> Result<(), Fault> {
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.take_over()?,
        };
        loop {
            let entries = self.shared.storage.outbox(self.number(), self.marker.entry, ENTRIES)?;
            let mut records = Vec::new();
            let mut last = None;
            for entry in entries {
                self.render(&entry, &mut records);
                last = Some(entry);
                if records.len() >= RECORDS {
                    break;
                }
            }
            let Some(last) = last else { break };
            let marker = self.marker_after(&last);
            writer.write(&records, &self.progress(&marker))?;
            self.shared.storage.acknowledge(self.number(), &marker)?;
            self.marker = marker;
        }
        self.writer = Some(writer);
        Ok(())
    }

    /// Makes a writer, which fences any earlier one, and learns what is published.
    fn take_over(&mut self) -> Result<Box<dyn Writer>, Fault> {
        let name = format!("{}-{}", self.shared.options.application, self.partition);
        let mut writer = self.shared.log.writer(&name)?;
        let head = self.shared.storage.head(self.number())?;
        let stored = self.shared.storage.marker(self.number())?;
        match self.published(&mut *writer)? {
            Some(published) => {
                self.check(&published, head.as_ref())?;
                if stored.is_none_or(|stored| stored.entry < published.entry) {
                    self.shared.storage.acknowledge(self.number(), &published)?;
                }
                self.marker = published;
            }
            None if stored.is_some() => {
                return Err(Fault::Contradiction(format!(
                    "partition {} was published from this data directory, but the log knows nothing of it: give \
                     the log back, or start with an empty data directory",
                    self.partition
                )));
            }
            None => {}
        }
        self.marker.lineage += 1;
        Ok(writer)
    }

    fn published(&self, writer: &mut dyn Writer) -> Result<Option<Marker>, Fault> {
        let mut positions = Positions::new();
        let mut text = None;
        for of in self.inputs() {
            if let Some(progress) = writer.committed(&of)? {
                positions.insert(of.topic.to_string(), progress.next);
                text.get_or_insert(progress.metadata);
            }
        }
        let Some(text) = text else { return Ok(None) };
        let marker = marker::from_text(&text, positions).map_err(|reason| {
            let partition = self.partition;
            Fault::Contradiction(format!(
                "the marker of partition {partition} in the log cannot be read: {reason}"
            ))
        })?;
        Ok(Some(marker))
    }

    /// Refuses to publish from a data directory that is not the one the log has seen last.
    fn check(&self, published: &Marker, head: Option<&PartitionHead>) -> Result<(), Fault> {
        let partition = self.partition;
        if published.owner != self.shared.storage.owner() {
            return Err(Fault::Contradiction(format!(
                "partition {partition} was published last from another data directory: use that one, or another \
                 `application`"
            )));
        }
        let local = head.map_or(0, |head| head.entry);
        if local < published.entry {
            return Err(Fault::Contradiction(format!(
                "the data directory holds partition {partition} up to entry {local}, but entry {} is published \
                 already: it is an older copy; use the newest",
                published.entry
            )));
        }
        Ok(())
    }

    fn marker_after(&self, entry: &Entry) -> Marker {
        Marker {
            owner: self.marker.owner,
            lineage: self.marker.lineage,
            entry: entry.number,
            sequence: entry.sequence,
            positions: entry.positions.clone(),
            definitions_position: entry.definitions_position,
            clock: entry.clock,
        }
    }

    fn progress(&self, marker: &Marker) -> Vec<Progress> {
        let text = marker::to_text(marker);
        let progress = |of: TopicPartition| Progress {
            next: marker.positions.get(&*of.topic).copied().unwrap_or_default(),
            of,
            metadata: text.clone(),
        };
        self.inputs().map(progress).collect()
    }

    /// The partitions of the changes topics that this one reads.
    fn inputs(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        let topics = self.shared.options.topics.changes.iter();
        topics.map(|topic| TopicPartition::new(Arc::clone(topic), self.partition))
    }

    /// The records that an entry is published as.
    fn render(&self, entry: &Entry, records: &mut Vec<NewRecord>) {
        let topics = &self.shared.options.topics;
        let here = |topic: &Arc<str>| TopicPartition::new(Arc::clone(topic), self.partition);
        for delta in &entry.deltas {
            let record = muster_wire::NewRecord {
                key: Some(self.origin.key(delta)),
                value: Some(self.origin.value(delta)),
                headers: self
                    .origin
                    .headers(delta)
                    .map(|(name, value)| (name.to_owned(), Some(value.into_owned())))
                    .into(),
            };
            records.push(NewRecord::placed(here(&topics.deltas), record));
            if let Some(memberships) = &topics.memberships {
                records.push(NewRecord::placed(here(memberships), muster_wire::membership_record(delta)));
            }
        }
        if let Some(topic) = &topics.group_status {
            for status in &entry.statuses {
                let record = muster_wire::group_status_record(status, self.partition);
                records.push(NewRecord::placed(TopicPartition::new(Arc::clone(topic), 0), record));
            }
        }
        for letter in &entry.dead_letters {
            let record = muster_wire::dead_letter_record(letter.clone());
            records.push(NewRecord::placed(here(&topics.dead_letters), record));
        }
    }

    /// The partition's number in the store.
    fn number(&self) -> u16 {
        store_number(self.partition)
    }
}

/// A partition's number in the store, where the highest is reserved. More partitions than that are refused
/// when the service starts.
pub(crate) fn store_number(partition: u32) -> u16 {
    u16::try_from(partition).unwrap_or(u16::MAX)
}
