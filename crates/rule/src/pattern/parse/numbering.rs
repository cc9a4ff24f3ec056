//! The groups of a pattern and what refers to them.
//!
//! .NET counts the unnamed groups first, from the left, and gives the named ones the numbers that
//! are left. So the first reading only takes down what there is, and the second, which knows the
//! numbers, resolves.

use crate::pattern::error::PatternError;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What a group is called, or a reference calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Number(u32),
    Word(String),
}

/// The groups met so far (first reading), or all of them (second).
#[derive(Default)]
pub(super) struct Groups {
    /// `None` during the first reading.
    numbers: Option<Numbers>,
    unnamed: u32,
    named: Vec<Name>,
    references: BTreeSet<Name>,
}

struct Numbers {
    /// All groups.
    known: BTreeSet<u32>,
    words: BTreeMap<String, u32>,
    /// Those that something refers to.
    wanted: BTreeSet<u32>,
}

impl Groups {
    /// Whether anything refers to a group.
    pub(super) fn has_references(&self) -> bool {
        !self.references.is_empty()
    }

    /// For the second reading.
    pub(super) fn numbered(self) -> Groups {
        let mut known: BTreeSet<u32> = (1..=self.unnamed).collect();
        known.extend(self.named.iter().filter_map(|name| match name {
            Name::Number(number) => Some(*number),
            Name::Word(_) => None,
        }));
        let mut words = BTreeMap::new();
        let mut next = self.unnamed + 1;
        for name in self.named {
            let Name::Word(word) = name else { continue };
            words.entry(word).or_insert_with(|| {
                while !known.insert(next) {
                    next += 1;
                }
                next
            });
        }
        let wanted = self
            .references
            .into_iter()
            .filter_map(|name| match name {
                Name::Number(number) => Some(number),
                Name::Word(word) => words.get(&word).copied(),
            })
            .collect();
        Groups { numbers: Some(Numbers { known, words, wanted }), ..Groups::default() }
    }

    /// An unnamed group opens. Its number, where something refers to it.
    pub(super) fn unnamed(&mut self) -> Option<u32> {
        self.unnamed += 1;
        self.wanted(self.unnamed)
    }

    /// A group of this name opens. Its number, where something refers to it.
    pub(super) fn named(&mut self, name: Name) -> Option<u32> {
        let number = self.number(&name);
        self.named.push(name);
        self.wanted(number?)
    }

    /// `\1`, `\12`: the group's number; `None` where no group has it and the digits are a character's code.
    pub(super) fn by_digits(&mut self, number: u32, span: Range<usize>) -> Result<Option<u32>, PatternError> {
        self.references.insert(Name::Number(number));
        match &self.numbers {
            Some(numbers) if numbers.known.contains(&number) => Ok(Some(number)),
            Some(_) if number <= 9 => Err(no_such_group(&Name::Number(number), span)),
            Some(_) => Ok(None),
            None => Ok(Some(number)),
        }
    }

    /// `\k<name>`: the group's number.
    pub(super) fn by_name(&mut self, name: Name, span: Range<usize>) -> Result<u32, PatternError> {
        match self.number(&name) {
            Some(number) => {
                self.references.insert(name);
                Ok(number)
            }
            None => Err(no_such_group(&name, span)),
        }
    }

    /// `(?(name)…)`: the group's number; `None` where a word names no group and is a pattern.
    pub(super) fn condition(&mut self, name: &Name, span: Range<usize>) -> Result<Option<u32>, PatternError> {
        let number = self.number(name);
        if number.is_none() && matches!(name, Name::Number(_)) {
            return Err(no_such_group(name, span));
        }
        self.references.insert(name.clone());
        Ok(number)
    }

    /// The number of the group with this name. During the first reading every name has one.
    fn number(&self, name: &Name) -> Option<u32> {
        match (&self.numbers, name) {
            (None, _) => Some(0),
            // The whole match: it exists, and has matched nothing as long as the search goes on.
            (Some(_), Name::Number(0)) => Some(0),
            (Some(numbers), Name::Number(number)) => numbers.known.get(number).copied(),
            (Some(numbers), Name::Word(word)) => numbers.words.get(word).copied(),
        }
    }

    fn wanted(&self, number: u32) -> Option<u32> {
        self.numbers.as_ref()?.wanted.get(&number).copied()
    }
}

fn no_such_group(name: &Name, span: Range<usize>) -> PatternError {
    let name = match name {
        Name::Number(number) => number.to_string(),
        Name::Word(word) => word.clone(),
    };
    PatternError::at(span, format!("the pattern has no group `{name}`"))
}
