//! The subscriber, as a publisher sees it.

use super::LicensingShared;
use super::options::position_name;
use crate::Fault;
use crate::publisher::Subject;
use crate::stop::Stop;
use muster_engine::publisher::{Limits, Ownership, Weight};
use muster_engine::storage::{
    ChangelogFormat, Entry, LICENSING_PARTITION, PartitionNumber, Positions, Storage,
};
use muster_stream::log::{Log, NewRecord, TopicPartition};
use muster_wire::LicenceOrigin;
use std::sync::Arc;
use std::time::Duration;

/// About what a licence event's record has in bytes, keys and headers included.
const EVENT_BYTES: u64 = 900;
/// About what a record has in the changelog.
const IMAGE_BYTES: u64 = 300;
/// About what a dead letter has, its bytes aside.
const LETTER_BYTES: u64 = 300;

/// How often a member of the group is heard of at least, unless its session is shorter.
const HEARTBEAT: Duration = Duration::from_secs(3);

pub(super) struct LicensingSubject {
    shared: Arc<LicensingShared>,
    stop: Arc<Stop>,
    origin: LicenceOrigin,
}

impl LicensingSubject {
    /// The subscriber, until then.
    pub(super) fn new(shared: Arc<LicensingShared>, stop: Arc<Stop>) -> LicensingSubject {
        let origin = LicenceOrigin::new(&shared.options.service.application);
        LicensingSubject { shared, stop, origin }
    }
}

impl Subject for LicensingSubject {
    fn name(&self) -> String {
        "licensing".to_owned()
    }

    fn writer(&self) -> String {
        "licenses".to_owned()
    }

    fn storage(&self) -> &dyn Storage {
        &*self.shared.storage
    }

    fn store_number(&self) -> PartitionNumber {
        LICENSING_PARTITION
    }

    fn log(&self) -> &dyn Log {
        &*self.shared.log
    }

    fn stop(&self) -> &Stop {
        &self.stop
    }

    /// As a partition of the engine: whoever slept through its session learns so by the next heartbeat.
    fn ownership(&self) -> Ownership {
        let heartbeat = HEARTBEAT.min(self.shared.options.service.session_timeout / 3);
        if self.stop.wait(heartbeat) { Ownership::Lost } else { Ownership::Ours }
    }

    fn give_up(&self) -> Result<(), Fault> {
        tracing::warn!("another instance does licensing: it is given up here");
        self.stop.cut();
        Ok(())
    }

    fn changelog(&self) -> Option<(TopicPartition, &dyn ChangelogFormat)> {
        let topic = self.shared.options.service.topics.licenses_changelog.as_ref()?;
        Some((TopicPartition::new(Arc::clone(topic), 0), &*self.shared.format))
    }

    fn output(&self) -> Option<TopicPartition> {
        Some(TopicPartition::new(Arc::clone(&self.shared.options.service.topics.licenses), 0))
    }

    fn limits(&self) -> Limits {
        self.shared.options.service.publishing()
    }

    fn inputs(&self) -> Vec<TopicPartition> {
        self.shared.options.inputs()
    }

    fn position_name(&self, input: &TopicPartition) -> String {
        position_name(input)
    }

    fn weight(&self, entry: &Entry) -> Weight {
        let events = entry.licences.len() as u64;
        let images = match self.shared.options.service.topics.licenses_changelog {
            Some(_) => entry.records.len() as u64,
            None => 0,
        };
        let letters = entry
            .dead_letters
            .iter()
            .map(|letter| LETTER_BYTES + letter.raw.as_ref().map_or(0, Vec::len) as u64);
        Weight {
            entry: entry.number,
            sequence: entry.sequence,
            records: events + entry.dead_letters.len() as u64 + images,
            bytes: events * EVENT_BYTES + letters.sum::<u64>() + images * IMAGE_BYTES,
        }
    }

    fn render(&self, entry: &Entry, records: &mut Vec<NewRecord>) {
        let topics = &self.shared.options.service.topics;
        for event in &entry.licences {
            let to = TopicPartition::new(Arc::clone(&topics.licenses), 0);
            records.push(NewRecord::placed(to, self.origin.record(event)));
        }
        for letter in &entry.dead_letters {
            let to = TopicPartition::new(Arc::clone(&topics.dead_letters), 0);
            records.push(NewRecord::placed(to, muster_wire::dead_letter_record(letter.clone())));
        }
    }

    fn stalled(&self, reason: Option<String>) {
        self.shared.current.stalled(reason);
    }

    fn wrote(&self, took: Duration) {
        self.shared.observer.published(took);
    }

    fn reached(&self, entry: u64, _positions: &Positions, waiting: u64) {
        self.shared.current.published(entry);
        self.shared.observer.outbox(waiting);
    }
}
