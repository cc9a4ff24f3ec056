//! What every log promises. Each function is one test over each log.

use super::support::{
    DELETE, Embedded, Fixture, Kafka, PATIENCE, append, header, next, progress, read_all, read_to_end,
    reader, records, values,
};
use muster_stream::log::{
    AppendError, Bounds, LogError, MAX_RECORD_BYTES, NewRecord, Policy, Progress, ReadLimits,
    TopicDifference, TopicPartition, TopicSpec, WriteError,
};
use std::time::Duration;

/// Runs each function as a test over both logs.
macro_rules! over_both_logs {
    ($($test:ident,)*) => {
        mod embedded {
            $(#[test] fn $test() { super::$test(&<super::Embedded as super::Fixture>::new()); })*
        }
        mod kafka {
            $(#[test] fn $test() { super::$test(&<super::Kafka as super::Fixture>::new()); })*
        }
    };
}

over_both_logs! {
    topics_are_made_once_and_compared,
    names_that_no_log_takes_are_refused,
    what_does_not_exist_is_named,
    records_come_back_as_they_were,
    a_record_may_be_large_but_not_too_large,
    a_producer_answers_for_each_record,
    a_compacted_topic_wants_keys,
    readers_start_anywhere_and_tell_the_end,
    a_waiting_reader_is_woken,
    limits_bound_a_batch,
    several_partitions_are_read_in_turn,
    a_paused_partition_waits,
    a_reader_seeks_back_and_forth,
    a_partition_can_be_given_up_and_taken_again,
    a_deleted_offset_is_told_once_and_seek_heals_it,
    an_offset_beyond_the_end_is_out_of_range,
    a_write_is_all_or_nothing,
    progress_comes_back_and_belongs_to_the_application,
    the_next_writer_fences_the_one_before,
    writers_of_other_names_do_not_fence,
    a_refused_record_ends_the_writer_and_writes_nothing,
    nothing_to_write_proves_nothing,
    the_last_record_is_found,
    many_threads_append_at_once,
}

fn spec(name: &str, partitions: u32, policy: Policy) -> TopicSpec {
    TopicSpec { name: name.to_owned(), partitions, policy }
}

fn topics_are_made_once_and_compared(fixture: &impl Fixture) {
    let (log, name) = (fixture.log(), fixture.name("a"));
    let other = fixture.name("b");
    let wanted = [spec(&name, 3, DELETE), spec(&other, 1, Policy::Compact)];
    let missing = |topic: &String| TopicDifference::Missing { topic: topic.clone() };
    assert_eq!(log.check_topics(&wanted).unwrap(), [missing(&name), missing(&other)]);
    assert_eq!(log.create_topics(&wanted).unwrap(), [name.clone(), other.clone()]);
    assert_eq!(log.check_topics(&wanted).unwrap(), []);
    assert_eq!(log.create_topics(&wanted).unwrap(), Vec::<String>::new(), "they exist");
    assert_eq!(log.partitions(&name).unwrap(), 3);
    let of = TopicPartition::new(name.as_str(), 2);
    assert_eq!(log.bounds(&of).unwrap(), Bounds { first: 0, next: 0 });

    let wanted = [spec(&other, 2, DELETE), spec(&name, 3, DELETE)];
    let topic = other.clone();
    let expected = [
        TopicDifference::Partitions { topic: topic.clone(), expected: 2, found: 1 },
        TopicDifference::Policy { topic, expected: "delete", found: "compact".to_owned() },
    ];
    assert_eq!(log.check_topics(&wanted).unwrap(), expected);
    assert_eq!(log.create_topics(&wanted).unwrap(), Vec::<String>::new(), "and stay as they are");
    assert_eq!(log.partitions(&other).unwrap(), 1);
}

fn names_that_no_log_takes_are_refused(fixture: &impl Fixture) {
    for (name, partitions) in [("", 1), ("a b", 1), ("a/b", 1), (&*fixture.name("x"), 0)] {
        let error = fixture.log().create_topics(&[spec(name, partitions, DELETE)]).unwrap_err();
        assert!(matches!(error, LogError::Refused { .. }), "{name:?}: {error}");
    }
}

fn what_does_not_exist_is_named(fixture: &impl Fixture) {
    let (log, name) = (fixture.log(), fixture.topic("a", 2, DELETE));
    let nowhere = TopicPartition::new(fixture.name("nowhere"), 0);
    let beyond = TopicPartition::new(name.as_str(), 2);
    let unknown_topic = |error: LogError| {
        assert!(matches!(&error, LogError::UnknownTopic { topic } if **topic == *nowhere.topic), "{error}")
    };
    let unknown_partition = |error: LogError| {
        let fits = matches!(&error, LogError::UnknownPartition { of, partitions: 2 } if *of == beyond);
        assert!(fits, "{error}");
    };
    unknown_topic(log.partitions(&nowhere.topic).unwrap_err());
    unknown_topic(log.bounds(&nowhere).unwrap_err());
    unknown_partition(log.bounds(&beyond).unwrap_err());
    unknown_topic(log.last_record(&nowhere).unwrap_err());
    let mut reader = log.reader(ReadLimits::default()).unwrap();
    unknown_topic(reader.assign(&nowhere, 0).unwrap_err());
    unknown_partition(reader.assign(&beyond, 0).unwrap_err());
    for error in [reader.seek(&nowhere, 0), reader.pause(&nowhere), reader.unassign(&nowhere)] {
        assert!(matches!(error, Err(LogError::NotAssigned { .. })), "{error:?}");
    }
    assert!(reader.poll(Duration::ZERO).unwrap().is_none(), "nothing is assigned");
}

fn records_come_back_as_they_were(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    let record = |key: Option<&[u8]>, value: Option<&[u8]>| NewRecord {
        to: of.clone(),
        key: key.map(<[u8]>::to_vec),
        value: value.map(<[u8]>::to_vec),
        headers: Vec::new(),
    };
    let mut all = vec![
        record(Some(b"k"), Some(b"v")),
        record(None, Some(b"no key")),
        record(Some(b"tombstone"), None),
        record(None, None),
        record(Some(b""), Some(b"")),
        record(Some(&[0, 255, 31]), Some(&(0..=255).collect::<Vec<u8>>())),
    ];
    all[0].headers = vec![
        header("ce_id", Some(b"a/0/1")),
        header("twice", Some(b"1")),
        header("twice", Some(b"2")),
        header("empty", Some(b"")),
        header("none", None),
        header("ü", Some(&[0, 255])),
    ];
    assert_eq!(append(fixture.log(), all.clone()), [0, 1, 2, 3, 4, 5]);
    let read = read_all(fixture.log(), &of, 0);
    assert_eq!(read.len(), all.len());
    for ((read, new), offset) in read.into_iter().zip(all).zip(0..) {
        assert_eq!(read.offset, offset);
        assert!(read.timestamp.as_millis() > 1_700_000_000_000, "{:?}", read.timestamp);
        assert_eq!((read.key, read.value, read.headers), (new.key, new.value, new.headers));
    }
}

fn a_record_may_be_large_but_not_too_large(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    // Kafka counts some dozens of bytes of its own.
    let large = NewRecord::new(of.clone(), "k", vec![7; MAX_RECORD_BYTES - 1_000]);
    assert_eq!(append(fixture.log(), vec![large.clone()]), [0]);
    assert_eq!(read_all(fixture.log(), &of, 0)[0].value, large.value);

    let too_large = NewRecord::new(of.clone(), "k", vec![7; MAX_RECORD_BYTES]);
    let answers = fixture.log().producer().unwrap().append(vec![too_large.clone()]);
    assert!(matches!(&answers[..], [Err(AppendError::Refused { .. })]), "{answers:?}");
    let error = fixture.log().writer("w").unwrap().write(&[too_large], &[]).unwrap_err();
    assert!(matches!(&error, WriteError::Refused { topic, .. } if **topic == *of.topic), "{error:?}");
    assert_eq!(fixture.log().bounds(&of).unwrap().next, 1);
}

fn a_producer_answers_for_each_record(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 2, DELETE), 1);
    let elsewhere = TopicPartition { partition: 0, ..of.clone() };
    let beyond = TopicPartition { partition: 2, ..of.clone() };
    let producer = fixture.log().producer().unwrap();
    let all = [&of, &beyond, &of, &elsewhere].map(|to| NewRecord::new(to.clone(), "k", "v"));
    let answers = producer.append(all.to_vec());
    assert!(
        matches!(&answers[1], Err(AppendError::Refused { topic, .. }) if **topic == *of.topic),
        "{answers:?}"
    );
    let offsets: Vec<_> = answers.into_iter().flatten().collect();
    assert_eq!(offsets, [0, 1, 0]);
    assert_eq!(producer.append(Vec::new()), []);
}

fn a_compacted_topic_wants_keys(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 1, Policy::Compact), 0);
    let keyless = NewRecord { key: None, ..NewRecord::new(of.clone(), "", "v") };
    let answers = fixture.log().producer().unwrap().append(vec![keyless]);
    assert!(matches!(&answers[..], [Err(AppendError::Refused { .. })]), "{answers:?}");
    assert_eq!(append(fixture.log(), vec![NewRecord::tombstone(of, "k")]), [0]);
}

fn readers_start_anywhere_and_tell_the_end(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    let log = fixture.log();
    assert_eq!(read_all(log, &of, 0), [], "an empty partition ends at once");
    append(log, records(&of, 0..10));
    assert_eq!(log.bounds(&of).unwrap(), Bounds { first: 0, next: 10 });
    for from in [0, 4, 9, 10] {
        let read = read_all(log, &of, from);
        assert_eq!(values(&read), (from..10).map(|n| format!("v{n}")).collect::<Vec<_>>());
    }
    let mut reader = reader(log, &[(&of, 8)]);
    assert_eq!(read_to_end(&mut *reader).len(), 2);
    assert!(reader.poll(Duration::from_millis(300)).unwrap().is_none(), "the end is told once");
    append(log, records(&of, 10..11));
    assert_eq!(values(&read_to_end(&mut *reader)), ["v10"], "and again when it is reached again");
}

fn a_waiting_reader_is_woken(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    let mut reader = reader(fixture.log(), &[(&of, 0)]);
    read_to_end(&mut *reader);
    let (ready, is_ready) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            ready.send(()).unwrap();
            reader.poll(PATIENCE).unwrap().expect("woken by the record")
        });
        is_ready.recv().unwrap();
        append(fixture.log(), records(&of, 0..1));
        assert_eq!(values(&waiting.join().unwrap().records), ["v0"]);
    });
}

fn limits_bound_a_batch(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    append(fixture.log(), records(&of, 0..100));
    for (limits, most) in [
        (ReadLimits { records: 7, bytes: 1 << 20 }, 7),
        // Each has at most six bytes of key and value.
        (ReadLimits { records: 1_000, bytes: 30 }, 8),
    ] {
        let mut reader = fixture.log().reader(limits).unwrap();
        reader.assign(&of, 0).unwrap();
        let mut read = Vec::new();
        loop {
            let batch = next(&mut *reader).unwrap();
            assert!(batch.records.len() <= most, "{} records within {limits:?}", batch.records.len());
            read.extend(batch.records.iter().map(|record| record.offset));
            assert_eq!(read.last(), Some(&(batch.next - 1)));
            if batch.at_end {
                break;
            }
        }
        assert_eq!(read, (0..100).collect::<Vec<_>>());
    }
}

fn several_partitions_are_read_in_turn(fixture: &impl Fixture) {
    let topic = fixture.topic("a", 3, DELETE);
    let other = fixture.topic("b", 1, DELETE);
    let all = [
        TopicPartition::new(topic.as_str(), 0),
        TopicPartition::new(topic.as_str(), 1),
        TopicPartition::new(topic.as_str(), 2),
        TopicPartition::new(other.as_str(), 0),
    ];
    for (of, count) in all.iter().zip([50, 0, 30, 20]) {
        append(fixture.log(), records(of, 0..count));
    }
    let mut reader = fixture.log().reader(ReadLimits { records: 10, bytes: 1 << 20 }).unwrap();
    for of in &all {
        reader.assign(of, 0).unwrap();
    }
    let mut read = std::collections::BTreeMap::<_, Vec<u64>>::new();
    let mut ended = std::collections::BTreeSet::new();
    while ended.len() < all.len() {
        let batch = next(&mut *reader).unwrap();
        let offsets = read.entry(batch.of.clone()).or_default();
        offsets.extend(batch.records.iter().map(|record| record.offset));
        if batch.at_end {
            assert!(ended.insert(batch.of), "each end is told once");
        }
    }
    for (of, count) in all.iter().zip([50, 0, 30, 20]) {
        assert_eq!(read[of], (0..count).collect::<Vec<_>>(), "{of}");
    }
}

fn a_paused_partition_waits(fixture: &impl Fixture) {
    let topic = fixture.topic("a", 2, DELETE);
    let [paused, open] = [0, 1].map(|partition| TopicPartition::new(topic.as_str(), partition));
    let mut reader = reader(fixture.log(), &[(&paused, 0), (&open, 0)]);
    reader.pause(&paused).unwrap();
    for of in [&paused, &open] {
        append(fixture.log(), records(of, 0..5));
    }
    while !matches!(next(&mut *reader).unwrap(), batch if { assert_eq!(batch.of, open); batch.at_end && batch.next == 5 })
    {
    }
    assert!(reader.poll(Duration::from_millis(300)).unwrap().is_none());
    reader.resume(&paused).unwrap();
    let mut read = Vec::new();
    while read.len() < 5 {
        let batch = next(&mut *reader).unwrap();
        assert_eq!(batch.of, paused);
        read.extend(batch.records);
    }
    assert_eq!(values(&read), ["v0", "v1", "v2", "v3", "v4"]);
}

fn a_reader_seeks_back_and_forth(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    append(fixture.log(), records(&of, 0..10));
    let mut reader = reader(fixture.log(), &[(&of, 0)]);
    for from in [0, 3, 9, 10, 1] {
        reader.seek(&of, from).unwrap();
        let read: Vec<_> = read_to_end(&mut *reader).iter().map(|record| record.offset).collect();
        assert_eq!(read, (from..10).collect::<Vec<_>>());
    }
    reader.pause(&of).unwrap();
    reader.seek(&of, 5).unwrap();
    assert!(reader.poll(Duration::from_millis(300)).unwrap().is_none(), "it stays paused");
    reader.resume(&of).unwrap();
    assert_eq!(read_to_end(&mut *reader).len(), 5);
}

fn a_partition_can_be_given_up_and_taken_again(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    append(fixture.log(), records(&of, 0..10));
    let mut reader = reader(fixture.log(), &[(&of, 0)]);
    assert_eq!(read_to_end(&mut *reader).len(), 10);
    for from in [7, 2] {
        reader.unassign(&of).unwrap();
        assert!(reader.poll(Duration::from_millis(200)).unwrap().is_none());
        assert!(matches!(reader.unassign(&of), Err(LogError::NotAssigned { .. })));
        reader.assign(&of, from).unwrap();
        assert_eq!(read_to_end(&mut *reader).len() as u64, 10 - from);
    }
    reader.assign(&of, 9).unwrap();
    assert_eq!(read_to_end(&mut *reader).len(), 1, "assigned twice, it is moved");
}

fn a_deleted_offset_is_told_once_and_seek_heals_it(fixture: &impl Fixture) {
    let topic = fixture.topic("a", 2, DELETE);
    let [of, other] = [0, 1].map(|partition| TopicPartition::new(topic.as_str(), partition));
    append(fixture.log(), records(&of, 0..10));
    fixture.delete_before(&of, 10);
    assert_eq!(fixture.log().bounds(&of).unwrap(), Bounds { first: 10, next: 10 });
    append(fixture.log(), records(&of, 10..12));
    append(fixture.log(), records(&other, 0..3));

    let mut reader = reader(fixture.log(), &[(&of, 4), (&other, 0)]);
    let (mut lost, mut read) = (None, Vec::new());
    while lost.is_none() || read.len() < 3 {
        match next(&mut *reader) {
            Ok(batch) => {
                assert_eq!(batch.of, other, "nothing is skipped");
                read.extend(batch.records);
            }
            Err(error) => assert!(lost.replace(error).is_none(), "told once"),
        }
    }
    let lost = lost.unwrap();
    let expected = Bounds { first: 10, next: 12 };
    let fits = |error: &LogError| matches!(error, LogError::OutOfRange { of: lost, offset: 4, bounds } if *lost == of && *bounds == expected);
    assert!(fits(&lost), "{lost}");
    while let Some(batch) = reader.poll(Duration::from_millis(300)).unwrap() {
        assert_eq!((batch.of, batch.records.len()), (other.clone(), 0), "it stays stopped");
    }
    reader.seek(&of, 10).unwrap();
    assert_eq!(values(&read_to_end(&mut *reader)), ["v10", "v11"]);
}

fn an_offset_beyond_the_end_is_out_of_range(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    append(fixture.log(), records(&of, 0..3));
    let mut reader = reader(fixture.log(), &[(&of, 5)]);
    let error = next(&mut *reader).unwrap_err();
    assert!(matches!(&error, LogError::OutOfRange { offset: 5, .. }), "{error}");
    reader.seek(&of, 2).unwrap();
    assert_eq!(values(&read_to_end(&mut *reader)), ["v2"]);
}

fn a_write_is_all_or_nothing(fixture: &impl Fixture) {
    let topic = fixture.topic("a", 2, DELETE);
    let compacted = fixture.topic("b", 1, Policy::Compact);
    let targets = [
        TopicPartition::new(topic.as_str(), 0),
        TopicPartition::new(topic.as_str(), 1),
        TopicPartition::new(compacted.as_str(), 0),
    ];
    let mut writer = fixture.log().writer("w").unwrap();
    for round in 0..3 {
        let mut all = Vec::new();
        for of in &targets {
            all.extend(records(of, round * 10..round * 10 + 10));
        }
        writer.write(&all, &[progress(&targets[0], round, "m")]).unwrap();
    }
    for of in &targets {
        assert_eq!(
            values(&read_all(fixture.log(), of, 0)),
            (0..30).map(|n| format!("v{n}")).collect::<Vec<_>>()
        );
    }
    // The last of these can never be written.
    let mut all = records(&targets[0], 30..40);
    all.push(NewRecord::new(targets[1].clone(), "k", vec![0; MAX_RECORD_BYTES]));
    writer.write(&all, &[progress(&targets[0], 9, "m")]).unwrap_err();
    drop(writer);
    let mut writer = fixture.log().writer("w").unwrap();
    assert_eq!(writer.committed(&targets[0]).unwrap(), Some(progress(&targets[0], 2, "m")));
    writer.write(&records(&targets[0], 40..41), &[]).unwrap();
    let read = read_all(fixture.log(), &targets[0], 0);
    assert_eq!(values(&read[29..]), ["v29", "v40"]);
}

fn progress_comes_back_and_belongs_to_the_application(fixture: &impl Fixture) {
    let topic = fixture.topic("a", 2, DELETE);
    let [of, other] = [0, 1].map(|partition| TopicPartition::new(topic.as_str(), partition));
    let mut writer = fixture.log().writer("w").unwrap();
    assert_eq!(writer.committed(&of).unwrap(), None);
    let marker = "v1;lineage=7;sequence=3;ü";
    let both = [progress(&of, 41, marker), progress(&other, 5, "")];
    writer.write(&records(&of, 0..1), &both).unwrap();
    assert_eq!(writer.committed(&of).unwrap(), Some(both[0].clone()));
    assert_eq!(writer.committed(&other).unwrap(), Some(both[1].clone()));
    let longest = progress(&of, 42, &"x".repeat(Progress::MAX_METADATA_BYTES));
    writer.write(&[], std::slice::from_ref(&longest)).unwrap();
    assert_eq!(writer.committed(&of).unwrap(), Some(longest.clone()), "progress alone is something");

    let another = fixture.for_application("another");
    let mut theirs = another.writer("w").unwrap();
    assert_eq!(theirs.committed(&of).unwrap(), None);
    theirs.write(&[], &[progress(&of, 3, "theirs")]).unwrap();
    assert_eq!(writer.committed(&of).unwrap(), Some(longest), "nor did theirs fence ours");

    let too_long = progress(&of, 43, &"x".repeat(Progress::MAX_METADATA_BYTES + 1));
    let error = writer.write(&[], &[too_long]).unwrap_err();
    assert!(matches!(&error, WriteError::Refused { .. }), "{error:?}");
}

fn the_next_writer_fences_the_one_before(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    let mut first = fixture.log().writer("w").unwrap();
    first.write(&records(&of, 0..1), &[progress(&of, 1, "first")]).unwrap();
    let mut second = fixture.log().writer("w").unwrap();
    assert_eq!(second.committed(&of).unwrap(), Some(progress(&of, 1, "first")));
    for _ in 0..2 {
        let error = first.write(&records(&of, 1..2), &[progress(&of, 2, "late")]).unwrap_err();
        assert!(matches!(&error, WriteError::Fenced { .. }), "{error:?}");
    }
    assert!(first.committed(&of).is_err(), "it says nothing any more either");
    second.write(&records(&of, 2..3), &[progress(&of, 3, "second")]).unwrap();
    assert_eq!(second.committed(&of).unwrap(), Some(progress(&of, 3, "second")));
    assert_eq!(values(&read_all(fixture.log(), &of, 0)), ["v0", "v2"]);
}

fn writers_of_other_names_do_not_fence(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    let mut writers: Vec<_> = (0..3).map(|n| fixture.log().writer(&n.to_string()).unwrap()).collect();
    for round in 0..2 {
        for (writer, n) in writers.iter_mut().zip(0..) {
            writer.write(&records(&of, round * 3 + n..round * 3 + n + 1), &[]).unwrap();
        }
    }
    assert_eq!(read_all(fixture.log(), &of, 0).len(), 6);
}

fn a_refused_record_ends_the_writer_and_writes_nothing(fixture: &impl Fixture) {
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    let nowhere = TopicPartition { partition: 1, ..of.clone() };
    let mut writer = fixture.log().writer("w").unwrap();
    writer.write(&records(&of, 0..1), &[]).unwrap();
    let mut all = records(&of, 1..3);
    all.extend(records(&nowhere, 0..1));
    let error = writer.write(&all, &[]).unwrap_err();
    assert!(matches!(&error, WriteError::Refused { topic, .. } if **topic == *of.topic), "{error:?}");
    assert_eq!(writer.write(&records(&of, 5..6), &[]), Err(error), "the first error stays");
    drop(writer);
    fixture.log().writer("w").unwrap().write(&records(&of, 9..10), &[]).unwrap();
    assert_eq!(values(&read_all(fixture.log(), &of, 0)), ["v0", "v9"]);
}

fn nothing_to_write_proves_nothing(fixture: &impl Fixture) {
    let mut first = fixture.log().writer("w").unwrap();
    let _second = fixture.log().writer("w").unwrap();
    assert_eq!(first.write(&[], &[]), Ok(()));
}

fn the_last_record_is_found(fixture: &impl Fixture) {
    let topic = fixture.topic("a", 2, DELETE);
    let [of, empty] = [0, 1].map(|partition| TopicPartition::new(topic.as_str(), partition));
    let log = fixture.log();
    assert_eq!(log.last_record(&of).unwrap(), None);
    append(log, records(&of, 0..3));
    let last = |of| log.last_record(of).unwrap().map(|record| values(&[record]).remove(0));
    assert_eq!(last(&of).as_deref(), Some("v2"));
    let mut writer = log.writer("w").unwrap();
    writer.write(&records(&of, 3..200), &[]).unwrap();
    assert_eq!(last(&of).as_deref(), Some("v199"));
    assert_eq!(last(&empty), None);
}

fn many_threads_append_at_once(fixture: &impl Fixture) {
    const THREADS: u64 = 4;
    const EACH: u64 = 50;
    let of = TopicPartition::new(fixture.topic("a", 1, DELETE), 0);
    let producer = fixture.log().producer().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (producer, of) = (&producer, &of);
            scope.spawn(move || {
                for n in 0..EACH {
                    let all = [0, 1]
                        .map(|half| NewRecord::new(of.clone(), format!("{thread}"), format!("{n}.{half}")));
                    let offsets: Vec<_> =
                        producer.append(all.to_vec()).into_iter().map(|answer| answer.unwrap()).collect();
                    assert!(offsets[0] < offsets[1], "in the order given");
                }
            });
        }
    });
    let read = read_all(fixture.log(), &of, 0);
    assert_eq!(read.len() as u64, THREADS * EACH * 2);
    for thread in 0..THREADS {
        let key = format!("{thread}").into_bytes();
        let own: Vec<_> = read.iter().filter(|record| record.key.as_ref() == Some(&key)).cloned().collect();
        let expected: Vec<_> = (0..EACH).flat_map(|n| [0, 1].map(|half| format!("{n}.{half}"))).collect();
        assert_eq!(values(&own), expected, "thread {thread}");
    }
}
