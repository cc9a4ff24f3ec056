//! A member of the consumer group: it owns partitions and reads nothing.
//!
//! Every rebalance is answered inside its callback, the empty one too: a group whose member puts the answer off
//! stands still. Assigned partitions are paused for as long as they are assigned, because each is read by a
//! reader of its own, from where its state says: so a rebalance never touches how a partition is read, nothing is
//! fetched for partitions that are not ready for it, and the group's offsets decide nothing. The group sees its
//! lag all the same, since writers commit offsets on this member's behalf.
//!
//! Members are static: the broker knows one by its instance id, and one that comes back before its session
//! times out finds its partitions where they were.

use super::client::Connection;
use super::context::Context;
use super::{error, options};
use crate::log::{Departure, Joining, LogError, Member, Rebalance};
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The consumer behind a member, whose metadata writers send along.
pub(super) type GroupConsumer = BaseConsumer<MemberContext>;

pub(super) struct KafkaMember {
    consumer: Arc<GroupConsumer>,
}

/// How long one poll of the client waits.
const SLICE: Duration = Duration::from_millis(100);
/// How long the end waits for the client to have given everything back, and to have said so.
const FAREWELL: Duration = Duration::from_millis(1_500);
/// The client sends its farewell from a thread of its own, and does not tell when.
const SENDING: Duration = Duration::from_millis(200);

impl KafkaMember {
    pub(super) fn join(connection: &Connection, joining: &Joining) -> Result<KafkaMember, LogError> {
        let mut config = options::consumer(&connection.options);
        let session = joining.session_timeout.as_millis();
        config.set("group.instance.id", &joining.instance);
        config.set("session.timeout.ms", session.to_string());
        config.set("heartbeat.interval.ms", (session / 3).clamp(1, 3_000).to_string());
        config.set("partition.assignment.strategy", "cooperative-sticky");
        let context = MemberContext {
            client: Context::new(connection.options.token_file.clone(), ()),
            news: Mutex::default(),
        };
        let refused = |error: KafkaError| LogError::Refused {
            action: format!("join the consumer group `{}`", connection.options.application),
            reason: error::text(&error),
        };
        let consumer: GroupConsumer = config.create_with_context(context).map_err(refused)?;
        consumer.subscribe(&[&joining.topic]).map_err(refused)?;
        let consumer = Arc::new(consumer);
        connection.has_joined(&consumer);
        Ok(KafkaMember { consumer })
    }

    fn news(&self) -> Option<Rebalance> {
        self.consumer.client().context().lock().rebalances.pop_front()
    }

    /// Serves the client once.
    fn serve(&self, timeout: Duration) -> Result<(), LogError> {
        let action = "stay in the consumer group".to_owned();
        match self.consumer.poll(timeout) {
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                let reason = match error.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::FencedInstanceId) => {
                        "another process runs with the id of this data directory: is it a copy?".to_owned()
                    }
                    _ => error::text(&error),
                };
                return Err(LogError::Failed { action, reason });
            }
            Some(Err(error)) => {
                if let error @ LogError::Refused { .. } = error::of_log(error, action) {
                    return Err(error);
                }
            }
            // Fetched before the pause took hold; its reader reads it.
            Some(Ok(_)) | None => {}
        }
        let failure = self.consumer.client().context().lock().failure.take();
        failure.map_or(Ok(()), |reason| {
            Err(LogError::Failed { action: "answer the consumer group".to_owned(), reason })
        })
    }
}

impl Member for KafkaMember {
    fn poll(&mut self, timeout: Duration) -> Result<Option<Rebalance>, LogError> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(rebalance) = self.news() {
                return Ok(Some(rebalance));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            self.serve(left.min(SLICE))?;
            if left.is_zero() {
                return Ok(self.news());
            }
        }
    }

    fn leave(self: Box<Self>, departure: Departure) {
        if departure == Departure::Returning {
            return;
        }
        // A static member says farewell when it unsubscribes, never when it is only dropped.
        self.consumer.unsubscribe();
        let deadline = Instant::now() + FAREWELL;
        let holds_any = || self.consumer.assignment().is_ok_and(|assignment| assignment.count() > 0);
        while holds_any() && Instant::now() < deadline {
            if self.serve(SLICE).is_err() {
                return;
            }
        }
        // What goes wrong now, the end of the session mends.
        let _ = self.serve(SENDING);
    }
}

/// What the client of a member is given: an ear for rebalances.
pub(super) struct MemberContext {
    client: Context,
    news: Mutex<News>,
}

#[derive(Default)]
struct News {
    rebalances: VecDeque<Rebalance>,
    /// Why the group could not be answered.
    failure: Option<String>,
}

impl MemberContext {
    fn lock(&self) -> std::sync::MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, answered: Result<(), KafkaError>, rebalance: Rebalance) {
        let mut news = self.lock();
        news.rebalances.push_back(rebalance);
        if let Err(error) = answered {
            news.failure.get_or_insert_with(|| error::text(&error));
        }
    }
}

impl ConsumerContext for MemberContext {
    fn rebalance(&self, consumer: &GroupConsumer, kind: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let numbers = partitions.elements().into_iter().map(|element| element.partition());
        let numbers: Vec<u32> = numbers.filter_map(|number| u32::try_from(number).ok()).collect();
        match kind {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                // Never read from: any offset will do, but one that the client need not ask for.
                let placed = partitions.set_all_offsets(Offset::Offset(0));
                let answered = placed.and_then(|()| consumer.incremental_assign(partitions));
                let paused = answered.and_then(|()| consumer.pause(partitions));
                self.tell(paused, Rebalance::Assigned(numbers));
            }
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS => {
                let is_lost = consumer.assignment_lost();
                let answered = consumer.incremental_unassign(partitions);
                let rebalance = if is_lost { Rebalance::Lost(numbers) } else { Rebalance::Revoked(numbers) };
                self.tell(answered, rebalance);
            }
            kind => {
                let answered = consumer.unassign().and(Err(KafkaError::Rebalance(kind.into())));
                self.tell(answered, Rebalance::Lost(numbers));
            }
        }
    }
}

impl ClientContext for MemberContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.client.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.client.error(error, reason);
    }

    fn generate_oauth_token(&self, configuration: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.client.generate_oauth_token(configuration)
    }
}
