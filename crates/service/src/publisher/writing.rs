//! The writer of one partition: taking over, writing entries, and the marker between them.

use super::render::Renderer;
use crate::shared::Shared;
use crate::{Fault, marker};
use muster_engine::publisher::Published;
use muster_engine::storage::{Entry, Marker, PartitionHead, Positions};
use muster_stream::log::{Progress, TopicPartition, Writer};
use muster_wire::DeltaOrigin;
use std::sync::Arc;

/// So many entries are read from the outbox at once.
const ENTRIES: usize = 64;

/// Writes one partition.
pub(super) struct Writing {
    shared: Arc<Shared>,
    partition: u32,
    renderer: Renderer,
    writer: Option<Box<dyn Writer>>,
    /// What is published.
    marker: Marker,
}

impl Writing {
    pub(super) fn new(shared: Arc<Shared>, partition: u32) -> Writing {
        let options = &shared.options;
        let renderer = Renderer {
            topics: options.topics.clone(),
            partition,
            origin: DeltaOrigin::new(&options.application, partition, options.partitions),
        };
        let nothing = Marker {
            owner: shared.storage.owner(),
            lineage: 0,
            entry: 0,
            sequence: 0,
            positions: Positions::new(),
            definitions_position: 0,
            clock: muster_directory::Instant::MIN,
        };
        Writing { shared, partition, renderer, writer: None, marker: nothing }
    }

    /// What is published, in the lineage of this writer.
    pub(super) fn published(&self) -> Published {
        let Marker { lineage, entry, sequence, .. } = self.marker;
        Published { lineage, entry, sequence }
    }

    /// How far the inputs are read in what is published.
    pub(super) fn positions(&self) -> &Positions {
        &self.marker.positions
    }

    /// The entries after this one, up to and including `through` at most, a few.
    pub(super) fn entries(&self, after: u64, through: u64) -> Result<Vec<Entry>, Fault> {
        let few = usize::try_from(through.saturating_sub(after)).unwrap_or(ENTRIES).min(ENTRIES);
        Ok(self.shared.storage.outbox(store_number(self.partition), after, few)?)
    }

    /// Makes a writer, which fences any earlier one, and learns what is published.
    pub(super) fn take_over(&mut self) -> Result<(), Fault> {
        // The one before goes first, or its threads would outlive it.
        self.writer = None;
        let (shared, partition) = (Arc::clone(&self.shared), self.partition);
        let name = format!("{}-{partition}", shared.options.application);
        let mut writer = shared.log.writer(&name)?;
        let head = shared.storage.head(store_number(partition))?;
        let stored = shared.storage.marker(store_number(partition))?;
        let lineage = self.marker.lineage;
        match self.read_marker(&mut *writer)? {
            Some(published) => {
                self.check(&published, head.as_ref())?;
                if stored.is_none_or(|stored| stored.entry < published.entry) {
                    shared.storage.acknowledge(store_number(partition), &published)?;
                }
                self.marker = published;
            }
            None if stored.is_some() => {
                return Err(Fault::Contradiction(format!(
                    "partition {partition} was published from this data directory, but the log knows nothing of \
                     it: give the log back, or start with an empty data directory"
                )));
            }
            None => {}
        }
        self.marker.lineage = self.marker.lineage.max(lineage) + 1;
        self.writer = Some(writer);
        Ok(())
    }

    /// Writes entries in one transaction with the marker after them.
    pub(super) fn write(&mut self, after: u64, through: u64) -> Result<(), Fault> {
        let mut records = Vec::new();
        let mut last: Option<Entry> = None;
        let mut reached = after;
        while reached < through {
            for entry in self.entries(reached, through)? {
                self.renderer.render(&entry, &mut records);
                last = Some(entry);
            }
            let Some(entry) = last.as_ref().filter(|entry| entry.number > reached) else {
                return Err(Fault::Contradiction(format!(
                    "entry {} of partition {} is committed, but not in the outbox",
                    reached + 1,
                    self.partition
                )));
            };
            reached = entry.number;
        }
        let (Some(last), Some(mut writer)) = (last, self.writer.take()) else { return Ok(()) };
        let marker = self.marker_after(&last);
        // Only a writer that wrote is kept: of any other it is not known what it did.
        writer.write(&records, &self.progress(&marker))?;
        self.writer = Some(writer);
        self.marker = marker;
        Ok(())
    }

    /// Trims the outbox up to what is published.
    pub(super) fn acknowledge(&self) -> Result<(), Fault> {
        Ok(self.shared.storage.acknowledge(store_number(self.partition), &self.marker)?)
    }

    fn read_marker(&self, writer: &mut dyn Writer) -> Result<Option<Marker>, Fault> {
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
}

/// A partition's number in the store, where the highest is reserved. More partitions than that are refused
/// when the service starts.
pub(crate) fn store_number(partition: u32) -> u16 {
    u16::try_from(partition).unwrap_or(u16::MAX)
}
