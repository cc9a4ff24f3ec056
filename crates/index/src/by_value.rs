//! The value-level index: from the two values of a changed attribute to the conjuncts that may flip with them.
//!
//! A rule is an OR of conjuncts. A conjunct can change only if a literal in it flips *and* its other literals hold
//! before or after. So each is filed under every operand and predicate it has, with its other literals beside it: a
//! change reads the conjuncts of its old and its new value one behind the other, and most of them fail at the first
//! literal, by one comparison of numbers. What is in many conjuncts (`accountEnabled -eq true`) has them filed by a
//! *guard* besides. A rule one of whose conjuncts holds before or after is evaluated on both rows, once; there
//! are few, as the object is or comes to be selected by each. Rules with too many conjuncts (*general* ones)
//! are evaluated whenever one of their predicates may have flipped.
//!
//! What is true of a value is found once and remembered beside the value, in the table of rows. The index itself is
//! not written to by a question, so that partitions share it.
//!
//! Invariant: `affected` reports what [`Naive`](crate::Naive) would, but for rules that read memberships, of which
//! it may report fewer; for every history of edits.

mod conjunct;
mod operands;
mod postings;
mod question;
mod stream;
mod term;
mod text;
mod truth;

pub(crate) use question::Scratch;

use crate::table::truths::OperandId;
use crate::{Affected, Formula, PredicateId, PredicateTable, RowChange, RuleIndex, RuleNumber, Table};
use conjunct::{Conjunct, Literal};
use foldhash::HashMap;
use muster_directory::{Instant, ObjectKind};
use muster_rule::{Attribute, Predicate, Rule, Test};
use operands::OperandNumbers;
use postings::Postings;
use question::Question;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use stream::{Filed, Header, Shape, Stream, Word, Words};
use term::{AttributeNumber, Found, Term};
use truth::AttributePredicates;

/// Attribute and value → rules.
#[derive(Debug, Default)]
pub struct ByValue {
    users: KindIndex,
    devices: KindIndex,
    /// Which kind each rule is of.
    kinds: HashMap<RuleNumber, ObjectKind>,
}

/// The rules over one kind of object.
#[derive(Debug)]
struct KindIndex {
    /// No other index of this process has it.
    identity: u64,
    predicates: PredicateTable,
    attributes: HashMap<Attribute, AttributeNumber>,
    /// By attribute number.
    truths: Vec<AttributePredicates>,
    operands: OperandNumbers,
    /// By predicate: where its truth is found; `None` of one that no rule has.
    places: Vec<Option<Placed>>,
    /// The conjuncts of predicates that are not found by operand.
    by_predicate: Vec<Postings>,
    /// The others, by each operand of theirs.
    by_operand: Vec<Postings>,
    /// What the streams of postings and rules are made of.
    words: Words,
    rules: Vec<Option<IndexedRule>>,
    /// Those that an object without attributes may satisfy.
    true_of_nothing: BTreeSet<RuleNumber>,
}

/// Where the truth of a predicate is found.
#[derive(Debug)]
struct Placed {
    attribute: AttributeNumber,
    found: Found,
}

/// A rule, ready to be evaluated.
#[derive(Debug)]
struct IndexedRule {
    formula: Formula,
    conjuncts: Conjuncts,
    reads_memberships: bool,
}

#[derive(Debug)]
enum Conjuncts {
    /// One of these at least must hold.
    Any(Stream),
    /// Too many: the formula is asked.
    General,
}

impl ByValue {
    fn of(&self, kind: ObjectKind) -> &KindIndex {
        match kind {
            ObjectKind::User => &self.users,
            ObjectKind::Device => &self.devices,
        }
    }

    fn of_mut(&mut self, kind: ObjectKind) -> &mut KindIndex {
        match kind {
            ObjectKind::User => &mut self.users,
            ObjectKind::Device => &mut self.devices,
        }
    }
}

impl RuleIndex for ByValue {
    fn insert(&mut self, number: RuleNumber, rule: Arc<Rule>) {
        self.remove(number);
        self.kinds.insert(number, rule.kind());
        self.of_mut(rule.kind()).insert(number, &rule);
    }

    fn remove(&mut self, number: RuleNumber) {
        if let Some(kind) = self.kinds.remove(&number) {
            self.of_mut(kind).remove(number);
        }
    }

    fn affected(
        &self,
        table: &mut Table,
        changes: &[RowChange<'_>],
        now: Instant,
        scratch: &mut crate::Scratch,
        found: &mut Vec<Affected>,
    ) {
        for (position, change) in (0..).zip(changes) {
            let Some(kind) = change.kind() else { continue };
            let index = self.of(kind);
            let first = found.len();
            scratch.work.changes += 1;
            Question::new(index, table.of_mut(kind), change, now, scratch).answer(|rule, effect| {
                found.push(Affected { change: position, rule, effect });
            });
            if let Some(found) = found.get_mut(first..) {
                found.sort_unstable();
            }
        }
    }
}

impl Default for KindIndex {
    fn default() -> KindIndex {
        static IDENTITIES: AtomicU64 = AtomicU64::new(1);
        KindIndex {
            identity: IDENTITIES.fetch_add(1, Ordering::Relaxed),
            predicates: PredicateTable::default(),
            attributes: HashMap::default(),
            truths: Vec::new(),
            operands: OperandNumbers::default(),
            places: Vec::new(),
            by_predicate: Vec::new(),
            by_operand: Vec::new(),
            words: Words::default(),
            rules: Vec::new(),
            true_of_nothing: BTreeSet::new(),
        }
    }
}

impl KindIndex {
    fn insert(&mut self, number: RuleNumber, rule: &Rule) {
        let formula = self.predicates.compile(rule.expression());
        formula.each_predicate(&mut |id| self.place(id));
        if crate::may_select_nothing(rule) {
            self.true_of_nothing.insert(number);
        }
        let reads_memberships = !rule.sources().is_empty();
        let conjuncts = match conjunct::conjuncts(&formula) {
            Some(conjuncts) => self.file_conjuncts(number, &conjuncts, reads_memberships),
            None => self.file_general(number, &formula, reads_memberships),
        };
        let place = number as usize;
        if self.rules.len() <= place {
            self.rules.resize_with(place + 1, || None);
        }
        if let Some(slot) = self.rules.get_mut(place) {
            *slot = Some(IndexedRule { formula, conjuncts, reads_memberships });
        }
    }

    fn remove(&mut self, number: RuleNumber) {
        let Some(indexed) = self.rules.get_mut(number as usize).and_then(Option::take) else { return };
        self.true_of_nothing.remove(&number);
        let mut ids = Vec::new();
        indexed.formula.each_predicate(&mut |id| ids.push(id));
        ids.sort_unstable();
        ids.dedup();
        let mut operands: Vec<(AttributeNumber, OperandId)> = Vec::new();
        for &id in &ids {
            if let Some(Placed { attribute, found: Found::Operands(own) }) = self.place_of(id) {
                operands.extend(own.iter().map(|operand| (*attribute, *operand)));
            }
        }
        for id in ids {
            if let Some(postings) = self.by_predicate.get_mut(id as usize) {
                postings.remove(&mut self.words, number, &operands);
            }
        }
        for (_, operand) in &operands {
            if let Some(postings) = self.by_operand.get_mut(*operand as usize) {
                postings.remove(&mut self.words, number, &operands);
            }
        }
        let KindIndex { attributes, truths, operands, places, words, predicates, .. } = self;
        if let Conjuncts::Any(mut conjuncts) = indexed.conjuncts {
            conjuncts.clear(words);
        }
        predicates.release(&indexed.formula, |id, predicate| {
            let placed = places.get_mut(id as usize).and_then(Option::take);
            if let Predicate::Attribute { attribute, test } = predicate
                && let Some(Placed { found, .. }) = placed
                && let Some(truths) =
                    attributes.get(attribute).and_then(|&at| truths.get_mut(usize::from(at)))
            {
                truths.remove(id, (test, &found), operands);
            }
        });
    }

    /// Makes a predicate findable by its attribute's values, if it is new.
    fn place(&mut self, id: PredicateId) {
        let place = id as usize;
        if self.places.len() <= place {
            self.places.resize_with(place + 1, || None);
            self.by_predicate.resize_with(place + 1, Postings::default);
        }
        let Some(placed) = self.places.get_mut(place).filter(|placed| placed.is_none()) else { return };
        let (attribute, found) = match self.predicates.predicate(id).map(|predicate| &**predicate) {
            Some(Predicate::Attribute { attribute, test }) => {
                let next = AttributeNumber::try_from(self.truths.len()).unwrap_or(AttributeNumber::MAX);
                let number = *self.attributes.entry(attribute.clone()).or_insert(next);
                if number == next {
                    self.truths.push(AttributePredicates::default());
                }
                let truths = self.truths.get_mut(usize::from(number));
                let found = truths.map(|truths| truths.insert(id, test, &mut self.operands));
                (number, found.unwrap_or(Found::Elsewhere))
            }
            Some(Predicate::MemberOf(_)) | None => (AttributeNumber::MAX, Found::Elsewhere),
        };
        if let Found::Operands(operands) = &found
            && let Some(last) = operands.iter().max()
            && self.by_operand.len() <= *last as usize
        {
            self.by_operand.resize_with(*last as usize + 1, Postings::default);
        }
        *placed = Some(Placed { attribute, found });
    }

    fn place_of(&self, id: PredicateId) -> Option<&Placed> {
        self.places.get(id as usize)?.as_ref()
    }

    fn term(&self, literal: Literal) -> Option<Term> {
        let Placed { attribute, found } = self.place_of(literal.predicate)?;
        let Literal { predicate, negated } = literal;
        Some(Term { predicate, attribute: *attribute, negated, found: found.clone() })
    }

    /// Files each conjunct under each of its literals.
    fn file_conjuncts(
        &mut self,
        rule: RuleNumber,
        conjuncts: &[Conjunct],
        reads_memberships: bool,
    ) -> Conjuncts {
        let shape = match conjuncts {
            _ if reads_memberships => Shape::Undecided,
            [_] => Shape::Single,
            _ => Shape::Evaluated,
        };
        let mut all = Stream::default();
        let mut packed: Vec<Word> = Vec::new();
        for conjunct in conjuncts {
            let mut terms: Vec<Term> = conjunct.iter().filter_map(|&literal| self.term(literal)).collect();
            terms.sort_by_key(|term| self.fails_late(term));
            packed.clear();
            terms.iter().for_each(|term| term.pack(&mut packed));
            all.push(&mut self.words, Header::new(rule, false, shape), &packed);
            for (place, term) in terms.iter().enumerate() {
                packed.clear();
                let others = terms.iter().enumerate().filter(|(other, _)| *other != place);
                others.for_each(|(_, term)| term.pack(&mut packed));
                let shape = match (&term.found, shape) {
                    // The other value may be another of the operands.
                    (Found::Operands(operands), Shape::Single) if operands.len() > 1 => {
                        term.pack(&mut packed);
                        Shape::Single
                    }
                    (_, Shape::Single) => Shape::Certain,
                    (_, shape) => shape,
                };
                let header = Header::new(rule, term.negated, shape);
                self.file(term.predicate, Filed { header, terms: &packed });
            }
        }
        Conjuncts::Any(all)
    }

    /// By what literals are put in order: those that fail soonest first. Of the ones that want an operand, those whose
    /// attribute has many, and that are in few rules.
    fn fails_late(&self, term: &Term) -> (usize, usize, u32) {
        let uses = self.predicates.uses(term.predicate);
        match &term.found {
            Found::Operands(operands) if !term.negated => {
                let truths = self.truths.get(usize::from(term.attribute));
                let distinct = truths.map_or(0, AttributePredicates::operands);
                (operands.len(), usize::MAX - distinct, uses)
            }
            Found::Bit(_) if !term.negated => (1 << 16, 0, uses),
            _ => (usize::MAX, 0, uses),
        }
    }

    /// Files a rule under each of its predicates, to be evaluated whenever one flips, either way.
    fn file_general(&mut self, rule: RuleNumber, formula: &Formula, reads_memberships: bool) -> Conjuncts {
        let shape = if reads_memberships { Shape::Undecided } else { Shape::Evaluated };
        let mut predicates = Vec::new();
        formula.each_predicate(&mut |id| predicates.push(id));
        predicates.sort_unstable();
        predicates.dedup();
        for predicate in predicates {
            for negated in [false, true] {
                self.file(predicate, Filed { header: Header::new(rule, negated, shape), terms: &[] });
            }
        }
        Conjuncts::General
    }

    fn file(&mut self, predicate: PredicateId, filed: Filed<'_>) {
        let KindIndex { places, by_operand, by_predicate, words, .. } = self;
        match places.get(predicate as usize).and_then(Option::as_ref) {
            Some(Placed { found: Found::Operands(operands), .. }) => {
                for operand in operands {
                    if let Some(postings) = by_operand.get_mut(*operand as usize) {
                        postings.insert(words, filed);
                    }
                }
            }
            _ => {
                if let Some(postings) = by_predicate.get_mut(predicate as usize) {
                    postings.insert(words, filed);
                }
            }
        }
    }

    /// The test of a predicate on an attribute.
    fn test(&self, id: PredicateId) -> Option<&Test> {
        match &**self.predicates.predicate(id)? {
            Predicate::Attribute { test, .. } => Some(test),
            Predicate::MemberOf(_) => None,
        }
    }
}
