//! What the tests of the service do over and over: topics of one's own, lines in, deltas out and folded.

use muster_tests::broker::Broker;
use muster_tests::service::{Service, kafka_configuration};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Tenant, group, member.
pub(crate) type Membership = (String, String, String);

/// A configuration for the shared broker, with topics that no other test uses.
pub(crate) fn on_kafka(name: &str, partitions: u32) -> String {
    on_broker(&format!("brokers = \"{}\"", Broker::shared().bootstrap()), name, partitions)
}

/// The same for another way to a broker: lines of `[kafka]`.
pub(crate) fn on_broker(kafka: &str, name: &str, partitions: u32) -> String {
    kafka_configuration(kafka, name, partitions)
}

pub(crate) fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}

/// The memberships that delta lines add up to. Panics where one adds what is there, or removes what is not.
pub(crate) fn fold<'a>(deltas: impl IntoIterator<Item = &'a Value>) -> BTreeSet<Membership> {
    let mut memberships = BTreeSet::new();
    for delta in deltas {
        let membership = (text(delta, "tenant"), text(delta, "groupId"), text(delta, "memberId"));
        let changes = match delta["change"].as_str() {
            Some("added") => memberships.insert(membership),
            Some("removed") => memberships.remove(&membership),
            _ => panic!("neither added nor removed: {delta}"),
        };
        assert!(changes, "it was so already: {delta}");
    }
    memberships
}

/// Panics unless the sequences are 1, 2, 3, …
pub(crate) fn dense(deltas: &[Value]) {
    for (expected, delta) in (1_u64..).zip(deltas) {
        assert_eq!(delta["sequence"], expected, "{delta}");
    }
}

pub(crate) fn deltas(service: &Service, partitions: u32) -> Vec<Value> {
    let mut all = Vec::new();
    for partition in 0..partitions {
        let deltas = service.get_deltas(partition, 1);
        dense(&deltas);
        all.extend(deltas);
    }
    all
}

/// Another client of the broker, which knows nothing of Muster.
pub(crate) fn kcat(broker: &Broker, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("kcat")
        // Of cargo, which would make it load our own client library.
        .env_remove("LD_LIBRARY_PATH")
        .args(["-b", broker.bootstrap()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn produce(broker: &Broker, topic: &str, keyed: &[(&str, &str)]) {
    let input: String = keyed.iter().map(|(key, value)| format!("{key}\t{value}\n")).collect();
    kcat(broker, &["-P", "-t", topic, "-K", "\t", "-Z", "-X", "partitioner=murmur2_random"], &input);
}

pub(crate) fn consume(broker: &Broker, topic: &str, format: &str) -> Vec<String> {
    let isolation = "isolation.level=read_committed";
    let out =
        kcat(broker, &["-C", "-t", topic, "-o", "beginning", "-e", "-q", "-X", isolation, "-f", format], "");
    out.lines().map(str::to_owned).collect()
}

/// Sends a line, which may be wrong, and waits until what it asks for is applied.
pub(crate) fn apply(service: &Service, line: &str) {
    // A line that the engine refuses is taken, and becomes a dead letter later; one that is wrong by itself
    // is answered so.
    let answer = service.try_post_events("wait=applied&timeout=120", line).unwrap();
    assert!([200, 207].contains(&answer.status), "{}: {line}: {}", answer.status, answer.text);
}
