//! `[topics]`: names, partitions, and how producers choose them.

use super::reader::Reader;
use muster_wire::Partitioner;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// `[topics]`. A topic that is off is `None`.
#[derive(Clone, Debug)]
pub(crate) struct Topics {
    /// Of the changes topics, and of those that follow them.
    pub(crate) partitions: NonZeroU32,
    /// How the producers of changes choose a record's partition.
    pub(crate) partitioner: Partitioner,
    /// One at least.
    pub(crate) changes: Vec<String>,
    pub(crate) requests: String,
    pub(crate) definitions: String,
    pub(crate) deltas: String,
    pub(crate) memberships: Option<String>,
    pub(crate) group_status: Option<String>,
    pub(crate) changelog: Option<String>,
    pub(crate) dead_letters: String,
    pub(crate) licenses: String,
    pub(crate) licenses_changelog: Option<String>,
}

const PARTITIONERS: &[(&str, Partitioner)] = &[
    ("murmur2", Partitioner::Murmur2),
    ("crc32", Partitioner::Crc32),
    ("unchecked", Partitioner::Unchecked),
];
/// Partitions have numbers of 16 bits in the store, of which the last is the registrar's.
const MAX_PARTITIONS: usize = 65_535;

impl Topics {
    pub(super) fn read(reader: &mut Reader<'_>) -> Topics {
        let partitions = reader.count("topics.partitions", 1..=MAX_PARTITIONS);
        let partitions = u32::try_from(partitions).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let mut name = |key: &str| reader.checked_text(key, check_name);
        let (requests, definitions) = (name("topics.requests"), name("topics.definitions"));
        let (deltas, dead_letters) = (name("topics.deltas"), name("topics.dead_letters"));
        let licenses = name("topics.licenses");
        let mut optional = |key: &str| {
            let name =
                reader.checked_text(key, |name| if name.is_empty() { Ok(()) } else { check_name(name) });
            (!name.is_empty()).then_some(name)
        };
        let topics = Topics {
            memberships: optional("topics.memberships"),
            group_status: optional("topics.group_status"),
            changelog: optional("topics.changelog"),
            licenses_changelog: optional("topics.licenses_changelog"),
            partitioner: reader.choice("topics.partitioner", PARTITIONERS),
            changes: reader.texts("topics.changes", check_name),
            partitions,
            requests,
            definitions,
            deltas,
            dead_letters,
            licenses,
        };
        if topics.changes.is_empty() {
            reader.complain("topics.changes", "it names no topic: give one at least");
        }
        topics.check_distinct(reader);
        topics
    }

    fn check_distinct(&self, reader: &mut Reader<'_>) {
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, name) in self.names() {
            // Names that are wrong have been noted.
            if name.is_empty() {
                continue;
            }
            if let Some(other) = taken.insert(name, key) {
                reader
                    .complain(key, format!("`{name}` is the name of `{other}` too: give each topic its own"));
            }
        }
    }

    /// Every topic that is on: its key and its name.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let changes = self.changes.iter().map(|name| ("topics.changes", name.as_str()));
        let others = [
            ("topics.requests", Some(&self.requests)),
            ("topics.definitions", Some(&self.definitions)),
            ("topics.deltas", Some(&self.deltas)),
            ("topics.memberships", self.memberships.as_ref()),
            ("topics.group_status", self.group_status.as_ref()),
            ("topics.changelog", self.changelog.as_ref()),
            ("topics.dead_letters", Some(&self.dead_letters)),
            ("topics.licenses", Some(&self.licenses)),
            ("topics.licenses_changelog", self.licenses_changelog.as_ref()),
        ];
        changes.chain(others.into_iter().filter_map(|(key, name)| Some((key, name?.as_str()))))
    }
}

/// As Kafka names topics.
fn check_name(name: &str) -> Result<(), String> {
    const MAX_LENGTH: usize = 249;
    let legal = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    match name {
        "" => Err("it is empty: this topic cannot be turned off".to_owned()),
        "." | ".." => Err(format!("`{name}` cannot be the name of a topic")),
        _ if name.len() > MAX_LENGTH => Err(format!("a name has at most {MAX_LENGTH} characters")),
        _ if !legal => Err(format!(
            "`{name}` cannot be the name of a topic: use ASCII letters, digits, `.`, `_` and `-`"
        )),
        _ => Ok(()),
    }
}
