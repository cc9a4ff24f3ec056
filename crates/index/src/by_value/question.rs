//! One change, taken through the index: from what is true of its values to the conjuncts that may flip, and for
//! those that hold before or after, whether their rules do.
//!
//! What a row has is looked up attribute by attribute, when a literal first asks about it; for most of the literals
//! one comparison of numbers says that they fail. A rule of several conjuncts that is come across is evaluated on
//! both rows. Rules are stamped with the question's number, so that each is told once.

use super::postings::Postings;
use super::stream::{Filed, Shape, Stream, Word};
use super::term::{Asks, AttributeNumber, Found, Literal, as_operand, has_operand, split_first};
use super::truth::AttributePredicates;
use super::{Conjuncts, IndexedRule, KindIndex};
use crate::table::truths::{BitNumber, OperandId, Truth, TruthNumber, UNKNOWN_TRUTH, each_flipped, has};
use crate::table::{ColumnNumber, KindTable, Mapping, NULL, ValueId, each_difference};
use crate::{Effect, Formula, PredicateId, RowChange, RuleNumber, Work};
use muster_directory::Instant;

/// One of the two rows of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

/// Conjuncts to be read: of what is true of one row and perhaps not of the other.
#[derive(Clone, Copy, Debug)]
struct Walk {
    of: Filing,
    true_of: Side,
}

#[derive(Clone, Copy, Debug)]
enum Filing {
    Operand(OperandId),
    Predicate(PredicateId),
}

impl Side {
    fn other(self) -> Side {
        match self {
            Side::Old => Side::New,
            Side::New => Side::Old,
        }
    }

    fn of<T>(self, [old, new]: &[T; 2]) -> &T {
        match self {
            Side::Old => old,
            Side::New => new,
        }
    }
}

/// That it was not looked up yet which operand a row has.
const NOT_ASKED: OperandId = OperandId::MAX;

/// Memory of one question.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The number of the question.
    epoch: u32,
    /// Of both rows, by attribute: which operand the value is.
    operands: [Vec<OperandId>; 2],
    /// Of both rows, by attribute: what is true of the value; [`UNKNOWN_TRUTH`] of the absent value.
    truths: [Vec<TruthNumber>; 2],
    /// By rule: the last question that came across it.
    seen: Vec<u32>,
    walks: Vec<Walk>,
    to_evaluate: Vec<RuleNumber>,
    truth: Truth,
}

impl Scratch {
    fn begin(&mut self, index: &KindIndex) {
        if self.epoch == u32::MAX {
            *self = Scratch::default();
        }
        self.epoch += 1;
        let attributes = index.truths.len();
        for operands in &mut self.operands {
            operands.clear();
            operands.resize(attributes, NOT_ASKED);
        }
        for truths in &mut self.truths {
            truths.resize(attributes, UNKNOWN_TRUTH);
        }
        if self.seen.len() < index.rules.len() {
            self.seen.resize(index.rules.len(), 0);
        }
        self.walks.clear();
        self.to_evaluate.clear();
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
        self.find_walks();
        self.read_ahead();
        for place in 0..self.scratch.walks.len() {
            if let Some(&walk) = self.scratch.walks.get(place) {
                self.walk(walk, &mut tell);
            }
        }
        if self.change.old.is_some() != self.change.new.is_some() {
            for &rule in &self.index.true_of_nothing {
                self.come_across(rule);
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

    /// Collects what is true of one of the two rows only; of two operands that differ both, though some list of
    /// a rule may name both.
    fn find_walks(&mut self) {
        let (change, index) = (self.change, self.index);
        each_difference(change.old, change.new, |column, old, new| {
            let Some(attribute) = self.table.mapping.attribute_of(column) else { return };
            let Some(truths) = index.truths.get(usize::from(attribute)) else { return };
            self.load(attribute);
            self.find_flipped(truths, attribute, column);
            if truths.has_orders() {
                let value = |id| self.table.decode(column, id);
                let walks = &mut self.scratch.walks;
                truths.flipped_orders(
                    value(old).as_ref(),
                    value(new).as_ref(),
                    self.now,
                    |predicate, of_new| {
                        let true_of = if of_new { Side::New } else { Side::Old };
                        walks.push(Walk { of: Filing::Predicate(predicate), true_of });
                    },
                );
            }
        });
    }

    fn find_flipped(
        &mut self,
        truths: &AttributePredicates,
        attribute: AttributeNumber,
        column: ColumnNumber,
    ) {
        let Scratch { walks, operands, truths: numbers, .. } = &mut *self.scratch;
        let at = |list: &[u32]| list.get(usize::from(attribute)).copied().unwrap_or_default();
        let [old, new] = numbers.each_ref().map(|list| at(list));
        if old == new {
            return;
        }
        let [old_operand, new_operand] = operands.each_ref().map(|list| at(list));
        if old_operand != new_operand {
            walks.push(Walk { of: Filing::Operand(old_operand), true_of: Side::Old });
            walks.push(Walk { of: Filing::Operand(new_operand), true_of: Side::New });
        }
        let Some(column) = self.table.columns().get(usize::from(column)) else { return };
        let bits = |number| match number {
            UNKNOWN_TRUTH => truths.null().bits(),
            number => column.truths().bits(number),
        };
        each_flipped(bits(old), bits(new), |bit, of_new| {
            if let Some(predicate) = truths.predicate(bit) {
                let true_of = if of_new { Side::New } else { Side::Old };
                walks.push(Walk { of: Filing::Predicate(predicate), true_of });
            }
        });
    }

    fn postings(&self, of: Filing) -> Option<&'a Postings> {
        let index = self.index;
        match of {
            Filing::Operand(operand) => index.by_operand.get(operand as usize),
            Filing::Predicate(predicate) => index.by_predicate.get(predicate as usize),
        }
    }

    /// Has the first words of all streams read at once, so that waiting for one is waiting for all.
    fn read_ahead(&self) {
        let places = self.scratch.walks.iter().filter_map(|walk| self.postings(walk.of));
        let words = &self.index.words;
        std::hint::black_box(places.fold(0, |sum, postings| sum ^ postings.listed().first(words)));
    }

    /// Reads the conjuncts that may change.
    fn walk(&mut self, walk: Walk, tell: &mut impl FnMut(RuleNumber, Effect)) {
        let Some(postings) = self.postings(walk.of) else { return };
        self.walk_stream(postings.listed(), walk.true_of, tell);
        let Some(guarded) = postings.guarded() else { return };
        for attribute in guarded.attributes() {
            // A conjunct that wants the opposite is asked on the other row.
            let (old, new) = (self.operand(attribute, Side::Old), self.operand(attribute, Side::New));
            if let Some(stream) = guarded.stream(old) {
                self.walk_stream(stream, walk.true_of, tell);
            }
            if old != new
                && let Some(stream) = guarded.stream(new)
            {
                self.walk_stream(stream, walk.true_of, tell);
            }
        }
    }

    fn walk_stream(&mut self, stream: &Stream, true_of: Side, tell: &mut impl FnMut(RuleNumber, Effect)) {
        self.work.entries += u64::from(stream.len());
        for Filed { header, terms } in stream.iter(&self.index.words) {
            let side = if header.negated() { true_of.other() } else { true_of };
            if self.certainly_fails(terms, side) || !self.exists(side) || !self.all_hold(terms, side) {
                continue;
            }
            let rule = header.rule();
            match header.shape() {
                Shape::Evaluated => self.come_across(rule),
                Shape::Single if self.exists(side.other()) && self.all_hold(terms, side.other()) => {}
                Shape::Certain | Shape::Single if self.is_new(rule) => tell(rule, Effect::Flipped),
                Shape::Undecided if self.is_new(rule) => tell(rule, Effect::Undecided),
                Shape::Certain | Shape::Single | Shape::Undecided => {}
            }
        }
    }

    /// Whether the first literal wants an operand, and the row is known to have another.
    fn certainly_fails(&self, terms: &[Word], side: Side) -> bool {
        terms.first().and_then(|word| as_operand(*word)).is_some_and(|(attribute, wanted)| {
            let operand = side.of(&self.scratch.operands).get(usize::from(attribute));
            operand.is_some_and(|operand| *operand != wanted && *operand != NOT_ASKED)
        })
    }

    /// Has a rule evaluated, once.
    fn come_across(&mut self, rule: RuleNumber) {
        if self.is_new(rule) {
            self.scratch.to_evaluate.push(rule);
        }
    }

    /// Whether this is the first time that the question comes across the rule.
    fn is_new(&mut self, rule: RuleNumber) -> bool {
        let epoch = self.scratch.epoch;
        let seen = self.scratch.seen.get_mut(rule as usize);
        seen.is_some_and(|seen| std::mem::replace(seen, epoch) != epoch)
    }

    fn exists(&self, side: Side) -> bool {
        side.of(&[self.change.old, self.change.new]).is_some()
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
                let Some(placed) = self.index.place_of(*predicate) else { return false };
                let attribute = placed.attribute;
                let holds = match &placed.found {
                    Found::Operands(operands) => operands.contains(&self.operand(attribute, side)),
                    Found::Bit(bit) => self.bit(attribute, *bit, side),
                    Found::Asked => self.ask(attribute, *predicate, side),
                    // Of memberships nothing is known here: they may.
                    Found::Elsewhere => return true,
                };
                holds != *negated
            }
        }
    }

    fn all_hold(&mut self, terms: &[Word], side: Side) -> bool {
        let mut rest = terms;
        while let Some((literal, after)) = split_first(rest) {
            if !self.holds(literal, side) {
                return false;
            }
            rest = after;
        }
        true
    }

    fn holds(&mut self, literal: Literal<'_>, side: Side) -> bool {
        let Literal { attribute, negated, asks } = literal;
        let holds = match asks {
            Asks::Operand(operand) => self.operand(attribute, side) == operand,
            Asks::AnyOperand(pairs) => has_operand(pairs, self.operand(attribute, side)),
            Asks::Bit(bit) => self.bit(attribute, bit, side),
            Asks::Predicate(predicate) => self.ask(attribute, predicate, side),
            // Of memberships nothing is known here: they may.
            Asks::Elsewhere => return true,
        };
        holds != negated
    }

    /// Which operand the row's value is.
    fn operand(&mut self, attribute: AttributeNumber, side: Side) -> OperandId {
        let place = usize::from(attribute);
        match side.of(&self.scratch.operands).get(place) {
            Some(&operand) if operand != NOT_ASKED => operand,
            _ => {
                self.load(attribute);
                side.of(&self.scratch.operands).get(place).copied().unwrap_or(NOT_ASKED)
            }
        }
    }

    fn bit(&mut self, attribute: AttributeNumber, bit: BitNumber, side: Side) -> bool {
        self.operand(attribute, side);
        let place = usize::from(attribute);
        match side.of(&self.scratch.truths).get(place).copied() {
            None | Some(UNKNOWN_TRUTH) => {
                self.index.truths.get(place).is_some_and(|truths| has(truths.null().bits(), bit))
            }
            Some(number) => {
                let column = self.table.mapping.column_of(attribute);
                let column = column.and_then(|column| self.table.columns().get(usize::from(column)));
                column.is_some_and(|column| has(column.truths().bits(number), bit))
            }
        }
    }

    fn ask(&self, attribute: AttributeNumber, predicate: PredicateId, side: Side) -> bool {
        let Some(test) = self.index.test(predicate) else { return false };
        let column = self.table.mapping.column_of(attribute);
        let value = column.and_then(|column| self.table.decode(column, *side.of(&self.values(column))));
        test.holds(value.as_ref(), self.now)
    }

    fn values(&self, column: ColumnNumber) -> [ValueId; 2] {
        let value = |row: Option<&crate::table::Row>| row.map_or(NULL, |row| row.value(column));
        [value(self.change.old), value(self.change.new)]
    }

    /// Looks up what is true of an attribute's two values.
    fn load(&mut self, attribute: AttributeNumber) {
        let place = usize::from(attribute);
        let Some(truths) = self.index.truths.get(place) else { return };
        let column = self.table.mapping.column_of(attribute);
        let values = column.map_or([NULL, NULL], |column| self.values(column));
        if let Some(column) = column.and_then(|column| self.table.column_mut(column)) {
            column.make_room_for_truths();
        }
        let old = self.truth_of(truths, column, values[0]);
        let new = if values[0] == values[1] { old } else { self.truth_of(truths, column, values[1]) };
        let Scratch { operands, truths, .. } = &mut *self.scratch;
        for ((operands, truths), (number, operand)) in operands.iter_mut().zip(truths).zip([old, new]) {
            if let (Some(own), Some(truth)) = (operands.get_mut(place), truths.get_mut(place)) {
                (*own, *truth) = (operand, number);
            }
        }
    }

    /// What is true of a value, found out if that is not known yet.
    fn truth_of(
        &mut self,
        truths: &AttributePredicates,
        column: Option<ColumnNumber>,
        id: ValueId,
    ) -> (TruthNumber, OperandId) {
        let null = (UNKNOWN_TRUTH, truths.null().operand);
        let Some(number) = column.filter(|_| id != NULL) else { return null };
        let Some(column) = self.table.columns().get(usize::from(number)) else { return null };
        let known = column.truth(id);
        match column.truths().operand(known, truths.version()) {
            Some(operand) => (known, operand),
            None => self.find_out(truths, number, id).unwrap_or(null),
        }
    }

    #[cold]
    fn find_out(
        &mut self,
        truths: &AttributePredicates,
        number: ColumnNumber,
        id: ValueId,
    ) -> Option<(TruthNumber, OperandId)> {
        let truth = &mut self.scratch.truth;
        let column = self.table.columns().get(usize::from(number))?;
        let value = self.table.decode(number, id)?;
        let known = column.truth(id);
        let version = column.truths().version(known).filter(|_| known != UNKNOWN_TRUTH);
        column.truths().read(known, truth);
        if !version.is_some_and(|version| truths.catch_up(version, &value, self.now, truth)) {
            truths.true_of(&value, self.now, truth);
        }
        let operand = truth.operand;
        let remembered = self.table.column_mut(number)?.remember(id, truths.version(), truth);
        Some((remembered, operand))
    }
}
