//! Where faults happen: topics of one's own on a broker, a data directory, and a stream of changes and requests that
//! are written to the broker itself, whether the program runs or not.

use crate::broker::Broker;
use crate::checker::{Seen, Topics, Truth};
use crate::program::Workshop;
use crate::random::Random;
use crate::service::{Service, kafka_configuration};
use crate::staff;
use muster_directory::Instant;
use muster_stream::kafka::{KafkaLog, KafkaOptions};
use muster_stream::log::{Log, NewRecord, Policy, Producer, Retention, TopicPartition, TopicSpec};
use muster_wire::Partitioner;
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PARTITIONS: NonZeroU32 = NonZeroU32::new(2).expect("it is not zero");
const USERS: usize = 30;
/// Longer than a group takes to give up a member.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);

/// See the module's text.
pub struct Scene<'a> {
    pub(super) broker: &'a Broker,
    pub(super) workshop: Workshop,
    pub(super) random: Random,
    pub(super) topics: Topics,
    pub(super) log: KafkaLog,
    pub(super) configuration: String,
    producer: Box<dyn Producer>,
    began: Instant,
    checked: usize,
}

impl<'a> Scene<'a> {
    pub(super) fn new(broker: &'a Broker, fault: &str, seed: u64) -> Scene<'a> {
        let name = format!("{fault}-{seed}");
        let kafka = format!(
            "brokers = \"{}\"\nsession_timeout = \"6s\"\n[kafka.client]\nreconnect.backoff.max.ms = \"500\"\n",
            broker.bootstrap()
        );
        let options = KafkaOptions::new(broker.bootstrap(), format!("{name}-checker"));
        let log = KafkaLog::open(options).expect("a client of the broker");
        let topics = Topics::of(&name, PARTITIONS.get());
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let producer = log.producer().expect("a producer");
        let scene = Scene {
            broker,
            workshop: Workshop::default(),
            random: Random::new(seed),
            configuration: kafka_configuration(&kafka, &name, PARTITIONS.get()),
            topics,
            log,
            producer,
            // Every hire date lies in the past, so that time alone changes nothing while somebody looks.
            began: Instant::from_millis(i64::try_from(millis).expect("this century") - 8 * 86_400_000),
            checked: 0,
        };
        scene.make_topics();
        scene.append(vec![scene.request(staff::ASSIGNED, staff::assigned_group())]);
        scene
    }

    /// The topics that this side writes before the program makes the rest.
    pub(super) fn make_topics(&self) {
        let keep = || Policy::Delete(Retention { time: None, bytes: None });
        let mut specs = vec![TopicSpec { name: self.topics.requests.clone(), partitions: 1, policy: keep() }];
        for name in &self.topics.changes {
            specs.push(TopicSpec { name: name.clone(), partitions: self.topics.partitions, policy: keep() });
        }
        self.log.create_topics(&specs).expect("topics can be made");
    }

    /// How many deltas the last check looked at.
    pub(super) fn checked(&self) -> usize {
        self.checked
    }

    /// Starts the program and waits until it is ready.
    pub(super) fn start(&self) -> Service {
        self.spawn(&[]).until_ready()
    }

    /// Starts the program with more in its environment.
    pub(super) fn spawn(&self, environment: &[(&str, &str)]) -> Service {
        Service::spawn(&self.workshop, &self.configuration, environment)
    }

    /// Writes so many changes, and a request now and then, to the broker.
    pub(super) fn feed(&mut self, count: usize) {
        let mut records = Vec::new();
        for _ in 0..count {
            if self.random.chance(4) {
                let (id, request) = staff::request(&mut self.random);
                records.push(self.request(&id, request));
            }
            let id = format!("u{}", self.random.below(USERS));
            let line = staff::change(&mut self.random, &id, self.began);
            records.push(self.change(&id, line));
        }
        self.append(records);
    }

    /// Writes one change of each user to the broker.
    pub(super) fn feed_everybody(&mut self, line: impl Fn(&str) -> String) {
        let users = (0..USERS).map(|user| format!("u{user}"));
        self.append(users.map(|id| self.change(&id, line(&id))).collect());
    }

    fn change(&self, id: &str, line: String) -> NewRecord {
        let partition = Partitioner::Murmur2.partition_of(id.as_bytes(), PARTITIONS);
        NewRecord::new(TopicPartition::new(self.topics.changes[0].as_str(), partition), id, line)
    }

    fn request(&self, id: &str, line: String) -> NewRecord {
        NewRecord::new(TopicPartition::new(self.topics.requests.as_str(), 0), id, line)
    }

    fn append(&self, records: Vec<NewRecord>) {
        for appended in self.producer.append(records) {
            appended.expect("the broker takes it");
        }
    }

    /// Waits until the program has done all that was written; while partitions move, until they are its own.
    pub(super) fn rest(&self, service: &Service) {
        // Behind everything else, and without effect: one for each partition, and one for the requests.
        let request = serde_json::json!({"kind": "group", "op": "upsert", "id": "mark", "data": {}});
        apply(service, &request.to_string());
        let marks: Vec<String> = (0..USERS)
            .map(|user| format!(r#"{{"kind":"member","op":"remove","group":"mark","id":"u{user}"}}"#))
            .collect();
        apply(service, &marks.join("\n"));
    }

    /// What is published now.
    pub(super) fn seen(&self) -> Seen {
        Seen::of_log(&self.log, &self.topics)
    }

    /// The checker's verdict on everything, at rest.
    pub(super) fn check(&mut self) -> Result<(), String> {
        let seen = self.seen();
        self.checked = seen.count();
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let now = Instant::from_millis(i64::try_from(millis).expect("this century"));
        seen.check(&Truth::of_log(&self.log, &self.topics, now))
    }

    /// Lets it rest, checks, and checks that a restart publishes nothing.
    pub(super) fn verdict(&mut self, service: Service) -> Result<(), String> {
        self.rest(&service);
        self.check()?;
        let before = self.seen();
        let status = service.terminate();
        if status != 0 {
            return Err(format!("it ended with status {status}:\n{}", service.said()));
        }
        drop(service);
        let service = self.start();
        self.rest(&service);
        self.seen().unchanged_since(&before)?;
        assert_eq!(service.terminate(), 0);
        Ok(())
    }
}

fn apply(service: &Service, lines: &str) {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let answer = service.try_post_events("wait=applied&timeout=120", lines).expect("an answer");
        if answer.status == 200 {
            return;
        }
        let moves = answer.status == 503 && std::time::Instant::now() < deadline;
        assert!(moves, "{}: {}", answer.status, answer.text);
        std::thread::sleep(PAUSE);
    }
}
