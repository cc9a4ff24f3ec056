//! One comparison: the union of the sets of the values that satisfy it.

use super::Query;
use crate::{DistinctValue, ObjectsOf};
use muster_directory::ObjectKind;
use muster_rule::Attribute;
use muster_rule::fold::fold;
use muster_rule::rule::{Predicate, Test, TextTest};
use roaring::RoaringBitmap;

/// Smaller sets are put together bit by bit.
const LARGE: u64 = 1024;

/// Sets that are put together: large ones as they are, small ones as bits.
#[derive(Debug, Default)]
pub(super) struct Union {
    sets: RoaringBitmap,
    /// Bit by object number, least significant first.
    bits: Vec<u8>,
}

impl Union {
    pub(super) fn add(&mut self, objects: ObjectsOf<'_>) {
        match objects {
            ObjectsOf::Single(one) => one.into_iter().for_each(|object| self.add_one(object)),
            ObjectsOf::Many(objects) if objects.len() >= LARGE => self.sets |= objects,
            ObjectsOf::Many(objects) => objects.iter().for_each(|object| self.add_one(object)),
        }
    }

    fn add_one(&mut self, object: u32) {
        let (place, bit) = ((object / 8) as usize, 1 << (object % 8));
        if self.bits.len() <= place {
            self.bits.resize((place + 1).next_power_of_two(), 0);
        }
        if let Some(byte) = self.bits.get_mut(place) {
            *byte |= bit;
        }
    }

    pub(super) fn finish(self) -> RoaringBitmap {
        self.sets | RoaringBitmap::from_lsb0_bytes(0, &self.bits)
    }
}

impl Query<'_> {
    /// Those of `among` of which the predicate holds.
    pub(super) fn objects_of(
        &self,
        kind: ObjectKind,
        predicate: &Predicate,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        match predicate {
            Predicate::MemberOf(groups) => {
                let members = groups.iter().filter_map(|id| self.groups.members(id));
                members.fold(RoaringBitmap::new(), |found, members| found | (members & among))
            }
            Predicate::Attribute { attribute, test } => self.having(kind, attribute, test, among),
        }
    }

    fn having(
        &self,
        kind: ObjectKind,
        attribute: &Attribute,
        test: &Test,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        match test {
            Test::Null => match self.table.present(kind, attribute) {
                Some(present) => among - present,
                None => among.clone(),
            },
            Test::Text(TextTest::OneOf(operands)) => {
                let mut found = RoaringBitmap::new();
                for operand in operands {
                    self.table.each_spelling(kind, attribute, operand, |objects| match objects {
                        ObjectsOf::Single(one) => {
                            found.extend(one.filter(|&object| among.contains(object)));
                        }
                        ObjectsOf::Many(objects) => found |= objects & among,
                    });
                }
                found
            }
            _ => self.search(kind, attribute, test, among),
        }
    }

    /// Asks objects or values, whatever is cheaper; where that would be too many at once, what was searched before.
    fn search(
        &self,
        kind: ObjectKind,
        attribute: &Attribute,
        test: &Test,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        let values = self.table.distinct(kind, attribute);
        let cheaper = self.objects_are_cheaper(among.len(), values);
        match self.stepwise {
            Some(steps) if cheaper && among.len() <= steps.at_once as u64 => {
                self.ask_objects(attribute, test, among)
            }
            Some(steps) if values > steps.at_once => {
                steps.found(kind, attribute, test).map_or_else(RoaringBitmap::new, |found| found & among)
            }
            None if cheaper => self.ask_objects(attribute, test, among),
            _ => self.ask_values(kind, attribute, test) & among,
        }
    }

    /// Asks every object for its value.
    fn ask_objects(&self, attribute: &Attribute, test: &Test, among: &RoaringBitmap) -> RoaringBitmap {
        let mut buffer = String::new();
        let mut holds = |object: u32| {
            let value = self.table.row(object).and_then(|row| self.table.distinct_value(row, attribute));
            value.is_some_and(|value| self.holds(test, &value, &mut buffer))
        };
        RoaringBitmap::from_sorted_iter(among.iter().filter(|&object| holds(object))).unwrap_or_default()
    }

    /// Asks every distinct value.
    fn ask_values(&self, kind: ObjectKind, attribute: &Attribute, test: &Test) -> RoaringBitmap {
        let mut found = Union::default();
        self.add_values((kind, attribute), test, 0..self.table.numbers(kind, attribute), &mut found);
        found.finish()
    }

    /// Whether a value satisfies the test; `buffer` is memory to be used again.
    pub(super) fn holds(&self, test: &Test, value: &DistinctValue<'_>, buffer: &mut String) -> bool {
        match test {
            Test::Text(TextTest::StartsWith(operand))
                if value.text_bytes().is_some_and(|text| !may_start(text, operand.as_bytes())) =>
            {
                false
            }
            Test::Text(test @ TextTest::StartsWith(operand)) => {
                // Of a text that begins with as much ASCII, which folds byte by byte, no more is asked about.
                let head = value.text_bytes().and_then(|text| text.get(..operand.len()));
                let head =
                    head.filter(|head| head.is_ascii()).and_then(|head| std::str::from_utf8(head).ok());
                let asked = head.or_else(|| value.text());
                asked.is_some_and(|text| with_folded(text, buffer, |text| test.holds_of_folded(text)))
            }
            Test::Text(test) => {
                value.text().is_some_and(|text| with_folded(text, buffer, |text| test.holds_of_folded(text)))
            }
            _ => match (test, value.texts()) {
                (Test::AnyElement(test), Some(mut texts)) => {
                    texts.any(|text| with_folded(text, buffer, |text| test.holds_of_folded(text)))
                }
                _ => value.value().is_some_and(|value| test.holds(Some(&value), self.now)),
            },
        }
    }
}

/// Whether a text may begin with the folded operand: a byte that is ASCII folds by itself. Most texts are refused
/// here, before they are folded.
fn may_start(text: &[u8], operand: &[u8]) -> bool {
    for (given, wanted) in text.iter().zip(operand) {
        if !given.is_ascii() {
            return true;
        }
        if given.to_ascii_lowercase() != *wanted {
            return false;
        }
    }
    true
}

/// Folds the text without making another, where it is plain.
fn with_folded(text: &str, buffer: &mut String, holds: impl FnOnce(&str) -> bool) -> bool {
    if text.is_ascii() {
        buffer.clear();
        buffer.push_str(text);
        buffer.make_ascii_lowercase();
        holds(buffer)
    } else {
        holds(&fold(text))
    }
}
