//! The checked rule: every name resolved, every operand typed and folded, ready to decide.

use crate::tree::{self, Span};
use crate::{Attribute, Instant, ObjectKind, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which language a rule is held to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// What Microsoft Entra ID accepts.
    #[default]
    Entra,
    /// That, and the extensions.
    Extended,
}

/// A rule that has passed every check. Cheap to share; never changes.
#[derive(Debug)]
pub struct Rule {
    pub(crate) text: Arc<str>,
    pub(crate) dialect: Dialect,
    pub(crate) kind: ObjectKind,
    pub(crate) tree: tree::Node,
    pub(crate) expression: Expression,
    pub(crate) reads: Vec<ReadAttribute>,
    pub(crate) sources: Vec<Arc<str>>,
    pub(crate) reads_clock: bool,
}

/// An attribute that a rule reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadAttribute {
    /// Its identity.
    pub attribute: Attribute,
    /// Its canonical name, as causes print it (for an undeclared extension attribute: as the rule writes it).
    pub name: Arc<str>,
}

impl Rule {
    /// The text, byte for byte as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The dialect it was checked under.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The kind of object that it selects.
    #[must_use]
    pub fn kind(&self) -> ObjectKind {
        self.kind
    }

    /// The syntax tree.
    #[must_use]
    pub fn tree(&self) -> &tree::Node {
        &self.tree
    }

    /// The checked expression.
    #[must_use]
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// The object's own attributes that it reads (`Direct Reports for` reads manager and objectId), sorted by
    /// name in bytes, each once. `memberOf` is not among them.
    #[must_use]
    pub fn reads(&self) -> &[ReadAttribute] {
        &self.reads
    }

    /// The folded ids of the groups that it reads by `memberOf`, sorted, each once.
    #[must_use]
    pub fn sources(&self) -> &[Arc<str>] {
        &self.sources
    }

    /// Whether its answer can change with the time alone (`system.now`).
    #[must_use]
    pub fn reads_clock(&self) -> bool {
        self.reads_clock
    }

    /// Whether the object with this row, of this rule's [`kind`](Self::kind), is selected at `now`.
    #[must_use]
    pub fn matches(&self, row: &dyn Row, memberships: &dyn Memberships, now: Instant) -> bool {
        self.expression.holds(&mut |predicate| predicate.holds(row, memberships, now))
    }
}

/// An object's own attributes, `objectId` included.
pub trait Row {
    /// The attribute's value, or `None` where the object has none. The value has the attribute's type.
    fn value(&self, attribute: &Attribute) -> Option<&Value>;
}

/// The groups an object is a direct member of.
pub trait Memberships {
    /// Whether it is a member of the group with this folded id.
    fn contains(&self, folded_group_id: &str) -> bool;
}

/// A checked expression over one object.
#[derive(Clone, Debug)]
pub struct Expression {
    /// The part of the text that it stands for.
    pub span: Span,
    /// What it is.
    pub kind: ExpressionKind,
}

/// The kinds of [`Expression`].
#[derive(Clone, Debug)]
pub enum ExpressionKind {
    /// All of these, in the order written.
    All(Vec<Expression>),
    /// One of these at least, in the order written.
    Any(Vec<Expression>),
    /// Not this.
    Not(Box<Expression>),
    /// A predicate or its exact negation: one comparison, quantifier or memberOf term as written.
    /// `-ne` is the negated `-eq`, `-all p` the negated `-any` of not p.
    Literal {
        /// In positive form.
        predicate: Arc<Predicate>,
        /// Whether the predicate must be false.
        negated: bool,
    },
    /// `Direct Reports for`: one of these at least, shown as one leaf.
    DirectReports {
        /// manager -eq id.
        manager: Arc<Predicate>,
        /// objectId -eq id.
        itself: Arc<Predicate>,
    },
}

impl Expression {
    /// The expression's truth, given that of its predicates. Short-circuits.
    pub fn holds(&self, truth: &mut dyn FnMut(&Arc<Predicate>) -> bool) -> bool {
        match &self.kind {
            ExpressionKind::All(terms) => terms.iter().all(|term| term.holds(truth)),
            ExpressionKind::Any(terms) => terms.iter().any(|term| term.holds(truth)),
            ExpressionKind::Not(term) => !term.holds(truth),
            ExpressionKind::Literal { predicate, negated } => truth(predicate) != *negated,
            ExpressionKind::DirectReports { manager, itself } => truth(manager) || truth(itself),
        }
    }

    /// Calls `visit` for every predicate, in the order written.
    pub fn each_predicate(&self, visit: &mut dyn FnMut(&Arc<Predicate>)) {
        match &self.kind {
            ExpressionKind::All(terms) | ExpressionKind::Any(terms) => {
                terms.iter().for_each(|term| term.each_predicate(visit));
            }
            ExpressionKind::Not(term) => term.each_predicate(visit),
            ExpressionKind::Literal { predicate, .. } => visit(predicate),
            ExpressionKind::DirectReports { manager, itself } => {
                visit(manager);
                visit(itself);
            }
        }
    }
}

/// One comparison in positive form. Equal predicates (by value) have equal truth on every object,
/// so that an index can keep each once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Predicate {
    /// A test of one of the object's own attributes.
    Attribute {
        /// Which.
        attribute: Attribute,
        /// What is asked of its value.
        test: Test,
    },
    /// Member of one of these groups at least: folded ids, sorted, each once.
    MemberOf(Box<[Arc<str>]>),
}

/// What a predicate asks of an attribute's value. Every test but [`Test::Null`] is false of null.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// Absent (for a collection: empty).
    Null,
    /// Equal to this boolean.
    Boolean(bool),
    /// A text test, of a string or reference attribute.
    Text(TextTest),
    /// An integer test.
    Integer(IntegerTest),
    /// A date-time comparison.
    Instant(Order, Moment),
    /// Some element of a string or object collection satisfies this.
    AnyElement(ElementTest),
}

/// What is asked of one present text. Operands are folded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// Equal to one of these, sorted, each once (`-eq` has one). Empty: false.
    OneOf(Box<[Box<str>]>),
    /// Begins so.
    StartsWith(Box<str>),
    /// Ends so.
    EndsWith(Box<str>),
    /// Has it inside.
    Contains(Box<str>),
    /// The pattern is found in it.
    Matches(crate::pattern::Pattern),
    /// Compared as a dotted version number with this one (L34).
    Version(Order, Box<[u64]>),
}

/// What is asked of one present integer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IntegerTest {
    /// Equal to one of these, sorted, each once.
    OneOf(Box<[i64]>),
    /// So ordered: value `order` operand.
    Ordered(Order, i64),
}

/// How a value is ordered to its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// value = operand.
    Equal,
    /// value ≤ operand.
    AtMost,
    /// value ≥ operand.
    AtLeast,
    /// value < operand.
    Below,
    /// value > operand.
    Above,
}

/// The right side of a date-time comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// A fixed instant.
    Fixed(Instant),
    /// The clock, shifted by so many milliseconds.
    Now {
        /// Negative for the past.
        shift_millis: i64,
    },
}

/// What is asked of one element of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ElementTest {
    /// All of these, of the same element.
    All(Box<[ElementTest]>),
    /// One of these at least.
    Any(Box<[ElementTest]>),
    /// Not this.
    Not(Box<ElementTest>),
    /// The member is missing. `None`: the element itself (of a string collection), which never is.
    Missing {
        /// Index into [`Element::members`](crate::Element::members).
        member: Option<u8>,
    },
    /// The member (or the element itself) is present and satisfies this.
    Text {
        /// As above.
        member: Option<u8>,
        /// What is asked.
        test: TextTest,
    },
}

impl Predicate {
    /// Whether it holds of the object with this row, at `now`.
    #[must_use]
    pub fn holds(&self, row: &dyn Row, memberships: &dyn Memberships, now: Instant) -> bool {
        match self {
            Predicate::Attribute { attribute, test } => test.holds(row.value(attribute), now),
            Predicate::MemberOf(groups) => groups.iter().any(|group| memberships.contains(group)),
        }
    }
}
