//! One checker for everything that is published: reads inputs and outputs as any client of the log could, committed
//! records only, and knows nothing of what is between them.
//!
//! - I1: the deltas, folded, are the memberships that the oracle finds in the inputs.
//! - I2: of each output partition the sequences are 1, 2, 3, ….
//! - I3: of each object the deltas are in the order of its changes, and each changes something.
//! - I5: each input is in the state, or it is a dead letter, once; and no other is.
//! - I7: without new input nothing new is published ([`Seen::unchanged_since`]).
//!
//! The other invariants are of what is inside: `simulation` asserts them.

use crate::decode::decode;
use muster_directory::{Event, Instant};
use muster_oracle::{Verdict, World};
use muster_stream::log::{Log, ReadLimits, Record, TopicPartition};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// Tenant, group, member.
pub type Membership = (String, String, String);

/// Where an input lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The topic.
    pub topic: String,
    /// Its partition.
    pub partition: u32,
    /// The offset.
    pub offset: u64,
}

/// The names of an application's topics.
#[derive(Clone, Debug)]
pub struct Topics {
    /// Of changes.
    pub changes: Vec<String>,
    /// Of requests.
    pub requests: String,
    /// Of deltas.
    pub deltas: String,
    /// Of dead letters.
    pub dead_letters: String,
    /// Of changes, and of what follows them.
    pub partitions: u32,
}

/// What was published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// In the order of the log, by partition.
    pub deltas: BTreeMap<u32, Vec<Value>>,
    /// What was refused, in the order of the log within a partition.
    pub dead_letters: Vec<Place>,
}

/// What should have been.
#[derive(Clone, Debug)]
pub struct Truth {
    /// At the end of the inputs.
    pub memberships: BTreeSet<Membership>,
    /// The inputs that are refused, where they are known.
    pub refused: Option<BTreeSet<Place>>,
    /// The topics of changes, of which the order counts.
    pub changes: BTreeSet<String>,
}

impl Topics {
    /// The names with this prefix, as [`kafka_configuration`](crate::service::kafka_configuration) has them.
    #[must_use]
    pub fn of(name: &str, partitions: u32) -> Topics {
        let topic = |topic: &str| format!("{name}.{topic}");
        Topics {
            changes: vec![topic("changes")],
            requests: topic("requests"),
            deltas: topic("deltas"),
            dead_letters: topic("dead_letters"),
            partitions,
        }
    }
}

impl Seen {
    /// Everything that is committed.
    #[must_use]
    pub fn of_log(log: &dyn Log, topics: &Topics) -> Seen {
        let mut seen = Seen::default();
        for partition in 0..topics.partitions {
            let values = read(log, &topics.deltas, partition).into_iter().map(|record| json(&record));
            seen.deltas.insert(partition, values.collect());
            seen.dead_letters.extend(read(log, &topics.dead_letters, partition).iter().map(place_of_letter));
        }
        seen
    }

    /// Delta lines from somewhere else, with their partitions, in order.
    #[must_use]
    pub fn of_deltas(lines: impl IntoIterator<Item = (u32, Value)>) -> Seen {
        let mut seen = Seen::default();
        lines.into_iter().for_each(|(partition, line)| seen.deltas.entry(partition).or_default().push(line));
        seen
    }

    /// How many deltas there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.deltas.values().map(Vec::len).sum()
    }

    /// I1, I2, I3 and I5: a report of everything that is not so.
    ///
    /// # Errors
    /// The report.
    pub fn check(&self, truth: &Truth) -> Result<(), String> {
        let mut findings = Vec::new();
        let mut memberships = BTreeSet::new();
        for (partition, deltas) in &self.deltas {
            check_sequences(*partition, deltas, &mut findings);
            check_order(*partition, deltas, &truth.changes, &mut findings);
            fold(*partition, deltas, &mut memberships, &mut findings);
        }
        for missing in truth.memberships.difference(&memberships) {
            findings.push(format!("I1: {missing:?} is not a member, and should be"));
        }
        for superfluous in memberships.difference(&truth.memberships) {
            findings.push(format!("I1: {superfluous:?} is a member, and should not be"));
        }
        if let Some(refused) = &truth.refused {
            self.check_letters(refused, &mut findings);
        }
        report(&findings)
    }

    /// I7: nothing was published since.
    ///
    /// # Errors
    /// What was.
    pub fn unchanged_since(&self, before: &Seen) -> Result<(), String> {
        if self == before {
            return Ok(());
        }
        let (now, then) = (self.count(), before.count());
        Err(format!("I7: {then} deltas became {now} without any input that asks for it"))
    }

    fn check_letters(&self, refused: &BTreeSet<Place>, findings: &mut Vec<String>) {
        let mut found = BTreeSet::new();
        for place in &self.dead_letters {
            if !found.insert(place) {
                findings.push(format!("I5: {place:?} has two dead letters"));
            }
            if !refused.contains(place) {
                findings.push(format!("I5: {place:?} is a dead letter, and should not be"));
            }
        }
        for place in refused.iter().filter(|place| !found.contains(place)) {
            findings.push(format!("I5: {place:?} is lost: it should be a dead letter"));
        }
    }
}

impl Truth {
    /// What the oracle makes of all inputs in a log: of every request, and then of the changes. That is right
    /// where it does not matter how they met: where nothing is paused and no group converted.
    #[must_use]
    pub fn of_log(log: &dyn Log, topics: &Topics, now: Instant) -> Truth {
        let mut world = World::new(now);
        let mut refused = BTreeSet::new();
        let requests = read(log, &topics.requests, 0).into_iter();
        let mut inputs: Vec<(Place, Record)> =
            requests.map(|record| (place(&topics.requests, 0, &record), record)).collect();
        for topic in &topics.changes {
            for partition in 0..topics.partitions {
                let changes = read(log, topic, partition).into_iter();
                inputs.extend(changes.map(|record| (place(topic, partition, &record), record)));
            }
        }
        for (place, record) in inputs {
            let accepted = event(&record).is_some_and(|event| world.apply(&event) == Verdict::Accepted);
            if !accepted {
                refused.insert(place);
            }
        }
        let memberships = world.memberships().into_iter().map(|membership| {
            let (tenant, group) = (membership.tenant.as_str(), membership.group.as_str());
            (tenant.to_owned(), group.to_owned(), membership.member.as_str().to_owned())
        });
        let changes = topics.changes.iter().cloned().collect();
        Truth { memberships: memberships.collect(), refused: Some(refused), changes }
    }
}

/// Every committed record of a partition, from the first that is there.
#[must_use]
pub fn read(log: &dyn Log, topic: &str, partition: u32) -> Vec<Record> {
    let of = TopicPartition::new(topic, partition);
    let bounds = log.bounds(&of).unwrap_or_else(|error| panic!("{of}: {error}"));
    let mut reader = log.reader(ReadLimits::default()).expect("a reader");
    reader.assign(&of, bounds.first).expect("it is there");
    let (mut records, mut next) = (Vec::new(), bounds.first);
    while next < bounds.next {
        let batch = reader.poll(Duration::from_secs(30)).unwrap_or_else(|error| panic!("{of}: {error}"));
        let batch = batch.unwrap_or_else(|| panic!("{of}: nothing comes after {next} of {}", bounds.next));
        next = if batch.at_end { bounds.next } else { batch.next };
        records.extend(batch.records);
    }
    records
}

fn check_sequences(partition: u32, deltas: &[Value], findings: &mut Vec<String>) {
    let mut last = 0;
    for delta in deltas {
        let sequence = delta["sequence"].as_u64().unwrap_or_default();
        if sequence != last + 1 {
            findings.push(format!("I2: partition {partition}: sequence {sequence} follows {last}: {delta}"));
        }
        last = sequence;
    }
}

fn check_order(partition: u32, deltas: &[Value], changes: &BTreeSet<String>, findings: &mut Vec<String>) {
    let mut last: BTreeMap<(String, String), u64> = BTreeMap::new();
    for delta in deltas {
        let source = &delta["cause"]["source"];
        let (Some(topic), Some(offset)) = (source["topic"].as_str(), source["offset"].as_u64()) else {
            continue;
        };
        // What an edit asks for is done group by group, as there is time.
        if !changes.contains(topic) {
            continue;
        }
        let of = (text(delta, "memberId"), topic.to_owned());
        let last = last.entry(of).or_default();
        if offset < *last {
            findings.push(format!("I3: partition {partition}: offset {offset} follows {last}: {delta}"));
        }
        *last = offset;
    }
}

fn fold(
    partition: u32,
    deltas: &[Value],
    memberships: &mut BTreeSet<Membership>,
    findings: &mut Vec<String>,
) {
    for delta in deltas {
        let membership = (text(delta, "tenant"), text(delta, "groupId"), text(delta, "memberId"));
        let fits = match delta["change"].as_str() {
            Some("added") => memberships.insert(membership),
            Some("removed") => memberships.remove(&membership),
            _ => false,
        };
        if !fits {
            findings.push(format!("I3: partition {partition}: it was so already: {delta}"));
        }
    }
}

/// The findings: a few of each invariant in full.
fn report(findings: &[String]) -> Result<(), String> {
    if findings.is_empty() {
        return Ok(());
    }
    let mut by_invariant: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in findings {
        let invariant = finding.split(':').next().unwrap_or_default();
        by_invariant.entry(invariant).or_default().push(finding);
    }
    let mut report = format!("{} findings\n", findings.len());
    for (invariant, findings) in by_invariant {
        writeln!(report, "  {invariant}: {}", findings.len()).expect("a string takes it");
        findings
            .iter()
            .take(5)
            .for_each(|finding| writeln!(report, "    {finding}").expect("a string takes it"));
    }
    Err(report)
}

fn event(record: &Record) -> Option<Event> {
    let line = str::from_utf8(record.value.as_deref()?).ok()?;
    serde_json::from_str::<Value>(line).ok().filter(Value::is_object)?;
    decode(line, |_| Arc::default()).ok()
}

fn place(topic: &str, partition: u32, record: &Record) -> Place {
    Place { topic: topic.to_owned(), partition, offset: record.offset }
}

fn place_of_letter(record: &Record) -> Place {
    // Ours come last.
    let header = |name: &str| {
        let found = record.headers.iter().rev().find(|(header, _)| header == name);
        let value =
            found.and_then(|(_, value)| value.as_deref()).unwrap_or_else(|| panic!("no {name}: {record:?}"));
        String::from_utf8_lossy(value).into_owned()
    };
    let number = |name: &str| header(name).parse().expect("digits");
    Place { topic: header("topic"), partition: number("partition") as u32, offset: number("offset") }
}

fn json(record: &Record) -> Value {
    let value = record.value.as_deref().expect("a delta has a value");
    serde_json::from_slice(value).unwrap_or_else(|error| panic!("{error}: {record:?}"))
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn delta(sequence: u64, change: &str, offset: u64) -> Value {
        json!({
            "tenant": "default", "groupId": "g", "memberId": "u", "change": change, "sequence": sequence,
            "cause": {"type": "change", "source": {"topic": "changes", "partition": 0, "offset": offset}},
        })
    }

    fn findings(deltas: Vec<Value>, memberships: &[&str], letters: &[u64], refused: &[u64]) -> String {
        let place = |&offset: &u64| Place { topic: "changes".to_owned(), partition: 0, offset };
        let seen =
            Seen { deltas: BTreeMap::from([(0, deltas)]), dead_letters: letters.iter().map(place).collect() };
        let membership = |member: &&str| ("default".to_owned(), "g".to_owned(), (*member).to_owned());
        let truth = Truth {
            memberships: memberships.iter().map(membership).collect(),
            refused: Some(refused.iter().map(place).collect()),
            changes: BTreeSet::from(["changes".to_owned()]),
        };
        seen.check(&truth).err().unwrap_or_default()
    }

    #[test]
    fn what_is_right_passes_and_each_wrong_is_named() {
        let right = || vec![delta(1, "added", 3), delta(2, "removed", 4), delta(3, "added", 4)];
        assert_eq!(findings(right(), &["u"], &[7, 8], &[7, 8]), "");
        for (deltas, members, letters, expected) in [
            (right(), &["u", "v"][..], &[7, 8][..], "I1"),
            (right(), &[], &[7, 8], "I1"),
            (vec![delta(1, "added", 3), delta(3, "removed", 4)], &[], &[7, 8], "I2"),
            (vec![delta(1, "added", 3), delta(1, "added", 3)], &["u"], &[7, 8], "I2"),
            (vec![delta(1, "added", 5), delta(2, "removed", 4)], &[], &[7, 8], "I3: partition 0: offset"),
            (vec![delta(1, "removed", 5)], &[], &[7, 8], "I3: partition 0: it was so"),
            (right(), &["u"], &[7], "is lost"),
            (right(), &["u"], &[7, 8, 8], "two dead letters"),
            (right(), &["u"], &[7, 8, 9], "should not be"),
        ] {
            let found = findings(deltas, members, letters, &[7, 8]);
            assert!(found.contains(expected), "{expected}: {found}");
        }
    }
}
