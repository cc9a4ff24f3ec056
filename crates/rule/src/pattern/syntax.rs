//! A pattern after parsing: what it asks for, with no trace of how it was spelt.
//!
//! Literals and sets are already folded (see [`set`](super::set)), flags are resolved into the
//! nodes they govern, and a group that nothing refers to has left no node. The constructors keep a
//! few forms out, so that what follows need not know them: a repeat of nothing or of an assertion
//! alone, a sequence or choice of one.

use super::set::Set;

/// One part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Matches the empty text.
    Empty,
    /// This code point.
    Literal(char),
    /// One code point of these.
    Set(Set),
    /// A condition on the place, which takes no text.
    Assertion(Assertion),
    /// These, one after the other; at least two.
    Sequence(Vec<Node>),
    /// One of these, the earlier preferred; at least two.
    Choice(Vec<Node>),
    /// `node` again and again.
    Repeat {
        /// What is repeated.
        node: Box<Node>,
        /// At least so often.
        min: u32,
        /// At most so often; `None`: as often as can be.
        max: Option<u32>,
        /// Whether more is tried first, or less.
        preference: Preference,
    },
    /// A group that something refers to, by its number.
    Group(u32, Box<Node>),
    /// The text that the group with this number matched last; fails where it matched none.
    Reference(u32),
    /// `(?>…)`: the first way to match is the only one.
    Atomic(Box<Node>),
    /// `(?=…)`, `(?!…)`, `(?<=…)`, `(?<!…)`.
    Look {
        /// Which way the text is read.
        direction: Direction,
        /// Whether it must or must not match.
        polarity: Polarity,
        /// What.
        node: Box<Node>,
    },
    /// `(?(condition)yes|no)`.
    Conditional {
        /// Decides.
        condition: Condition,
        /// Where it holds.
        yes: Box<Node>,
        /// Where it does not.
        no: Box<Node>,
    },
}

/// Conditions on a place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assertion {
    /// `^`, `\A`, `\G`: the start of the text.
    TextStart,
    /// `\z`: the end of the text.
    TextEnd,
    /// `$`, `\Z`: the end of the text, or before a line feed that ends it.
    TextEndOrFinalLineFeed,
    /// `^` under `m`: also after each line feed.
    LineStart,
    /// `$` under `m`: also before each line feed.
    LineEnd,
    /// `\b`.
    WordBoundary,
    /// `\B`.
    NotWordBoundary,
}

/// Which number of repeats is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preference {
    /// The largest.
    More,
    /// The smallest (`*?`).
    Fewer,
}

/// Which way a part of a pattern reads the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the place onward.
    Ahead,
    /// From the place back, the last part of a sequence first, as .NET does.
    Behind,
}

/// Whether something must or must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polarity {
    /// It must.
    Positive,
    /// It must not.
    Negative,
}

/// What decides a [`Node::Conditional`].
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// The group with this number has matched.
    Matched(u32),
    /// This matches at the place; it takes no text.
    Matches(Box<Node>),
}

impl Node {
    /// `nodes`, one after the other.
    pub(super) fn sequence(nodes: Vec<Node>) -> Node {
        let mut flat = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node {
                Node::Empty => {}
                Node::Sequence(inner) => flat.extend(inner),
                node => flat.push(node),
            }
        }
        flat.dedup_by(|next, node| node == next && matches!(node, Node::Assertion(_)));
        match flat.len() {
            0 => Node::Empty,
            1 => flat.swap_remove(0),
            _ => Node::Sequence(flat),
        }
    }

    /// One of `nodes`.
    pub(super) fn choice(mut nodes: Vec<Node>) -> Node {
        match nodes.len() {
            0 => Node::Empty,
            1 => nodes.swap_remove(0),
            _ => Node::Choice(nodes),
        }
    }

    /// One code point of `set`.
    pub(super) fn set(set: Set) -> Node {
        match set.single() {
            Some(c) => Node::Literal(c),
            None => Node::Set(set),
        }
    }

    /// `self`, repeated.
    pub(super) fn repeat(self, min: u32, max: Option<u32>, preference: Preference) -> Node {
        match self {
            _ if max == Some(0) => Node::Empty,
            node if min == 1 && max == Some(1) => node,
            Node::Empty => Node::Empty,
            // However often a place is asked the same thing, the answer is the same.
            Node::Assertion(_) if min == 0 => Node::Empty,
            assertion @ Node::Assertion(_) => assertion,
            node => Node::Repeat { node: Box::new(node), min, max, preference },
        }
    }
}
