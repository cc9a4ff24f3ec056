//! One attribute's values: each distinct value once, under a number, with the objects that have it.
//!
//! Values are distinct as given, be it only in case; equal foldings share a hash, so that all spellings of a
//! text are found together. A value that the last object lets go of is forgotten, and its number reused.

use super::arena::{Arena, Place};
use super::encoding;
use super::heads::{Fit, Heads, Wanted};
use super::truths::{Truth, TruthNumber, TruthSets, UNKNOWN_TRUTH};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use muster_directory::object::{text_size, value_size};
use muster_rule::fold::fold;
use muster_rule::{Attribute, Value};
use roaring::RoaringBitmap;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

/// The number of a value within its column; [`NULL`] is no value.
pub type ValueId = u32;

/// The number that stands for the absent value.
pub(crate) const NULL: ValueId = 0;

/// One attribute of all objects of a kind.
#[derive(Debug)]
pub(crate) struct Column {
    attribute: Attribute,
    /// By number; the first is never a value.
    values: Vec<Stored>,
    free: Vec<ValueId>,
    by_hash: HashTable<ValueId>,
    /// The values that several objects have: these.
    shared: Vec<RoaringBitmap>,
    free_shared: Vec<u32>,
    /// The objects that have any value.
    present: RoaringBitmap,
    truths: TruthSets,
    heads: Heads,
}

#[derive(Clone, Copy, Debug, Default)]
struct Stored {
    place: Place,
    holders: Holders,
    /// What was last found to be true of it.
    truth: TruthNumber,
}

/// The objects that have a value, packed: none, the only one, or the place of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Holders(u32);

enum Held {
    Not,
    Once(u32),
    Often(usize),
}

impl Holders {
    const NONE: Holders = Holders(0);
    const MANY: u32 = 1 << 31;

    fn one(object: u32) -> Holders {
        Holders((object + 1) & !Self::MANY)
    }

    fn many(place: usize) -> Holders {
        Holders(u32::try_from(place).unwrap_or(u32::MAX) | Self::MANY)
    }

    fn get(self) -> Held {
        match self.0 {
            0 => Held::Not,
            one if one & Self::MANY == 0 => Held::Once(one - 1),
            many => Held::Often((many & !Self::MANY) as usize),
        }
    }
}

/// The objects that have one value.
#[derive(Clone, Copy, Debug)]
pub enum ObjectsOf<'a> {
    /// None, or the only one.
    Single(Option<u32>),
    /// Two at least.
    Many(&'a RoaringBitmap),
}

impl ObjectsOf<'_> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            ObjectsOf::Single(one) => u64::from(one.is_some()),
            ObjectsOf::Many(objects) => objects.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, ObjectsOf::Single(None))
    }

    /// Them, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (one, many) = match self {
            ObjectsOf::Single(one) => (*one, None),
            ObjectsOf::Many(objects) => (None, Some(objects.iter())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// Adds them to `set`.
    pub fn add_to(&self, set: &mut RoaringBitmap) {
        match self {
            ObjectsOf::Single(one) => set.extend(one),
            ObjectsOf::Many(objects) => *set |= *objects,
        }
    }
}

impl Column {
    pub(super) fn new(attribute: Attribute) -> Column {
        Column {
            attribute,
            values: vec![Stored::default()],
            free: Vec::new(),
            by_hash: HashTable::new(),
            shared: Vec::new(),
            free_shared: Vec::new(),
            present: RoaringBitmap::new(),
            truths: TruthSets::default(),
            heads: Heads::default(),
        }
    }

    pub(crate) fn attribute(&self) -> &Attribute {
        &self.attribute
    }

    /// The objects that have any value.
    pub(crate) fn present(&self) -> &RoaringBitmap {
        &self.present
    }

    /// The number of `value`, which it is given if it has none. `buffer` is memory to be used again.
    pub(super) fn intern(
        &mut self,
        arena: &mut Arena,
        hasher: &RandomState,
        value: &Value,
        buffer: &mut Vec<u8>,
    ) -> ValueId {
        buffer.clear();
        encoding::encode(value, buffer);
        let hash = hash_of(hasher, buffer);
        let values = &self.values;
        let bytes_of =
            |id: ValueId| values.get(id as usize).map(|stored| arena.bytes(stored.place)).unwrap_or_default();
        if let Some(&id) = self.by_hash.find(hash, |&id| bytes_of(id) == buffer.as_slice()) {
            return id;
        }
        let place = arena.keep(buffer);
        let stored = Stored { place, holders: Holders::NONE, truth: UNKNOWN_TRUTH };
        let id = match self.free.pop() {
            Some(id) => {
                if let Some(slot) = self.values.get_mut(id as usize) {
                    *slot = stored;
                }
                id
            }
            None => {
                self.values.push(stored);
                ValueId::try_from(self.values.len() - 1).unwrap_or(ValueId::MAX)
            }
        };
        self.heads.set(id as usize, buffer);
        let values = &self.values;
        let rehash = |&id: &ValueId| {
            let place = values.get(id as usize).map(|stored| stored.place).unwrap_or_default();
            hash_of(hasher, arena.bytes(place))
        };
        self.by_hash.insert_unique(hash, id, rehash);
        id
    }

    /// The value of this number; `None` for [`NULL`].
    pub(super) fn value(&self, arena: &Arena, id: ValueId) -> Option<Value> {
        encoding::decode(self.bytes(arena, id)?)
    }

    /// What the value adds to an object's size: see [`value_size`](muster_directory::object::value_size).
    pub(super) fn size(&self, arena: &Arena, id: ValueId) -> usize {
        self.bytes(arena, id).map_or(0, |bytes| match encoding::as_text(bytes) {
            Some(text) => text_size(&self.attribute, text),
            None => encoding::decode(bytes).map_or(0, |value| value_size(&self.attribute, &value)),
        })
    }

    fn bytes<'a>(&self, arena: &'a Arena, id: ValueId) -> Option<&'a [u8]> {
        let stored = self.values.get(id as usize).filter(|_| id != NULL)?;
        Some(arena.bytes(stored.place))
    }

    /// The first byte of a value, and of its holders: to have them read early.
    pub(super) fn first_byte(&self, arena: &Arena, id: ValueId) -> u32 {
        let held = match self.values.get(id as usize).map_or(Held::Not, |stored| stored.holders.get()) {
            Held::Often(place) => self.shared.get(place).is_some_and(|objects| !objects.is_empty()),
            Held::Once(_) | Held::Not => false,
        };
        u32::from(held) ^ self.bytes(arena, id).and_then(<[u8]>::first).map_or(0, |byte| u32::from(*byte))
    }

    /// Every spelling of the text that folds to `folded`.
    pub(super) fn spellings(
        &self,
        arena: &Arena,
        hasher: &RandomState,
        folded: &str,
        mut visit: impl FnMut(ValueId),
    ) {
        for &id in self.by_hash.iter_hash(hash_text(hasher, folded)) {
            let given = self.bytes(arena, id).and_then(encoding::as_text);
            if given.is_some_and(|given| fold(given) == folded) {
                visit(id);
            }
        }
    }

    /// How many values have a number: those that some object has, and drafts.
    pub(super) fn distinct(&self) -> usize {
        self.by_hash.len()
    }

    /// One more than the greatest number of a value.
    pub(super) fn numbers(&self) -> usize {
        self.values.len()
    }

    /// Every value that some object has, of those with such numbers.
    pub(super) fn each_value(&self, numbers: Range<usize>, mut visit: impl FnMut(ValueId)) {
        let values = self.values.get(within(&numbers, self.values.len())).unwrap_or_default();
        for (id, stored) in (numbers.start as ValueId..).zip(values) {
            if stored.holders != Holders::NONE {
                visit(id);
            }
        }
    }

    /// The same, without those that do not begin with the folded `prefix`.
    pub(super) fn each_starting(
        &self,
        arena: &Arena,
        numbers: Range<usize>,
        prefix: &str,
        mut visit: impl FnMut(ValueId, Fit),
    ) {
        let wanted = Wanted::prefix(prefix);
        let bytes_of = |place: usize| match self.values.get(place) {
            Some(stored) if stored.holders != Holders::NONE => arena.bytes(stored.place),
            _ => &[],
        };
        self.heads.each(within(&numbers, self.values.len()), bytes_of, |place, head| {
            let fit = wanted.fit(head);
            let held = || self.values.get(place).is_some_and(|stored| stored.holders != Holders::NONE);
            if fit != Fit::Not && held() {
                visit(place as ValueId, fit);
            }
        });
    }

    /// The bytes of a value's text, as given; `None` where it is no text.
    pub(super) fn text<'a>(&self, arena: &'a Arena, id: ValueId) -> Option<&'a str> {
        encoding::as_text(self.bytes(arena, id)?)
    }

    /// As [`text`](Self::text), not yet known to be a text.
    pub(super) fn text_bytes<'a>(&self, arena: &'a Arena, id: ValueId) -> Option<&'a [u8]> {
        encoding::as_text_bytes(self.bytes(arena, id)?)
    }

    /// The texts of a value that is a collection of them; `None` where it is none.
    pub(super) fn texts<'a>(&self, arena: &'a Arena, id: ValueId) -> Option<impl Iterator<Item = &'a str>> {
        encoding::as_texts(self.bytes(arena, id)?)
    }

    /// The objects that have this value.
    pub(super) fn objects(&self, id: ValueId) -> ObjectsOf<'_> {
        match self.values.get(id as usize).map_or(Held::Not, |stored| stored.holders.get()) {
            Held::Not => ObjectsOf::Single(None),
            Held::Once(object) => ObjectsOf::Single(Some(object)),
            Held::Often(place) => match self.shared.get(place) {
                Some(objects) => ObjectsOf::Many(objects),
                None => ObjectsOf::Single(None),
            },
        }
    }

    /// What was last found to be true of this value, if anything was: a number of [`truths`](Self::truths).
    pub(crate) fn truth(&self, id: ValueId) -> TruthNumber {
        self.values.get(id as usize).map_or(UNKNOWN_TRUTH, |stored| stored.truth)
    }

    pub(crate) fn truths(&self) -> &TruthSets {
        &self.truths
    }

    /// Remembers what is true of this value.
    pub(crate) fn remember(&mut self, id: ValueId, version: u64, truth: &Truth) -> TruthNumber {
        let number = self.truths.intern(version, truth);
        if let Some(stored) = self.values.get_mut(id as usize) {
            stored.truth = number;
        }
        number
    }

    /// Forgets what is true of all values if that has become too much. Numbers given before mean nothing then.
    pub(crate) fn make_room_for_truths(&mut self) {
        if self.truths.are_too_many() {
            self.truths = TruthSets::default();
            self.values.iter_mut().for_each(|stored| stored.truth = UNKNOWN_TRUTH);
        }
    }

    /// Notes that `object`, which had `old`, now has `new`; `old` is forgotten if nobody has it any more.
    pub(super) fn change(
        &mut self,
        (arena, hasher): (&mut Arena, &RandomState),
        object: u32,
        old: ValueId,
        new: ValueId,
    ) {
        if old == new {
            return;
        }
        if new == NULL {
            self.present.remove(object);
        } else {
            self.add(new, object);
            if old == NULL {
                self.present.insert(object);
            }
        }
        if old != NULL {
            self.take(old, object);
            self.forget_unheld(arena, hasher, old);
        }
    }

    fn add(&mut self, id: ValueId, object: u32) {
        let Some(stored) = self.values.get_mut(id as usize) else { return };
        match stored.holders.get() {
            Held::Not => stored.holders = Holders::one(object),
            Held::Once(other) => {
                let place = match self.free_shared.pop() {
                    Some(place) => place as usize,
                    None => {
                        self.shared.push(RoaringBitmap::new());
                        self.shared.len() - 1
                    }
                };
                if let Some(shared) = self.shared.get_mut(place) {
                    shared.extend([other, object]);
                }
                stored.holders = Holders::many(place);
            }
            Held::Often(place) => {
                if let Some(shared) = self.shared.get_mut(place) {
                    shared.insert(object);
                }
            }
        }
    }

    fn take(&mut self, id: ValueId, object: u32) {
        let Some(stored) = self.values.get_mut(id as usize) else { return };
        match stored.holders.get() {
            Held::Not => {}
            Held::Once(_) => stored.holders = Holders::NONE,
            Held::Often(place) => {
                let Some(shared) = self.shared.get_mut(place) else { return };
                shared.remove(object);
                if shared.len() == 1
                    && let Some(other) = shared.min()
                {
                    *shared = RoaringBitmap::new();
                    stored.holders = Holders::one(other);
                    self.free_shared.push(u32::try_from(place).unwrap_or(u32::MAX));
                }
            }
        }
    }

    /// Forgets the value if no object has it.
    pub(super) fn forget_unheld(&mut self, arena: &mut Arena, hasher: &RandomState, id: ValueId) {
        let Some(stored) = self.values.get_mut(id as usize).filter(|_| id != NULL) else { return };
        if stored.holders != Holders::NONE {
            return;
        }
        let hash = hash_of(hasher, arena.bytes(stored.place));
        if let Ok(entry) = self.by_hash.find_entry(hash, |other| *other == id) {
            entry.remove();
            arena.give_back(stored.place);
            self.free.push(id);
        }
    }
}

/// As many of these places as there are.
fn within(places: &Range<usize>, length: usize) -> Range<usize> {
    places.start.min(length)..places.end.min(length)
}

/// Texts by their folding, so that all spellings meet; everything else by its bytes.
fn hash_of(hasher: &RandomState, bytes: &[u8]) -> u64 {
    match encoding::as_text(bytes) {
        Some(text) if text.is_ascii() => hash_chunks(hasher, text.as_bytes(), u8::to_ascii_lowercase),
        Some(text) => hash_text(hasher, &fold(text)),
        None => hasher.hash_one(bytes),
    }
}

fn hash_text(hasher: &RandomState, folded: &str) -> u64 {
    hash_chunks(hasher, folded.as_bytes(), |byte| *byte)
}

fn hash_chunks(hasher: &RandomState, bytes: &[u8], map: impl Fn(&u8) -> u8) -> u64 {
    const CHUNK: usize = 64;
    let mut state = hasher.build_hasher();
    for part in bytes.chunks(CHUNK) {
        let mut mapped = [0; CHUNK];
        for (to, from) in mapped.iter_mut().zip(part) {
            *to = map(from);
        }
        state.write(mapped.get(..part.len()).unwrap_or(&mapped));
    }
    state.finish()
}
