//! Conjuncts as words that lie one behind the other, so that a change reads them from start to end.
//!
//! A conjunct is a header (rule, shape, how many words follow) and its literals, those that fail soonest first. All
//! streams of an index lie in one store, so that a stream is found by one load.

use crate::RuleNumber;
use std::collections::BTreeMap;

/// A header, or a part of a literal.
pub(super) type Word = u64;

/// What it means for the rule that a conjunct's literals hold of one of the two rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The conjunct is the rule's only one, and what it is filed under is true of that row only: the rule flips.
    Certain,
    /// The conjunct is the rule's only one, and what it is filed under is among its literals: the rule flips unless
    /// they hold of the other row, too.
    Single,
    /// The rule is evaluated.
    Evaluated,
    /// The rule reads memberships: the caller decides.
    Undecided,
}

/// A conjunct's header, packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header(Word);

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

const LENGTH: u32 = 32;
const NEGATED: u32 = 48;
const SHAPE: u32 = 49;

impl Header {
    /// Of a conjunct that wants what it is filed under false, or true.
    pub(super) fn new(rule: RuleNumber, negated: bool, shape: Shape) -> Header {
        let shape = match shape {
            Shape::Certain => 0,
            Shape::Single => 1,
            Shape::Evaluated => 2,
            Shape::Undecided => 3,
        };
        Header(Word::from(rule) | Word::from(negated) << NEGATED | shape << SHAPE)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    pub(super) fn rule(self) -> RuleNumber {
        self.0 as RuleNumber
    }

    pub(super) fn negated(self) -> bool {
        self.0 >> NEGATED & 1 == 1
    }

    pub(super) fn shape(self) -> Shape {
        match self.0 >> SHAPE & 3 {
            0 => Shape::Certain,
            1 => Shape::Single,
            2 => Shape::Evaluated,
            _ => Shape::Undecided,
        }
    }

    fn with_length(self, length: usize) -> Header {
        // A rule's text has room for a few hundred literals at most (L12).
        Header(self.0 & !(0xFFFF << LENGTH) | (length as Word & 0xFFFF) << LENGTH)
    }

    fn length(self) -> usize {
        (self.0 >> LENGTH & 0xFFFF) as usize
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
        let packed = std::iter::once(header.with_length(terms.len()).0).chain(terms.iter().copied());
        for (word, value) in words.words.iter_mut().skip(place).zip(packed) {
            *word = value;
        }
        self.length = needed;
        self.conjuncts += 1;
    }

    /// Takes out all conjuncts of a rule; returns how many there were.
    pub(super) fn remove(&mut self, words: &mut Words, rule: RuleNumber) -> u32 {
        if !self.iter(words).any(|filed| filed.header.rule() == rule) {
            return 0;
        }
        let before = self.conjuncts;
        let copy = self.of(words).to_vec();
        (self.length, self.conjuncts) = (0, 0);
        for filed in iterate(&copy).filter(|filed| filed.header.rule() != rule) {
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
        let header = Header(header);
        let (terms, after) = after.split_at_checked(header.length())?;
        rest = after;
        Some(Filed { header, terms })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conjuncts_come_back_as_they_were_filed_but_for_those_removed() {
        let terms = [Word::MAX, 7];
        let (mut words, mut stream, mut other) = (Words::default(), Stream::default(), Stream::default());
        for rule in [1, 2, u32::MAX, 2] {
            let header = Header::new(rule, rule == 1, Shape::Undecided);
            stream.push(&mut words, header, &terms);
            other.push(&mut words, header, &[]);
        }
        assert_eq!(stream.remove(&mut words, 2), 2);
        assert_eq!((stream.remove(&mut words, 2), stream.len()), (0, 2));
        let read = |filed: Filed<'_>| (filed.header.rule(), filed.header.negated(), filed.header.shape());
        let headers: Vec<_> = stream.iter(&words).map(read).collect();
        assert_eq!(headers, [(1, true, Shape::Undecided), (u32::MAX, false, Shape::Undecided)]);
        assert!(stream.iter(&words).all(|filed| filed.terms == terms));
        assert_eq!(other.iter(&words).count(), 4);
    }
}
