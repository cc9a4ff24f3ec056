//! What there is: the values that an attribute has, and the objects that a rule selects, a page at a time.
//!
//! Answered from the table's values and sets, within limits. Several partitions' pages are put together by
//! [`ValuesPage::merge`] and [`FoundPage::merge`].

use super::Partition;
use super::objects::ObjectTable;
use super::preview::{Draft, ids};
use crate::Catalog;
use muster_directory::{ObjectId, ObjectKind, Tenant};
use muster_rule::fold::fold;
use muster_rule::{Attribute, Element, Text, Value};
use roaring::RoaringBitmap;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// Which values are asked for.
#[derive(Clone, Copy, Debug)]
pub struct ValuesQuestion<'a> {
    /// Whose.
    pub tenant: &'a Tenant,
    /// Of which objects.
    pub kind: ObjectKind,
    /// Of which attribute. Of a string collection the elements are the values, of an object collection the first
    /// member of each element.
    pub attribute: &'a Attribute,
    /// What they begin with, case aside.
    pub prefix: &'a str,
    /// Only those after this one, case aside.
    pub after: Option<&'a str>,
    /// At most so many.
    pub limit: usize,
}

/// Some of an attribute's values, in the order of their foldings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValuesPage {
    /// By folded value, as rules compare it.
    values: BTreeMap<Box<str>, Spellings>,
}

/// One value, in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Spellings(BTreeMap<Box<str>, u64>);

/// One value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueCount {
    /// As most of the objects have it.
    pub value: Box<str>,
    /// How many objects have it, case aside.
    pub count: u64,
}

/// Some of the objects that a rule selects, in the order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundPage {
    /// How many objects it selects in all.
    pub count: u64,
    /// The page.
    pub ids: Vec<ObjectId>,
}

impl Partition {
    /// What the living object of this id has of an attribute; `None` where there is no such object.
    #[must_use]
    pub fn attribute(&self, tenant: &Tenant, id: &ObjectId, attribute: &Attribute) -> Option<Option<Value>> {
        let state = self.tenants.get(tenant)?;
        let row = state.rows.row(state.objects.number(id)?)?;
        Some(state.rows.value(row, attribute))
    }

    /// The values of an attribute, a page of them.
    #[must_use]
    pub fn values(&self, question: &ValuesQuestion<'_>) -> ValuesPage {
        let mut page = ValuesPage::default();
        let Some(state) = self.tenants.get(question.tenant) else { return page };
        let (prefix, after) = (fold(question.prefix), question.after.map(fold));
        state.rows.each_value(question.kind, question.attribute, |value| {
            let mut add = |text: &str| {
                let folded = fold(text);
                let wanted =
                    folded.starts_with(&*prefix) && after.as_deref().is_none_or(|after| *folded > *after);
                if wanted {
                    page.add(&folded, text, value.objects().len(), question.limit);
                }
            };
            match value.text() {
                Some(text) => add(text),
                None => value.value().iter().for_each(|value| each_text(value, &mut add)),
            }
        });
        page
    }

    /// The objects that the draft's rule selects: those after `after`, at most `limit`.
    #[must_use]
    pub fn find(&self, catalog: &Catalog, draft: Draft<'_>, after: Option<&str>, limit: usize) -> FoundPage {
        let Some(state) = self.tenants.get(draft.tenant) else { return FoundPage::default() };
        let now = draft.now.unwrap_or(self.clock);
        let selected = state.selected(catalog.tenant(draft.tenant), draft.rule, now);
        let ids = smallest(&state.objects, &selected, after, limit);
        FoundPage { count: selected.len(), ids }
    }
}

impl ValuesPage {
    fn add(&mut self, folded: &str, spelling: &str, count: u64, limit: usize) {
        if !self.values.contains_key(folded) {
            let beyond = self.values.last_key_value().is_some_and(|(last, _)| folded > &**last);
            if self.values.len() >= limit && beyond {
                return;
            }
            self.values.insert(folded.into(), Spellings::default());
        }
        if let Some(spellings) = self.values.get_mut(folded) {
            *spellings.0.entry(spelling.into()).or_default() += count;
        }
        self.keep(limit);
    }

    fn keep(&mut self, limit: usize) {
        while self.values.len() > limit {
            self.values.pop_last();
        }
    }

    /// Adds what another partition says to the same question, whose limit it was.
    pub fn merge(&mut self, other: ValuesPage, limit: usize) {
        for (folded, spellings) in other.values {
            let mine = self.values.entry(folded).or_default();
            for (spelling, count) in spellings.0 {
                *mine.0.entry(spelling).or_default() += count;
            }
        }
        self.keep(limit);
    }

    /// The values, in order.
    pub fn values(&self) -> impl Iterator<Item = ValueCount> {
        self.values.values().filter_map(|spellings| {
            // Of equally frequent spellings the first by bytes.
            let (value, _) = spellings.0.iter().rev().max_by_key(|(_, count)| **count)?;
            Some(ValueCount { value: value.clone(), count: spellings.0.values().sum() })
        })
    }
}

impl FoundPage {
    /// Adds what another partition says to the same question, whose limit it was.
    pub fn merge(&mut self, other: FoundPage, limit: usize) {
        self.count += other.count;
        self.ids.extend(other.ids);
        self.ids.sort_unstable();
        self.ids.truncate(limit);
    }
}

/// Calls `visit` once with each distinct text that stands for the value, or for an element of it.
fn each_text(value: &Value, visit: &mut dyn FnMut(&str)) {
    match value {
        Value::Text(text) => visit(text.as_str()),
        Value::Boolean(value) => visit(if *value { "true" } else { "false" }),
        Value::Integer(value) => visit(&value.to_string()),
        Value::Instant(value) => visit(&value.to_string()),
        Value::Texts(texts) => distinct(texts.iter()).into_iter().for_each(visit),
        Value::Elements(elements) => distinct(elements.iter().filter_map(first)).into_iter().for_each(visit),
    }
}

/// Of spellings of one text the first by bytes.
fn distinct<'t>(texts: impl Iterator<Item = &'t Text>) -> Vec<&'t str> {
    let ordered: BTreeSet<(&str, &str)> = texts.map(|text| (text.folded(), text.as_str())).collect();
    let mut distinct: Vec<(&str, &str)> = ordered.into_iter().collect();
    distinct.dedup_by_key(|(folded, _)| *folded);
    distinct.into_iter().map(|(_, text)| text).collect()
}

fn first(element: &Element) -> Option<&Text> {
    element.members.first()?.as_ref()
}

/// The smallest ids of these objects after `after`, sorted, at most `limit`.
pub(super) fn smallest(
    objects: &ObjectTable,
    numbers: &RoaringBitmap,
    after: Option<&str>,
    limit: usize,
) -> Vec<ObjectId> {
    // The largest of them is the first to go.
    let mut smallest: BinaryHeap<&ObjectId> = BinaryHeap::new();
    for (_, id) in ids(objects, numbers) {
        if after.is_some_and(|after| id.as_str() <= after) {
            continue;
        }
        if smallest.len() < limit {
            smallest.push(id);
        } else if let Some(mut largest) = smallest.peek_mut()
            && id < *largest
        {
            *largest = id;
        }
    }
    smallest.into_sorted_vec().into_iter().cloned().collect()
}
