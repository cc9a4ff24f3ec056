//! The last record of a partition. The offset before the end is often that of a transaction's marker or
//! of an aborted record, so one reads forward from a little before the end, and from ever further back.

use super::client::{Connection, Consumer, offset, partition_number};
use super::reader::record;
use crate::log::{LogError, Record, TopicPartition};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

/// The first look goes back so far, each further one eight times as far.
const FIRST_WINDOW: u64 = 64;
const WIDEN: u64 = 8;

pub(super) fn last_record(connection: &Connection, of: &TopicPartition) -> Result<Option<Record>, LogError> {
    let failed = |error: KafkaError| connection.fault(error, format!("read {of}"));
    // Only one partition is read here, and its end should be told at once.
    let consumer = connection.consumer(|config| {
        config.set("fetch.wait.max.ms", "20");
    })?;
    let bounds = connection.bounds(&consumer, of)?;
    let (mut window, mut upto) = (FIRST_WINDOW, bounds.next);
    while upto > bounds.first {
        let start = bounds.next.saturating_sub(window).max(bounds.first);
        let mut list = TopicPartitionList::new();
        let from = Offset::Offset(i64::try_from(start).unwrap_or(i64::MAX));
        list.add_partition_offset(&of.topic, partition_number(of)?, from).map_err(failed)?;
        consumer.assign(&list).map_err(failed)?;
        if let Some(found) = last_before(&consumer, upto, connection, of)? {
            return Ok(Some(found));
        }
        upto = start;
        window = window.saturating_mul(WIDEN);
    }
    Ok(None)
}

/// The last record that comes before this offset or the end.
fn last_before(
    consumer: &Consumer,
    upto: u64,
    connection: &Connection,
    of: &TopicPartition,
) -> Result<Option<Record>, LogError> {
    let mut last = None;
    loop {
        match consumer.poll(connection.options.timeout) {
            Some(Ok(message)) if offset(message.offset()) >= upto => return Ok(last),
            Some(Ok(message)) => last = Some(record(&message)),
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(last),
            Some(Err(error)) => return Err(connection.fault(error, format!("read {of}"))),
            None => {
                let reason = "the broker did not answer in time".to_owned();
                return Err(LogError::Unreachable { action: format!("read {of}"), reason });
            }
        }
    }
}
