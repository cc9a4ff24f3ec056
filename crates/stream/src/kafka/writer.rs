//! Writing to Kafka atomically: one transaction for each call, of which the outcome is known or the
//! writer is done with.
//!
//! The order matters: offsets are sent first and then everything is drained by short polls. Committed
//! at once, the client would wait in slices of 100 ms; drained first, the broker would still be writing
//! the markers of the transaction before and make the client back off. The writer never aborts: with
//! records in flight that blocks, and a purge before it breaks the transaction after. Dropped, its
//! transaction is voided by whoever makes the next writer of the name, or by the broker in time.

use super::client::{Connection, offset, partition_number};
use super::context::{Context, Receiver};
use super::error::{self, refuses_record};
use crate::kill_point::KillPoint;
use crate::log::{LogError, NewRecord, Progress, TopicPartition, WriteError, Writer};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(super) struct KafkaWriter {
    connection: Arc<Connection>,
    id: String,
    producer: Arc<BaseProducer<Context<Deliveries>>>,
    /// The first error, which every later call gets again.
    failure: Option<WriteError>,
}

const POLL: Duration = Duration::from_millis(1);

impl KafkaWriter {
    pub(super) fn open(connection: &Arc<Connection>, name: &str) -> Result<KafkaWriter, LogError> {
        let id = format!("{}-{name}", connection.options.application);
        let timeout = connection.options.write_timeout;
        let producer = connection.producer(Deliveries::default(), |config| {
            config.set("transactional.id", &id);
            if config.get("transaction.timeout.ms").is_none() {
                // At least what the client allows.
                config.set("transaction.timeout.ms", timeout.as_millis().max(1_000).to_string());
            }
        })?;
        producer
            .init_transactions(timeout)
            .map_err(|error| connection.fault(error, format!("become the writer `{id}`")))?;
        Ok(KafkaWriter { connection: Arc::clone(connection), id, producer, failure: None })
    }

    fn read_committed(&self, of: &TopicPartition) -> Result<Option<Progress>, WriteError> {
        let doubt = |error: &KafkaError| WriteError::Doubtful { reason: error::text(error) };
        let partition = partition_number(of).map_err(|error| refuse(of, error.to_string()))?;
        let mut list = TopicPartitionList::new();
        list.add_partition(&of.topic, partition);
        let timeout = self.connection.options.timeout;
        let list = self.connection.group.committed_offsets(list, timeout).map_err(|error| doubt(&error))?;
        let Some(found) = list.find_partition(&of.topic, partition) else { return Ok(None) };
        found.error().map_err(|error| doubt(&error))?;
        match found.offset() {
            Offset::Offset(next) => {
                let metadata = found.metadata().to_owned();
                Ok(Some(Progress { of: of.clone(), next: offset(next), metadata }))
            }
            _ => Ok(None),
        }
    }

    fn transact(&self, records: &[NewRecord], progress: &[Progress]) -> Result<(), WriteError> {
        let deadline = Instant::now() + self.connection.options.write_timeout;
        self.deliveries().take_failure();
        self.producer.begin_transaction().map_err(|error| self.explain(&error))?;
        for record in records {
            self.send(record, deadline)?;
        }
        if !progress.is_empty() {
            self.send_progress(progress, deadline)?;
        }
        while self.producer.in_flight_count() > 0 {
            if Instant::now() >= deadline {
                let reason = "the broker did not confirm the records in time".to_owned();
                return Err(WriteError::Doubtful { reason });
            }
            self.producer.poll(POLL);
        }
        if let Some(failure) = self.deliveries().take_failure() {
            return Err(self.explain_delivery(failure));
        }
        KillPoint::InsideTransaction.pass();
        KillPoint::DuringCommit.pass();
        self.producer.commit_transaction(left(deadline)).map_err(|error| self.explain(&error))?;
        KillPoint::AfterCommit.pass();
        Ok(())
    }

    fn send(&self, record: &NewRecord, deadline: Instant) -> Result<(), WriteError> {
        let partition =
            partition_number(&record.to).map_err(|error| refuse(&record.to, error.to_string()))?;
        let mut message = message(record, partition, ());
        loop {
            match self.producer.send(message) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), returned))
                    if Instant::now() < deadline =>
                {
                    self.producer.poll(POLL);
                    message = returned;
                }
                Err((error, _)) if error.rdkafka_error_code().is_some_and(refuses_record) => {
                    return Err(refuse(&record.to, error::text(&error)));
                }
                Err((error, _)) => return Err(self.explain(&error)),
            }
        }
    }

    fn send_progress(&self, progress: &[Progress], deadline: Instant) -> Result<(), WriteError> {
        let mut list = TopicPartitionList::new();
        for Progress { of, next, metadata } in progress {
            let (length, limit) = (metadata.len(), Progress::MAX_METADATA_BYTES);
            if length > limit {
                let reason = format!("its progress has {length} bytes of metadata, but {limit} are allowed");
                return Err(refuse(of, reason));
            }
            let partition = partition_number(of).map_err(|error| refuse(of, error.to_string()))?;
            let mut element = list.add_partition(&of.topic, partition);
            let next = Offset::Offset(i64::try_from(*next).unwrap_or(i64::MAX));
            element.set_offset(next).map_err(|error| self.explain(&error))?;
            // Once for each element: a second time would leak the first.
            element.set_metadata(metadata.as_str());
        }
        // Taken anew each time: the group's generation may have changed.
        let Some(group) = self.connection.group_metadata() else {
            return Err(WriteError::Doubtful { reason: "the client has no consumer group".to_owned() });
        };
        self.producer.send_offsets_to_transaction(&list, &group, left(deadline)).map_err(|error| {
            match progress.first() {
                Some(first) if error.rdkafka_error_code().is_some_and(refuses_record) => {
                    refuse(&first.of, error::text(&error))
                }
                _ => self.explain(&error),
            }
        })
    }

    fn deliveries(&self) -> &Deliveries {
        self.producer.client().context().receiver()
    }

    fn explain(&self, error: &KafkaError) -> WriteError {
        // Records that were refused spoil the transaction: they are the reason of what comes after.
        if let Some(failure) = self.deliveries().take_failure()
            && refuses_record(failure.code)
        {
            return self.explain_delivery(failure);
        }
        let code = error.rdkafka_error_code();
        let fatal = self.producer.client().fatal_error().map(|(code, _)| code);
        if [code, fatal].into_iter().flatten().any(is_fence) {
            return WriteError::Fenced { writer: self.id.clone() };
        }
        WriteError::Doubtful { reason: error::text(error) }
    }

    fn explain_delivery(&self, failure: DeliveryFailure) -> WriteError {
        let DeliveryFailure { topic, code } = failure;
        match code {
            _ if refuses_record(code) => WriteError::Refused { topic, reason: code.to_string() },
            _ if is_fence(code) => WriteError::Fenced { writer: self.id.clone() },
            // What a fence purges says only so; the client knows why.
            _ => match self.producer.client().fatal_error() {
                Some((fatal, _)) if is_fence(fatal) => WriteError::Fenced { writer: self.id.clone() },
                _ => WriteError::Doubtful { reason: code.to_string() },
            },
        }
    }
}

impl Writer for KafkaWriter {
    fn committed(&mut self, of: &TopicPartition) -> Result<Option<Progress>, WriteError> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        let outcome = self.read_committed(of);
        self.failure = outcome.as_ref().err().cloned();
        outcome
    }

    fn write(&mut self, records: &[NewRecord], progress: &[Progress]) -> Result<(), WriteError> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        if records.is_empty() && progress.is_empty() {
            return Ok(());
        }
        let outcome = self.transact(records, progress);
        self.failure = outcome.as_ref().err().cloned();
        outcome
    }
}

fn refuse(of: &TopicPartition, reason: String) -> WriteError {
    WriteError::Refused { topic: of.topic.to_string(), reason }
}

fn is_fence(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{
        Fenced, FencedInstanceId, IllegalGeneration, InvalidProducerEpoch, InvalidTransactionalState,
        ProducerFenced, UnknownMemberId,
    };
    matches!(
        code,
        Fenced | ProducerFenced | InvalidProducerEpoch | InvalidTransactionalState
            // By the group: written under an assignment that is over.
            | IllegalGeneration | UnknownMemberId | FencedInstanceId
    )
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(POLL)
}

/// A record as the client takes it.
pub(super) fn message<D>(record: &NewRecord, partition: i32, opaque: D) -> BaseRecord<'_, [u8], [u8], D>
where
    D: rdkafka::util::IntoOpaque,
{
    let headers = (!record.headers.is_empty()).then(|| {
        let headers = OwnedHeaders::new_with_capacity(record.headers.len());
        record.headers.iter().fold(headers, |headers, (name, value)| {
            headers.insert(Header { key: name, value: value.as_deref() })
        })
    });
    BaseRecord {
        topic: &record.to.topic,
        partition: Some(partition),
        payload: record.value.as_deref(),
        key: record.key.as_deref(),
        timestamp: None,
        headers,
        delivery_opaque: opaque,
    }
}

/// Notes the first record of a transaction that was not delivered.
#[derive(Default)]
struct Deliveries {
    failure: Mutex<Option<DeliveryFailure>>,
}

struct DeliveryFailure {
    topic: String,
    code: RDKafkaErrorCode,
}

impl Deliveries {
    fn take_failure(&self) -> Option<DeliveryFailure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Receiver for Deliveries {
    type Ticket = ();

    fn delivered(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
            let topic = message.topic().to_owned();
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert(DeliveryFailure { topic, code });
        }
    }
}
