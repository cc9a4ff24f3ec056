//! Conjuncts as words that lie one behind the other, so that a change reads them from start to end.
//!
//! A conjunct is a header (rule, shape, how many literals follow) and its literals, those that fail soonest first. The
//! literal under which a stream is filed is not in it. All streams of an index lie in one store, so that a stream is
//! found by one load.

use super::conjunct::Literal;
use crate::{PredicateId, RuleNumber};
use std::collections::BTreeMap;

/// A header or a literal.
pub(super) type Word = u64;

/// The number of an attribute within an index of one kind of object.
pub(super) type AttributeNumber = u16;

/// How the truth of a literal's predicate is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// In the list of what is true of the value.
    Listed,
    /// By asking it: a comparison by order.
    Asked,
    /// Not here: it reads memberships.
    Elsewhere,
}

/// What a conjunct that changes says about its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// It is the rule's only one: the rule flips.
    Single,
    /// The rule has others, or is no OR of conjuncts: it is evaluated.
    Evaluated,
    /// The rule reads memberships: the caller decides.
    Undecided,
}

/// A conjunct's header, unpacked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) rule: RuleNumber,
    /// Whether the conjunct wants the predicate that it is filed under false.
    pub(super) negated: bool,
    pub(super) shape: Shape,
    length: usize,
}

/// A literal, unpacked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub(super) predicate: PredicateId,
    pub(super) attribute: AttributeNumber,
    pub(super) negated: bool,
    pub(super) found: Found,
}

/// The words of all streams of an index. A stream that outgrows its place moves to one twice as large; places are
/// used again.
#[derive(Debug, Default)]
pub(super) struct Words {
    words: Vec<Word>,
    /// Places without a stream, by their size.
    free: BTreeMap<u32, Vec<u32>>,
}

/// Conjuncts, one behind the other: where they lie. Whoever drops one that is not empty has
/// [`clear`](Stream::clear)ed it.
#[derive(Debug, Default)]
pub(super) struct Stream {
    start: u32,
    length: u32,
    capacity: u32,
    conjuncts: u32,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filed<'a> {
    pub(super) header: Header,
    pub(super) terms: &'a [Word],
}

const NEGATED: u32 = 48;
const KIND: u32 = 49;
const LOW: Word = 0xFFFF_FFFF;
const SHORT: Word = 0xFFFF;

impl Header {
    pub(super) fn new(rule: RuleNumber, negated: bool, shape: Shape) -> Header {
        Header { rule, negated, shape, length: 0 }
    }

    fn pack(self, length: usize) -> Word {
        let shape = match self.shape {
            Shape::Single => 0,
            Shape::Evaluated => 1,
            Shape::Undecided => 2,
        };
        // A rule's text has room for a few hundred literals at most (L12).
        let length = Word::try_from(length).unwrap_or(SHORT) & SHORT;
        Word::from(self.rule) | length << 32 | Word::from(self.negated) << NEGATED | shape << KIND
    }

    fn unpack(word: Word) -> Header {
        Header {
            rule: (word & LOW) as RuleNumber,
            negated: word >> NEGATED & 1 == 1,
            shape: match word >> KIND {
                0 => Shape::Single,
                1 => Shape::Evaluated,
                _ => Shape::Undecided,
            },
            length: (word >> 32 & SHORT) as usize,
        }
    }
}

impl Term {
    pub(super) fn new(literal: Literal, attribute: AttributeNumber, found: Found) -> Term {
        Term { predicate: literal.predicate, attribute, negated: literal.negated, found }
    }

    pub(super) fn pack(self) -> Word {
        let found = match self.found {
            Found::Listed => 0,
            Found::Asked => 1,
            Found::Elsewhere => 2,
        };
        let attribute = Word::from(self.attribute) << 32;
        Word::from(self.predicate) | attribute | Word::from(self.negated) << NEGATED | found << KIND
    }

    pub(super) fn unpack(word: Word) -> Term {
        Term {
            predicate: (word & LOW) as PredicateId,
            attribute: (word >> 32 & SHORT) as AttributeNumber,
            negated: word >> NEGATED & 1 == 1,
            found: match word >> KIND {
                0 => Found::Listed,
                1 => Found::Asked,
                _ => Found::Elsewhere,
            },
        }
    }

    /// Whether a row must have it true, and lists tell.
    pub(super) fn can_guard(self) -> bool {
        !self.negated && self.found == Found::Listed
    }
}

impl Words {
    fn place(&mut self, capacity: u32) -> u32 {
        if let Some(places) = self.free.get_mut(&capacity)
            && let Some(place) = places.pop()
        {
            return place;
        }
        let start = self.words.len();
        self.words.resize(start + capacity as usize, 0);
        u32::try_from(start).unwrap_or(u32::MAX)
    }

    fn give_back(&mut self, start: u32, capacity: u32) {
        if capacity > 0 {
            self.free.entry(capacity).or_default().push(start);
        }
    }
}

impl Stream {
    pub(super) fn push(&mut self, words: &mut Words, header: Header, terms: &[Word]) {
        let needed = self.length + 1 + u32::try_from(terms.len()).unwrap_or(u32::MAX);
        if needed > self.capacity {
            let capacity = needed.next_power_of_two();
            let start = words.place(capacity);
            let (from, to) = (self.start as usize, start as usize);
            words.words.copy_within(from..from + self.length as usize, to);
            words.give_back(self.start, self.capacity);
            (self.start, self.capacity) = (start, capacity);
        }
        let place = (self.start + self.length) as usize;
        let packed = std::iter::once(header.pack(terms.len())).chain(terms.iter().copied());
        for (word, value) in words.words.iter_mut().skip(place).zip(packed) {
            *word = value;
        }
        self.length = needed;
        self.conjuncts += 1;
    }

    /// Takes out all conjuncts of a rule; returns how many there were.
    pub(super) fn remove(&mut self, words: &mut Words, rule: RuleNumber) -> u32 {
        if !self.iter(words).any(|filed| filed.header.rule == rule) {
            return 0;
        }
        let before = self.conjuncts;
        let copy = self.of(words).to_vec();
        (self.length, self.conjuncts) = (0, 0);
        for filed in iterate(&copy).filter(|filed| filed.header.rule != rule) {
            self.push(words, filed.header, filed.terms);
        }
        if self.conjuncts == 0 {
            self.clear(words);
        }
        before - self.conjuncts
    }

    /// Takes everything out and gives its place back.
    pub(super) fn clear(&mut self, words: &mut Words) {
        let Stream { start, capacity, .. } = std::mem::take(self);
        words.give_back(start, capacity);
    }

    /// What is filed, copied out; the stream is empty then.
    pub(super) fn drain(&mut self, words: &mut Words) -> Vec<Word> {
        let copy = self.of(words).to_vec();
        self.clear(words);
        copy
    }

    pub(super) fn len(&self) -> u32 {
        self.conjuncts
    }

    pub(super) fn is_empty(&self) -> bool {
        self.conjuncts == 0
    }

    pub(super) fn iter<'a>(&self, words: &'a Words) -> impl Iterator<Item = Filed<'a>> + use<'a> {
        iterate(self.of(words))
    }

    /// The first word, if there is any: to have it read early.
    pub(super) fn first(&self, words: &Words) -> Word {
        words.words.get(self.start as usize).copied().unwrap_or_default()
    }

    fn of<'a>(&self, words: &'a Words) -> &'a [Word] {
        let (start, length) = (self.start as usize, self.length as usize);
        words.words.get(start..start + length).unwrap_or_default()
    }
}

/// The conjuncts among the words of a stream.
pub(super) fn iterate(words: &[Word]) -> impl Iterator<Item = Filed<'_>> {
    let mut rest = words;
    std::iter::from_fn(move || {
        let (&header, after) = rest.split_first()?;
        let header = Header::unpack(header);
        let (terms, after) = after.split_at_checked(header.length)?;
        rest = after;
        Some(Filed { header, terms })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conjuncts_come_back_as_they_were_filed_but_for_those_removed() {
        let term = |predicate, negated, found| Term { predicate, attribute: 65_535, negated, found };
        let terms = [term(u32::MAX, true, Found::Elsewhere), term(7, false, Found::Listed)];
        let (mut words, mut stream, mut other) = (Words::default(), Stream::default(), Stream::default());
        for rule in [1, 2, u32::MAX, 2] {
            let header = Header::new(rule, rule == 2, Shape::Undecided);
            stream.push(&mut words, header, &terms.map(Term::pack));
            other.push(&mut words, header, &[]);
        }
        assert_eq!(stream.remove(&mut words, 2), 2);
        assert_eq!((stream.remove(&mut words, 2), stream.len()), (0, 2));
        let rules: Vec<_> = stream.iter(&words).map(|filed| filed.header.rule).collect();
        assert_eq!(rules, [1, u32::MAX]);
        assert_eq!(other.iter(&words).count(), 4);
        let Some(filed) = stream.iter(&words).next() else { panic!("one conjunct at least") };
        assert_eq!((filed.header.negated, filed.header.shape), (false, Shape::Undecided));
        let unpacked: Vec<_> = filed.terms.iter().map(|&word| Term::unpack(word)).collect();
        assert_eq!(format!("{unpacked:?}"), format!("{terms:?}"));
    }
}
