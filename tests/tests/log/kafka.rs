//! What only Kafka can show: transactions that were left open, a broker that dies, other clients.

use super::support::{
    DELETE, Fixture, Kafka, PATIENCE, append, next, progress, read_all, read_to_end, reader, records, values,
};
use muster_stream::kafka::{KafkaLog, KafkaOptions};
use muster_stream::log::{Bounds, Log, LogError, NewRecord, Policy, Retention};
use muster_stream::log::{TopicPartition, TopicSpec, WriteError};
use muster_tests::broker::{Broker, Listeners};
use muster_wire::Partitioner;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::num::NonZeroU32;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A transaction of this writer's id, begun and left open with so many records.
fn leave_open(id: &str, of: &TopicPartition, count: u64) -> BaseProducer {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", Broker::shared().bootstrap())
        .set("transactional.id", id)
        .create()
        .unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    for n in 0..count {
        let (key, value) = (format!("k{n}"), format!("open{n}"));
        let record = BaseRecord::to(&of.topic).partition(of.partition as i32).key(&key).payload(&value);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    while producer.in_flight_count() > 0 {
        producer.poll(Duration::from_millis(1));
    }
    producer
}

#[test]
fn an_open_transaction_hides_what_comes_after_until_it_is_settled() {
    let fixture = Kafka::new();
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    let log = fixture.log();
    append(log, records(&of, 0..3));
    let zombie = leave_open(&fixture.name("w"), &of, 2);
    append(log, records(&of, 3..4));
    assert_eq!(log.bounds(&of).unwrap(), Bounds { first: 0, next: 3 }, "committed only");
    let mut reader = reader(log, &[(&of, 0)]);
    assert_eq!(values(&read_to_end(&mut *reader)), ["v0", "v1", "v2"]);

    let mut writer = log.writer("w").unwrap();
    assert_eq!(values(&read_to_end(&mut *reader)), ["v3"], "the zombie's are void");
    writer.write(&records(&of, 4..5), &[]).unwrap();
    assert_eq!(values(&read_to_end(&mut *reader)), ["v4"]);
    zombie.commit_transaction(PATIENCE).unwrap_err();
    assert_eq!(values(&read_all(log, &of, 0)), ["v0", "v1", "v2", "v3", "v4"]);
}

#[test]
fn the_last_record_is_found_behind_a_long_aborted_tail() {
    let fixture = Kafka::new();
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    let log = fixture.log();
    drop(leave_open(&fixture.name("w"), &of, 700));
    let mut writer = log.writer("w").unwrap();
    assert_eq!(log.last_record(&of).unwrap(), None, "all of it is void");
    writer.write(&records(&of, 0..5), &[]).unwrap();
    drop(writer);
    drop(leave_open(&fixture.name("w"), &of, 1_000));
    log.writer("w").unwrap();
    let last = log.last_record(&of).unwrap().unwrap();
    assert_eq!(values(&[last]), ["v4"]);
    assert_eq!(values(&read_all(log, &of, 0)), ["v0", "v1", "v2", "v3", "v4"]);
}

#[test]
fn a_broker_that_dies_while_it_is_written_to_loses_nothing_and_doubles_nothing() {
    let broker = Broker::start(Listeners::Plain);
    let log = KafkaLog::open(KafkaOptions::new(broker.bootstrap(), "app")).unwrap();
    let of = TopicPartition::new("a", 0);
    log.create_topics(&[TopicSpec { name: "a".to_owned(), partitions: 1, policy: DELETE }]).unwrap();
    let mut writer = log.writer("w").unwrap();
    writer.write(&records(&of, 0..10), &[progress(&of, 10, "before")]).unwrap();
    let mut reader = reader(&log, &[(&of, 0)]);
    assert_eq!(read_to_end(&mut *reader).len(), 10);

    let mut committed = 10;
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            // Some of these meet the broker, some its absence, some its return.
            for n in 1..=40 {
                let range = n * 10..n * 10 + 10;
                let written = writer.write(&records(&of, range.clone()), &[progress(&of, range.end, "m")]);
                match written {
                    Ok(()) => committed = range.end,
                    Err(WriteError::Doubtful { .. }) => {
                        writer = log.writer("w").unwrap();
                        committed = writer.committed(&of).unwrap().unwrap().next;
                        if committed < range.end {
                            writer
                                .write(&records(&of, range.clone()), &[progress(&of, range.end, "m")])
                                .unwrap();
                            committed = range.end;
                        }
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        });
        // The kill falls anywhere among the writes.
        broker.kill();
        broker.restart();
        writing.join().unwrap();
    });
    assert_eq!(committed, 410);
    let mut rest = Vec::new();
    while rest.len() < 400 {
        rest.extend(next(&mut *reader).unwrap().records);
    }
    assert_eq!(values(&rest), (10..410).map(|n| format!("v{n}")).collect::<Vec<_>>());
    let mut writer = log.writer("w").unwrap();
    assert_eq!(writer.committed(&of).unwrap(), Some(progress(&of, 410, "m")));
}

#[test]
fn a_broker_that_is_away_is_unreachable_not_refused() {
    // Nobody listens on the discard port.
    let mut options = KafkaOptions::new("127.0.0.1:9", "app");
    options.timeout = Duration::from_millis(300);
    options.write_timeout = options.timeout;
    let log = KafkaLog::open(options).unwrap();
    let of = TopicPartition::new("a", 0);
    // Why is known as soon as the client has tried.
    let unreachable = |error: LogError| assert!(matches!(error, LogError::Unreachable { .. }), "{error}");
    let why = || log.partitions("a").unwrap_err().to_string().contains("Connection refused");
    assert!((0..100).any(|_| why()), "{}", log.partitions("a").unwrap_err());
    unreachable(log.bounds(&of).unwrap_err());
    unreachable(log.partitions("a").unwrap_err());
    unreachable(log.writer("w").err().unwrap());
    let specs = [TopicSpec { name: "a".to_owned(), partitions: 1, policy: DELETE }];
    unreachable(log.create_topics(&specs).unwrap_err());
    unreachable(log.check_topics(&specs).unwrap_err());
}

#[test]
fn properties_that_promises_rest_on_cannot_be_set() {
    let with = |name: &str, value: &str| {
        let mut options = KafkaOptions::new("127.0.0.1:9", "app");
        options.client.insert(name.to_owned(), value.to_owned());
        KafkaLog::open(options)
    };
    for (name, value) in [("isolation.level", "read_uncommitted"), ("acks", "1"), ("linger.mss", "1")] {
        let Err(LogError::Refused { action, reason }) = with(name, value) else { panic!("{name} was taken") };
        assert!(format!("{action} {reason}").contains(name), "{action}: {reason}");
    }
    with("linger.ms", "5").unwrap();
    let mut options = KafkaOptions::new("127.0.0.1:9", "app");
    options.client.insert("sasl.password".to_owned(), "secret".to_owned());
    assert!(!format!("{options:?}").contains("secret"));
}

#[test]
fn policies_reach_the_broker() {
    let fixture = Kafka::new();
    let hour = Retention { time: Some(Duration::from_secs(3_600)), bytes: Some(1 << 20) };
    let name = fixture.topic("a", 1, Policy::Delete(hour));
    assert_eq!(topic_setting(&name, "retention.ms"), "3600000");
    assert_eq!(topic_setting(&name, "retention.bytes"), "1048576");
    let compacted = fixture.topic("b", 1, Policy::Compact);
    assert_eq!(topic_setting(&compacted, "cleanup.policy"), "compact");
}

#[test]
fn a_compacted_topic_keeps_the_last_of_each_key() {
    let fixture = Kafka::new();
    let name = fixture.topic("a", 1, Policy::Compact);
    let of = TopicPartition::new(name.as_str(), 0);
    // Only segments that are closed are compacted: close them all the time.
    let eager = [("segment.ms", "100"), ("min.cleanable.dirty.ratio", "0.001")];
    Broker::shared().set_topic(&name, &eager);
    let mut writer = fixture.log().writer("w").unwrap();
    for round in 0..20_u32 {
        let all = [0, 1, 2].map(|key| NewRecord::new(of.clone(), format!("k{key}"), format!("{round}")));
        writer.write(&all, &[]).unwrap();
    }
    let deadline = std::time::Instant::now() + 4 * PATIENCE;
    let mut round = 20;
    let left = loop {
        // The open segment is never compacted; each of these closes one.
        writer.write(&[NewRecord::new(of.clone(), "filler", round.to_string())], &[]).unwrap();
        round += 1;
        let left: Vec<_> = read_all(fixture.log(), &of, 0)
            .into_iter()
            .filter(|record| record.key.as_deref() != Some(b"filler"))
            .collect();
        if left.len() == 3 {
            break left;
        }
        assert!(std::time::Instant::now() < deadline, "{} records are left", left.len());
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(values(&left), ["19", "19", "19"]);
    assert!(left[0].offset > 3, "offsets stay");
}

/// kcat is librdkafka, but another build and another program.
#[test]
fn kcat_and_we_read_each_other_and_agree_on_partitions() {
    let fixture = Kafka::new();
    let name = fixture.topic("a", 4, DELETE);
    let all: Vec<_> = (0..4).map(|partition| TopicPartition::new(name.as_str(), partition)).collect();
    for (partitioner, of_kcat) in
        [(Partitioner::Murmur2, "murmur2_random"), (Partitioner::Crc32, "consistent_random")]
    {
        let from: Vec<_> = all.iter().map(|of| fixture.log().bounds(of).unwrap().next).collect();
        let lines: String = (0..40).map(|n| format!("object-{n}\tvalue-{n}\n")).collect();
        kcat(&["-P", "-t", &name, "-K", "\t", "-Z", "-X", &format!("partitioner={of_kcat}")], &lines);
        let mut count = 0;
        for (of, from) in all.iter().zip(from) {
            for record in read_all(fixture.log(), of, from) {
                let key = record.key.unwrap();
                let partitions = NonZeroU32::new(4).unwrap();
                assert_eq!(partitioner.partition_of(&key, partitions), of.partition, "{key:?}");
                count += 1;
            }
        }
        assert_eq!(count, 40);
    }

    // A tombstone by kcat.
    let of = TopicPartition::new(fixture.topic("b", 1, DELETE), 0);
    kcat(&["-P", "-t", &of.topic, "-K", "\t", "-Z"], "gone\t\n");
    let read = read_all(fixture.log(), &of, 0);
    assert_eq!((read[0].key.as_deref(), &read[0].value), (Some(&b"gone"[..]), &None));

    // Ours, by kcat: committed ones only.
    let mut writer = fixture.log().writer("w").unwrap();
    writer.write(&records(&of, 0..2), &[]).unwrap();
    let _open = leave_open(&fixture.name("other"), &of, 1);
    let format = ["-f", "%k=%s@%o\n", "-X", "isolation.level=read_committed"];
    let read = kcat(&[&["-C", "-t", &of.topic, "-o", "beginning", "-e", "-q"], &format[..]].concat(), "");
    assert_eq!(read, "gone=@0\nk0=v0@1\nk1=v1@2\n");
}

#[test]
fn a_header_that_is_no_text_does_not_stop_the_reader() {
    use std::os::unix::ffi::OsStrExt;
    let fixture = Kafka::new();
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    let mut command = kcat_command(&["-P", "-t", &of.topic, "-H", "fine=1", "-H"]);
    command.arg(std::ffi::OsStr::from_bytes(b"\xff=2"));
    run(command, "value\n");
    let read = read_all(fixture.log(), &of, 0);
    assert_eq!(values(&read), ["value"]);
    let names: Vec<_> = read[0].headers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["fine", "\u{fffd}"]);
}

/// By another client: the listener is as the tests of ours need it.
#[test]
fn the_secure_listener_lets_in_who_has_the_password() {
    let secure = Broker::shared().secure();
    let authority = format!("ssl.ca.location={}", secure.certificate.display());
    let list = |password: &str| {
        let (user, password) =
            (format!("sasl.username={}", secure.user), format!("sasl.password={password}"));
        let mut command = kcat_program();
        command.args(["-b", &secure.bootstrap, "-L", "-m", "10"]);
        for property in ["security.protocol=SASL_SSL", "sasl.mechanism=PLAIN", &authority, &user, &password] {
            command.args(["-X", property]);
        }
        command.output().expect("kcat is installed (Debian: kcat)")
    };
    let let_in = list(&secure.password);
    let answer = String::from_utf8_lossy(&let_in.stdout).into_owned();
    assert!(let_in.status.success() && answer.contains(&secure.bootstrap), "{let_in:?}");
    assert!(!list("wrong").status.success());
}

/// Deletes records as an administrator would.
pub(crate) fn delete_records(of: &TopicPartition, before: u64) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&of.topic, of.partition as i32, Offset::Offset(before as i64)).unwrap();
    let deleted = block_on(admin().delete_records(&list, &AdminOptions::new())).unwrap();
    deleted.elements().iter().for_each(|element| element.error().unwrap());
}

fn topic_setting(topic: &str, name: &str) -> String {
    let resources = [ResourceSpecifier::Topic(topic)];
    let answers = block_on(admin().describe_configs(&resources, &AdminOptions::new())).unwrap();
    answers[0].as_ref().unwrap().get(name).unwrap().value.clone().unwrap()
}

fn admin() -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", Broker::shared().bootstrap()).create().unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn kcat_command(arguments: &[&str]) -> Command {
    let mut command = kcat_program();
    command.args(["-b", Broker::shared().bootstrap()]).args(arguments);
    command
}

/// With the librdkafka it was built for: Cargo has tests find ours first.
fn kcat_program() -> Command {
    let mut command = Command::new("kcat");
    command.env_remove("LD_LIBRARY_PATH");
    command
}

fn kcat(arguments: &[&str], input: &str) -> String {
    run(kcat_command(arguments), input)
}

/// What it prints.
fn run(mut command: Command, input: &str) -> String {
    use std::io::Write;
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("kcat is installed (Debian: kcat)");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}
