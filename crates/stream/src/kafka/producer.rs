//! Appending to Kafka: records of their own, idempotently, each answered for.

use super::client::{Connection, offset, partition_number};
use super::context::{Context, Receiver};
use super::error::{self, refuses_record};
use super::writer::message;
use crate::log::{AppendError, LogError, NewRecord, Producer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::BaseProducer;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(super) struct KafkaProducer {
    connection: Arc<Connection>,
    producer: Arc<BaseProducer<Context<Answers>>>,
}

const POLL: Duration = Duration::from_millis(1);

impl KafkaProducer {
    pub(super) fn new(connection: &Arc<Connection>) -> Result<KafkaProducer, LogError> {
        let timeout = connection.options.write_timeout;
        let producer = connection.producer(Answers, |config| {
            // The client gives up on a record a little before the caller does, so that it can say so.
            if config.get("message.timeout.ms").is_none() && config.get("delivery.timeout.ms").is_none() {
                config.set("message.timeout.ms", timeout.as_millis().to_string());
            }
        })?;
        Ok(KafkaProducer { connection: Arc::clone(connection), producer })
    }

    fn send(&self, record: &NewRecord, ticket: Ticket, deadline: Instant) -> Result<(), AppendError> {
        let refuse = |reason: String| AppendError::Refused { topic: record.to.topic.to_string(), reason };
        let partition = partition_number(&record.to).map_err(|error| refuse(error.to_string()))?;
        let mut message = message(record, partition, Box::new(ticket));
        loop {
            match self.producer.send(message) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), returned))
                    if Instant::now() < deadline =>
                {
                    self.producer.poll(POLL);
                    message = returned;
                }
                Err((error, _)) => return Err(answer(&record.to.topic, &error)),
            }
        }
    }
}

impl Producer for KafkaProducer {
    fn append(&self, records: Vec<NewRecord>) -> Vec<Result<u64, AppendError>> {
        let deadline = Instant::now() + self.connection.options.write_timeout;
        let answers = Arc::new(Mutex::new(Waiting { answers: vec![None; records.len()], missing: 0 }));
        let lock = || answers.lock().unwrap_or_else(PoisonError::into_inner);
        for (place, record) in records.iter().enumerate() {
            lock().missing += 1;
            let ticket = Ticket { answers: Arc::clone(&answers), place };
            if let Err(error) = self.send(record, ticket, deadline) {
                lock().set(place, Err(error));
            }
        }
        // A second more than the client itself waits.
        let deadline = deadline + Duration::from_secs(1);
        while lock().missing > 0 && Instant::now() < deadline {
            self.producer.poll(POLL);
        }
        let late =
            || Err(AppendError::Doubtful { reason: "the broker did not confirm it in time".to_owned() });
        let answers = std::mem::take(&mut lock().answers);
        answers.into_iter().map(|answer| answer.unwrap_or_else(late)).collect()
    }
}

fn answer(topic: &str, error: &KafkaError) -> AppendError {
    let reason = error::text(error);
    match error.rdkafka_error_code() {
        Some(code) if refuses_record(code) => AppendError::Refused { topic: topic.to_owned(), reason },
        _ => AppendError::Doubtful { reason },
    }
}

/// The answers to one call.
struct Waiting {
    answers: Vec<Option<Result<u64, AppendError>>>,
    missing: usize,
}

impl Waiting {
    fn set(&mut self, place: usize, answer: Result<u64, AppendError>) {
        // Nobody waits any more where the answers were taken.
        if let Some(slot @ None) = self.answers.get_mut(place) {
            *slot = Some(answer);
            self.missing = self.missing.saturating_sub(1);
        }
    }
}

/// Whose answer a record's delivery is.
struct Ticket {
    answers: Arc<Mutex<Waiting>>,
    place: usize,
}

struct Answers;

impl Receiver for Answers {
    type Ticket = Box<Ticket>;

    fn delivered(&self, result: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        let outcome = match result {
            Ok(message) => Ok(offset(message.offset())),
            Err((error, message)) => Err(answer(message.topic(), error)),
        };
        ticket.answers.lock().unwrap_or_else(PoisonError::into_inner).set(ticket.place, outcome);
    }
}
