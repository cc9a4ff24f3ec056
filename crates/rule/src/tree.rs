//! The syntax tree: a rule as written, after lexing and parsing, before any type is known.
//!
//! Parentheses leave no node of their own. Terms of one `-and` or `-or` chain lie in one list, so
//! the depth of the tree is bounded by the nesting of parentheses and `-not` (L13).

use crate::ObjectKind;

/// A range of bytes in the rule's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Span {
        let byte = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Span { start: byte(start), end: byte(end) }
    }

    /// From the start of this to the end of `last`.
    #[must_use]
    pub fn to(self, last: Span) -> Span {
        Span { start: self.start, end: last.end }
    }

    /// As indices.
    #[must_use]
    pub fn range(self) -> (usize, usize) {
        (self.start as usize, self.end as usize)
    }

    /// As [`of`](Self::of), cut to what a sentence can hold.
    pub(crate) fn shown(self, text: &str) -> String {
        shown(self.of(text))
    }

    /// The part of `text` that it covers; empty where it does not fit `text`.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        let (start, end) = self.range();
        text.get(start..end).unwrap_or("")
    }
}

/// `text`, cut to what a sentence can hold.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or("")),
        None => text.to_owned(),
    }
}

/// An expression over one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What the expression covers, its own parentheses not included.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// The kinds of [`Node`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// `a -or b -or …`, two terms at least.
    Or(Vec<Node>),
    /// `a -and b -and …`, two terms at least.
    And(Vec<Node>),
    /// `-not a`.
    Not(Box<Node>),
    /// `user.department -eq "Sales"`.
    Comparison(Comparison),
    /// `user.otherMails -any (_ -startsWith "a")`.
    Quantified(Quantified),
    /// `Direct Reports for "id"`; the id as written, unfolded.
    DirectReports(String),
}

/// `property operator operand`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Left of the operator.
    pub property: Property,
    /// The operator and where it stands.
    pub operator: (Operator, Span),
    /// Right of the operator.
    pub operand: Operand,
}

/// `user.name` or `device.name`, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Prefix and name.
    pub span: Span,
    /// The prefix.
    pub object: ObjectKind,
    /// The name as written, in any case and spelling.
    pub name: String,
    /// Where the name alone stands.
    pub name_span: Span,
}

/// `property -any (…)` or `property -all (…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantified {
    /// The collection.
    pub property: Property,
    /// Which quantifier, and where it stands.
    pub quantifier: (Quantifier, Span),
    /// Whether the element expression stands without parentheses (L16).
    pub bare: bool,
    /// What is asked of an element.
    pub body: ElementNode,
}

/// `-any` or `-all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// Some element.
    Any,
    /// Every element.
    All,
}

/// An expression over one element of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementNode {
    /// As in [`Node`].
    pub span: Span,
    /// What it is.
    pub kind: ElementKind,
}

/// The kinds of [`ElementNode`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElementKind {
    /// Two terms at least.
    Or(Vec<ElementNode>),
    /// Two terms at least.
    And(Vec<ElementNode>),
    /// `-not a`.
    Not(Box<ElementNode>),
    /// `_ -eq "x"`, `assignedPlan.service -eq "x"`.
    Comparison(ElementComparison),
}

/// `element operator operand`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementComparison {
    /// Left of the operator.
    pub subject: ElementSubject,
    /// Where that stands.
    pub subject_span: Span,
    /// The operator and where it stands.
    pub operator: (Operator, Span),
    /// Right of the operator.
    pub operand: Operand,
}

/// What an element comparison looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElementSubject {
    /// `_`: the element itself, of a string collection.
    Itself,
    /// `assignedPlan.servicePlanId`, `group.objectId`, `assignedLicense.skuId`: prefix and member
    /// as written.
    Member {
        /// Before the dot.
        prefix: String,
        /// After the dot.
        name: String,
    },
}

/// The comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the operator of that name")]
pub enum Operator {
    Eq,
    Ne,
    StartsWith,
    NotStartsWith,
    EndsWith,
    NotEndsWith,
    Contains,
    NotContains,
    Match,
    NotMatch,
    In,
    NotIn,
    Le,
    Ge,
    Lt,
    Gt,
}

/// What a property is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: OperandKind,
}

/// The kinds of [`Operand`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperandKind {
    /// A quoted string, escapes resolved (L5).
    Text(String),
    /// A bare number, as written (L10).
    Number(String),
    /// A bare boolean (L9).
    Boolean(bool),
    /// `null` or `$null` (L8).
    Null,
    /// A bare instant, as written (L11).
    Instant(String),
    /// `[a, b]`.
    List(Vec<Operand>),
    /// `system.now`, shifted by so many milliseconds (L31, L32).
    Now {
        /// Negative after `-minus`.
        shift_millis: i64,
    },
}

impl Quantifier {
    /// Its canonical spelling, `-any` or `-all`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Quantifier::Any => "-any",
            Quantifier::All => "-all",
        }
    }
}

impl Operator {
    /// Its canonical spelling, as in `-notStartsWith`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Operator::Eq => "-eq",
            Operator::Ne => "-ne",
            Operator::StartsWith => "-startsWith",
            Operator::NotStartsWith => "-notStartsWith",
            Operator::EndsWith => "-endsWith",
            Operator::NotEndsWith => "-notEndsWith",
            Operator::Contains => "-contains",
            Operator::NotContains => "-notContains",
            Operator::Match => "-match",
            Operator::NotMatch => "-notMatch",
            Operator::In => "-in",
            Operator::NotIn => "-notIn",
            Operator::Le => "-le",
            Operator::Ge => "-ge",
            Operator::Lt => "-lt",
            Operator::Gt => "-gt",
        }
    }

    /// The operator of which this is the exact negation, where it is a `not…` operator.
    #[must_use]
    pub const fn negates(self) -> Option<Operator> {
        match self {
            Operator::Ne => Some(Operator::Eq),
            Operator::NotStartsWith => Some(Operator::StartsWith),
            Operator::NotEndsWith => Some(Operator::EndsWith),
            Operator::NotContains => Some(Operator::Contains),
            Operator::NotMatch => Some(Operator::Match),
            Operator::NotIn => Some(Operator::In),
            _ => None,
        }
    }
}
