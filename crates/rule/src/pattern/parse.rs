//! Reads a pattern as .NET does and resolves it into [`Node`]s: sequences and quantifiers here; what
//! parentheses, brackets and backslashes begin in the modules below.
//!
//! The whole of .NET's syntax is read, so that no engine ever sees the text and none can take it
//! for something else. What .NET refuses is refused, with the place and with what to write instead; so is
//! the little that .NET would take but no bounded search can do (balancing groups) or that contradicts the
//! rule language (`(?-i)`). Nesting is bounded, and with it every recursion over a pattern.
//!
//! A pattern that refers to groups is read twice: which groups exist decides what `\12` means.

mod class;
mod escape;
mod group;
mod numbering;

use super::error::PatternError;
use super::set::{Set, is_word_character};
use super::syntax::{Assertion, Node, Preference};
use crate::fold;
use numbering::{Groups, Name};
use std::ops::Range;

/// Groups, conditions and subtracted classes within one another.
const MAX_NESTING: u32 = 100;

/// Reads `text`.
///
/// # Errors
///
/// Where the header says so.
pub(super) fn parse(text: &str) -> Result<Node, PatternError> {
    let mut first = Parser::new(text, Groups::default());
    let node = first.pattern()?;
    if !first.groups.has_references() {
        return Ok(node);
    }
    Parser::new(text, first.groups.numbered()).pattern()
}

struct Parser<'p> {
    text: &'p str,
    /// Byte offset of what comes next.
    at: usize,
    flags: Flags,
    groups: Groups,
    nesting: u32,
}

/// The flags in force.
#[derive(Clone, Copy, Default)]
struct Flags {
    /// `m`
    multiline: bool,
    /// `s`
    dot_takes_line_feed: bool,
    /// `x`
    free_spacing: bool,
    /// `n`
    explicit_capture: bool,
}

impl<'p> Parser<'p> {
    fn new(text: &'p str, groups: Groups) -> Parser<'p> {
        Parser { text, at: 0, flags: Flags::default(), groups, nesting: 0 }
    }

    fn pattern(&mut self) -> Result<Node, PatternError> {
        let node = self.choice()?;
        match self.peek() {
            None => Ok(node),
            Some(_) => Err(PatternError::at(self.at..self.at + 1, "this parenthesis closes nothing")
                .help(r"write `\)` for the character")),
        }
    }

    /// `a|b|…`, up to the parenthesis that closes it or the end.
    fn choice(&mut self) -> Result<Node, PatternError> {
        let mut terms = vec![self.sequence()?];
        while self.eat('|') {
            terms.push(self.sequence()?);
        }
        Ok(Node::choice(terms))
    }

    fn sequence(&mut self) -> Result<Node, PatternError> {
        let mut nodes = Vec::new();
        let mut before = Before::Nothing;
        loop {
            self.skip_blank()?;
            let start = self.at;
            let Some(c) = self.peek().filter(|&c| c != '|' && c != ')') else {
                return Ok(Node::sequence(nodes));
            };
            if self.at_quantifier() {
                return Err(self.misplaced_quantifier(c, before));
            }
            self.at += c.len_utf8();
            let atom = match c {
                '(' => match self.group(start)? {
                    Some(group) => group,
                    None => {
                        before = Before::Nothing;
                        continue;
                    }
                },
                '[' => Node::set(self.class(start)?),
                '\\' => self.escape(start)?,
                '^' if self.flags.multiline => Node::Assertion(Assertion::LineStart),
                '^' => Node::Assertion(Assertion::TextStart),
                '$' if self.flags.multiline => Node::Assertion(Assertion::LineEnd),
                '$' => Node::Assertion(Assertion::TextEndOrFinalLineFeed),
                '.' if self.flags.dot_takes_line_feed => Node::Set(Set::all()),
                '.' => Node::Set(Set::not_line_feed()),
                c => Node::Literal(fold::fold_char(c)),
            };
            self.skip_blank()?;
            before = Before::Atom;
            nodes.push(if self.at_quantifier() {
                before = Before::Quantifier;
                self.quantifier(atom)?
            } else {
                atom
            });
        }
    }

    /// Whether a quantifier comes next. A brace that opens none (`{`, `{,3}`, `{a}`) is a literal.
    fn at_quantifier(&self) -> bool {
        match self.peek() {
            Some('*' | '+' | '?') => true,
            Some('{') => {
                let rest = self.rest().get(1..).unwrap_or_default();
                let Some((counts, _)) = rest.split_once('}') else { return false };
                let (min, max) = counts.split_once(',').unwrap_or((counts, ""));
                let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                !min.is_empty() && digits(min) && digits(max)
            }
            _ => false,
        }
    }

    /// The quantifier that comes next, applied to `atom`.
    fn quantifier(&mut self, atom: Node) -> Result<Node, PatternError> {
        let start = self.at;
        let (min, max) = match self.next() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            _ => {
                let min = self.decimal()?;
                let max = match self.eat(',') {
                    false => Some(min),
                    true if self.peek() == Some('}') => None,
                    true => Some(self.decimal()?),
                };
                self.eat('}');
                (min, max)
            }
        };
        if max.is_some_and(|max| min > max) {
            return Err(PatternError::at(start..self.at, "the first count is greater than the second"));
        }
        self.skip_blank()?;
        let preference = if self.eat('?') { Preference::Fewer } else { Preference::More };
        Ok(atom.repeat(min, max, preference))
    }

    fn misplaced_quantifier(&self, quantifier: char, before: Before) -> PatternError {
        let span = self.at..self.at + 1;
        match (before, quantifier) {
            (Before::Quantifier, '+') => PatternError::at(span, "`+` cannot follow another quantifier")
                .help("there are no possessive quantifiers here; `(?>a*)` keeps what `a*` took"),
            (Before::Quantifier, _) => {
                PatternError::at(span, format!("`{quantifier}` cannot follow another quantifier"))
                    .help("put parentheses round what is to be repeated: `(?:a*)*`")
            }
            (_, '*') => PatternError::at(span, "`*` has nothing before it to repeat").help(
                r"a pattern is no wildcard: `.*` stands for any text, `\*` for the character, and nothing at all is \
                  needed where anything may stand at the start or at the end",
            ),
            (_, '{') => PatternError::at(span, "the quantifier has nothing before it to repeat")
                .help(r"write `\{` for the character"),
            (_, _) => PatternError::at(span, format!("`{quantifier}` has nothing before it to repeat"))
                .help(format!(r"write `\{quantifier}` for the character")),
        }
    }

    /// Passes over comments, and in free spacing over white space.
    fn skip_blank(&mut self) -> Result<(), PatternError> {
        loop {
            let rest = self.rest();
            let end = if rest.starts_with("(?#") {
                let Some(end) = rest.find(')') else {
                    return Err(PatternError::at(self.at..self.at + 3, "this comment is never closed")
                        .help("a comment ends at its first `)`"));
                };
                end + 1
            } else if self.flags.free_spacing && rest.starts_with('#') {
                rest.find('\n').unwrap_or(rest.len())
            } else if self.flags.free_spacing && rest.starts_with([' ', '\t', '\n', '\u{C}', '\r']) {
                1
            } else {
                return Ok(());
            };
            self.at += end;
        }
    }

    /// A group's name or number.
    fn name(&mut self) -> Result<Option<Name>, PatternError> {
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Ok(Some(Name::Number(self.decimal()?)));
        }
        let rest = self.rest();
        let name = rest.split(|c| !is_word_character(c)).next().unwrap_or_default();
        self.at += name.len();
        Ok((!name.is_empty()).then(|| Name::Word(name.to_owned())))
    }

    fn decimal(&mut self) -> Result<u32, PatternError> {
        let start = self.at;
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += digits;
        let number: Option<i32> = self.text.get(start..self.at).and_then(|digits| digits.parse().ok());
        number
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| PatternError::at(start..self.at, "this number is too large"))
    }

    fn rest(&self) -> &'p str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    /// From `start` to here.
    fn since(&self, start: usize) -> Range<usize> {
        start..self.at
    }
}

/// What a quantifier would follow.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Nothing,
    Atom,
    Quantifier,
}

#[cfg(test)]
mod tests;
