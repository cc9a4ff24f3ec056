//! Character classes, `[…]`, as .NET reads them: subtraction is the only set operation, `&&`, `||`,
//! `~~`, `--` and `[:name:]` are so many characters, white space counts even in free spacing, and `]`
//! is a member where it comes first.

use super::Parser;
use crate::pattern::error::PatternError;
use crate::pattern::set::Set;

/// A class as far as it has been read.
struct Members {
    set: Set,
    subtracted: Option<Set>,
    /// A character and a hyphen after it, which begin a range: the character and where it stands.
    range_from: Option<(char, usize)>,
}

impl Parser<'_> {
    /// What follows the bracket at `open`, the closing one included.
    pub(super) fn class(&mut self, open: usize) -> Result<Set, PatternError> {
        self.nested(open, |parser| parser.members(open))
    }

    fn members(&mut self, open: usize) -> Result<Set, PatternError> {
        let negated = self.eat('^');
        let mut members = Members { set: Set::empty(), subtracted: None, range_from: None };
        let first = self.at;
        loop {
            let start = self.at;
            match self.next() {
                None => {
                    return Err(PatternError::at(open..open + 1, "this bracket is never closed")
                        .help(r"write `\[` for the character"));
                }
                Some(']') if start != first => break,
                Some('\\') => self.class_escape(start, &mut members)?,
                Some('[') if start != first && members.range_from.is_some() => {
                    if let Some((from, _)) = members.range_from.take() {
                        members.add(from, from);
                    }
                    self.subtraction(start, &mut members)?;
                }
                Some('-') if start != first && members.range_from.is_none() && self.peek() == Some('[') => {
                    self.at += 1;
                    self.subtraction(start + 1, &mut members)?;
                }
                Some(c) => self.member(c, start, &mut members)?,
            }
        }
        let mut set = if negated { members.set.negated() } else { members.set };
        if let Some(subtracted) = &members.subtracted {
            set.subtract(subtracted);
        }
        Ok(set)
    }

    /// One character: the end of a range, the beginning of one, or a member by itself.
    fn member(&mut self, c: char, start: usize, members: &mut Members) -> Result<(), PatternError> {
        if let Some((from, from_start)) = members.range_from.take() {
            if from > c {
                return Err(PatternError::at(self.since(from_start), "this range ends before it begins")
                    .help(format!(r"write `{c}-{from}`, or `\-` for the hyphen")));
            }
            members.add(from, c);
            return Ok(());
        }
        let mut ahead = self.rest().chars();
        if ahead.next() == Some('-') && ahead.next().is_some_and(|next| next != ']') {
            self.at += 1;
            members.range_from = Some((c, start));
        } else {
            members.add(c, c);
        }
        Ok(())
    }

    fn class_escape(&mut self, start: usize, members: &mut Members) -> Result<(), PatternError> {
        if let Some(set) = self.shorthand(start)? {
            if members.range_from.is_some() {
                return Err(PatternError::at(
                    self.since(start),
                    "a range cannot end with a set of characters",
                )
                .help(r"write the hyphen first or last, or `\-`"));
            }
            members.set.add(&set);
            return Ok(());
        }
        if self.eat('-') {
            // An escaped hyphen begins no range.
            let from = members.range_from.take().unwrap_or(('-', start));
            if from.0 > '-' {
                return Err(PatternError::at(self.since(from.1), "this range ends before it begins"));
            }
            members.add(from.0, '-');
            return Ok(());
        }
        let c = self.character(start)?;
        self.member(c, start, members)
    }

    /// `-[…]` at the end of a class, from after its bracket at `open`.
    fn subtraction(&mut self, open: usize, members: &mut Members) -> Result<(), PatternError> {
        members.subtracted = Some(self.class(open)?);
        match self.peek() {
            Some(']') | None => Ok(()),
            Some(_) => {
                Err(PatternError::at(self.since(open), "what is subtracted must come last in its class")
                    .help(r"write `[a-z0-[aeiou]]`; `\[` for the character"))
            }
        }
    }
}

impl Members {
    fn add(&mut self, first: char, last: char) {
        self.set.add(&Set::range(first, last).folded());
    }
}
