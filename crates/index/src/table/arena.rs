//! Where the bytes of values lie: chunks that many values share, with no allocation and no header of their own.
//!
//! A place is counted in units of eight bytes. What is given back is reused for values of the same or a
//! smaller size, so a stream of ever new values does not grow it. Knows no value and no meaning.

use std::collections::BTreeMap;

/// Bytes in a unit.
const UNIT: usize = 8;
/// Units in a chunk, unless one value needs more.
const CHUNK: u32 = 1 << 15;
/// The length byte that says that four more bytes hold the length.
const LONG: u8 = u8::MAX;

/// Where some bytes begin: the chunk in the upper bits, the unit within it in the lower ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(u32);

#[derive(Debug, Default)]
pub(super) struct Arena {
    chunks: Vec<Vec<u8>>,
    /// Places given back, by their size in units.
    free: BTreeMap<u32, Vec<u32>>,
}

impl Arena {
    /// Keeps a copy of `bytes`.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> Place {
        let mut header = [0; 5];
        let header_length = match u8::try_from(bytes.len()) {
            Ok(length) if length < LONG => {
                header[0] = length;
                1
            }
            _ => {
                header[0] = LONG;
                let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                header[1..].copy_from_slice(&length.to_le_bytes());
                header.len()
            }
        };
        let header = header.get(..header_length).unwrap_or(&header);
        let units = units(header_length + bytes.len());
        let place = self.reuse(units).unwrap_or_else(|| self.extend(units));
        let (chunk, start) = locate(place);
        if let Some(room) = self.chunks.get_mut(chunk).and_then(|chunk| chunk.get_mut(start..)) {
            for (to, from) in room.iter_mut().zip(header.iter().chain(bytes)) {
                *to = *from;
            }
        }
        Place(place)
    }

    /// The bytes that were kept here.
    pub(super) fn bytes(&self, place: Place) -> &[u8] {
        let (chunk, start) = locate(place.0);
        let at = self.chunks.get(chunk).and_then(|chunk| chunk.get(start..)).unwrap_or_default();
        match at {
            [LONG, a, b, c, d, rest @ ..] => {
                let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
                rest.get(..length).unwrap_or_default()
            }
            [length, rest @ ..] => rest.get(..usize::from(*length)).unwrap_or_default(),
            [] => &[],
        }
    }

    /// Gives a place back; its bytes are no longer asked for.
    pub(super) fn give_back(&mut self, place: Place) {
        let length = self.bytes(place).len();
        let header = if length < usize::from(LONG) { 1 } else { 5 };
        self.free.entry(units(header + length)).or_default().push(place.0);
    }

    /// Bytes held, used or not.
    #[cfg(test)]
    fn capacity(&self) -> usize {
        self.chunks.iter().map(Vec::capacity).sum()
    }

    fn reuse(&mut self, units: u32) -> Option<u32> {
        let (&size, places) = self.free.range_mut(units..).next()?;
        let place = places.pop();
        if places.is_empty() {
            self.free.remove(&size);
        }
        let place = place?;
        if size > units {
            self.free.entry(size - units).or_default().push(place + units);
        }
        Some(place)
    }

    /// Room at the end. The rest of a chunk that is too small for it is given back.
    fn extend(&mut self, units: u32) -> u32 {
        let used = self.chunks.last().map_or(CHUNK, |chunk| to_units(chunk.len()));
        if used + units > CHUNK {
            if used < CHUNK
                && let Some(last) = self.chunks.len().checked_sub(1)
            {
                let rest = CHUNK - used;
                if let Some(chunk) = self.chunks.last_mut() {
                    chunk.resize(CHUNK as usize * UNIT, 0);
                }
                self.free.entry(rest).or_default().push(place(last, used));
            }
            self.chunks.push(Vec::new());
        }
        let last = self.chunks.len().saturating_sub(1);
        let Some(chunk) = self.chunks.last_mut() else { return 0 };
        let start = to_units(chunk.len());
        chunk.resize((start + units) as usize * UNIT, 0);
        place(last, start)
    }
}

fn units(bytes: usize) -> u32 {
    to_units(bytes.next_multiple_of(UNIT))
}

fn to_units(bytes: usize) -> u32 {
    u32::try_from(bytes / UNIT).unwrap_or(u32::MAX)
}

fn place(chunk: usize, unit: u32) -> u32 {
    u32::try_from(chunk).unwrap_or(u32::MAX).saturating_mul(CHUNK).saturating_add(unit)
}

fn locate(place: u32) -> (usize, usize) {
    ((place / CHUNK) as usize, (place % CHUNK) as usize * UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_whatever_its_length() {
        let mut arena = Arena::default();
        let lengths = [0, 1, 6, 7, 8, 253, 254, 255, 256, 70_000, 262_143, 300_000, 5];
        let value = |length: usize| -> Vec<u8> { (0..length).map(|i| (i * 7 + length) as u8).collect() };
        let places: Vec<_> = lengths.iter().map(|&length| arena.keep(&value(length))).collect();
        for (&length, &place) in lengths.iter().zip(&places) {
            assert_eq!(arena.bytes(place), value(length), "{length}");
        }
    }

    #[test]
    fn ever_new_values_take_the_room_of_those_given_back() {
        let mut arena = Arena::default();
        let mut kept = std::collections::VecDeque::new();
        let mut after_first_round = 0;
        for i in 0..200_000_u32 {
            kept.push_back((arena.keep(format!("value {i} {}", "x".repeat(i as usize % 40)).as_bytes()), i));
            if kept.len() > 1_000
                && let Some((place, i)) = kept.pop_front()
            {
                assert!(arena.bytes(place).starts_with(format!("value {i} ").as_bytes()));
                arena.give_back(place);
            }
            if i == 10_000 {
                after_first_round = arena.capacity();
            }
        }
        assert!(arena.capacity() <= after_first_round + CHUNK as usize * UNIT);
    }
}
