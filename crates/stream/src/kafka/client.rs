//! The clients of librdkafka that a log is made of, and the one that all of it shares for questions.

use super::chores::{Chores, MOMENT};
use super::context::{Context, Receiver};
use super::error;
use super::member::GroupConsumer;
use super::options::{self, KafkaOptions};
use crate::log::{Bounds, LogError, TopicPartition};
use rdkafka::ClientConfig;
use rdkafka::admin::AdminClient;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::BaseProducer;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What everything of one log shares.
pub(super) struct Connection {
    pub(super) options: KafkaOptions,
    /// For questions, and in the name of the group while there is no member: it never subscribes.
    pub(super) group: Arc<Consumer>,
    /// The member of the group, while there is one.
    member: Mutex<Weak<GroupConsumer>>,
    chores: Chores,
}

/// Reads, or only asks.
pub(super) type Consumer = BaseConsumer<Context>;

impl Connection {
    pub(super) fn new(options: KafkaOptions) -> Result<Connection, LogError> {
        options::check(&options)?;
        let context = Context::new(options.token_file.clone(), ());
        let group = Arc::new(create(&options::consumer(&options), context)?);
        let chores = Chores::start()?;
        chores.add(&group);
        Ok(Connection { options, group, member: Mutex::default(), chores })
    }

    /// A consumer of its own, which its owner polls.
    pub(super) fn consumer(&self, change: impl FnOnce(&mut ClientConfig)) -> Result<Consumer, LogError> {
        let mut config = options::consumer(&self.options);
        change(&mut config);
        let consumer: Consumer = create(&config, self.context(()))?;
        // A token, where one is needed, is asked for by the first poll.
        consumer.poll(MOMENT);
        Ok(consumer)
    }

    /// A producer, served also while its owner does nothing with it.
    pub(super) fn producer<R: Receiver + 'static>(
        &self,
        receiver: R,
        change: impl FnOnce(&mut ClientConfig),
    ) -> Result<Arc<BaseProducer<Context<R>>>, LogError> {
        let mut config = options::producer(&self.options);
        change(&mut config);
        let producer: Arc<BaseProducer<_>> = Arc::new(create(&config, self.context(receiver))?);
        producer.poll(MOMENT);
        self.chores.add(&producer);
        Ok(producer)
    }

    pub(super) fn admin(&self) -> Result<AdminClient<Context>, LogError> {
        create(&options::base(&self.options), self.context(()))
    }

    /// What an error means for something other than writing, with what the client says about its
    /// connections where it could not reach anybody.
    pub(super) fn fault(&self, error: KafkaError, action: String) -> LogError {
        match error::of_log(error, action) {
            LogError::Unreachable { action, reason } => {
                while self.group.poll(MOMENT).is_some() {}
                let trouble = self.group.client().context().recent_trouble();
                let reason = trouble.map_or(reason.clone(), |trouble| format!("{reason} ({trouble})"));
                LogError::Unreachable { action, reason }
            }
            error => error,
        }
    }

    /// From now on writers write on behalf of this member.
    pub(super) fn has_joined(&self, consumer: &Arc<GroupConsumer>) {
        *self.member.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(consumer);
    }

    /// Who commits offsets, as of now: the member with its generation, or nobody in particular.
    pub(super) fn group_metadata(&self) -> Option<ConsumerGroupMetadata> {
        let member = self.member.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        member.map_or_else(|| self.group.group_metadata(), |member| member.group_metadata())
    }

    fn context<R>(&self, receiver: R) -> Context<R> {
        Context::new(self.options.token_file.clone(), receiver)
    }

    pub(super) fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        let action = || format!("look up topic `{topic}`");
        let metadata = self
            .group
            .fetch_metadata(Some(topic), self.options.timeout)
            .map_err(|error| self.fault(error, action()))?;
        let unknown = || LogError::UnknownTopic { topic: topic.to_owned() };
        let found = metadata.topics().iter().find(|found| found.name() == topic).ok_or_else(unknown)?;
        match found.error().map(RDKafkaErrorCode::from) {
            None => {}
            // So the broker answers for a name that it would never take, too.
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::InvalidTopic) => {
                return Err(unknown());
            }
            Some(code) => return Err(self.fault(KafkaError::MetadataFetch(code), action())),
        }
        Ok(u32::try_from(found.partitions().len()).unwrap_or(u32::MAX))
    }

    /// As the consumer sees it, which reads committed records only.
    pub(super) fn bounds(&self, consumer: &Consumer, of: &TopicPartition) -> Result<Bounds, LogError> {
        let partition = partition_number(of)?;
        match consumer.fetch_watermarks(&of.topic, partition, self.options.timeout) {
            Ok((first, next)) => Ok(Bounds { first: offset(first), next: offset(next) }),
            Err(error) => {
                // The client's answer does not say whether topic or partition is unknown, nor whether it
                // only has not heard of them yet.
                let partitions = self.partitions(&of.topic)?;
                if of.partition >= partitions {
                    return Err(LogError::UnknownPartition { of: of.clone(), partitions });
                }
                Err(self.fault(error, format!("look up {of}")))
            }
        }
    }
}

/// Kafka's number of a partition.
pub(super) fn partition_number(of: &TopicPartition) -> Result<i32, LogError> {
    i32::try_from(of.partition).map_err(|_| LogError::UnknownPartition { of: of.clone(), partitions: 0 })
}

/// An offset that is one, not a special value.
pub(super) fn offset(offset: i64) -> u64 {
    u64::try_from(offset).unwrap_or(0)
}

fn create<R, T>(config: &ClientConfig, context: Context<R>) -> Result<T, LogError>
where
    R: Send + Sync,
    T: FromClientConfigAndContext<Context<R>>,
{
    config.create_with_context(context).map_err(|error| LogError::Refused {
        action: "make a Kafka client".to_owned(),
        reason: error::text(&error),
    })
}
