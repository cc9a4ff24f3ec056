//! What may follow what in a partition: the rules that every [`Storage`](super::Storage) holds its
//! callers to, so that entries stay dense and a marker never goes back or runs ahead.
//!
//! Pure comparisons of numbers; knows no records and no disk.

use super::{Entry, Marker, PartitionHead, StorageError};

/// The head after `entries` are committed on top of `head`; `None` where nothing was ever committed
/// and there are no entries.
///
/// # Errors
/// `OutOfOrder` when an entry's number is not one more than that before it, or its sequence does not
/// grow by its number of deltas and licence events, or one of these bears another sequence than its place gives it.
pub fn head_after(
    head: Option<PartitionHead>,
    entries: &[Entry],
) -> Result<Option<PartitionHead>, StorageError> {
    let (mut number, mut sequence) = head.as_ref().map_or((0, 0), |head| (head.entry, head.sequence));
    for entry in entries {
        let refuse = |reason: String| StorageError::OutOfOrder {
            action: format!("commit entry {}", entry.number),
            reason,
        };
        if number.checked_add(1) != Some(entry.number) {
            return Err(refuse(format!("the entry before it is {number}")));
        }
        let deltas = entry.deltas.iter().map(|delta| delta.sequence);
        for next in deltas.chain(entry.licences.iter().map(|licence| licence.sequence)) {
            if sequence.checked_add(1) != Some(next) {
                return Err(refuse(format!("delta {next} follows delta {sequence}")));
            }
            sequence = next;
        }
        if entry.sequence != sequence {
            return Err(refuse(format!(
                "its sequence is {}, but its last delta is {sequence}",
                entry.sequence
            )));
        }
        number = entry.number;
    }
    Ok(entries.last().map(PartitionHead::after).or(head))
}

/// Whether `marker` may replace `stored`, in a partition with this head.
///
/// # Errors
/// `OutOfOrder` when the marker is ahead of the head, or behind the stored one in lineage, entry or
/// sequence. An equal one is fine.
pub fn check_marker(
    head: Option<&PartitionHead>,
    stored: Option<&Marker>,
    marker: &Marker,
) -> Result<(), StorageError> {
    let place = |lineage: u64, entry: u64, sequence: u64| {
        format!("lineage {lineage}, entry {entry}, sequence {sequence}")
    };
    let refuse = |reason: String| {
        let place = place(marker.lineage, marker.entry, marker.sequence);
        Err(StorageError::OutOfOrder { action: format!("acknowledge {place}"), reason })
    };
    let (entry, sequence) = head.map_or((0, 0), |head| (head.entry, head.sequence));
    if marker.entry > entry || marker.sequence > sequence {
        return refuse(format!("only entry {entry}, sequence {sequence} is committed"));
    }
    match stored {
        Some(stored)
            if marker.lineage < stored.lineage
                || marker.entry < stored.entry
                || marker.sequence < stored.sequence =>
        {
            let place = place(stored.lineage, stored.entry, stored.sequence);
            refuse(format!("{place} is acknowledged already"))
        }
        _ => Ok(()),
    }
}

/// Whether a partition with this head may be filled by a restore.
///
/// # Errors
/// `OutOfOrder` where it has one: it was not wiped.
pub fn check_restore(head: Option<&PartitionHead>) -> Result<(), StorageError> {
    match head {
        None => Ok(()),
        Some(head) => Err(StorageError::OutOfOrder {
            action: "restore a partition".to_owned(),
            reason: format!("entry {} is committed: it has to be wiped first", head.entry),
        }),
    }
}

impl Marker {
    /// The marker of a transaction that ends with this entry.
    #[must_use]
    pub fn after(entry: &Entry, owner: u128, lineage: u64) -> Marker {
        Marker {
            owner,
            lineage,
            entry: entry.number,
            sequence: entry.sequence,
            positions: entry.positions.clone(),
            definitions_position: entry.definitions_position,
            clock: entry.clock,
        }
    }
}

impl From<&Marker> for PartitionHead {
    /// The head of a partition that is restored up to this marker.
    fn from(marker: &Marker) -> PartitionHead {
        PartitionHead {
            entry: marker.entry,
            sequence: marker.sequence,
            clock: marker.clock,
            positions: marker.positions.clone(),
            definitions_position: marker.definitions_position,
        }
    }
}

impl PartitionHead {
    /// The head of a partition whose last entry is this one.
    #[must_use]
    pub fn after(entry: &Entry) -> PartitionHead {
        PartitionHead {
            entry: entry.number,
            sequence: entry.sequence,
            clock: entry.clock,
            positions: entry.positions.clone(),
            definitions_position: entry.definitions_position,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Positions;
    use muster_directory::Instant;

    fn entry(number: u64, sequence: u64) -> Entry {
        Entry {
            number,
            positions: Positions::from([("a".to_owned(), number * 10)]),
            definitions_position: 0,
            clock: Instant::from_millis(5),
            sequence,
            deltas: Vec::new(),
            licences: Vec::new(),
            dead_letters: Vec::new(),
            statuses: Vec::new(),
            records: Vec::new(),
        }
    }

    fn marker(lineage: u64, entry: u64, sequence: u64) -> Marker {
        Marker {
            owner: 1,
            lineage,
            entry,
            sequence,
            positions: Positions::new(),
            definitions_position: 0,
            clock: Instant::from_millis(5),
        }
    }

    #[test]
    fn entries_are_dense_from_one() {
        assert_eq!(head_after(None, &[]).unwrap(), None);
        let head = head_after(None, &[entry(1, 0), entry(2, 0)]).unwrap().unwrap();
        assert_eq!((head.entry, head.positions["a"]), (2, 20));
        for bad in [entry(0, 0), entry(2, 0), entry(4, 0), entry(3, 1)] {
            let error = head_after(Some(head.clone()), std::slice::from_ref(&bad)).unwrap_err();
            assert!(matches!(error, StorageError::OutOfOrder { .. }), "{bad:?}: {error}");
        }
        assert_eq!(head_after(Some(head.clone()), &[]).unwrap(), Some(head));
    }

    #[test]
    fn a_marker_neither_runs_ahead_nor_goes_back() {
        let head = PartitionHead::after(&entry(5, 7));
        let stored = marker(2, 3, 4);
        for fine in [marker(2, 3, 4), marker(3, 3, 4), marker(2, 5, 7), marker(2, 4, 4)] {
            check_marker(Some(&head), Some(&stored), &fine).unwrap();
        }
        for bad in [marker(2, 6, 7), marker(2, 5, 8), marker(1, 5, 7), marker(2, 2, 4), marker(2, 3, 3)] {
            check_marker(Some(&head), Some(&stored), &bad).unwrap_err();
        }
        check_marker(None, None, &marker(1, 0, 0)).unwrap();
        check_marker(None, None, &marker(1, 1, 0)).unwrap_err();
    }
}
