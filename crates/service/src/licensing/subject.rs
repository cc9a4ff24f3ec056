//! The subscriber, as a publisher sees it.

use super::LicensingShared;
use super::options::position_name;
use crate::publisher::Subject;
use crate::stop::Stop;
use muster_engine::publisher::{Limits, Weight};
use muster_engine::storage::{Entry, LICENSING_PARTITION, PartitionNumber, Positions, Storage};
use muster_stream::log::{Log, NewRecord, TopicPartition};
use muster_wire::LicenceOrigin;
use std::sync::Arc;
use std::time::Duration;

/// With so many bytes not published, nothing is taken in.
const BACKLOG_BYTES: u64 = 64 << 20;
/// About what a licence event's record has in bytes, keys and headers included.
const EVENT_BYTES: u64 = 900;
/// About what a dead letter has, its bytes aside.
const LETTER_BYTES: u64 = 300;

pub(super) struct LicensingSubject {
    shared: Arc<LicensingShared>,
    origin: LicenceOrigin,
}

impl LicensingSubject {
    pub(super) fn new(shared: Arc<LicensingShared>) -> LicensingSubject {
        let origin = LicenceOrigin::new(&shared.options.service.application);
        LicensingSubject { shared, origin }
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
        &self.shared.stop
    }

    fn limits(&self) -> Limits {
        let options = &self.shared.options.service;
        Limits {
            records: options.transaction_records,
            bytes: options.transaction_bytes,
            backlog_bytes: BACKLOG_BYTES,
            backlog_entries: options.outbox_entries,
        }
    }

    fn inputs(&self) -> Vec<TopicPartition> {
        self.shared.options.inputs()
    }

    fn position_name(&self, input: &TopicPartition) -> String {
        position_name(input)
    }

    fn weight(&self, entry: &Entry) -> Weight {
        let events = entry.licences.len() as u64;
        let letters = entry
            .dead_letters
            .iter()
            .map(|letter| LETTER_BYTES + letter.raw.as_ref().map_or(0, Vec::len) as u64);
        Weight {
            entry: entry.number,
            sequence: entry.sequence,
            records: events + entry.dead_letters.len() as u64,
            bytes: events * EVENT_BYTES + letters.sum::<u64>(),
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
