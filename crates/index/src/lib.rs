//! Which rules a change can affect.
//!
//! A [`RuleIndex`] answers, for a small batch of row changes over one snapshot of the rules, *which
//! (rule, object) truths flip*. It does not speak of deltas, groups or storage, and it never sees
//! memberships: a rule that also reads `memberOf` is reported as undecided, for the caller to decide
//! once the object's source groups are known.
//!
//! Three indexes stand beside each other, all exact: [`ByValue`] finds the predicates that flip between two
//! values and evaluates only rules that such a flip can reach; [`ByAttribute`] evaluates all rules that read
//! a changed attribute; [`Naive`] evaluates every rule. The latter two are the measured baselines.
//! [`ClockTerms`] and [`Deadlines`] do for the passing of time what these do for changes.

mod by_attribute;
mod by_value;
mod clock;
mod indexed;
mod naive;
mod predicate;

pub use by_attribute::ByAttribute;
pub use by_value::ByValue;
pub use clock::{ClockTerms, Deadlines};
pub use naive::Naive;
pub use predicate::{Formula, PredicateId, PredicateTable, TruthMemo};

use muster_directory::{Attributes, Instant, ObjectKind};
use muster_rule::Rule;
use std::sync::Arc;

/// A rule's number within one index, dense, chosen by the caller and reused after [`RuleIndex::remove`].
pub type RuleNumber = u32;

/// The row of one object before and after a change.
#[derive(Clone, Copy, Debug)]
pub struct RowChange<'a> {
    /// Users are selected by user rules only, devices by device rules.
    pub kind: ObjectKind,
    /// Before; `None` where the object did not exist. Every rule is false of an object that does not exist.
    pub old: Option<&'a Attributes>,
    /// After; `None` where it does not exist any more.
    pub new: Option<&'a Attributes>,
}

/// One answer of an index: a rule and one of the changes it was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Affected {
    /// Position of the change in the batch.
    pub change: u32,
    /// The rule.
    pub rule: RuleNumber,
    /// What is known of it.
    pub effect: Effect,
}

/// How a change affects a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Its truth for the object flipped.
    Flipped,
    /// It reads memberships beside attributes, and the attributes it reads may have changed its truth.
    Undecided,
}

/// How much work an index did, for metrics and benches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Changes asked about.
    pub changes: u64,
    /// Posting list entries touched (of the index by value).
    pub entries: u64,
    /// Rules looked at, each once per change.
    pub rules: u64,
}

/// Memory that an index uses during one question; kept by the caller to be used again.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) old: TruthMemo,
    pub(crate) new: TruthMemo,
    pub(crate) candidates: Vec<RuleNumber>,
    pub(crate) by_value: by_value::Scratch,
    /// Summed over all questions.
    pub work: Work,
}

/// Finds the rules whose truth a change flips.
pub trait RuleIndex: Send + Sync + std::fmt::Debug {
    /// Adds a rule under a number that is free.
    fn insert(&mut self, number: RuleNumber, rule: Arc<Rule>);

    /// Removes the rule of this number, if there is one.
    fn remove(&mut self, number: RuleNumber);

    /// Appends to `found`, for every change of the batch, each rule of its kind whose truth flips at the
    /// unchanged time `now`, and each rule that reads memberships and may have flipped; a rule at most
    /// once per change. The changes are independent of each other: each brings both its rows.
    fn affected(
        &self,
        changes: &[RowChange<'_>],
        now: Instant,
        scratch: &mut Scratch,
        found: &mut Vec<Affected>,
    );
}

/// The indexes there are, as `--index` names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IndexKind {
    /// [`ByValue`].
    #[default]
    Value,
    /// [`ByAttribute`].
    Attribute,
    /// [`Naive`].
    Naive,
}

impl IndexKind {
    /// An empty index of this kind.
    #[must_use]
    pub fn build(self) -> Box<dyn RuleIndex> {
        match self {
            IndexKind::Value => Box::new(ByValue::default()),
            IndexKind::Attribute => Box::new(ByAttribute::default()),
            IndexKind::Naive => Box::new(Naive::default()),
        }
    }
}

/// Memberships for rules that read none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoMemberships;

impl muster_rule::Memberships for NoMemberships {
    fn contains(&self, _folded_group_id: &str) -> bool {
        false
    }
}
