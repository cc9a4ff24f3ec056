//! The value-level index: from the two values of a changed attribute to the predicates that flip between
//! them, and from those to the rules that such a flip can reach.
//!
//! A rule is an OR of conjuncts. A conjunct can change only if a predicate in it flips *and* its other
//! literals hold before or after. So each is filed under every predicate it has, with its other literals beside it,
//! and where a predicate is in many conjuncts (`accountEnabled -eq true`) by a *guard*: the rarest other positive
//! predicate; only the conjuncts whose guard is true of the object are read. A rule of one conjunct flips with it;
//! others are evaluated, each once. Rules with too many conjuncts (*general* ones) are evaluated whenever one of
//! their predicates flips.
//!
//! Which predicates are true of a value is found once and remembered beside the value, in the table of rows. The
//! index itself is not written to by a question, so that partitions share it.
//!
//! Invariant: `affected` reports what [`Naive`](crate::Naive) would, but for rules that read memberships, of which
//! it may report fewer; for every history of edits.

mod conjunct;
mod postings;
mod question;
mod stream;
mod text;
mod truth;

pub(crate) use question::Scratch;

use crate::{Affected, Formula, PredicateId, PredicateTable, RowChange, RuleIndex, RuleNumber, Table};
use conjunct::{Conjunct, Literal};
use foldhash::HashMap;
use muster_directory::{Instant, ObjectKind};
use muster_rule::{Attribute, Predicate, Rule, Test};
use postings::Postings;
use question::Question;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use stream::{AttributeNumber, Filed, Found, Header, Shape, Stream, Term, Word, Words};
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
    /// By predicate: where its truth is found.
    places: Vec<(AttributeNumber, Found)>,
    /// By predicate.
    postings: Vec<Postings>,
    /// What the streams of postings and rules are made of.
    words: Words,
    rules: Vec<Option<IndexedRule>>,
    /// Those that an object without attributes may satisfy.
    true_of_nothing: BTreeSet<RuleNumber>,
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
            places: Vec::new(),
            postings: Vec::new(),
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
        let mut predicates = Vec::new();
        indexed.formula.each_predicate(&mut |id| predicates.push((self.place_of(id).0, id)));
        predicates.sort_unstable();
        predicates.dedup();
        for (_, id) in &predicates {
            if let Some(postings) = self.postings.get_mut(*id as usize) {
                postings.remove(&mut self.words, number, &predicates);
            }
        }
        let KindIndex { attributes, truths, postings, words, predicates, .. } = self;
        if let Conjuncts::Any(mut conjuncts) = indexed.conjuncts {
            conjuncts.clear(words);
        }
        predicates.release(&indexed.formula, |id, predicate| {
            if let Some(postings) = postings.get_mut(id as usize) {
                postings.end_use(words);
            }
            if let Predicate::Attribute { attribute, test } = predicate
                && let Some(truths) =
                    attributes.get(attribute).and_then(|&at| truths.get_mut(usize::from(at)))
            {
                truths.remove(id, test);
            }
        });
    }

    /// Makes a predicate findable by its attribute's values, if it is new.
    fn place(&mut self, id: PredicateId) {
        let place = id as usize;
        if self.postings.len() <= place {
            self.postings.resize_with(place + 1, Postings::default);
            self.places.resize(place + 1, (AttributeNumber::MAX, Found::Elsewhere));
        }
        let Some(postings) = self.postings.get_mut(place).filter(|postings| !postings.is_in_use()) else {
            return;
        };
        postings.begin_use();
        let found = match self.predicates.predicate(id).map(|predicate| &**predicate) {
            Some(Predicate::Attribute { attribute, test }) => {
                let next = AttributeNumber::try_from(self.truths.len()).unwrap_or(AttributeNumber::MAX);
                let number = *self.attributes.entry(attribute.clone()).or_insert(next);
                if number == next {
                    self.truths.push(AttributePredicates::default());
                }
                if let Some(truths) = self.truths.get_mut(usize::from(number)) {
                    truths.insert(id, test);
                }
                (number, if AttributePredicates::finds(test) { Found::Listed } else { Found::Asked })
            }
            Some(Predicate::MemberOf(_)) | None => (AttributeNumber::MAX, Found::Elsewhere),
        };
        if let Some(place) = self.places.get_mut(place) {
            *place = found;
        }
    }

    fn place_of(&self, id: PredicateId) -> (AttributeNumber, Found) {
        self.places.get(id as usize).copied().unwrap_or((AttributeNumber::MAX, Found::Elsewhere))
    }

    fn term(&self, literal: Literal) -> Term {
        let (attribute, found) = self.place_of(literal.predicate);
        Term::new(literal, attribute, found)
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
        for conjunct in conjuncts {
            let mut terms: Vec<Term> = conjunct.iter().map(|&literal| self.term(literal)).collect();
            terms.sort_by_key(|term| (!term.can_guard(), self.predicates.uses(term.predicate)));
            let packed: Vec<Word> = terms.iter().map(|term| term.pack()).collect();
            all.push(&mut self.words, Header::new(rule, false, shape), &packed);
            for (place, term) in terms.iter().enumerate() {
                let mut others = packed.clone();
                others.remove(place);
                self.file(
                    term.predicate,
                    Filed { header: Header::new(rule, term.negated, shape), terms: &others },
                );
            }
        }
        Conjuncts::Any(all)
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
        let predicates = &self.predicates;
        if let Some(postings) = self.postings.get_mut(predicate as usize) {
            postings.insert(&mut self.words, filed, &|id| predicates.uses(id));
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
