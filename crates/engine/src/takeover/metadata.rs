//! The marker as text: what is stored as the metadata of a committed offset, about 150 bytes.
//!
//! Positions are not in it: they are the offsets that it lies beside. The text is a contract with every
//! offset ever committed.

use crate::storage::{Marker, Positions};
use muster_directory::Instant;

/// Metadata that no writer of ours left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a marker's metadata")]
pub struct MetadataError;

/// The text of this marker.
#[must_use]
pub fn to_metadata(marker: &Marker) -> String {
    let Marker { owner, lineage, entry, sequence, definitions_position, clock, positions: _ } = marker;
    let clock = clock.as_millis();
    format!(
        "v1;owner={owner:032x};lineage={lineage};entry={entry};sequence={sequence};\
         definitions={definitions_position};clock={clock}"
    )
}

/// The marker of this text, and of the offsets beside it.
///
/// # Errors
/// For any other text: whoever resets offsets by hand leaves other metadata, or none.
pub fn from_metadata(text: &str, positions: Positions) -> Result<Marker, MetadataError> {
    let mut fields = text.split(';');
    let mut field = |name: &str| {
        let field = fields.next().ok_or(MetadataError)?;
        field.strip_prefix(name).ok_or(MetadataError)
    };
    field("v1")?;
    let number = |text: &str| text.parse().map_err(|_| MetadataError);
    let marker = Marker {
        owner: u128::from_str_radix(field("owner=")?, 16).map_err(|_| MetadataError)?,
        lineage: number(field("lineage=")?)?,
        entry: number(field("entry=")?)?,
        sequence: number(field("sequence=")?)?,
        definitions_position: number(field("definitions=")?)?,
        clock: Instant::from_millis(field("clock=")?.parse().map_err(|_| MetadataError)?),
        positions,
    };
    // Also what stands behind, leading zeros and signs.
    if to_metadata(&marker) == text { Ok(marker) } else { Err(MetadataError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_and_nothing_else_does() {
        let marker = Marker {
            owner: 0xfeed,
            lineage: 7,
            entry: u64::MAX,
            sequence: 12,
            positions: Positions::from([("muster.changes".to_owned(), 41)]),
            definitions_position: 5,
            clock: Instant::from_millis(-1),
        };
        let text = to_metadata(&marker);
        assert_eq!(
            text,
            "v1;owner=0000000000000000000000000000feed;lineage=7;entry=18446744073709551615;sequence=12;\
             definitions=5;clock=-1"
        );
        assert_eq!(from_metadata(&text, marker.positions.clone()), Ok(marker));
        for bad in ["", "v1", "v2;owner=0", &format!("{text};"), &text.replace("=7", "=07"), &text[1..]] {
            assert_eq!(from_metadata(bad, Positions::new()), Err(MetadataError), "{bad:?}");
        }
    }
}
