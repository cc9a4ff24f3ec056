//! The objects of one tenant in one partition as rows of value numbers, and for each value the objects that
//! have it.
//!
//! Comparing two rows is comparing numbers; a value's bytes lie once in an arena. Rows of users and of devices have
//! columns of their own, under object numbers that the caller gives. Invariant: an object is among the holders of a
//! value exactly if its row has the value's number, and a value without holders is forgotten at the latest with the
//! row that was drafted with it. Knows no rule's meaning and no group.

mod arena;
mod column;
mod encoding;
mod heads;
pub(crate) mod truths;

pub use column::{ObjectsOf, ValueId};

pub(crate) use column::{Column, NULL};
pub(crate) use heads::Fit;

use arena::Arena;
use foldhash::HashMap;
use foldhash::fast::RandomState;
use muster_directory::object::UnknownAttribute;
use muster_directory::{AttributePatch, Attributes, Object, ObjectId, ObjectKind};
use muster_rule::{Attribute, Text, Value, property};
use roaring::RoaringBitmap;
use std::cell::OnceCell;
use std::ops::Range;

/// The number of an attribute among those of a kind of object, in one table.
pub type ColumnNumber = u16;

/// All rows. See the module's text.
#[derive(Debug, Default)]
pub struct Table {
    users: KindTable,
    devices: KindTable,
    /// By object number.
    rows: Vec<Option<Row>>,
}

/// What one object is: its kind, and the numbers of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    kind: ObjectKind,
    /// See [`Attributes::size`].
    bytes: u32,
    /// By column; what is missing at the end is [`NULL`].
    values: Box<[ValueId]>,
    /// Sorted by name; mostly nothing.
    unknown: Box<[UnknownAttribute]>,
}

/// The columns of one kind of object.
#[derive(Debug, Default)]
pub(crate) struct KindTable {
    arena: Arena,
    hasher: RandomState,
    columns: Vec<Column>,
    by_attribute: HashMap<Attribute, ColumnNumber>,
    existing: RoaringBitmap,
    /// Which columns an index's attributes are, and the other way round.
    pub(crate) mapping: Mapping,
    buffer: Vec<u8>,
}

/// The columns of a table as an index numbers attributes.
#[derive(Debug, Default)]
pub(crate) struct Mapping {
    /// Which index, and how many attributes and columns there were.
    made_for: (u64, usize, usize),
    column_of: Vec<Option<ColumnNumber>>,
    attribute_of: Vec<Option<u16>>,
}

impl Row {
    /// Of which kind the object is.
    #[must_use]
    pub fn kind(&self) -> ObjectKind {
        self.kind
    }

    /// About how many bytes the object takes when stored: see [`Attributes::size`].
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes as usize
    }

    pub(crate) fn value(&self, column: ColumnNumber) -> ValueId {
        self.values.get(usize::from(column)).copied().unwrap_or(NULL)
    }

    pub(crate) fn values(&self) -> &[ValueId] {
        &self.values
    }

    /// The attributes that no schema knows.
    #[must_use]
    pub fn unknown(&self) -> &[UnknownAttribute] {
        &self.unknown
    }
}

/// What a change does to an object that exists, or may come to exist.
#[derive(Clone, Debug)]
pub enum Edit {
    /// It has exactly these attributes now.
    Replace(AttributePatch),
    /// What this names is set or cleared, the rest stays.
    Patch(AttributePatch),
}

impl Table {
    /// The object's row, if it exists.
    #[must_use]
    pub fn row(&self, object: u32) -> Option<&Row> {
        self.rows.get(object as usize)?.as_ref()
    }

    /// The row that `edit` makes of `old`. Its values have numbers from now on; it is either
    /// [`put`](Self::put) or [`discard`](Self::discard)ed before another one is made: a draft does not hold its values,
    /// and a `put` forgets those that nobody holds.
    pub fn draft(&mut self, kind: ObjectKind, id: &ObjectId, old: Option<&Row>, edit: Edit) -> Row {
        let own_id = property::object_id(kind);
        let table = self.of_mut(kind);
        let (mut draft, patch) = match (edit, old) {
            (Edit::Patch(patch), Some(old)) => {
                let values = old.values.to_vec();
                (Draft { values, bytes: old.size(), unknown: old.unknown().to_vec() }, patch)
            }
            (Edit::Patch(patch) | Edit::Replace(patch), _) => {
                let mut draft = Draft::default();
                table.set(&mut draft, own_id.clone(), Some(Value::Text(Text::new(id.as_str()))));
                (draft, patch)
            }
        };
        for (attribute, value) in patch.known {
            if attribute != own_id {
                table.set(&mut draft, attribute, value);
            }
        }
        if !patch.unknown.is_empty() {
            draft.unknown = lay_over(std::mem::take(&mut draft.unknown), patch.unknown, &mut draft.bytes);
        }
        draft.finish(kind)
    }

    /// Lets go of a draft: values that only it has are forgotten.
    pub fn discard(&mut self, draft: &Row) {
        let KindTable { arena, hasher, columns, .. } = self.of_mut(draft.kind);
        for (column, &value) in columns.iter_mut().zip(&draft.values) {
            column.forget_unheld(arena, hasher, value);
        }
    }

    /// Takes an object's row out, for as long as it is changed: [`replace`](Self::replace) or
    /// [`give_back`](Self::give_back) follows.
    pub fn take(&mut self, object: u32) -> Option<Row> {
        self.rows.get_mut(object as usize)?.take()
    }

    /// Leaves an object as it was: `row` is what was taken.
    pub fn give_back(&mut self, object: u32, row: Option<Row>) {
        if let Some(slot) = self.rows.get_mut(object as usize) {
            *slot = row;
        }
    }

    /// Gives an object the row `new`, or none, in the place of `old`, which was taken. An object changes its kind by
    /// way of none.
    pub fn replace(&mut self, object: u32, old: Option<&Row>, new: Option<Row>) {
        if let Some(kind) = new.as_ref().or(old).map(Row::kind) {
            self.of_mut(kind).replace(object, old, new.as_ref());
        }
        let place = object as usize;
        if self.rows.len() <= place {
            self.rows.resize_with(place + 1, || None);
        }
        if let Some(slot) = self.rows.get_mut(place) {
            *slot = new;
        }
    }

    /// Gives an object the row `new`, or none, in the place of what it has.
    pub fn put(&mut self, object: u32, new: Option<Row>) {
        let old = self.take(object);
        self.replace(object, old.as_ref(), new);
    }

    /// Has the memory read that changes of these attributes of these objects are about to need, all at once: waiting for
    /// one is then waiting for all. Best for some tens of changes.
    pub fn read_ahead<'c>(&self, changes: impl Iterator<Item = (u32, &'c AttributePatch)> + Clone) {
        let rows = || changes.clone().filter_map(|(object, patch)| Some((self.row(object)?, patch)));
        let mut seen = rows().fold(0, |seen, (row, _)| seen ^ row.bytes);
        seen ^= rows().fold(0, |seen, (row, _)| seen ^ row.values.first().copied().unwrap_or(NULL));
        let values = || {
            rows().flat_map(|(row, patch)| {
                let table = self.of(row.kind);
                patch.known.iter().filter_map(move |(attribute, _)| {
                    let column = *table.by_attribute.get(attribute)?;
                    Some((table, table.columns.get(usize::from(column))?, row.value(column)))
                })
            })
        };
        seen ^= values().fold(0, |seen, (_, column, value)| seen ^ column.truth(value));
        seen ^=
            values().fold(0, |seen, (table, column, value)| seen ^ column.first_byte(&table.arena, value));
        std::hint::black_box(seen);
    }

    /// The objects of a kind that exist.
    #[must_use]
    pub fn existing(&self, kind: ObjectKind) -> &RoaringBitmap {
        &self.of(kind).existing
    }

    /// The row as rules read it.
    #[must_use]
    pub fn view<'a>(&'a self, row: &'a Row) -> RowView<'a> {
        let cells = row.values.iter().map(|_| OnceCell::new()).collect();
        RowView { table: self.of(row.kind), row, cells }
    }

    /// One value of a row.
    #[must_use]
    pub fn value(&self, row: &Row, attribute: &Attribute) -> Option<Value> {
        let table = self.of(row.kind);
        let column = *table.by_attribute.get(attribute)?;
        table.decode(column, row.value(column))
    }

    /// One value of a row, not decoded.
    pub(crate) fn distinct_value(&self, row: &Row, attribute: &Attribute) -> Option<DistinctValue<'_>> {
        let table = self.of(row.kind);
        let number = *table.by_attribute.get(attribute)?;
        let id = row.value(number);
        let column = table.columns.get(usize::from(number))?;
        (id != NULL).then_some(DistinctValue { table, column, id })
    }

    /// The attributes of a row.
    #[must_use]
    pub fn attributes(&self, row: &Row) -> Attributes {
        let table = self.of(row.kind);
        let known = (0..).zip(&row.values).filter_map(|(column, &value)| {
            let attribute = table.columns.get(usize::from(column))?.attribute();
            Some((attribute.clone(), Some(table.decode(column, value)?)))
        });
        let unknown = row.unknown().iter().map(|entry| (entry.name.clone(), Some(entry.json.clone())));
        Attributes::from_patch(AttributePatch { known: known.collect(), unknown: unknown.collect() })
    }

    /// The object, as it is stored.
    #[must_use]
    pub fn object(&self, object: u32) -> Option<Object> {
        let row = self.row(object)?;
        Some(Object { kind: row.kind, attributes: self.attributes(row) })
    }

    /// The attributes whose values differ between two rows, as given; in a row that is not there, none is present.
    #[must_use]
    pub fn differences(&self, old: Option<&Row>, new: Option<&Row>) -> Vec<Attribute> {
        let Some(kind) = new.or(old).map(Row::kind) else { return Vec::new() };
        let table = self.of(kind);
        let mut differences = Vec::new();
        each_difference(old, new, |column, _, _| {
            if let Some(column) = table.columns.get(usize::from(column)) {
                differences.push(column.attribute().clone());
            }
        });
        differences
    }

    /// The objects that have `value` as their attribute, where it is a text in any spelling that folds so.
    pub fn each_spelling(
        &self,
        kind: ObjectKind,
        attribute: &Attribute,
        folded: &str,
        mut visit: impl FnMut(ObjectsOf<'_>),
    ) {
        let table = self.of(kind);
        if let Some(column) = table.column(attribute) {
            column.spellings(&table.arena, &table.hasher, folded, |value| visit(column.objects(value)));
        }
    }

    /// Every distinct value of an attribute, with the objects that have it.
    pub fn each_value(
        &self,
        kind: ObjectKind,
        attribute: &Attribute,
        mut visit: impl FnMut(DistinctValue<'_>),
    ) {
        let table = self.of(kind);
        if let Some(column) = table.column(attribute) {
            column.each_value(0..column.numbers(), |id| visit(DistinctValue { table, column, id }));
        }
    }

    /// The same of values with such numbers; see [`numbers`](Self::numbers).
    pub(crate) fn each_value_of(
        &self,
        (kind, attribute): (ObjectKind, &Attribute),
        numbers: Range<usize>,
        mut visit: impl FnMut(DistinctValue<'_>),
    ) {
        let table = self.of(kind);
        if let Some(column) = table.column(attribute) {
            column.each_value(numbers, |id| visit(DistinctValue { table, column, id }));
        }
    }

    /// The same, without values that do not begin with the folded prefix.
    pub(crate) fn each_starting_of(
        &self,
        (kind, attribute): (ObjectKind, &Attribute),
        numbers: Range<usize>,
        prefix: &str,
        mut visit: impl FnMut(DistinctValue<'_>, Fit),
    ) {
        let table = self.of(kind);
        if let Some(column) = table.column(attribute) {
            let visit = |id, fit| visit(DistinctValue { table, column, id }, fit);
            column.each_starting(&table.arena, numbers, prefix, visit);
        }
    }

    /// One more than the greatest number that a value of the attribute has.
    pub(crate) fn numbers(&self, kind: ObjectKind, attribute: &Attribute) -> usize {
        self.of(kind).column(attribute).map_or(0, Column::numbers)
    }

    /// The objects of a kind that have some value of the attribute; `None` where none ever had.
    #[must_use]
    pub fn present(&self, kind: ObjectKind, attribute: &Attribute) -> Option<&RoaringBitmap> {
        Some(self.of(kind).column(attribute)?.present())
    }

    /// About how many distinct values an attribute has.
    #[must_use]
    pub fn distinct(&self, kind: ObjectKind, attribute: &Attribute) -> usize {
        self.of(kind).column(attribute).map_or(0, Column::distinct)
    }

    pub(crate) fn of(&self, kind: ObjectKind) -> &KindTable {
        match kind {
            ObjectKind::User => &self.users,
            ObjectKind::Device => &self.devices,
        }
    }

    pub(crate) fn of_mut(&mut self, kind: ObjectKind) -> &mut KindTable {
        match kind {
            ObjectKind::User => &mut self.users,
            ObjectKind::Device => &mut self.devices,
        }
    }
}

/// One of the values that an attribute has.
#[derive(Clone, Copy, Debug)]
pub struct DistinctValue<'a> {
    table: &'a KindTable,
    column: &'a Column,
    id: ValueId,
}

impl<'a> DistinctValue<'a> {
    /// The value.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        self.column.value(&self.table.arena, self.id)
    }

    /// The text as given, where it is one: what [`value`](Self::value) says, without a copy.
    #[must_use]
    pub fn text(&self) -> Option<&'a str> {
        self.column.text(&self.table.arena, self.id)
    }

    /// The bytes of [`text`](Self::text).
    pub(crate) fn text_bytes(&self) -> Option<&'a [u8]> {
        self.column.text_bytes(&self.table.arena, self.id)
    }

    /// The texts, where it is a collection of them, without a copy.
    pub(crate) fn texts(&self) -> Option<impl Iterator<Item = &'a str>> {
        self.column.texts(&self.table.arena, self.id)
    }

    /// The objects that have it.
    #[must_use]
    pub fn objects(&self) -> ObjectsOf<'a> {
        self.column.objects(self.id)
    }
}

/// A row as rules read it; each value is decoded when it is first asked for.
#[derive(Debug)]
pub struct RowView<'a> {
    table: &'a KindTable,
    row: &'a Row,
    cells: Box<[OnceCell<Option<Value>>]>,
}

impl muster_rule::Row for RowView<'_> {
    fn value(&self, attribute: &Attribute) -> Option<&Value> {
        let column = *self.table.by_attribute.get(attribute)?;
        let cell = self.cells.get(usize::from(column))?;
        cell.get_or_init(|| self.table.decode(column, self.row.value(column))).as_ref()
    }
}

/// A row in the making.
#[derive(Debug, Default)]
struct Draft {
    values: Vec<ValueId>,
    bytes: usize,
    unknown: Vec<UnknownAttribute>,
}

impl Draft {
    fn finish(mut self, kind: ObjectKind) -> Row {
        while self.values.last() == Some(&NULL) {
            self.values.pop();
        }
        Row {
            kind,
            bytes: u32::try_from(self.bytes).unwrap_or(u32::MAX),
            values: self.values.into(),
            unknown: self.unknown.into(),
        }
    }
}

impl KindTable {
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(crate) fn column_mut(&mut self, column: ColumnNumber) -> Option<&mut Column> {
        self.columns.get_mut(usize::from(column))
    }

    pub(crate) fn decode(&self, column: ColumnNumber, value: ValueId) -> Option<Value> {
        self.columns.get(usize::from(column))?.value(&self.arena, value)
    }

    fn column(&self, attribute: &Attribute) -> Option<&Column> {
        self.columns.get(usize::from(*self.by_attribute.get(attribute)?))
    }

    fn set(&mut self, draft: &mut Draft, attribute: Attribute, value: Option<Value>) {
        let number = match (self.by_attribute.get(&attribute), &value) {
            (Some(&number), _) => number,
            (None, None) => return,
            (None, Some(_)) => {
                let number = ColumnNumber::try_from(self.columns.len()).unwrap_or(ColumnNumber::MAX);
                self.columns.push(Column::new(attribute.clone()));
                self.by_attribute.insert(attribute.clone(), number);
                number
            }
        };
        let Some(column) = self.columns.get_mut(usize::from(number)) else { return };
        let place = usize::from(number);
        if draft.values.len() <= place {
            draft.values.resize(place + 1, NULL);
        }
        let Some(slot) = draft.values.get_mut(place) else { return };
        let id = match &value {
            Some(value) => column.intern(&mut self.arena, &self.hasher, value, &mut self.buffer),
            None => NULL,
        };
        if id != *slot {
            draft.bytes -= column.size(&self.arena, *slot);
            draft.bytes += column.size(&self.arena, id);
            *slot = id;
        }
    }

    fn replace(&mut self, object: u32, old: Option<&Row>, new: Option<&Row>) {
        if new.is_some() {
            self.existing.insert(object);
        } else {
            self.existing.remove(object);
        }
        let KindTable { arena, hasher, columns, .. } = self;
        each_difference(old, new, |column, old, new| {
            if let Some(column) = columns.get_mut(usize::from(column)) {
                column.change((arena, hasher), object, old, new);
            }
        });
    }
}

impl Mapping {
    /// Whether this is of that index, and still complete.
    pub(crate) fn is_of(&self, index: u64, attributes: usize, columns: usize) -> bool {
        self.made_for == (index, attributes, columns)
    }

    pub(crate) fn new(index: u64, attributes: &HashMap<Attribute, u16>, columns: &[Column]) -> Mapping {
        let attribute_of: Vec<_> =
            columns.iter().map(|column| attributes.get(column.attribute()).copied()).collect();
        let mut column_of = vec![None; attributes.len()];
        for (column, attribute) in (0..).zip(&attribute_of) {
            if let Some(place) = attribute.and_then(|attribute| column_of.get_mut(usize::from(attribute))) {
                *place = Some(column);
            }
        }
        Mapping { made_for: (index, attributes.len(), columns.len()), column_of, attribute_of }
    }

    pub(crate) fn column_of(&self, attribute: u16) -> Option<ColumnNumber> {
        self.column_of.get(usize::from(attribute)).copied().flatten()
    }

    pub(crate) fn attribute_of(&self, column: ColumnNumber) -> Option<u16> {
        self.attribute_of.get(usize::from(column)).copied().flatten()
    }
}

/// Calls `visit` with each column in which two rows differ, and both values; a row that is not there has none.
pub(crate) fn each_difference(
    old: Option<&Row>,
    new: Option<&Row>,
    mut visit: impl FnMut(ColumnNumber, ValueId, ValueId),
) {
    let (old, new) = (old.map_or(&[][..], Row::values), new.map_or(&[][..], Row::values));
    let length = old.len().max(new.len());
    for column in 0..length {
        let at = |values: &[ValueId]| values.get(column).copied().unwrap_or(NULL);
        let (old, new) = (at(old), at(new));
        if old != new {
            visit(ColumnNumber::try_from(column).unwrap_or(ColumnNumber::MAX), old, new);
        }
    }
}

/// The unknown attributes after a patch of them; keeps `bytes` what [`Attributes::size`] counts.
fn lay_over(
    unknown: Vec<UnknownAttribute>,
    patch: Vec<(Box<str>, Option<Box<str>>)>,
    bytes: &mut usize,
) -> Vec<UnknownAttribute> {
    let mut attributes = Attributes::default();
    for UnknownAttribute { name, json } in unknown {
        attributes.set_unknown(&name, Some(json));
    }
    *bytes -= attributes.size();
    attributes.apply(AttributePatch { known: Vec::new(), unknown: patch });
    *bytes += attributes.size();
    attributes.unknown().to_vec()
}

#[cfg(test)]
mod tests;
