//! Topics: made with the broker's default replication, and compared with what they should be.

use super::client::Connection;
use crate::log::{LogError, Policy, Retention, TopicDifference, TopicSpec, check_name};
use rdkafka::admin::{AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// What makes a broker use its own default.
const DEFAULT_REPLICATION: TopicReplication<'_> = TopicReplication::Fixed(-1);

/// The client that administers is never polled by this crate's version of it, so it gets no tokens.
fn can_administer(connection: &Connection) -> bool {
    !["sasl.mechanism", "sasl.mechanisms"].iter().any(|name| {
        let mechanism = connection.options.client.get(*name);
        mechanism.is_some_and(|mechanism| mechanism.eq_ignore_ascii_case("OAUTHBEARER"))
    })
}

pub(super) fn create(connection: &Connection, topics: &[TopicSpec]) -> Result<Vec<String>, LogError> {
    let mut settings = Vec::with_capacity(topics.len());
    for topic in topics {
        let refuse = |reason: &str| {
            let action = format!("create topic `{}`", topic.name);
            LogError::Refused { action, reason: reason.to_owned() }
        };
        check_name(&topic.name).map_err(refuse)?;
        let partitions = i32::try_from(topic.partitions).ok().filter(|&count| count > 0);
        let partitions = partitions.ok_or_else(|| refuse("a topic has at least one partition"))?;
        settings.push((topic, partitions, retention(topic.policy)));
    }
    if !can_administer(connection) {
        let action = "create topics".to_owned();
        let reason =
            "with OAUTHBEARER it has to be done by another tool: check says what is missing".to_owned();
        return Err(LogError::Refused { action, reason });
    }
    let topics: Vec<NewTopic<'_>> = settings
        .iter()
        .map(|(topic, partitions, retention)| {
            let new = NewTopic::new(&topic.name, *partitions, DEFAULT_REPLICATION)
                .set("cleanup.policy", topic.policy.name());
            retention.iter().fold(new, |new, (name, value)| new.set(name, value))
        })
        .collect();
    let admin = connection.admin()?;
    let results = wait(admin.create_topics(&topics, &admin_options(connection)))
        .map_err(|error| connection.fault(error, "create topics".to_owned()))?;
    let mut created = Vec::new();
    for result in results {
        match result {
            Ok(name) => created.push(name),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => {
                return Err(connection.fault(KafkaError::Global(code), format!("create topic `{name}`")));
            }
        }
    }
    await_leaders(connection, &created)?;
    Ok(created)
}

/// A topic exists before it can be used; waits for the latter.
fn await_leaders(connection: &Connection, topics: &[String]) -> Result<(), LogError> {
    let deadline = Instant::now().checked_add(connection.options.timeout);
    for name in topics {
        loop {
            let metadata = connection
                .group
                .fetch_metadata(Some(name), connection.options.timeout)
                .map_err(|error| connection.fault(error, format!("look up topic `{name}`")))?;
            let is_ready = metadata.topics().iter().any(|topic| {
                topic.error().is_none()
                    && !topic.partitions().is_empty()
                    && topic.partitions().iter().all(|partition| partition.leader() >= 0)
            });
            if is_ready {
                break;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                let reason = "it was made, but no broker leads its partitions yet".to_owned();
                return Err(LogError::Unreachable { action: format!("use topic `{name}`"), reason });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

pub(super) fn check(connection: &Connection, topics: &[TopicSpec]) -> Result<Vec<TopicDifference>, LogError> {
    let mut differences = Vec::new();
    let mut existing = Vec::new();
    for spec in topics {
        let topic = spec.name.clone();
        match connection.partitions(&topic) {
            Ok(found) => {
                existing.push(spec);
                if found != spec.partitions {
                    let expected = spec.partitions;
                    differences.push(TopicDifference::Partitions { topic, expected, found });
                }
            }
            Err(LogError::UnknownTopic { .. }) => differences.push(TopicDifference::Missing { topic }),
            Err(error) => return Err(error),
        }
    }
    if existing.is_empty() {
        return Ok(differences);
    }
    if !can_administer(connection) {
        tracing::warn!("with OAUTHBEARER the cleanup policies of topics cannot be checked");
        return Ok(differences);
    }
    let resources: Vec<_> = existing.iter().map(|spec| ResourceSpecifier::Topic(&spec.name)).collect();
    let admin = connection.admin()?;
    let failed = |error, name: &str| connection.fault(error, format!("read the settings of {name}"));
    let answers = wait(admin.describe_configs(&resources, &admin_options(connection)))
        .map_err(|error| failed(error, "topics"))?;
    for (spec, answer) in existing.into_iter().zip(answers) {
        let settings = answer.map_err(|code| failed(KafkaError::Global(code), &spec.name))?;
        let entry = settings.get("cleanup.policy").and_then(|entry| entry.value.as_deref());
        let (topic, expected, found) = (spec.name.clone(), spec.policy.name(), entry.unwrap_or("delete"));
        if found != expected {
            differences.push(TopicDifference::Policy { topic, expected, found: found.to_owned() });
        }
    }
    let place = |difference: &TopicDifference| topics.iter().position(|spec| spec.name == difference.topic());
    differences.sort_by_key(place);
    Ok(differences)
}

/// What brokers have unless they are told otherwise.
const DEFAULT_TOMBSTONE_RETENTION: Duration = Duration::from_secs(86_400);

pub(super) fn tombstone_retention(connection: &Connection, topic: &str) -> Result<Duration, LogError> {
    if !can_administer(connection) {
        tracing::warn!(
            topic,
            "with OAUTHBEARER `delete.retention.ms` cannot be read: one day is taken for it"
        );
        return Ok(DEFAULT_TOMBSTONE_RETENTION);
    }
    let failed = |error| connection.fault(error, format!("read the settings of {topic}"));
    let admin = connection.admin()?;
    let asked = [ResourceSpecifier::Topic(topic)];
    let answers = wait(admin.describe_configs(&asked, &admin_options(connection))).map_err(failed)?;
    let Some(answer) = answers.into_iter().next() else { return Ok(DEFAULT_TOMBSTONE_RETENTION) };
    let settings = answer.map_err(|code| failed(KafkaError::Global(code)))?;
    let entry = settings.get("delete.retention.ms").and_then(|entry| entry.value.as_deref());
    let milliseconds = entry.and_then(|value| value.parse().ok());
    Ok(milliseconds.map_or(DEFAULT_TOMBSTONE_RETENTION, Duration::from_millis))
}

/// The settings of a topic that come of a policy, beside its name.
fn retention(policy: Policy) -> Vec<(&'static str, String)> {
    let Policy::Delete(Retention { time, bytes }) = policy else { return Vec::new() };
    let time = time.map(|time| ("retention.ms", time.as_millis().to_string()));
    let bytes = bytes.map(|bytes| ("retention.bytes", bytes.to_string()));
    time.into_iter().chain(bytes).collect()
}

fn admin_options(connection: &Connection) -> AdminOptions {
    let timeout = Some(connection.options.timeout);
    AdminOptions::new().request_timeout(timeout).operation_timeout(timeout)
}

/// Runs a future on this thread; the client's own thread does the work.
fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
