//! Which predicates are true of a value, remembered beside the values that several objects have.

use crate::PredicateId;

/// The predicates of one attribute that are true of one value.
#[derive(Clone, Debug, Default)]
pub(crate) struct TruthList {
    /// The state of the attribute's predicates that it is of; 0 of none.
    pub(crate) version: u64,
    /// Sorted, each once.
    pub(crate) predicates: Box<[PredicateId]>,
    pub(crate) digest: Digest,
}

/// Tells quickly of most predicates that are not in a list that they are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest([u64; 4]);

impl Digest {
    pub(crate) fn of(predicates: &[PredicateId]) -> Digest {
        let mut digest = Digest::default();
        for predicate in predicates {
            let (word, bit) = place(*predicate);
            if let Some(word) = digest.0.get_mut(word) {
                *word |= bit;
            }
        }
        digest
    }

    /// `false`: certainly not in the list.
    pub(crate) fn may_have(&self, predicate: PredicateId) -> bool {
        let (word, bit) = place(predicate);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

fn place(predicate: PredicateId) -> (usize, u64) {
    ((predicate >> 6 & 3) as usize, 1 << (predicate & 63))
}
