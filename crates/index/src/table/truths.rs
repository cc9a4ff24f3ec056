//! Which predicates are true of a value, remembered for the values that several objects have.
//!
//! Bounded: past a number of bytes a column's memory is emptied and fills again with what is in use. Lists of an
//! older state of the rules are brought up to date by whoever asks ([`Truths::get`] tells their age).

use super::column::ValueId;
use crate::PredicateId;
use foldhash::HashMap;

/// A column remembers at most so many bytes of lists.
const BUDGET: usize = 32 << 20;
/// What an entry takes beside its list, about.
const OVERHEAD: usize = 48;

#[derive(Debug, Default)]
pub(crate) struct Truths {
    lists: HashMap<ValueId, TruthList>,
    bytes: usize,
}

/// The predicates of one attribute that are true of one value: sorted, each once.
#[derive(Debug)]
pub(crate) struct TruthList {
    /// The state of the attribute's predicates that it is of.
    pub(crate) version: u64,
    pub(crate) predicates: Box<[PredicateId]>,
}

impl Truths {
    /// The list of a value, as it was when it was last asked for.
    pub(crate) fn get(&self, id: ValueId) -> Option<&TruthList> {
        self.lists.get(&id)
    }

    /// Remembers a list.
    pub(crate) fn put(&mut self, id: ValueId, list: TruthList) {
        let size = |list: &TruthList| OVERHEAD + size_of_val(&*list.predicates);
        if self.bytes + size(&list) > BUDGET {
            self.lists.clear();
            self.bytes = 0;
        }
        self.bytes += size(&list);
        if let Some(before) = self.lists.insert(id, list) {
            self.bytes -= size(&before);
        }
    }

    pub(super) fn forget(&mut self, id: ValueId) {
        if let Some(list) = self.lists.remove(&id) {
            self.bytes -= OVERHEAD + size_of_val(&*list.predicates);
        }
    }
}
