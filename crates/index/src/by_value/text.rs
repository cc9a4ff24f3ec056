//! Which of many text predicates are true for one text, without asking each.
//!
//! Equality by hash; prefixes and suffixes by a hash table for each length that occurs; `-contains` by one
//! Aho-Corasick automaton over all needles, and `-match` by the literals of which a pattern requires one, found by
//! the same automaton, then the single pattern. What has no such handle is asked one by one.

use crate::table::truths::{BitNumber, Truth};
use aho_corasick::{AhoCorasick, MatchKind};
use foldhash::HashMap;
use muster_rule::Text;
use muster_rule::rule::TextTest;
use std::collections::BTreeMap;

/// Text predicates, by how they are found.
#[derive(Debug, Default)]
pub(super) struct TextPredicates {
    equal: HashMap<Box<str>, Vec<BitNumber>>,
    prefixes: Affixes,
    suffixes: Affixes,
    literals: Literals,
    /// Asked one by one: patterns that require none, versions.
    asked: Vec<(BitNumber, TextTest)>,
}

impl TextPredicates {
    pub(super) fn insert(&mut self, id: BitNumber, test: &TextTest) {
        match test {
            TextTest::OneOf(operands) => {
                for operand in operands {
                    self.equal.entry(operand.clone()).or_default().push(id);
                }
            }
            TextTest::StartsWith(prefix) => self.prefixes.insert(prefix, id),
            TextTest::EndsWith(suffix) => self.suffixes.insert(suffix, id),
            // Of every text that is present.
            TextTest::Contains(needle) if needle.is_empty() => self.prefixes.insert(needle, id),
            TextTest::Contains(needle) => self.literals.insert(needle, id, test),
            TextTest::Matches(pattern) => match pattern.required_any() {
                [] => self.asked.push((id, test.clone())),
                literals => literals.iter().for_each(|literal| self.literals.insert(literal, id, test)),
            },
            TextTest::Version(..) => self.asked.push((id, test.clone())),
        }
    }

    pub(super) fn remove(&mut self, id: BitNumber, test: &TextTest) {
        match test {
            TextTest::OneOf(operands) => {
                for operand in operands {
                    remove_from(&mut self.equal, operand, id);
                }
            }
            TextTest::StartsWith(prefix) => self.prefixes.remove(prefix, id),
            TextTest::EndsWith(suffix) => self.suffixes.remove(suffix, id),
            TextTest::Contains(needle) if needle.is_empty() => self.prefixes.remove(needle, id),
            TextTest::Contains(needle) => self.literals.remove(needle, id),
            TextTest::Matches(pattern) => match pattern.required_any() {
                [] => self.asked.retain(|(asked, _)| *asked != id),
                literals => literals.iter().for_each(|literal| self.literals.remove(literal, id)),
            },
            TextTest::Version(..) => self.asked.retain(|(asked, _)| *asked != id),
        }
    }

    /// Sets the bits of the predicates that are true for `text`.
    pub(super) fn true_of(&self, text: &Text, found: &mut Truth) {
        let folded = text.folded();
        if !self.equal.is_empty()
            && let Some(ids) = self.equal.get(folded)
        {
            ids.iter().for_each(|id| found.set(*id));
        }
        self.prefixes.true_of(|length| folded.get(..length), found);
        self.suffixes.true_of(|length| folded.get(folded.len().checked_sub(length)?..), found);
        self.literals.true_of(text, found);
        self.asked.iter().filter(|(_, test)| test.holds(text)).for_each(|(id, _)| found.set(*id));
    }
}

/// Prefixes, or suffixes, by their length in bytes.
#[derive(Debug, Default)]
struct Affixes {
    by_length: BTreeMap<usize, HashMap<Box<str>, Vec<BitNumber>>>,
}

impl Affixes {
    fn insert(&mut self, affix: &str, id: BitNumber) {
        self.by_length.entry(affix.len()).or_default().entry(affix.into()).or_default().push(id);
    }

    fn remove(&mut self, affix: &str, id: BitNumber) {
        let Some(affixes) = self.by_length.get_mut(&affix.len()) else { return };
        remove_from(affixes, affix, id);
        if affixes.is_empty() {
            self.by_length.remove(&affix.len());
        }
    }

    /// `part` gives the text's own affix of a length, if it has one.
    fn true_of<'a>(&self, part: impl Fn(usize) -> Option<&'a str>, found: &mut Truth) {
        for (&length, affixes) in &self.by_length {
            if let Some(ids) = part(length).and_then(|part| affixes.get(part)) {
                ids.iter().for_each(|id| found.set(*id));
            }
        }
    }
}

/// Literals to be found anywhere in a text, and what their presence means.
#[derive(Debug, Default)]
struct Literals {
    uses: HashMap<Box<str>, Vec<(BitNumber, TextTest)>>,
    /// Over the literals there were when it was built.
    automaton: Option<Automaton>,
    /// Added since.
    recent: Vec<Box<str>>,
}

#[derive(Debug)]
struct Automaton {
    searcher: AhoCorasick,
    literals: Vec<Box<str>>,
}

impl Literals {
    /// So many recent literals are always bearable.
    const RECENT: usize = 16;

    fn insert(&mut self, literal: &str, id: BitNumber, test: &TextTest) {
        let uses = self.uses.entry(literal.into()).or_default();
        uses.push((id, test.clone()));
        if uses.len() == 1 {
            self.recent.push(literal.into());
            let built = self.automaton.as_ref().map_or(0, |automaton| automaton.literals.len());
            if self.recent.len() > Self::RECENT.max(built / 4) {
                self.build();
            }
        }
    }

    /// The automaton keeps a literal that is no longer used until it is built anew; it means nothing then.
    fn remove(&mut self, literal: &str, id: BitNumber) {
        let Some(uses) = self.uses.get_mut(literal) else { return };
        uses.retain(|(used, _)| *used != id);
        if uses.is_empty() {
            self.uses.remove(literal);
            self.recent.retain(|recent| **recent != *literal);
            let built = self.automaton.as_ref().map_or(0, |automaton| automaton.literals.len());
            if built > 2 * self.uses.len() + Self::RECENT {
                self.build();
            }
        }
    }

    /// Falls back to asking each literal if the automaton would be too large for its library.
    fn build(&mut self) {
        let literals: Vec<Box<str>> = self.uses.keys().cloned().collect();
        let searcher = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(literals.iter().map(|literal| literal.as_bytes()));
        match searcher {
            Ok(searcher) => {
                self.automaton = Some(Automaton { searcher, literals });
                self.recent.clear();
            }
            Err(_) => {
                self.automaton = None;
                self.recent = literals;
            }
        }
    }

    fn true_of(&self, text: &Text, found: &mut Truth) {
        let mut present = |literal: &str| {
            for (id, test) in self.uses.get(literal).into_iter().flatten() {
                if matches!(test, TextTest::Contains(_)) || test.holds(text) {
                    found.set(*id);
                }
            }
        };
        let folded = text.folded();
        if let Some(automaton) = &self.automaton {
            for hit in automaton.searcher.find_overlapping_iter(folded) {
                if let Some(literal) = automaton.literals.get(hit.pattern().as_usize()) {
                    present(literal);
                }
            }
        }
        // A literal that was removed and added again is in both.
        for literal in &self.recent {
            if folded.contains(&**literal) {
                present(literal);
            }
        }
    }
}

fn remove_from(map: &mut HashMap<Box<str>, Vec<BitNumber>>, key: &str, id: BitNumber) {
    if let Some(ids) = map.get_mut(key) {
        ids.retain(|other| *other != id);
        if ids.is_empty() {
            map.remove(key);
        }
    }
}
