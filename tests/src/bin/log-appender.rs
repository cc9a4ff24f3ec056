//! Appends to an embedded log until it is killed: `log-appender DIRECTORY FROM`.
//!
//! Transaction n writes n % 5 + 1 records of value n to each partition of topic `a` and brings the
//! progress to n + 1, which is printed once it is committed. Two threads append to `noise` meanwhile.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a broken harness should stop the test")]

use muster_stream::embedded::{EmbeddedLog, EmbeddedOptions};
use muster_stream::log::{Log, NewRecord, Policy, Progress, Retention, TopicPartition, TopicSpec};
use std::io::Write;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().expect("a directory");
    let from: u64 = arguments.next().expect("a number").parse().unwrap();
    let log = EmbeddedLog::open(directory.as_ref(), "app", EmbeddedOptions::default()).unwrap();
    let policy = Policy::Delete(Retention::default());
    let topics = [("a", 2), ("noise", 1)].map(|(name, partitions)| TopicSpec {
        name: name.to_owned(),
        partitions,
        policy,
    });
    log.create_topics(&topics).unwrap();
    for thread in 0..2 {
        let log = log.clone();
        std::thread::spawn(move || make_noise(&log, thread));
    }
    let partitions = [0, 1].map(|partition| TopicPartition::new("a", partition));
    let mut writer = log.writer("w").unwrap();
    let mut out = std::io::stdout();
    for n in from.. {
        let record = |of: &TopicPartition| NewRecord::new(of.clone(), "k", n.to_string());
        let records: Vec<_> = (0..=n % 5).flat_map(|_| partitions.each_ref().map(record)).collect();
        let of = partitions.first().expect("there are two").clone();
        writer.write(&records, &[Progress { of, next: n + 1, metadata: n.to_string() }]).unwrap();
        // Nobody reads any more when the test has failed.
        if writeln!(out, "done {}", n + 1).and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

fn make_noise(log: &EmbeddedLog, thread: u32) {
    let producer = log.producer().unwrap();
    let to = TopicPartition::new("noise", 0);
    for n in 0_u64.. {
        let record = NewRecord::new(to.clone(), format!("{thread}"), n.to_string());
        for answer in producer.append(vec![record]) {
            answer.unwrap();
        }
    }
}
