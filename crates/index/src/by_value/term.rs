//! A literal of a conjunct, and the words that it is in a stream.
//!
//! A literal that compares with one value is one word, so that a row fails it by one load and one comparison.

use super::stream::Word;
use crate::PredicateId;
use crate::table::truths::{BitNumber, NO_OPERAND, OperandId};

/// The number of an attribute within an index of one kind of object.
pub(super) type AttributeNumber = u16;

/// How the truth of a predicate is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The value is one of these operands.
    Operands(Box<[OperandId]>),
    /// It is a bit of what is true of the value.
    Bit(BitNumber),
    /// By asking it: a comparison by order.
    Asked,
    /// Not here: it reads memberships.
    Elsewhere,
}

/// A literal.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) predicate: PredicateId,
    pub(super) attribute: AttributeNumber,
    pub(super) negated: bool,
    pub(super) found: Found,
}

/// A literal, read from words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Literal<'w> {
    pub(super) attribute: AttributeNumber,
    pub(super) negated: bool,
    pub(super) asks: Asks<'w>,
}

/// What a literal asks of its attribute's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks<'w> {
    Operand(OperandId),
    /// Two in a word.
    AnyOperand(&'w [Word]),
    Bit(BitNumber),
    Predicate(PredicateId),
    Elsewhere,
}

const ATTRIBUTE: u32 = 32;
const NEGATED: u32 = 48;
const KIND: u32 = 49;

const OPERAND: Word = 0;
const ANY_OPERAND: Word = 1;
const BIT: Word = 2;
const PREDICATE: Word = 3;
const ELSEWHERE: Word = 4;

impl Term {
    /// Appends the literal to `words`.
    pub(super) fn pack(&self, words: &mut Vec<Word>) {
        let head = |kind: Word, payload: u32| {
            let attribute = Word::from(self.attribute) << ATTRIBUTE;
            Word::from(payload) | attribute | Word::from(self.negated) << NEGATED | kind << KIND
        };
        match &self.found {
            Found::Operands(operands) => match &**operands {
                [operand] => words.push(head(OPERAND, *operand)),
                operands => {
                    let pairs = operands.chunks(2);
                    words.push(head(ANY_OPERAND, u32::try_from(pairs.len()).unwrap_or(0)));
                    words.extend(pairs.map(|pair| {
                        let at = |place: usize| Word::from(pair.get(place).copied().unwrap_or(NO_OPERAND));
                        at(0) | at(1) << 32
                    }));
                }
            },
            Found::Bit(bit) => words.push(head(BIT, *bit)),
            Found::Asked => words.push(head(PREDICATE, self.predicate)),
            Found::Elsewhere => words.push(head(ELSEWHERE, 0)),
        }
    }
}

/// The first literal of these words, and the words after it.
pub(super) fn split_first(words: &[Word]) -> Option<(Literal<'_>, &[Word])> {
    let (&head, rest) = words.split_first()?;
    let payload = low(head);
    let (asks, rest) = match head >> KIND {
        OPERAND => (Asks::Operand(payload), rest),
        ANY_OPERAND => {
            let (pairs, rest) = rest.split_at_checked(payload as usize)?;
            (Asks::AnyOperand(pairs), rest)
        }
        BIT => (Asks::Bit(payload), rest),
        PREDICATE => (Asks::Predicate(payload), rest),
        _ => (Asks::Elsewhere, rest),
    };
    Some((Literal { attribute: attribute_of(head), negated: head >> NEGATED & 1 == 1, asks }, rest))
}

/// The attribute and the operand, where the word is a literal that wants one value.
pub(super) fn as_operand(word: Word) -> Option<(AttributeNumber, OperandId)> {
    (word >> NEGATED == 0).then(|| (attribute_of(word), low(word)))
}

impl Literal<'_> {
    /// Calls `visit` with each operand of which one must be the row's; with none if the literal can hold otherwise.
    pub(super) fn each_operand(&self, mut visit: impl FnMut(OperandId)) {
        match self.asks {
            _ if self.negated => {}
            Asks::Operand(operand) => visit(operand),
            Asks::AnyOperand(pairs) => {
                let operands = pairs.iter().flat_map(|pair| [low(*pair), low(*pair >> 32)]);
                operands.filter(|operand| *operand != NO_OPERAND).for_each(visit);
            }
            Asks::Bit(_) | Asks::Predicate(_) | Asks::Elsewhere => {}
        }
    }

    /// Whether the row must have one of some values.
    pub(super) fn wants_operand(&self) -> bool {
        !self.negated && matches!(self.asks, Asks::Operand(_) | Asks::AnyOperand(_))
    }
}

/// Whether `operand` is among these.
pub(super) fn has_operand(pairs: &[Word], operand: OperandId) -> bool {
    operand != NO_OPERAND && pairs.iter().any(|pair| low(*pair) == operand || low(*pair >> 32) == operand)
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half")]
fn low(word: Word) -> u32 {
    word as u32
}

#[expect(clippy::cast_possible_truncation, reason = "sixteen bits")]
fn attribute_of(word: Word) -> AttributeNumber {
    (word >> ATTRIBUTE) as AttributeNumber
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_come_back_as_they_were_packed() {
        let term = |attribute, negated, found| Term { predicate: 9, attribute, negated, found };
        let terms = [
            term(3, false, Found::Operands([7].into())),
            term(u16::MAX, true, Found::Operands([u32::MAX - 1].into())),
            term(4, false, Found::Operands([1, 2, 3].into())),
            term(5, false, Found::Operands([].into())),
            term(6, true, Found::Bit(70)),
            term(7, false, Found::Asked),
            term(0, true, Found::Elsewhere),
        ];
        let mut words = Vec::new();
        terms.iter().for_each(|term| term.pack(&mut words));
        let (mut read, mut rest) = (Vec::new(), words.as_slice());
        while let Some((literal, after)) = split_first(rest) {
            read.push((literal.attribute, literal.negated, literal.asks));
            rest = after;
        }
        let pairs = [1 | 2 << 32, 3];
        let expected = [
            (3, false, Asks::Operand(7)),
            (u16::MAX, true, Asks::Operand(u32::MAX - 1)),
            (4, false, Asks::AnyOperand(&pairs)),
            (5, false, Asks::AnyOperand(&[])),
            (6, true, Asks::Bit(70)),
            (7, false, Asks::Predicate(9)),
            (0, true, Asks::Elsewhere),
        ];
        assert_eq!(read, expected);
        assert_eq!(as_operand(words[0]), Some((3, 7)));
        assert!(words.iter().skip(1).take(2).all(|word| as_operand(*word).is_none()));
        assert!(has_operand(&pairs, 3) && !has_operand(&pairs, NO_OPERAND));
    }
}
