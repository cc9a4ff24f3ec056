//! One change, asked of the index of its kind: which rules flip between the old and the new row.
//!
//! What is true of a row's values is looked up attribute by attribute, when a literal first asks about it, and
//! stamped on the predicates; a literal is then one load. Stamps are of the question, so nothing is cleared between
//! questions.

use super::stream::{AttributeNumber, Filed, Found, Shape, Stream, Term, Word};
use super::truth::AttributePredicates;
use super::{Conjuncts, IndexedRule, KindIndex};
use crate::table::{ColumnNumber, KindTable, Mapping, NULL, TruthList, ValueId, each_difference};
use crate::{Effect, Formula, PredicateId, RowChange, RuleNumber, Work};
use muster_directory::Instant;
use std::ops::Range;

/// One of the two rows of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

/// A predicate that is true of one row and false of the other.
#[derive(Clone, Copy, Debug)]
struct Flip {
    predicate: PredicateId,
    true_of: Side,
}

impl Side {
    fn other(self) -> Side {
        match self {
            Side::Old => Side::New,
            Side::New => Side::Old,
        }
    }

    fn bit(self) -> u32 {
        match self {
            Side::Old => 1,
            Side::New => 2,
        }
    }
}

/// Memory of one question.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The number of the question, at most [`LAST`].
    epoch: u32,
    /// By predicate: four times the question it was last stamped in, and the sides it is true of.
    stamps: Vec<u32>,
    /// By attribute.
    loaded: Vec<Loaded>,
    /// The lists of true predicates, one behind the other.
    lists: Vec<PredicateId>,
    /// By rule: the last question that came across it.
    seen: Vec<u32>,
    flips: Vec<Flip>,
    to_evaluate: Vec<RuleNumber>,
    list: Vec<PredicateId>,
}

/// Questions are numbered anew after this.
const LAST: u32 = u32::MAX >> 2;

/// What is known of an attribute in this question.
#[derive(Clone, Debug, Default)]
struct Loaded {
    epoch: u32,
    /// The lists of the two rows' values.
    old: Range<usize>,
    new: Range<usize>,
}

impl Scratch {
    fn begin(&mut self, index: &KindIndex) {
        if self.epoch == LAST {
            *self = Scratch::default();
        }
        self.epoch += 1;
        grow(&mut self.stamps, index.postings.len());
        grow(&mut self.loaded, index.truths.len());
        grow(&mut self.seen, index.rules.len());
        self.lists.clear();
        self.flips.clear();
        self.to_evaluate.clear();
    }
}

fn grow<T: Default + Clone>(list: &mut Vec<T>, length: usize) {
    if list.len() < length {
        list.resize(length, T::default());
    }
}

/// See the module's text.
pub(super) struct Question<'a> {
    index: &'a KindIndex,
    table: &'a mut KindTable,
    change: &'a RowChange<'a>,
    now: Instant,
    scratch: &'a mut Scratch,
    work: &'a mut Work,
}

impl<'a> Question<'a> {
    pub(super) fn new(
        index: &'a KindIndex,
        table: &'a mut KindTable,
        change: &'a RowChange<'a>,
        now: Instant,
        scratch: &'a mut crate::Scratch,
    ) -> Question<'a> {
        let columns = table.columns().len();
        if !table.mapping.is_of(index.identity, index.attributes.len(), columns) {
            table.mapping = Mapping::new(index.identity, &index.attributes, table.columns());
        }
        scratch.by_value.begin(index);
        Question { index, table, change, now, scratch: &mut scratch.by_value, work: &mut scratch.work }
    }

    /// Tells every rule that flips, each once.
    pub(super) fn answer(mut self, mut tell: impl FnMut(RuleNumber, Effect)) {
        self.find_flips();
        for place in 0..self.scratch.flips.len() {
            if let Some(&flip) = self.scratch.flips.get(place) {
                self.walk(flip, &mut tell);
            }
        }
        if self.change.old.is_some() != self.change.new.is_some() {
            for &rule in &self.index.true_of_nothing {
                if self.comes_across(rule) {
                    self.scratch.to_evaluate.push(rule);
                }
            }
        }
        self.work.rules += self.scratch.to_evaluate.len() as u64;
        for place in 0..self.scratch.to_evaluate.len() {
            let Some(&rule) = self.scratch.to_evaluate.get(place) else { continue };
            let Some(Some(indexed)) = self.index.rules.get(rule as usize) else { continue };
            if indexed.reads_memberships {
                tell(rule, Effect::Undecided);
            } else if self.selects(indexed, Side::Old) != self.selects(indexed, Side::New) {
                tell(rule, Effect::Flipped);
            }
        }
    }

    /// Collects the predicates whose truth differs between the two rows.
    fn find_flips(&mut self) {
        let change = self.change;
        let index = self.index;
        each_difference(change.old, change.new, |column, old, new| {
            let Some(attribute) = self.table.mapping.attribute_of(column) else { return };
            let Loaded { old: old_list, new: new_list, .. } = self.load(attribute);
            let Scratch { lists, flips, .. } = &mut *self.scratch;
            let list = |range: Range<usize>| lists.get(range).unwrap_or_default();
            merge_differences(list(old_list), list(new_list), |predicate, true_of| {
                flips.push(Flip { predicate, true_of });
            });
            let Some(truths) = index.truths.get(usize::from(attribute)) else { return };
            if truths.has_orders() {
                let value = |id| self.table.decode(column, id);
                truths.flipped_orders(
                    value(old).as_ref(),
                    value(new).as_ref(),
                    self.now,
                    |predicate, of_new| {
                        flips.push(Flip { predicate, true_of: if of_new { Side::New } else { Side::Old } });
                    },
                );
            }
        });
    }

    /// Reads the conjuncts that a flip may change.
    fn walk(&mut self, flip: Flip, tell: &mut impl FnMut(RuleNumber, Effect)) {
        let index = self.index;
        let Some(postings) = index.postings.get(flip.predicate as usize) else { return };
        self.walk_stream(postings.listed(), flip.true_of, tell);
        for negated in [false, true] {
            let side = if negated { flip.true_of.other() } else { flip.true_of };
            for (&attribute, by_guard) in postings.guarded(negated) {
                let loaded = self.load(attribute);
                let guards = match side {
                    Side::Old => loaded.old,
                    Side::New => loaded.new,
                };
                for place in guards {
                    let Some(guard) = self.scratch.lists.get(place) else { continue };
                    if let Some(stream) = by_guard.get(guard) {
                        self.walk_stream(stream, flip.true_of, tell);
                    }
                }
            }
        }
    }

    fn walk_stream(&mut self, stream: &Stream, true_of: Side, tell: &mut impl FnMut(RuleNumber, Effect)) {
        self.work.entries += stream.len() as u64;
        for Filed { header, terms } in stream.iter() {
            let side = if header.negated { true_of.other() } else { true_of };
            if !self.exists(side) || !self.all_hold(terms, side) || !self.comes_across(header.rule) {
                continue;
            }
            match header.shape {
                Shape::Single => tell(header.rule, Effect::Flipped),
                Shape::Undecided => tell(header.rule, Effect::Undecided),
                Shape::Evaluated => self.scratch.to_evaluate.push(header.rule),
            }
        }
    }

    /// Whether this is the first time that the question comes across the rule.
    fn comes_across(&mut self, rule: RuleNumber) -> bool {
        let epoch = self.scratch.epoch;
        let seen = self.scratch.seen.get_mut(rule as usize);
        seen.is_some_and(|seen| std::mem::replace(seen, epoch) != epoch)
    }

    fn exists(&self, side: Side) -> bool {
        match side {
            Side::Old => self.change.old.is_some(),
            Side::New => self.change.new.is_some(),
        }
    }

    fn selects(&mut self, rule: &IndexedRule, side: Side) -> bool {
        self.exists(side)
            && match &rule.conjuncts {
                Conjuncts::Any(conjuncts) => conjuncts.iter().any(|filed| self.all_hold(filed.terms, side)),
                Conjuncts::General => self.formula_holds(&rule.formula, side),
            }
    }

    fn formula_holds(&mut self, formula: &Formula, side: Side) -> bool {
        match formula {
            Formula::All(terms) => terms.iter().all(|term| self.formula_holds(term, side)),
            Formula::Any(terms) => terms.iter().any(|term| self.formula_holds(term, side)),
            Formula::Not(term) => !self.formula_holds(term, side),
            Formula::Literal { predicate, negated } => {
                let (attribute, found) = self.index.place_of(*predicate);
                self.holds(Term { predicate: *predicate, attribute, negated: *negated, found }, side)
            }
        }
    }

    fn all_hold(&mut self, terms: &[Word], side: Side) -> bool {
        terms.iter().all(|&word| self.holds(Term::unpack(word), side))
    }

    /// Whether a literal holds of a row. Of memberships nothing is known here: they may.
    fn holds(&mut self, term: Term, side: Side) -> bool {
        match term.found {
            Found::Listed => {
                self.load(term.attribute);
                let stamp = self.scratch.stamps.get(term.predicate as usize).copied().unwrap_or(0);
                let holds = stamp >> 2 == self.scratch.epoch && stamp & side.bit() != 0;
                holds != term.negated
            }
            Found::Asked => {
                let Some(test) = self.index.test(term.predicate) else { return false };
                let value = self.table.mapping.column_of(term.attribute).and_then(|column| {
                    let (old, new) = self.values(column);
                    self.table.decode(column, if side == Side::Old { old } else { new })
                });
                test.holds(value.as_ref(), self.now) != term.negated
            }
            Found::Elsewhere => true,
        }
    }

    fn values(&self, column: ColumnNumber) -> (ValueId, ValueId) {
        let value = |row: Option<&crate::table::Row>| row.map_or(NULL, |row| row.value(column));
        (value(self.change.old), value(self.change.new))
    }

    /// Looks up what is true of an attribute's two values, once, and stamps it.
    fn load(&mut self, attribute: AttributeNumber) -> Loaded {
        let epoch = self.scratch.epoch;
        match self.scratch.loaded.get(usize::from(attribute)) {
            Some(loaded) if loaded.epoch == epoch => return loaded.clone(),
            Some(_) => {}
            None => return Loaded::default(),
        }
        let Some(truths) = self.index.truths.get(usize::from(attribute)) else { return Loaded::default() };
        let column = self.table.mapping.column_of(attribute);
        let (old, new) = column.map_or((NULL, NULL), |column| self.values(column));
        let old_list = self.append_list(truths, column, old);
        let new_list = if old == new { old_list.clone() } else { self.append_list(truths, column, new) };
        let Scratch { lists, stamps, .. } = &mut *self.scratch;
        for (range, side) in [(&old_list, Side::Old), (&new_list, Side::New)] {
            for &predicate in lists.get(range.clone()).unwrap_or_default() {
                if let Some(stamp) = stamps.get_mut(predicate as usize) {
                    let sides = if *stamp >> 2 == epoch { *stamp & 3 } else { 0 };
                    *stamp = epoch << 2 | sides | side.bit();
                }
            }
        }
        let loaded = Loaded { epoch, old: old_list, new: new_list };
        if let Some(place) = self.scratch.loaded.get_mut(usize::from(attribute)) {
            *place = loaded.clone();
        }
        loaded
    }

    /// Appends the predicates that are true of a value to the lists.
    fn append_list(
        &mut self,
        truths: &AttributePredicates,
        column: Option<ColumnNumber>,
        value: ValueId,
    ) -> Range<usize> {
        let start = self.scratch.lists.len();
        match column {
            Some(column) if value != NULL => self.append_true_of(truths, column, value),
            _ => self.scratch.lists.extend(truths.true_of_null()),
        }
        start..self.scratch.lists.len()
    }

    fn append_true_of(&mut self, truths: &AttributePredicates, column: ColumnNumber, id: ValueId) {
        let now = self.now;
        let Scratch { lists, list, .. } = &mut *self.scratch;
        let Some(known) = self.table.columns().get(usize::from(column)) else { return };
        let remembered = known.truths.get(id);
        if let Some(remembered) = remembered.filter(|list| list.version == truths.version()) {
            lists.extend(&remembered.predicates);
            return;
        }
        let Some(value) = self.table.decode(column, id) else { return };
        list.clear();
        let caught_up = remembered.is_some_and(|remembered| {
            list.extend(&remembered.predicates);
            truths.catch_up(remembered.version, &value, now, list)
        });
        if !caught_up {
            truths.true_of(Some(&value), now, list);
        }
        lists.extend(&*list);
        if known.is_shared(id)
            && let Some(column) = self.table.column_mut(column)
        {
            column
                .truths
                .put(id, TruthList { version: truths.version(), predicates: list.as_slice().into() });
        }
    }
}

/// Calls `differs` with each number that is in one of two sorted lists only, and which.
fn merge_differences(old: &[PredicateId], new: &[PredicateId], mut differs: impl FnMut(PredicateId, Side)) {
    let (mut old, mut new) = (old.iter().copied().peekable(), new.iter().copied().peekable());
    loop {
        match (old.peek(), new.peek()) {
            (None, None) => return,
            (Some(a), Some(b)) if a == b => {
                old.next();
                new.next();
            }
            (Some(a), Some(b)) if a > b => new.next().into_iter().for_each(|id| differs(id, Side::New)),
            (Some(_), _) => old.next().into_iter().for_each(|id| differs(id, Side::Old)),
            (None, Some(_)) => new.next().into_iter().for_each(|id| differs(id, Side::New)),
        }
    }
}
