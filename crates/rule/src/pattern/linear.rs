//! The engine for patterns without look-around, back-references and the like: an automaton, whose
//! time is linear in the length of the value whatever the pattern.
//!
//! [`Node`]s become the automaton builder's own syntax tree, not text, so that nothing is parsed twice.
//! The trees ask only whether there is a match; preferences and groups leave no trace.
//!
//! At its worst the time is the size of the automaton by the length of the value. A value too long for that is
//! not searched, so that this engine too is bounded, by [`STEP_LIMIT`].

use super::StepLimitReached;
use super::syntax::{Assertion, Node};
use regex_automata::meta;
use regex_syntax::hir::{Hir, Look, Repetition};

/// The automaton of one pattern takes at most so many bytes (`\w{1,10}` takes about half of it). What is
/// larger is left to the bounded engine, whose program is smaller and whose time is not.
const MAX_AUTOMATON_BYTES: usize = 512 << 10;

/// What one thread may keep of the states it has visited, for one pattern.
const MAX_CACHE_BYTES: usize = 128 << 10;

/// Steps that one search may take at the worst: about a tenth of a second, where a usual one takes
/// microseconds. `^\w+$` reaches it at ten thousand characters.
const STEP_LIMIT: usize = 1 << 24;

/// What finds one pattern.
pub(super) struct Automaton {
    regex: meta::Regex,
    /// The steps that one byte can take.
    width: usize,
}

impl Automaton {
    /// Whether the pattern matches anywhere in `text`, which is folded.
    pub(super) fn is_match(&self, text: &str) -> Result<bool, StepLimitReached> {
        if self.width.saturating_mul(text.len()) > STEP_LIMIT {
            return Err(StepLimitReached);
        }
        Ok(self.regex.is_match(text))
    }
}

/// The automaton that finds `node`; `None` where there is none, or none so small.
pub(super) fn compile(node: &Node) -> Option<Automaton> {
    let hir = to_hir(node, Place::Last)?;
    let config = meta::Config::new()
        .nfa_size_limit(Some(MAX_AUTOMATON_BYTES))
        .onepass_size_limit(Some(MAX_CACHE_BYTES))
        .hybrid_cache_capacity(MAX_CACHE_BYTES);
    let regex = meta::Builder::new().configure(config).build_from_hir(&hir).ok()?;
    Some(Automaton { regex, width: width(node) })
}

/// About how many states the automaton of `node` has.
fn width(node: &Node) -> usize {
    match node {
        Node::Literal(c) => c.len_utf8(),
        Node::Set(set) => set.ranges().saturating_mul(2),
        Node::Sequence(nodes) | Node::Choice(nodes) => nodes.iter().map(width).fold(1, usize::saturating_add),
        Node::Repeat { node, min, max, .. } => {
            let copies = max.unwrap_or(*min).max(1) as usize;
            width(node).saturating_add(1).saturating_mul(copies)
        }
        _ => 1,
    }
}

/// Whether anything can be asked of the text after a node.
#[derive(Clone, Copy)]
enum Place {
    Last,
    Inner,
}

fn to_hir(node: &Node, place: Place) -> Option<Hir> {
    Some(match node {
        Node::Empty => Hir::empty(),
        Node::Literal(c) => Hir::literal(c.encode_utf8(&mut [0; 4]).as_bytes()),
        Node::Set(set) => Hir::class(set.to_class()),
        Node::Assertion(assertion) => match assertion {
            Assertion::TextStart => Hir::look(Look::Start),
            Assertion::TextEnd => Hir::look(Look::End),
            Assertion::LineStart => Hir::look(Look::StartLF),
            Assertion::LineEnd => Hir::look(Look::EndLF),
            Assertion::WordBoundary => Hir::look(Look::WordUnicode),
            Assertion::NotWordBoundary => Hir::look(Look::WordUnicodeNegate),
            Assertion::TextEndOrFinalLineFeed => match place {
                // Where nothing follows, it does not matter that the line feed is taken.
                Place::Last => Hir::concat(vec![
                    Hir::repetition(Repetition {
                        min: 0,
                        max: Some(1),
                        greedy: true,
                        sub: Box::new(Hir::literal(*b"\n")),
                    }),
                    Hir::look(Look::End),
                ]),
                Place::Inner => return None,
            },
        },
        Node::Sequence(nodes) => {
            let (last, others) = nodes.split_last()?;
            let mut parts = Vec::with_capacity(nodes.len());
            for node in others {
                parts.push(to_hir(node, Place::Inner)?);
            }
            parts.push(to_hir(last, place)?);
            Hir::concat(parts)
        }
        Node::Choice(nodes) => {
            Hir::alternation(nodes.iter().map(|node| to_hir(node, place)).collect::<Option<_>>()?)
        }
        Node::Repeat { node, min, max, .. } => {
            let place = if *max == Some(1) { place } else { Place::Inner };
            let sub = Box::new(to_hir(node, place)?);
            Hir::repetition(Repetition { min: *min, max: *max, greedy: true, sub })
        }
        Node::Group(..)
        | Node::Reference(_)
        | Node::Atomic(_)
        | Node::Look { .. }
        | Node::Conditional { .. } => {
            return None;
        }
    })
}
