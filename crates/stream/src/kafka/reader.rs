//! Reading from Kafka: each partition from a queue of its own.
//!
//! librdkafka tells "end of partition" and "offset lost" in the queue that the partition's records come
//! from, but this client's errors name no topic. So each assigned partition gets a queue of its own
//! *before* it is assigned: then everything in that queue concerns that partition, and nothing of it is
//! in the common one. Pausing is not taking from the queue: the client stops fetching when the queue
//! is full, and resuming costs nothing.

use super::client::{Connection, Consumer, offset, partition_number};
use super::context::Context;
use super::error;
use crate::log::{Batch, LogError, ReadLimits, Reader, Record, TopicPartition};
use muster_directory::{Header, Instant as Timestamp};
use rdkafka::consumer::Consumer as _;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(super) struct KafkaReader {
    connection: Arc<Connection>,
    limits: ReadLimits,
    signal: Arc<Signal>,
    /// The one at the front is served next.
    cursors: Vec<Cursor>,
    /// Queues of partitions that were given up. One may be assigned again, and a queue set apart once
    /// stays so; bounded by the number of partitions ever assigned.
    spare: BTreeMap<TopicPartition, PartitionQueue<Context>>,
    consumer: Arc<Consumer>,
}

struct Cursor {
    of: TopicPartition,
    queue: PartitionQueue<Context>,
    next: u64,
    is_paused: bool,
    /// Met after records that had to be returned first.
    trouble: Option<KafkaError>,
}

/// How long the common queue waits at most, in which the client tells of connections.
const SERVE_EVERY: Duration = Duration::from_millis(100);

impl KafkaReader {
    pub(super) fn new(connection: &Arc<Connection>, limits: ReadLimits) -> Result<KafkaReader, LogError> {
        Ok(KafkaReader {
            consumer: Arc::new(connection.consumer(|_| ())?),
            connection: Arc::clone(connection),
            limits,
            signal: Arc::new(Signal::default()),
            cursors: Vec::new(),
            spare: BTreeMap::new(),
        })
    }

    fn place(&self, of: &TopicPartition) -> Result<usize, LogError> {
        let found = self.cursors.iter().position(|cursor| cursor.of == *of);
        found.ok_or_else(|| LogError::NotAssigned { of: of.clone() })
    }

    fn cursor(&mut self, of: &TopicPartition) -> Result<&mut Cursor, LogError> {
        let found = self.cursors.iter_mut().find(|cursor| cursor.of == *of);
        found.ok_or_else(|| LogError::NotAssigned { of: of.clone() })
    }

    fn start(&self, of: &TopicPartition, from: u64) -> Result<(), LogError> {
        self.consumer
            .incremental_assign(&one(of, from)?)
            .map_err(|error| self.connection.fault(error, format!("read {of}")))
    }

    fn stop(&self, of: &TopicPartition) -> Result<(), LogError> {
        self.consumer
            .incremental_unassign(&one(of, 0)?)
            .map_err(|error| error::of_log(error, format!("stop reading {of}")))
    }

    /// What the client says beside records: nothing that concerns a partition.
    fn serve(&self) -> Result<(), LogError> {
        while let Some(event) = self.consumer.poll(Duration::ZERO) {
            if let Err(error @ KafkaError::MessageConsumptionFatal(_)) = event {
                let reason = error::text(&error);
                return Err(LogError::Failed { action: "read from Kafka".to_owned(), reason });
            }
        }
        Ok(())
    }

    /// What a cursor has, if it has anything to tell.
    fn take(&mut self, place: usize) -> Result<Option<Batch>, LogError> {
        let Some(cursor) = self.cursors.get_mut(place) else { return Ok(None) };
        let (mut records, mut bytes, mut at_end) = (Vec::new(), 0, false);
        while cursor.trouble.is_none() && records.len() < self.limits.records && bytes < self.limits.bytes {
            match cursor.queue.poll(Duration::ZERO) {
                None => break,
                Some(Ok(message)) => {
                    let record = record(&message);
                    bytes += record.key.as_ref().map_or(0, Vec::len);
                    bytes += record.value.as_ref().map_or(0, Vec::len);
                    cursor.next = record.offset + 1;
                    records.push(record);
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {
                    at_end = true;
                    break;
                }
                Some(Err(error)) => cursor.trouble = Some(error),
            }
        }
        if records.is_empty() && !at_end {
            let trouble = cursor.trouble.take();
            return trouble.map_or(Ok(None), |error| self.explain(place, error));
        }
        Ok(Some(Batch { of: cursor.of.clone(), records, next: cursor.next, at_end }))
    }

    /// What an error in a partition's queue means.
    fn explain<T>(&self, place: usize, error: KafkaError) -> Result<Option<T>, LogError> {
        let Some(Cursor { of, next, .. }) = self.cursors.get(place) else { return Ok(None) };
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AutoOffsetReset) => {
                let bounds = self.connection.bounds(&self.connection.group, of)?;
                Err(LogError::OutOfRange { of: of.clone(), offset: *next, bounds })
            }
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                Err(LogError::UnknownTopic { topic: of.topic.to_string() })
            }
            _ => match error::of_log(error, format!("read {of}")) {
                // It goes on by itself.
                LogError::Unreachable { reason, .. } => {
                    tracing::warn!(
                        topic = &*of.topic,
                        partition = of.partition,
                        reason,
                        "reading is held up"
                    );
                    Ok(None)
                }
                error => Err(error),
            },
        }
    }
}

impl Reader for KafkaReader {
    fn assign(&mut self, of: &TopicPartition, from: u64) -> Result<(), LogError> {
        if self.place(of).is_ok() {
            return self.seek(of, from);
        }
        // Checks that it exists; and a client that knows the partition's leader begins half a second
        // sooner.
        self.connection.bounds(&self.consumer, of)?;
        let queue = match self.spare.remove(of) {
            Some(queue) => queue,
            None => {
                let partition = partition_number(of)?;
                let queue = self.consumer.split_partition_queue(&of.topic, partition);
                let mut queue = queue.ok_or_else(|| LogError::Failed {
                    action: format!("read {of}"),
                    reason: "the client has no queue for it".to_owned(),
                })?;
                let signal = Arc::clone(&self.signal);
                queue.set_nonempty_callback(move || signal.raise());
                queue
            }
        };
        self.start(of, from)?;
        self.cursors.push(Cursor { of: of.clone(), queue, next: from, is_paused: false, trouble: None });
        Ok(())
    }

    fn unassign(&mut self, of: &TopicPartition) -> Result<(), LogError> {
        let place = self.place(of)?;
        self.stop(of)?;
        let cursor = self.cursors.remove(place);
        self.spare.insert(cursor.of, cursor.queue);
        Ok(())
    }

    fn poll(&mut self, timeout: Duration) -> Result<Option<Batch>, LogError> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            self.signal.lower();
            self.serve()?;
            for place in 0..self.cursors.len() {
                if self.cursors.get(place).is_some_and(|cursor| cursor.is_paused) {
                    continue;
                }
                if let Some(batch) = self.take(place)? {
                    // The next poll begins with the one after it.
                    self.cursors.rotate_left(place + 1);
                    return Ok(Some(batch));
                }
            }
            let left =
                deadline.map_or(SERVE_EVERY, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(None);
            }
            self.signal.wait(left.min(SERVE_EVERY));
        }
    }

    fn pause(&mut self, of: &TopicPartition) -> Result<(), LogError> {
        self.cursor(of)?.is_paused = true;
        Ok(())
    }

    fn resume(&mut self, of: &TopicPartition) -> Result<(), LogError> {
        self.cursor(of)?.is_paused = false;
        Ok(())
    }

    fn seek(&mut self, of: &TopicPartition, offset: u64) -> Result<(), LogError> {
        // The client's own seek refuses a partition that was stopped by an error.
        self.cursor(of)?;
        self.stop(of)?;
        self.start(of, offset)?;
        let cursor = self.cursor(of)?;
        cursor.next = offset;
        cursor.trouble = None;
        Ok(())
    }
}

/// Raised by the client's threads when a queue gets something.
#[derive(Default)]
struct Signal {
    raised: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    fn raise(&self) {
        *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }

    fn lower(&self) {
        *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }

    fn wait(&self, timeout: Duration) {
        let raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        // Woken for nothing, the caller looks again and comes back.
        let _ = self.changed.wait_timeout_while(raised, timeout, |raised| !*raised);
    }
}

fn one(of: &TopicPartition, from: u64) -> Result<TopicPartitionList, LogError> {
    let mut list = TopicPartitionList::new();
    let offset = Offset::Offset(i64::try_from(from).unwrap_or(i64::MAX));
    list.add_partition_offset(&of.topic, partition_number(of)?, offset)
        .map_err(|error| error::of_log(error, format!("read {of}")))?;
    Ok(list)
}

/// A copy of a record as it was received.
pub(super) fn record(message: &BorrowedMessage<'_>) -> Record {
    let count = message.headers().map_or(0, Headers::count);
    Record {
        offset: offset(message.offset()),
        timestamp: Timestamp::from_millis(message.timestamp().to_millis().unwrap_or(0)),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: (0..count).map(|index| header(message, index)).collect(),
    }
}

/// This client panics at a header whose name is not UTF-8, which anybody can send: its name and value
/// are given up then, and the record stays readable.
fn header(message: &BorrowedMessage<'_>, index: usize) -> Header {
    let found = catch_unwind(AssertUnwindSafe(|| {
        let header = message.headers()?.try_get(index)?;
        Some((header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
    }));
    found.ok().flatten().unwrap_or_else(|| (char::REPLACEMENT_CHARACTER.into(), None))
}
