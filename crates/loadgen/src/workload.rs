//! A workload: an organisation, its groups, and a stream of changes, all of one seed.
//!
//! Nothing is kept that can be made again: users and changes follow from their numbers, so that a million
//! of them need no memory. Rules are kept by whoever asks for them.

use crate::organisation::{Organisation, user_id};
use crate::profile::Profile;
use crate::rules::Rules;
use muster_directory::{
    AttributePatch, Event, GroupId, GroupOp, GroupPatch, GroupRequest, ObjectChange, ObjectKind, ObjectOp,
    Tenant,
};
use muster_rule::{Dialect, Instant, Rule, Schema};
use std::ops::Range;
use std::sync::Arc;

/// The workload's clock: 2026-11-22T08:00:00Z, in milliseconds. Rules over `system.now` are made for it.
pub(crate) const NOW: i64 = 1_795_334_400_000;

/// How much there is of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Dynamic groups, each with a rule of its own.
    pub rules: usize,
    /// Users.
    pub objects: usize,
}

/// What is measured on.
#[derive(Debug)]
pub struct Workload {
    organisation: Organisation,
    profile: Profile,
    size: Size,
    seed: u64,
}

impl Workload {
    /// The workload of this profile and size that follows from `seed`.
    #[must_use]
    pub fn new(profile: Profile, size: Size, seed: u64) -> Workload {
        Workload { organisation: Organisation::new(seed, size.objects), profile, size, seed }
    }

    /// Its users.
    #[must_use]
    pub fn organisation(&self) -> &Organisation {
        &self.organisation
    }

    /// How selective its rules are.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// How much there is of everything.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// What it follows from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The time at which its rules are meant.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::from_millis(NOW)
    }

    /// The texts of its rules, in the order of their groups.
    #[must_use]
    pub fn rule_texts(&self) -> Rules<'_> {
        Rules::new(&self.organisation, self.profile, self.size.rules, self.seed)
    }

    /// Its rules, compiled.
    ///
    /// # Errors
    /// A rule that the language refuses, which is a fault of this crate.
    pub fn rules(&self) -> Result<Vec<Arc<Rule>>, MalformedRule> {
        let schema = Schema::default();
        self.rule_texts()
            .map(|text| match Rule::parse(&text, Dialect::Entra, &schema) {
                Ok(rule) => Ok(Arc::new(rule)),
                Err(diagnostics) => Err(MalformedRule {
                    reason: diagnostics.first().map(|first| first.message.clone()).unwrap_or_default(),
                    text,
                }),
            })
            .collect()
    }

    /// The groups, as events, in order.
    pub fn groups(&self) -> impl Iterator<Item = Event> {
        self.rule_texts().enumerate().map(|(number, text)| {
            let patch = GroupPatch {
                display_name: Some(Some(format!("Group {number}").into())),
                membership_rule: Some(Some(text.into())),
                ..GroupPatch::default()
            };
            Event::Group(GroupRequest {
                tenant: Tenant::default(),
                id: group_id(number),
                op: GroupOp::Upsert(patch),
            })
        })
    }

    /// The users, as events, in order.
    pub fn users(&self) -> impl Iterator<Item = Event> {
        (0..self.size.objects)
            .map(|number| object_event(number, ObjectOp::Upsert(self.organisation.user(number))))
    }

    /// The changes of these numbers, as events.
    pub fn changes_in(&self, numbers: Range<u64>) -> impl Iterator<Item = Event> {
        numbers.map(|number| {
            let (object, patch): (usize, AttributePatch) = self.organisation.change(number);
            object_event(object, ObjectOp::Patch(patch))
        })
    }
}

/// A rule that the language refuses.
#[derive(Debug, thiserror::Error)]
#[error("the load generator made the rule `{text}`, which is refused: {reason}")]
pub struct MalformedRule {
    /// The rule.
    text: String,
    /// Why.
    reason: String,
}

/// The id of the group of this number.
#[must_use]
#[expect(clippy::expect_used, reason = "such ids are short and plain")]
pub fn group_id(number: usize) -> GroupId {
    GroupId::new(&format!("g{number}")).expect("an id of a group")
}

fn object_event(number: usize, op: ObjectOp) -> Event {
    let (tenant, id) = (Tenant::default(), user_id(number));
    Event::Object(ObjectChange { tenant, kind: ObjectKind::User, id, op, time: None })
}
