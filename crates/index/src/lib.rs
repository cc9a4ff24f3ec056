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
//!
//! The rows themselves, and for each value the objects that have it, are in a [`Table`], one per partition and
//! tenant; an index is shared between partitions. A [`Query`] answers the other question, which objects a rule
//! selects, by these sets.

mod by_attribute;
mod by_value;
mod clock;
mod indexed;
mod naive;
mod predicate;
mod query;
mod table;

pub use by_attribute::ByAttribute;
pub use by_value::ByValue;
pub use clock::{ClockTerms, Deadlines};
pub use naive::Naive;
pub use predicate::{Formula, PredicateId, PredicateTable, TruthMemo};
pub use query::{GroupSets, Query, Search};
pub use table::{ColumnNumber, DistinctValue, Edit, ObjectsOf, Row, RowView, Table, ValueId};

use muster_directory::{Attributes, Instant, ObjectKind};
use muster_rule::Rule;
use std::sync::Arc;

/// A rule's number within one index, dense, chosen by the caller and reused after [`RuleIndex::remove`].
pub type RuleNumber = u32;

/// The row of one object before and after a change; both are rows of the same table and kind.
#[derive(Clone, Copy, Debug)]
pub struct RowChange<'a> {
    /// Before; `None` where the object did not exist. Every rule is false of an object that does not exist.
    pub old: Option<&'a Row>,
    /// After; `None` where it does not exist any more.
    pub new: Option<&'a Row>,
}

impl RowChange<'_> {
    /// Users are selected by user rules only, devices by device rules. `None` where neither row is there.
    #[must_use]
    pub fn kind(&self) -> Option<ObjectKind> {
        self.new.or(self.old).map(Row::kind)
    }

    /// Both rows, decoded: what the baselines evaluate.
    pub(crate) fn decoded(&self, table: &Table) -> (Option<Attributes>, Option<Attributes>) {
        let decode = |row: Option<&Row>| row.map(|row| table.attributes(row));
        (decode(self.old), decode(self.new))
    }
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
    /// Conjuncts looked at (by the index by value).
    pub entries: u64,
    /// Rules evaluated, each once per change. Of the index by value only those that a conjunct does not decide alone.
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
    /// once per change. The changes are independent of each other: each brings both its rows. `table` is what
    /// they are rows of; it remembers what was found out about its values.
    fn affected(
        &self,
        table: &mut Table,
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

/// Whether an object with no attribute at all may satisfy a rule. Of an empty row no comparison with the clock
/// is true, so the time does not matter; a rule that reads memberships may, whatever its attributes say.
pub(crate) fn may_select_nothing(rule: &Rule) -> bool {
    !rule.sources().is_empty() || rule.matches(&Attributes::default(), &NoMemberships, Instant::MIN)
}
