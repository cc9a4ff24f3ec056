//! Random histories of one small tenant: few users, groups, products and plans, so that everything
//! meets everything.

use crate::random::Random;
use muster_directory::delta::ObjectLife;
use muster_directory::licence::{
    AssignedLicence, Assignee, Assignment, Capability, LicensingInput, Product, ServicePlan, TenantSettings,
    UniqueAttribute, UsageLocation,
};
use muster_directory::{
    AttributePatch, Cause, Delta, Event, GroupId, GroupOp, GroupPatch, GroupRequest, Instant,
    MembershipChange, ObjectChange, ObjectId, ObjectKind, ObjectOp, Ordinal, PlanId, SkuId, Source, Tenant,
};
use muster_rule::{Attribute, Text, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

const USERS: usize = 6;
const GROUPS: usize = 4;
const PRODUCTS: usize = 3;
const PLANS: usize = 5;
const HOUR: i64 = 3_600_000;

/// One step of a history.
#[derive(Clone, Debug)]
pub enum Step {
    /// One line.
    Input(LicensingInput),
    /// The delta lines of one event, all of this partition.
    Deltas(u32, Vec<Delta>),
}

/// Makes one step after the other, each possible after those before it.
pub struct History {
    random: Random,
    members: BTreeSet<(usize, usize)>,
    sequences: BTreeMap<u32, u64>,
    now: i64,
    /// How strange products are: the share, in a hundred, of plans that ask something.
    strange: usize,
}

impl History {
    /// Equal seeds make equal histories.
    #[must_use]
    pub fn new(seed: u64, start: Instant) -> History {
        let mut random = Random::new(seed);
        let strange = *random.pick(&[0, 10, 40, 70]);
        History {
            random,
            members: BTreeSet::new(),
            sequences: BTreeMap::new(),
            now: start.as_millis(),
            strange,
        }
    }

    /// The next step; `held` are removals that could be confirmed.
    pub fn step(&mut self, held: &BTreeSet<u64>) -> Step {
        let tenant = Tenant::default();
        Step::Input(match self.random.weighted(&[40, 10, 14, 6, 8, 2, 5, 6, 4, 2]) {
            0 => return self.moves(),
            1 => LicensingInput::Product(tenant, sku(self.random.below(PRODUCTS)), self.product()),
            2 => {
                let group = group(self.random.below(GROUPS));
                LicensingInput::Assignment(tenant, Assignee::Group(group), self.assignment())
            }
            3 => {
                let user = user(self.random.below(USERS));
                LicensingInput::Assignment(tenant, Assignee::User(user), self.assignment())
            }
            4 => LicensingInput::Event(Event::Object(self.change())),
            5 => return self.deletion(),
            6 => LicensingInput::Settings(tenant, self.settings()),
            7 => {
                self.now += self.random.below(4) as i64 * HOUR / 2;
                LicensingInput::Event(Event::Clock(Instant::from_millis(self.now)))
            }
            8 => match held.iter().next() {
                Some(number) => LicensingInput::ConfirmRemoval(tenant, *number),
                None => return self.moves(),
            },
            _ => {
                let id = group(self.random.below(GROUPS));
                let rule = self.random.chance(60).then(|| Arc::from("user.city -eq \"x\""));
                let patch = GroupPatch { membership_rule: Some(rule), ..GroupPatch::default() };
                let op = match self.random.below(3) {
                    0 => GroupOp::Delete,
                    1 => GroupOp::Patch(patch),
                    _ => GroupOp::Upsert(patch),
                };
                LicensingInput::Event(Event::Group(GroupRequest { tenant, id, op }))
            }
        })
    }

    /// Some memberships begin, some end: often a move.
    fn moves(&mut self) -> Step {
        let count = *self.random.pick(&[1, 1, 1, 2, 2, 3, 6]);
        let mut pairs = BTreeSet::new();
        let one = self.random.below(USERS);
        for _ in 0..count {
            let member = if self.random.chance(50) { one } else { self.random.below(USERS) };
            pairs.insert((self.random.below(GROUPS), member));
        }
        let mut changes = Vec::new();
        for pair in pairs {
            let change = if self.members.remove(&pair) {
                MembershipChange::Removed
            } else {
                self.members.insert(pair);
                MembershipChange::Added
            };
            changes.push((pair, change));
        }
        self.deltas(changes, Cause::Rule { version: 1 })
    }

    /// A user is deleted: what the engine says of it.
    fn deletion(&mut self) -> Step {
        let gone = self.random.below(USERS);
        let pairs: Vec<_> = self.members.iter().copied().filter(|(_, member)| *member == gone).collect();
        if pairs.is_empty() {
            return self.moves();
        }
        for pair in &pairs {
            self.members.remove(pair);
        }
        let changes = pairs.into_iter().map(|pair| (pair, MembershipChange::Removed)).collect();
        let cause =
            Cause::Change { attributes: Arc::from([]), object: Some(ObjectLife::Deleted), time: None };
        self.deltas(changes, cause)
    }

    fn deltas(&mut self, changes: Vec<((usize, usize), MembershipChange)>, cause: Cause) -> Step {
        let partition = u32::from(self.random.chance(30));
        let count = NonZeroU32::new(changes.len() as u32).unwrap();
        let mut deltas = Vec::new();
        for (index, ((of, member), change)) in (1..).zip(changes) {
            let sequence = self.sequences.entry(partition).or_default();
            *sequence += 1;
            deltas.push(Delta {
                tenant: Tenant::default(),
                group: group(of),
                member: user(member),
                member_kind: ObjectKind::User,
                change,
                sequence: *sequence,
                time: Instant::from_millis(self.now),
                rule_version: 0,
                event: Ordinal { index: NonZeroU32::new(index).unwrap(), count },
                cause: cause.clone(),
                source: Source::File { file: "deltas".into(), line: *sequence },
            });
        }
        Step::Deltas(partition, deltas)
    }

    fn product(&mut self) -> Option<Product> {
        if self.random.chance(8) {
            return None;
        }
        let grace = [0, 0, 0, HOUR, 3 * HOUR];
        let enabled_units = *self.random.pick(&[0, 1, 1, 2, 2, 3, 4, 9]);
        let mut service_plans: Vec<ServicePlan> = Vec::new();
        for number in 0..PLANS {
            if self.random.chance(50) {
                service_plans.push(self.plan(number));
            }
        }
        Some(Product {
            part_number: None,
            enabled_units,
            capability: if self.random.chance(7) { Capability::Suspended } else { Capability::Enabled },
            grace_millis: *self.random.pick(&grace),
            service_plans,
        })
    }

    fn plan(&mut self, number: usize) -> ServicePlan {
        let others = |random: &mut Random| match random.chance(self.strange / 2) {
            true => vec![plan(random.below(PLANS))],
            false => Vec::new(),
        };
        ServicePlan {
            id: plan(number),
            name: None,
            depends_on: others(&mut self.random),
            excludes: others(&mut self.random),
            prohibited_in: match self.random.chance(self.strange / 3) {
                true => vec![UsageLocation::new("CN").unwrap()],
                false => Vec::new(),
            },
            unique: self.random.chance(self.strange / 4).then_some(UniqueAttribute::ProxyAddresses),
        }
    }

    fn assignment(&mut self) -> Option<Assignment> {
        if self.random.chance(15) {
            return None;
        }
        let mut licences = Vec::new();
        for number in 0..PRODUCTS {
            if self.random.chance(45) {
                let disabled_plans: Vec<PlanId> =
                    (0..PLANS).filter(|_| self.random.chance(20)).map(plan).collect();
                licences.push(AssignedLicence { sku: sku(number), disabled_plans });
            }
        }
        Some(Assignment { priority: *self.random.pick(&[0, 0, 0, 1, -1]), licences })
    }

    fn settings(&mut self) -> Option<TenantSettings> {
        let usage_location = self.random.chance(50).then(|| *self.random.pick(&["CN", "US"]));
        Some(TenantSettings {
            usage_location: usage_location.map(|code| UsageLocation::new(code).unwrap()),
            settle_millis: *self.random.pick(&[0, 0, HOUR]),
            removal_brake: *self.random.pick(&[None, None, Some(1), Some(2)]),
        })
    }

    fn change(&mut self) -> ObjectChange {
        let location = self.random.pick(&["CN", "US", "cn", ""]);
        let location = (!location.is_empty()).then(|| Value::Text(Text::new(location)));
        let addresses = self.random.chance(60).then(|| {
            let address = *self.random.pick(&["SMTP:a@x", "smtp:A@x", "SMTP:b@x"]);
            Value::Texts(vec![Text::new(address)])
        });
        let mut patch = AttributePatch::default();
        if self.random.chance(70) {
            patch.known.push((Attribute::Standard(29), location));
        }
        if self.random.chance(50) {
            patch.known.push((Attribute::Standard(48), addresses));
        }
        let op = match self.random.below(10) {
            0 => ObjectOp::Delete,
            1..4 => ObjectOp::Upsert(patch),
            _ => ObjectOp::Patch(patch),
        };
        let id = user(self.random.below(USERS));
        ObjectChange { tenant: Tenant::default(), kind: ObjectKind::User, id, op, time: None }
    }
}

/// The products of histories.
pub fn skus() -> impl Iterator<Item = SkuId> {
    (0..PRODUCTS).map(sku)
}

/// The users of histories.
pub fn users() -> impl Iterator<Item = ObjectId> {
    (0..USERS).map(user)
}

fn user(number: usize) -> ObjectId {
    ObjectId::new(&format!("u{number}")).unwrap()
}

fn group(number: usize) -> GroupId {
    GroupId::new(&format!("g{number}")).unwrap()
}

fn sku(number: usize) -> SkuId {
    SkuId::new(&format!("sku{number}")).unwrap()
}

fn plan(number: usize) -> PlanId {
    PlanId::new(&format!("p{number}")).unwrap()
}
