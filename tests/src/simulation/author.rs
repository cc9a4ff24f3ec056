//! What administrators and systems of record do, and what the oracle makes of it, partition by partition.
//!
//! The directory is small, so that things meet. While changes are under way only requests are made whose
//! outcome does not depend on the order in which they and the changes are taken: nothing is paused or
//! converted. The rest is for [`Author::request_at_rest`].

use crate::decode::decode;
use crate::random::Random;
use muster_directory::{Event, Instant, Source};
use muster_engine::{Catalog, Definition, Registrar, Request};
use muster_index::IndexKind;
use muster_oracle::{Membership, Verdict, World};
use muster_rule::{Dialect, Schema};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

const CITIES: [&str; 3] = ["Oslo", "Bergen", "Bodø"];
const UNITS: [&str; 2] = ["Sales", "Legal"];
const RULES: [&str; 6] = [
    r#"user.city -eq "Oslo""#,
    r#"user.city -eq "Bergen" -or user.department -eq "Legal""#,
    r#"user.department -eq "Sales" -and user.city -ne "Bodø""#,
    "user.employeeHireDate -le system.now",
    r#"user.memberof -any (group.objectId -in ['g0'])"#,
    r#"user.memberof -any (group.objectId -in ['g1', 'a'])"#,
];
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
        let line = match random.weighted(&[50, 12, 14, 4, 3]) {
            0 => {
                let op = if random.chance(60) { "upsert" } else { "patch" };
                let mut data = json!({});
                if random.chance(70) {
                    data["city"] = json!(random.pick(&CITIES));
                }
                if random.chance(50) {
                    data["department"] = json!(random.pick(&UNITS));
                }
                if random.chance(40) {
                    let hired = self.start.as_millis() + random.below(96) as i64 * 3_600_000;
                    data["employeeHireDate"] = json!(Instant::from_millis(hired).to_string());
                }
                json!({"kind": "user", "op": op, "id": id, "data": data}).to_string()
            }
            1 => json!({"kind": "user", "op": "delete", "id": id}).to_string(),
            2 => {
                let op = if random.chance(60) { "add" } else { "remove" };
                json!({"kind": "member", "op": op, "group": "a", "id": id}).to_string()
            }
            // Refused where the user is there.
            3 => json!({"kind": "device", "op": "delete", "id": id}).to_string(),
            _ => {
                let expected = &mut self.partitions[partition];
                expected.refused.push(expected.offset);
                expected.offset += 1;
                return (partition, "not json".to_owned());
            }
        };
        let event = decode(&line, |_| Arc::default()).expect("lines are right");
        let expected = &mut self.partitions[partition];
        if expected.world.apply(&event) != Verdict::Accepted {
            expected.refused.push(expected.offset);
        }
        expected.offset += 1;
        (partition, line)
    }

    /// A request that may come at any time: a rule, or the end of a group that has one.
    pub(super) fn request(&mut self, random: &mut Random) -> Option<Definition> {
        let id = format!("g{}", random.below(4));
        if random.chance(12) {
            return self.ask(&json!({"kind": "group", "op": "delete", "id": id}));
        }
        let rule = random.pick(&RULES);
        self.ask(&json!({"kind": "group", "op": "upsert", "id": id, "data": {"membershipRule": rule}}))
    }

    /// A request that changes who decides, while nothing else is under way and the partitions' clocks say this.
    pub(super) fn request_at_rest(&mut self, random: &mut Random, clocks: &[Instant]) -> Option<Definition> {
        for (expected, now) in self.partitions.iter_mut().zip(clocks) {
            expected.world.apply(&Event::Clock(*now));
        }
        let id = format!("g{}", random.below(4));
        let data = match random.below(4) {
            0 => json!({"membershipRule": null}),
            1 => json!({"membershipRuleProcessingState": "On"}),
            _ => json!({"membershipRuleProcessingState": "Paused"}),
        };
        self.ask(&json!({"kind": "group", "op": "patch", "id": id, "data": data}))
    }

    /// The assigned group, which every world begins with.
    pub(super) fn assigned_group(&mut self) -> Option<Definition> {
        self.ask(&json!({"kind": "group", "op": "upsert", "id": "a", "data": {}}))
    }

    /// What is so in a partition when all of it is done and its clock says `now`.
    pub(super) fn truth(&self, partition: usize, now: Instant) -> Truth {
        let expected = &self.partitions[partition];
        let mut world = expected.world.clone();
        world.apply(&Event::Clock(now));
        Truth { memberships: world.memberships(), refused: expected.refused.clone() }
    }

    fn ask(&mut self, line: &serde_json::Value) -> Option<Definition> {
        let line = line.to_string();
        self.requests += 1;
        let source = Source::File { file: "requests".into(), line: self.requests };
        let schema: Arc<Schema> = Arc::default();
        let event = muster_wire::decode(line.as_bytes(), &schema).expect("lines are right");
        let Event::Group(request) = event else { unreachable!("{line}") };
        let registrar = Registrar { default_dialect: Dialect::Entra };
        let decided = registrar.decide(&self.catalog, Request::Group(request), self.requests, &source);
        let event = decode(&line, |_| Arc::default()).expect("lines are right");
        for expected in &mut self.partitions {
            let verdict = expected.world.apply(&event);
            assert_eq!(verdict == Verdict::Accepted, decided.is_ok(), "{line}: {decided:?}");
        }
        let definition = decided.ok().flatten()?;
        self.catalog.apply(&definition);
        Some(definition)
    }
}
