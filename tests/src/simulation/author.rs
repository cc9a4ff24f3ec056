//! What administrators and systems of record do, and what the oracle makes of it, partition by partition.
//!
//! What is asked while changes are under way may meet them in any order (see [`staff`]); the rest is for
//! [`Author::request_at_rest`].

use crate::decode::decode;
use crate::random::Random;
use crate::staff;
use muster_directory::{Event, Instant, Source};
use muster_engine::{Catalog, Definition, Registrar, Request};
use muster_index::IndexKind;
use muster_oracle::{Membership, Verdict, World};
use muster_rule::{Dialect, Schema};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

const USERS: usize = 6;

/// See the module's text.
pub(super) struct Author {
    catalog: Catalog,
    requests: u64,
    partitions: Vec<Expected>,
    start: Instant,
}

/// One partition's input, as the oracle takes it.
struct Expected {
    world: World,
    refused: Vec<u64>,
    offset: u64,
}

/// Who may be told of what, by now.
pub(super) struct Truth {
    pub(super) memberships: BTreeSet<Membership>,
    /// The offsets of the changes that must be dead letters.
    pub(super) refused: Vec<u64>,
}

impl Author {
    pub(super) fn new(partitions: usize, start: Instant) -> Author {
        let expected = |_| Expected { world: World::new(start), refused: Vec::new(), offset: 0 };
        let partitions = (0..partitions).map(expected).collect();
        Author { catalog: Catalog::new(IndexKind::Naive), requests: 0, partitions, start }
    }

    /// A change, for one of the partitions.
    pub(super) fn change(&mut self, random: &mut Random) -> (usize, String) {
        let user = random.below(USERS);
        let partition = user % self.partitions.len();
        let id = format!("u{user}");
        let line = staff::change(random, &id, self.start);
        let expected = &mut self.partitions[partition];
        let accepted = line.starts_with('{') && {
            let event = decode(&line, |_| Arc::default()).expect("lines are right");
            expected.world.apply(&event) == Verdict::Accepted
        };
        if !accepted {
            expected.refused.push(expected.offset);
        }
        expected.offset += 1;
        (partition, line)
    }

    /// A request that may come at any time: a rule, or the end of a group that has one.
    pub(super) fn request(&mut self, random: &mut Random) -> Option<Definition> {
        self.ask(&staff::request(random).1)
    }

    /// A request that changes who decides, while nothing else is under way and the partitions' clocks say this.
    pub(super) fn request_at_rest(&mut self, random: &mut Random, clocks: &[Instant]) -> Option<Definition> {
        for (expected, now) in self.partitions.iter_mut().zip(clocks) {
            expected.world.apply(&Event::Clock(*now));
        }
        let id = format!("g{}", random.below(staff::GROUPS));
        let data = match random.below(4) {
            0 => json!({"membershipRule": null}),
            1 => json!({"membershipRuleProcessingState": "On"}),
            _ => json!({"membershipRuleProcessingState": "Paused"}),
        };
        self.ask(&json!({"kind": "group", "op": "patch", "id": id, "data": data}).to_string())
    }

    /// The assigned group, which every world begins with.
    pub(super) fn assigned_group(&mut self) -> Option<Definition> {
        self.ask(&staff::assigned_group())
    }

    /// What is so in a partition when all of it is done and its clock says `now`.
    pub(super) fn truth(&self, partition: usize, now: Instant) -> Truth {
        let expected = &self.partitions[partition];
        let mut world = expected.world.clone();
        world.apply(&Event::Clock(now));
        Truth { memberships: world.memberships(), refused: expected.refused.clone() }
    }

    fn ask(&mut self, line: &str) -> Option<Definition> {
        self.requests += 1;
        let source = Source::File { file: "requests".into(), line: self.requests };
        let schema: Arc<Schema> = Arc::default();
        let event = muster_wire::decode(line.as_bytes(), &schema).expect("lines are right");
        let Event::Group(request) = event else { unreachable!("{line}") };
        let registrar = Registrar { default_dialect: Dialect::Entra };
        let decided = registrar.decide(&self.catalog, Request::Group(request), self.requests, &source);
        let event = decode(line, |_| Arc::default()).expect("lines are right");
        for expected in &mut self.partitions {
            let verdict = expected.world.apply(&event);
            assert_eq!(verdict == Verdict::Accepted, decided.is_ok(), "{line}: {decided:?}");
        }
        let definition = decided.ok().flatten()?;
        self.catalog.apply(&definition);
        Some(definition)
    }
}
