//! What rules find true of a value, remembered by its number.
//!
//! Values of which the same is true share one set: a million mail addresses have a few dozen between them, so that a
//! value costs four bytes here, and two values with the same set are known to flip nothing. A set is of one state of
//! an attribute's predicates; knows nothing of what its bits and operands mean.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// The number of a value that some rule compares an attribute with; [`NO_OPERAND`] is none.
pub(crate) type OperandId = u32;

/// That no rule compares with the value.
pub(crate) const NO_OPERAND: OperandId = 0;

/// The number of a predicate among those of its attribute that are not found by operand.
pub(crate) type BitNumber = u32;

/// The number of a set within its column; [`UNKNOWN_TRUTH`] is none yet.
pub(crate) type TruthNumber = u32;

/// That it was not found out yet what is true of the value.
pub(crate) const UNKNOWN_TRUTH: TruthNumber = 0;

/// What is true of one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Truth {
    /// Which operand it is.
    pub(crate) operand: OperandId,
    bits: Vec<u64>,
}

impl Truth {
    pub(crate) fn clear(&mut self) {
        self.operand = NO_OPERAND;
        self.bits.clear();
    }

    pub(crate) fn copy_from(&mut self, operand: OperandId, bits: &[u64]) {
        self.clear();
        self.operand = operand;
        self.bits.extend_from_slice(bits);
    }

    pub(crate) fn set(&mut self, bit: BitNumber) {
        let (word, mask) = place(bit);
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        if let Some(word) = self.bits.get_mut(word) {
            *word |= mask;
        }
    }

    pub(crate) fn unset(&mut self, bit: BitNumber) {
        let (word, mask) = place(bit);
        if let Some(word) = self.bits.get_mut(word) {
            *word &= !mask;
        }
    }

    /// Without zeros at the end.
    pub(crate) fn bits(&self) -> &[u64] {
        let length = self.bits.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        self.bits.get(..length).unwrap_or_default()
    }
}

/// Whether a bit is set.
pub(crate) fn has(bits: &[u64], bit: BitNumber) -> bool {
    let (word, mask) = place(bit);
    bits.get(word).is_some_and(|word| word & mask != 0)
}

/// Calls `visit` with each bit that is set in one of the two only, and whether that is `new`.
pub(crate) fn each_flipped(old: &[u64], new: &[u64], mut visit: impl FnMut(BitNumber, bool)) {
    for place in 0..old.len().max(new.len()) {
        let at = |bits: &[u64]| bits.get(place).copied().unwrap_or(0);
        let (old, new) = (at(old), at(new));
        let mut flipped = old ^ new;
        while flipped != 0 {
            let bit = flipped.trailing_zeros();
            flipped &= flipped - 1;
            let number = u32::try_from(place).unwrap_or(u32::MAX).saturating_mul(u64::BITS) + bit;
            visit(number, new >> bit & 1 == 1);
        }
    }
}

fn place(bit: BitNumber) -> (usize, u64) {
    ((bit / u64::BITS) as usize, 1 << (bit % u64::BITS))
}

/// The sets of one column.
#[derive(Debug)]
pub(crate) struct TruthSets {
    /// By number; the first is never one.
    sets: Vec<Set>,
    /// The bits of all, one behind the other.
    words: Vec<u64>,
    by_hash: HashTable<TruthNumber>,
    hasher: RandomState,
}

#[derive(Clone, Copy, Debug, Default)]
struct Set {
    /// The state of the attribute's predicates that it is of.
    version: u64,
    operand: OperandId,
    start: u32,
    length: u32,
}

/// A column remembers at most so many bytes of sets. Past it they are forgotten, and found again as they are needed.
const BUDGET: usize = 32 << 20;
/// What a set takes beside its bits: itself, and its place in the table.
const OVERHEAD: usize = size_of::<Set>() + 8;

impl Default for TruthSets {
    fn default() -> TruthSets {
        TruthSets {
            sets: vec![Set::default()],
            words: Vec::new(),
            by_hash: HashTable::new(),
            hasher: RandomState::default(),
        }
    }
}

impl TruthSets {
    /// The operand, where the set is of this version.
    pub(crate) fn operand(&self, number: TruthNumber, version: u64) -> Option<OperandId> {
        let set = self.sets.get(number as usize)?;
        (set.version == version).then_some(set.operand)
    }

    pub(crate) fn version(&self, number: TruthNumber) -> Option<u64> {
        Some(self.sets.get(number as usize)?.version)
    }

    pub(crate) fn bits(&self, number: TruthNumber) -> &[u64] {
        self.sets.get(number as usize).map(|set| bits_of(&self.words, set)).unwrap_or_default()
    }

    /// Copies a set out.
    pub(crate) fn read(&self, number: TruthNumber, truth: &mut Truth) {
        let operand = self.sets.get(number as usize).map_or(NO_OPERAND, |set| set.operand);
        truth.copy_from(operand, self.bits(number));
    }

    /// The number of the set that is this.
    pub(super) fn intern(&mut self, version: u64, truth: &Truth) -> TruthNumber {
        let bits = truth.bits();
        let TruthSets { sets, words, by_hash, hasher } = self;
        let hash = hasher.hash_one((version, truth.operand, bits));
        let is_it =
            |set: &Set| (set.version, set.operand) == (version, truth.operand) && bits_of(words, set) == bits;
        let known = by_hash.find(hash, |&number| sets.get(number as usize).is_some_and(is_it));
        if let Some(&number) = known {
            return number;
        }
        let number = TruthNumber::try_from(sets.len()).unwrap_or(UNKNOWN_TRUTH);
        let start = u32::try_from(words.len()).unwrap_or(u32::MAX);
        let length = u32::try_from(bits.len()).unwrap_or(u32::MAX);
        words.extend_from_slice(bits);
        sets.push(Set { version, operand: truth.operand, start, length });
        by_hash.insert_unique(hash, number, |&number| {
            let set = sets.get(number as usize).copied().unwrap_or_default();
            hasher.hash_one((set.version, set.operand, bits_of(words, &set)))
        });
        number
    }

    /// Whether all is to be forgotten before more is remembered.
    pub(super) fn are_too_many(&self) -> bool {
        self.sets.len() * OVERHEAD + size_of_val(self.words.as_slice()) > BUDGET
    }
}

fn bits_of<'w>(words: &'w [u64], set: &Set) -> &'w [u64] {
    let (start, length) = (set.start as usize, set.length as usize);
    words.get(start..start + length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(operand: OperandId, bits: &[BitNumber]) -> Truth {
        let mut truth = Truth { operand, ..Truth::default() };
        bits.iter().for_each(|bit| truth.set(*bit));
        truth
    }

    #[test]
    fn equal_sets_of_one_version_are_one() {
        let mut sets = TruthSets::default();
        let mut unset = truth(7, &[3, 200]);
        unset.unset(200);
        let numbers = [
            sets.intern(1, &truth(7, &[3])),
            sets.intern(1, &unset),
            sets.intern(1, &truth(8, &[3])),
            sets.intern(1, &truth(7, &[3, 64])),
            sets.intern(2, &truth(7, &[3])),
        ];
        assert_eq!(numbers, [1, 1, 2, 3, 4]);
        assert_eq!((sets.operand(3, 1), sets.operand(3, 2)), (Some(7), None));
        assert!(has(sets.bits(3), 64) && !has(sets.bits(3), 65) && !has(sets.bits(1), 64));
    }

    #[test]
    fn flipped_bits_are_those_of_one_side() {
        let (old, new) = (truth(0, &[1, 63, 64]), truth(0, &[1, 64, 65, 130]));
        let mut flipped = Vec::new();
        each_flipped(old.bits(), new.bits(), |bit, of_new| flipped.push((bit, of_new)));
        assert_eq!(flipped, [(63, false), (65, true), (130, true)]);
    }
}
