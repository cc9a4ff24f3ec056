//! Members of the consumer group: who gets which partitions, and whose writing is refused.

use super::support::{
    DELETE, Embedded, Fixture, Kafka, PATIENCE, append, progress, read_all, reader, records, values,
};
use muster_stream::kafka::KafkaLog;
use muster_stream::log::{
    Departure, Joining, Log, LogError, Member, Policy, Rebalance, TopicPartition, WriteError,
};
use muster_tests::broker::Broker;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Far longer than any wait here: what moves before it moved for another reason.
const SESSION: Duration = Duration::from_secs(200);

/// An instance of the application, with a connection of its own.
struct Instance {
    log: KafkaLog,
    member: Box<dyn Member>,
    owned: BTreeSet<u32>,
    /// How often it was told of a change.
    told: usize,
}

impl Instance {
    fn join(fixture: &Kafka, topic: &str, instance: &str) -> Instance {
        let log = KafkaLog::open(Kafka::options(&fixture.name("app"))).unwrap();
        let member = log.join(&joining(topic, instance)).unwrap();
        Instance { log, member, owned: BTreeSet::new(), told: 0 }
    }

    fn poll(&mut self) -> Result<(), LogError> {
        let Some(rebalance) = self.member.poll(Duration::from_millis(50))? else { return Ok(()) };
        self.told += 1;
        match rebalance {
            Rebalance::Assigned(partitions) => {
                partitions.iter().for_each(|p| assert!(self.owned.insert(*p), "{p} was assigned already"));
            }
            Rebalance::Revoked(partitions) | Rebalance::Lost(partitions) => {
                partitions.iter().for_each(|p| assert!(self.owned.remove(p), "{p} was not assigned"));
            }
        }
        Ok(())
    }
}

fn joining(topic: &str, instance: &str) -> Joining {
    Joining { topic: topic.into(), instance: instance.to_owned(), session_timeout: SESSION }
}

/// Serves all of them until it is so.
fn serve(instances: &mut [&mut Instance], until: impl Fn(&[&mut Instance]) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !until(instances) {
        assert!(
            Instant::now() < deadline,
            "{:?}",
            instances.iter().map(|i| (&i.owned, i.told)).collect::<Vec<_>>()
        );
        instances.iter_mut().for_each(|instance| instance.poll().unwrap());
    }
}

fn owns(counts: &[usize]) -> impl Fn(&[&mut Instance]) -> bool {
    move |instances| {
        let all: BTreeSet<u32> = instances.iter().flat_map(|instance| &instance.owned).copied().collect();
        all.len() == counts.iter().sum::<usize>()
            && instances.iter().zip(counts).all(|(instance, count)| instance.owned.len() == *count)
    }
}

#[test]
fn the_only_member_of_an_embedded_log_gets_everything_once() {
    let fixture = Embedded::new();
    let topic = fixture.topic("a", 3, DELETE);
    let mut member = fixture.log().join(&joining(&topic, "one")).unwrap();
    assert_eq!(member.poll(Duration::ZERO).unwrap(), Some(Rebalance::Assigned(vec![0, 1, 2])));
    assert_eq!(member.poll(Duration::ZERO).unwrap(), None);
    let unknown = fixture.log().join(&joining("b", "one")).err();
    assert!(matches!(unknown, Some(LogError::UnknownTopic { .. })), "{unknown:?}");
}

#[test]
fn two_members_share_and_the_one_that_stays_takes_over_what_the_other_leaves() {
    let fixture = Kafka::new();
    let topic = fixture.topic("a", 4, DELETE);
    let mut one = Instance::join(&fixture, &topic, "one");
    serve(&mut [&mut one], owns(&[4]));
    let mut two = Instance::join(&fixture, &topic, "two");
    serve(&mut [&mut one, &mut two], owns(&[2, 2]));
    let kept = one.owned.clone();
    two.member.leave(Departure::ForGood);
    serve(&mut [&mut one], owns(&[4]));
    assert!(one.owned.is_superset(&kept));
}

#[test]
fn a_member_for_whom_nothing_is_left_is_told_so_and_holds_nobody_up() {
    let fixture = Kafka::new();
    let topic = fixture.topic("a", 1, DELETE);
    let mut one = Instance::join(&fixture, &topic, "one");
    serve(&mut [&mut one], owns(&[1]));
    let mut two = Instance::join(&fixture, &topic, "two");
    serve(&mut [&mut one, &mut two], |instances| instances[1].told > 0);
    assert_eq!((one.owned.len(), two.owned.len()), (1, 0));
    // It is a full member all the same: the next in line.
    one.member.leave(Departure::ForGood);
    serve(&mut [&mut two], owns(&[1]));
}

#[test]
fn a_member_that_comes_back_finds_its_partitions_and_the_others_notice_nothing() {
    let fixture = Kafka::new();
    let topic = fixture.topic("a", 4, DELETE);
    let mut one = Instance::join(&fixture, &topic, "one");
    let mut two = Instance::join(&fixture, &topic, "two");
    serve(&mut [&mut one, &mut two], owns(&[2, 2]));
    let (had, told) = (two.owned.clone(), one.told);
    two.member.leave(Departure::Returning);
    let mut two = Instance::join(&fixture, &topic, "two");
    serve(&mut [&mut one, &mut two], |instances| instances[1].told > 0);
    assert_eq!((two.owned, one.told), (had, told));
}

#[test]
fn a_kept_partition_is_written_under_the_generation_of_the_moment() {
    let fixture = Kafka::new();
    let topic = fixture.topic("a", 2, DELETE);
    let mut one = Instance::join(&fixture, &topic, "one");
    serve(&mut [&mut one], owns(&[2]));
    let of = TopicPartition::new(&*topic, 0);
    let mut writer = one.log.writer("w").unwrap();
    writer.write(&[], &[progress(&of, 1, "before")]).unwrap();
    let mut two = Instance::join(&fixture, &topic, "two");
    serve(&mut [&mut one, &mut two], owns(&[1, 1]));
    writer.write(&[], &[progress(&of, 2, "after")]).unwrap();
    assert_eq!(writer.committed(&of).unwrap().unwrap().next, 2);
}

#[test]
fn what_an_instance_writes_after_it_was_replaced_is_refused() {
    let fixture = Kafka::new();
    let topic = fixture.topic("a", 1, DELETE);
    let out = TopicPartition::new(fixture.topic("out", 1, DELETE), 0);
    let of = TopicPartition::new(&*topic, 0);
    let mut zombie = Instance::join(&fixture, &topic, "one");
    serve(&mut [&mut zombie], owns(&[1]));
    let mut writer = zombie.log.writer("w").unwrap();
    writer.write(&records(&out, 0..1), &[progress(&of, 1, "m")]).unwrap();
    // The same id: as from a copy of the data directory, or a machine that was thought dead. No writer of
    // its name is made, so that nothing but the group can refuse.
    let mut successor = Instance::join(&fixture, &topic, "one");
    serve(&mut [&mut successor], owns(&[1]));
    let refused = writer.write(&records(&out, 1..2), &[progress(&of, 2, "m")]);
    assert!(matches!(refused, Err(WriteError::Fenced { .. })), "{refused:?}");
    let deadline = Instant::now() + PATIENCE;
    let told = loop {
        match zombie.poll() {
            Err(error) => break error,
            Ok(()) => assert!(Instant::now() < deadline, "it was told nothing"),
        }
    };
    assert!(matches!(&told, LogError::Failed { reason, .. } if reason.contains("data directory")), "{told}");
    drop(writer);
    let mut writer = successor.log.writer("w").unwrap();
    assert_eq!(writer.committed(&of).unwrap().unwrap().next, 1);
    writer.write(&records(&out, 5..6), &[progress(&of, 2, "m")]).unwrap();
    assert_eq!(values(&read_all(&successor.log, &out, 0)), ["v0", "v5"]);
}

#[test]
fn a_member_reads_nothing_and_readers_are_not_its_business() {
    let fixture = Kafka::new();
    let topic = fixture.topic("a", 1, Policy::Compact);
    let of = TopicPartition::new(&*topic, 0);
    append(fixture.log(), records(&of, 0..3));
    let mut one = Instance::join(&fixture, &topic, "one");
    serve(&mut [&mut one], owns(&[1]));
    assert_eq!(values(&read_all(&one.log, &of, 1)), ["v1", "v2"]);
    // A reader keeps its place whatever becomes of the member.
    let mut reader = reader(&one.log, &[(&of, 2)]);
    one.member.leave(Departure::ForGood);
    let batch = reader.poll(PATIENCE).unwrap().unwrap();
    assert_eq!(values(&batch.records), ["v2"]);
}

#[test]
fn tombstones_are_kept_for_a_day_unless_a_topic_says_otherwise() {
    const DAY: Duration = Duration::from_secs(86_400);
    let fixture = Embedded::new();
    let topic = fixture.topic("a", 1, Policy::Compact);
    assert_eq!(fixture.log().tombstone_retention(&topic).unwrap(), DAY);
    let fixture = Kafka::new();
    let topic = fixture.topic("a", 1, Policy::Compact);
    assert_eq!(fixture.log().tombstone_retention(&topic).unwrap(), DAY);
    Broker::shared().set_topic(&topic, &[("delete.retention.ms", "5000")]);
    let changed = || fixture.log().tombstone_retention(&topic).unwrap() == Duration::from_secs(5);
    let deadline = Instant::now() + PATIENCE;
    while !changed() {
        assert!(Instant::now() < deadline, "it stays as it was");
    }
    let unknown = fixture.log().tombstone_retention("nowhere").unwrap_err();
    assert!(matches!(unknown, LogError::UnknownTopic { .. }), "{unknown}");
}
