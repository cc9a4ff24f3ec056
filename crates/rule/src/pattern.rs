//! Patterns of `-match`: .NET syntax as far as a safe engine can (L24).
//!
//! A pattern is read by a parser of our own that knows all of .NET's syntax ([`parse`]), and then searched for
//! by one of three engines: as a plain text where it is no more than that ([`shape`]), by an automaton in linear
//! time ([`linear`]), or, where it has look-around, back-references or the like, or needs too large an automaton, by
//! a backtracking machine that gives up after a fixed number of steps ([`bounded`]).
//!
//! Case (L22): a pattern is matched against the *folded* value. Literals are folded, a class or category stands for
//! what its members fold to, and a back-reference compares folded text. So whether a pattern matches depends on
//! nothing but the folding of the value, as with every other test of a text; `(?i)` changes nothing
//! and `(?-i)` is refused.
//!
//! What .NET does with UTF-16 code units is done with code points: `.` takes a whole emoji. `\b` goes by
//! Unicode's word characters, which besides those of `\w` are marks of all kinds, letter numbers and joiners.

mod block;
mod bounded;
mod error;
mod known;
mod linear;
mod parse;
mod set;
mod shape;
mod syntax;

use crate::value::Text;
use shape::{End, PlainText, Required, Start};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use error::PatternError;

/// A compiled pattern. Cheap to clone; equal ones are compiled once. Two patterns are equal when their texts are.
#[derive(Clone)]
pub struct Pattern {
    inner: Arc<Inner>,
}

struct Inner {
    text: Box<str>,
    engine: Engine,
    required: Required,
    exhausted: AtomicU64,
}

enum Engine {
    Plain(PlainText),
    Linear(linear::Automaton),
    Bounded(bounded::Program),
}

/// A search was given up, for it would take too many steps.
#[derive(Debug, PartialEq, Eq)]
struct StepLimitReached;

/// A pattern that a cheaper operator can replace. The texts are folded. Where a text must end the value, `$`
/// lets a line feed follow it, which the operator does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain<'p> {
    /// `Sales`, `.*Sales.*`
    Contains(&'p str),
    /// `^Sales`, `^Sales.*`
    StartsWith(&'p str),
    /// `Sales$`
    EndsWith(&'p str),
    /// `^Sales$`
    Equals(&'p str),
}

impl Pattern {
    /// Compiles a pattern as written in a rule, quotes and their escapes resolved.
    ///
    /// # Errors
    ///
    /// Where .NET refuses it, where no bounded search can do what it asks for, or where it is too large.
    pub fn compile(text: &str) -> Result<Pattern, PatternError> {
        if let Some(inner) = known::find(text) {
            return Ok(Pattern { inner });
        }
        let node = parse::parse(text)?;
        let engine = if let Some(plain) = PlainText::of(&node) {
            Engine::Plain(plain)
        } else if let Some(regex) = linear::compile(&node) {
            Engine::Linear(regex)
        } else {
            Engine::Bounded(bounded::compile(&node).map_err(|_| {
                PatternError::whole("the pattern is too large once its counted repeats are written out")
                    .help("lower the counts in braces, or write `*` or `+` for them")
            })?)
        };
        let required = Required::of(&node);
        let exhausted = AtomicU64::new(0);
        Ok(Pattern { inner: known::keep(Inner { text: text.into(), engine, required, exhausted }) })
    }

    /// The pattern as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// Whether it is found anywhere in the value. A search that reaches the step limit has found nothing.
    #[must_use]
    pub fn is_match(&self, value: &Text) -> bool {
        self.is_match_of_folded(value.folded())
    }

    /// [`is_match`](Self::is_match), of a value that is folded already.
    pub(crate) fn is_match_of_folded(&self, folded: &str) -> bool {
        let found = match &self.inner.engine {
            Engine::Plain(plain) => Ok(plain.is_match(folded)),
            Engine::Linear(automaton) => automaton.is_match(folded),
            Engine::Bounded(program) if self.has_required(folded) => program.is_match(folded),
            Engine::Bounded(_) => Ok(false),
        };
        found.unwrap_or_else(|StepLimitReached| {
            if self.has_required(folded) {
                self.inner.exhausted.fetch_add(1, Ordering::Relaxed);
            }
            false
        })
    }

    /// Whether a folded value has one of the texts that it needs to match.
    fn has_required(&self, folded: &str) -> bool {
        let required = self.required_any();
        required.is_empty() || required.iter().any(|text| folded.contains(&**text))
    }

    /// How often a search of this pattern, or of an equal one, has reached the step limit: since it is held
    /// anywhere in the process.
    #[must_use]
    pub fn exhausted(&self) -> u64 {
        self.inner.exhausted.load(Ordering::Relaxed)
    }

    /// A text, folded, that every matching value has inside (folded). `None` where none is known.
    #[must_use]
    pub fn required_literal(&self) -> Option<&str> {
        self.inner.required.each.as_deref()
    }

    /// Texts, folded, of which every matching value has one at least inside (folded). Empty where none are known.
    #[must_use]
    pub fn required_any(&self) -> &[Box<str>] {
        &self.inner.required.any
    }

    /// The operator that does the same, where there is one.
    #[must_use]
    pub fn plain(&self) -> Option<Plain<'_>> {
        let Engine::Plain(PlainText { text, start, end }) = &self.inner.engine else { return None };
        Some(match (start, end) {
            (Start::Anywhere, End::Anywhere) => Plain::Contains(text),
            (Start::Value, End::Anywhere) => Plain::StartsWith(text),
            (Start::Anywhere, _) => Plain::EndsWith(text),
            (Start::Value, _) => Plain::Equals(text),
        })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.text()).finish()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Pattern {}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}

#[cfg(test)]
mod tests;
