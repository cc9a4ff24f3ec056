//! The writer of one subject: taking over, writing entries, and the marker between them.

use super::subject::Subject;
use crate::Fault;
use muster_engine::publisher::Published;
use muster_engine::storage::{Entry, Marker, PartitionHead, Positions};
use muster_engine::takeover::{from_metadata, to_metadata};
use muster_stream::log::{Progress, TopicPartition, Writer};
use std::sync::Arc;

/// So many entries are read from the outbox at once.
const ENTRIES: usize = 64;

/// Writes one subject.
pub(super) struct Writing {
    subject: Arc<dyn Subject>,
    writer: Option<Box<dyn Writer>>,
    /// What is published.
    marker: Marker,
}

impl Writing {
    pub(super) fn new(subject: Arc<dyn Subject>) -> Writing {
        let nothing = Marker {
            owner: subject.storage().owner(),
            lineage: 0,
            entry: 0,
            sequence: 0,
            positions: Positions::new(),
            definitions_position: 0,
            clock: muster_directory::Instant::MIN,
        };
        Writing { subject, writer: None, marker: nothing }
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
        Ok(self.subject.storage().outbox(self.subject.store_number(), after, few)?)
    }

    /// Makes a writer, which fences any earlier one, and learns what is published.
    pub(super) fn take_over(&mut self) -> Result<(), Fault> {
        // The one before goes first, or its threads would outlive it.
        self.writer = None;
        let subject = Arc::clone(&self.subject);
        let (storage, number) = (subject.storage(), subject.store_number());
        let mut writer = subject.log().writer(&subject.writer())?;
        let head = storage.head(number)?;
        let stored = storage.marker(number)?;
        let lineage = self.marker.lineage;
        match self.read_marker(&mut *writer)? {
            Some(published) => {
                self.check(&published, head.as_ref())?;
                if stored.is_none_or(|stored| stored.entry < published.entry) {
                    storage.acknowledge(number, &published)?;
                }
                self.marker = published;
            }
            None if stored.is_some() => {
                return Err(Fault::Contradiction(format!(
                    "{} was published from this data directory, but the log knows nothing of it: give the log \
                     back, or start with an empty data directory",
                    subject.name()
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
                self.subject.render(&entry, &mut records);
                last = Some(entry);
            }
            let Some(entry) = last.as_ref().filter(|entry| entry.number > reached) else {
                return Err(Fault::Contradiction(format!(
                    "entry {} of {} is committed, but not in the outbox",
                    reached + 1,
                    self.subject.name()
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
        Ok(self.subject.storage().acknowledge(self.subject.store_number(), &self.marker)?)
    }

    fn read_marker(&self, writer: &mut dyn Writer) -> Result<Option<Marker>, Fault> {
        let mut positions = Positions::new();
        let mut text = None;
        for of in self.subject.inputs() {
            if let Some(progress) = writer.committed(&of)? {
                positions.insert(self.subject.position_name(&of), progress.next);
                text.get_or_insert(progress.metadata);
            }
        }
        let Some(text) = text else { return Ok(None) };
        let marker = from_metadata(&text, positions).map_err(|reason| {
            let name = self.subject.name();
            Fault::Contradiction(format!("the marker of {name} in the log cannot be read: {reason}"))
        })?;
        Ok(Some(marker))
    }

    /// Refuses to publish from a data directory that is not the one the log has seen last.
    fn check(&self, published: &Marker, head: Option<&PartitionHead>) -> Result<(), Fault> {
        let name = self.subject.name();
        if published.owner != self.subject.storage().owner() {
            return Err(Fault::Contradiction(format!(
                "{name} was published last from another data directory: use that one, or another `application`"
            )));
        }
        let local = head.map_or(0, |head| head.entry);
        if local < published.entry {
            return Err(Fault::Contradiction(format!(
                "the data directory holds {name} up to entry {local}, but entry {} is published \
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
        let text = to_metadata(marker);
        let progress = |of: TopicPartition| Progress {
            next: marker.positions.get(&self.subject.position_name(&of)).copied().unwrap_or_default(),
            of,
            metadata: text.clone(),
        };
        self.subject.inputs().into_iter().map(progress).collect()
    }
}
