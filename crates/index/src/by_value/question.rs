//! One change, asked of the index of its kind: which rules flip between the old and the new row.
//!
//! What is true of a row's values is looked up attribute by attribute, when a literal first asks about it. Most
//! literals fail, and a digest of the list says so by one load. Notes are stamped with the question's number, so
//! nothing is cleared between questions.

use super::stream::{AttributeNumber, Filed, Found, Shape, Stream, Term, Word};
use super::truth::AttributePredicates;
use super::{Conjuncts, IndexedRule, KindIndex};
use crate::table::{ColumnNumber, Digest, KindTable, Mapping, NULL, TruthList, ValueId, each_difference};
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

    fn of<T: Copy>(self, [old, new]: &[T; 2]) -> T {
        match self {
            Side::Old => *old,
            Side::New => *new,
        }
    }
}

/// Memory of one question.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The number of the question.
    epoch: u32,
    /// By attribute: the last question that asked about it.
    asked: Vec<u32>,
    /// By attribute: the lists of the two rows' values, in the question that asked last.
    loaded: Vec<[List; 2]>,
    /// The lists of true predicates, one behind the other.
    lists: Vec<PredicateId>,
    /// By rule: the last question that came across it.
    seen: Vec<u32>,
    flips: Vec<Flip>,
    to_evaluate: Vec<RuleNumber>,
    list: Vec<PredicateId>,
}

/// What is true of a value: its place among the lists.
#[derive(Clone, Copy, Debug, Default)]
struct List {
    start: u32,
    end: u32,
    digest: Digest,
}

impl List {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Scratch {
    fn begin(&mut self, index: &KindIndex) {
        if self.epoch == u32::MAX {
            *self = Scratch::default();
        }
        self.epoch += 1;
        grow(&mut self.asked, index.truths.len());
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
        self.read_ahead();
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
            self.load(attribute);
            let Scratch { lists, flips, loaded, .. } = &mut *self.scratch;
            let loaded = loaded.get(usize::from(attribute)).copied().unwrap_or_default();
            let [old_list, new_list] = loaded.map(|list| lists.get(list.range()).unwrap_or_default());
            merge_differences(old_list, new_list, |predicate, true_of| {
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

    /// Has the first words of all streams read at once, so that waiting for one is waiting for all.
    fn read_ahead(&self) {
        let KindIndex { postings, words, .. } = self.index;
        let places = self.scratch.flips.iter().filter_map(|flip| postings.get(flip.predicate as usize));
        std::hint::black_box(places.fold(0, |sum, postings| sum ^ postings.listed().first(words)));
    }

    /// Reads the conjuncts that a flip may change.
    fn walk(&mut self, flip: Flip, tell: &mut impl FnMut(RuleNumber, Effect)) {
        let index = self.index;
        let Some(postings) = index.postings.get(flip.predicate as usize) else { return };
        self.walk_stream(postings.listed(), flip.true_of, tell);
        for negated in [false, true] {
            let side = if negated { flip.true_of.other() } else { flip.true_of };
            for (&attribute, by_guard) in postings.guarded(negated).into_iter().flatten() {
                self.load(attribute);
                let loaded = self.scratch.loaded.get(usize::from(attribute)).copied().unwrap_or_default();
                for place in side.of(&loaded).range() {
                    let Some(guard) = self.scratch.lists.get(place) else { continue };
                    if let Some(stream) = by_guard.get(guard) {
                        self.walk_stream(stream, flip.true_of, tell);
                    }
                }
            }
        }
    }

    fn walk_stream(&mut self, stream: &Stream, true_of: Side, tell: &mut impl FnMut(RuleNumber, Effect)) {
        self.work.entries += u64::from(stream.len());
        for Filed { header, terms } in stream.iter(&self.index.words) {
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
                Conjuncts::Any(conjuncts) => {
                    conjuncts.iter(&self.index.words).any(|filed| self.all_hold(filed.terms, side))
                }
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
                let Scratch { loaded, lists, .. } = &*self.scratch;
                let holds = loaded.get(usize::from(term.attribute)).is_some_and(|loaded| {
                    let list = side.of(loaded);
                    list.digest.may_have(term.predicate)
                        && lists.get(list.range()).unwrap_or_default().binary_search(&term.predicate).is_ok()
                });
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

    /// Looks up what is true of an attribute's two values, once in a question.
    fn load(&mut self, attribute: AttributeNumber) {
        let place = usize::from(attribute);
        let Some(asked) = self.scratch.asked.get_mut(place) else { return };
        if std::mem::replace(asked, self.scratch.epoch) == self.scratch.epoch {
            return;
        }
        let Some(truths) = self.index.truths.get(place) else { return };
        let column = self.table.mapping.column_of(attribute);
        let (old, new) = column.map_or((NULL, NULL), |column| self.values(column));
        let old_list = self.append_list(truths, column, old);
        let new_list = if old == new { old_list } else { self.append_list(truths, column, new) };
        if let Some(loaded) = self.scratch.loaded.get_mut(place) {
            *loaded = [old_list, new_list];
        }
    }

    /// Appends the predicates that are true of a value to the lists.
    fn append_list(
        &mut self,
        truths: &AttributePredicates,
        column: Option<ColumnNumber>,
        value: ValueId,
    ) -> List {
        let end = |lists: &Vec<PredicateId>| u32::try_from(lists.len()).unwrap_or(u32::MAX);
        let start = end(&self.scratch.lists);
        let digest = match column {
            Some(column) if value != NULL => self.append_true_of(truths, column, value),
            _ => {
                self.scratch.lists.extend(truths.true_of_null());
                Digest::of(truths.true_of_null())
            }
        };
        List { start, end: end(&self.scratch.lists), digest }
    }

    fn append_true_of(&mut self, truths: &AttributePredicates, column: ColumnNumber, id: ValueId) -> Digest {
        let now = self.now;
        let Scratch { lists, list, .. } = &mut *self.scratch;
        let known = self.table.columns().get(usize::from(column)).and_then(|column| column.truths(id));
        if let Some(known) = known.filter(|known| known.version == truths.version()) {
            lists.extend_from_slice(&known.predicates);
            return known.digest;
        }
        let Some(value) = self.table.decode(column, id) else { return Digest::default() };
        list.clear();
        let caught_up = known.is_some_and(|known| {
            list.extend(&known.predicates);
            truths.catch_up(known.version, &value, now, list)
        });
        if !caught_up {
            truths.true_of(Some(&value), now, list);
        }
        lists.extend_from_slice(list);
        let digest = Digest::of(list);
        if known.is_some()
            && let Some(column) = self.table.column_mut(column)
        {
            let predicates = list.as_slice().into();
            column.remember(id, TruthList { version: truths.version(), predicates, digest });
        }
        digest
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
