//! One comparison: the union of the sets of the values that satisfy it.

use super::Query;
use crate::{DistinctValue, ObjectsOf};
use muster_directory::ObjectKind;
use muster_rule::Attribute;
use muster_rule::fold::fold;
use muster_rule::rule::{Predicate, Test, TextTest};
use roaring::RoaringBitmap;

/// Sets that are put together: large ones as they are, single objects as bits.
#[derive(Debug, Default)]
struct Union {
    sets: RoaringBitmap,
    /// Bit by object number, least significant first.
    singles: Vec<u8>,
}

impl Union {
    fn add(&mut self, objects: ObjectsOf<'_>) {
        match objects {
            ObjectsOf::Single(None) => {}
            ObjectsOf::Single(Some(object)) => {
                let (place, bit) = ((object / 8) as usize, 1 << (object % 8));
                if self.singles.len() <= place {
                    self.singles.resize((place + 1).next_power_of_two(), 0);
                }
                if let Some(byte) = self.singles.get_mut(place) {
                    *byte |= bit;
                }
            }
            ObjectsOf::Many(objects) => self.sets |= objects,
        }
    }

    fn finish(self) -> RoaringBitmap {
        self.sets | RoaringBitmap::from_lsb0_bytes(0, &self.singles)
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
            _ if self.objects_are_cheaper(among.len(), self.table.distinct(kind, attribute)) => {
                self.ask_objects(attribute, test, among)
            }
            _ => self.ask_values(kind, attribute, test) & among,
        }
    }

    /// Asks every object for its value.
    fn ask_objects(&self, attribute: &Attribute, test: &Test, among: &RoaringBitmap) -> RoaringBitmap {
        let holds = |object: u32| {
            let row = self.table.row(object);
            row.is_some_and(|row| test.holds(self.table.value(row, attribute).as_ref(), self.now))
        };
        RoaringBitmap::from_sorted_iter(among.iter().filter(|&object| holds(object))).unwrap_or_default()
    }

    /// Asks every distinct value.
    fn ask_values(&self, kind: ObjectKind, attribute: &Attribute, test: &Test) -> RoaringBitmap {
        let mut found = Union::default();
        let mut buffer = String::new();
        self.table.each_value(kind, attribute, |value| {
            let holds = match (test, value.text()) {
                (Test::Text(test), Some(text)) => holds_of_text(test, text, &mut buffer),
                (Test::Text(_), None) => false,
                _ => holds_of_value(test, &value, self.now),
            };
            if holds {
                found.add(value.objects());
            }
        });
        found.finish()
    }
}

fn holds_of_value(test: &Test, value: &DistinctValue<'_>, now: muster_directory::Instant) -> bool {
    value.value().is_some_and(|value| test.holds(Some(&value), now))
}

/// Folds the text without making another, where it is plain; `buffer` is memory to be used again.
fn holds_of_text(test: &TextTest, text: &str, buffer: &mut String) -> bool {
    if text.is_ascii() {
        buffer.clear();
        buffer.push_str(text);
        buffer.make_ascii_lowercase();
        test.holds_of_folded(buffer)
    } else {
        test.holds_of_folded(&fold(text))
    }
}
