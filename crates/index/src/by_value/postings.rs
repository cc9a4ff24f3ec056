//! The conjuncts that one operand or predicate is in, so filed that a flip reads few of them.
//!
//! While they are few they are read whatever the object is. Of a hot one (`accountEnabled -eq true`) those that want
//! some operand beside it lie by that, their *guard*: only the lists of the object's own values are read. A guard
//! stays among the literals, the last to be asked.

use super::stream::{Filed, Header, Stream, Word, Words, iterate};
use super::term::{AttributeNumber, Literal, split_first};
use crate::RuleNumber;
use crate::table::truths::OperandId;
use foldhash::HashMap;
use std::collections::BTreeMap;

/// Where the conjuncts of one operand or predicate are.
#[derive(Debug, Default)]
pub(super) struct Postings {
    /// Those to be looked at whatever the object is.
    listed: Stream,
    /// Of a hot one: the others.
    guarded: Option<Box<Guarded>>,
}

/// Conjuncts by guard.
#[derive(Debug, Default)]
pub(super) struct Guarded {
    /// How many guards there are of each attribute.
    attributes: BTreeMap<AttributeNumber, u32>,
    streams: HashMap<OperandId, Stream>,
}

/// More conjuncts than this are hot. Reading a list costs a nanosecond or two a conjunct, finding the streams of an
/// object's values ten or twenty for each.
const HOT: u32 = 160;

impl Postings {
    /// Files a conjunct, the literals that fail soonest first.
    pub(super) fn insert(&mut self, words: &mut Words, filed: Filed<'_>) {
        if self.guarded.is_none() && self.listed.len() >= HOT {
            self.guarded = Some(Box::default());
            let listed = self.listed.drain(words);
            iterate(&listed).for_each(|filed| self.file(words, filed));
        }
        self.file(words, filed);
    }

    /// Takes a rule's conjuncts out. `guards` are the operands that any of them may be filed by.
    pub(super) fn remove(
        &mut self,
        words: &mut Words,
        rule: RuleNumber,
        guards: &[(AttributeNumber, OperandId)],
    ) {
        self.listed.remove(words, rule);
        let Some(guarded) = &mut self.guarded else { return };
        for (attribute, guard) in guards {
            let Some(stream) = guarded.streams.get_mut(guard) else { continue };
            stream.remove(words, rule);
            if stream.is_empty() {
                guarded.streams.remove(guard);
                if let Some(count) = guarded.attributes.get_mut(attribute) {
                    *count -= 1;
                    if *count == 0 {
                        guarded.attributes.remove(attribute);
                    }
                }
            }
        }
        if guarded.streams.is_empty() && self.listed.len() < HOT {
            self.guarded = None;
        }
    }

    pub(super) fn listed(&self) -> &Stream {
        &self.listed
    }

    pub(super) fn guarded(&self) -> Option<&Guarded> {
        self.guarded.as_deref()
    }

    fn file(&mut self, words: &mut Words, Filed { header, terms }: Filed<'_>) {
        match (split_first(terms), &mut self.guarded) {
            (Some((guard, rest)), Some(guarded)) if guard.wants_operand() => {
                let mut guard_last = rest.to_vec();
                guard_last.extend(terms.iter().take(terms.len() - rest.len()));
                guarded.file(words, guard, header, &guard_last);
            }
            _ => self.listed.push(words, header, terms),
        }
    }
}

impl Guarded {
    /// The attributes that guards are of.
    pub(super) fn attributes(&self) -> impl Iterator<Item = AttributeNumber> {
        self.attributes.keys().copied()
    }

    pub(super) fn stream(&self, guard: OperandId) -> Option<&Stream> {
        self.streams.get(&guard)
    }

    fn file(&mut self, words: &mut Words, guard: Literal<'_>, header: Header, terms: &[Word]) {
        guard.each_operand(|operand| {
            let stream = self.streams.entry(operand).or_default();
            if stream.is_empty() {
                *self.attributes.entry(guard.attribute).or_default() += 1;
            }
            stream.push(words, header, terms);
        });
    }
}
