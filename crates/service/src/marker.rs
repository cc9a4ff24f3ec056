//! The marker as text: the short form that a writer stores with the progress of its transaction.

use muster_directory::Instant;
use muster_engine::storage::{Marker, Positions};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const FORMAT: &str = "v1";

/// The short form. Positions are not in it: they are the progress that it lies beside.
pub(crate) fn to_text(marker: &Marker) -> String {
    let Marker { owner, lineage, entry, sequence, definitions_position, clock, positions: _ } = marker;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "{FORMAT};owner={owner:032x};lineage={lineage};entry={entry};sequence={sequence};\
         definitions={definitions_position};clock={}",
        clock.as_millis()
    );
    text
}

/// Reads the short form.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn from_text(text: &str, positions: Positions) -> Result<Marker, String> {
    let mut parts = text.split(';');
    let format = parts.next().unwrap_or_default();
    if format != FORMAT {
        return Err(format!("its format is `{format}`, and this program reads `{FORMAT}`"));
    }
    let parts: BTreeMap<&str, &str> = parts.filter_map(|part| part.split_once('=')).collect();
    let part = |name: &str| parts.get(name).copied().ok_or_else(|| format!("`{name}` is missing"));
    let number = |name: &str| -> Result<u64, String> {
        part(name)?.parse().map_err(|_| format!("`{name}` is not a number"))
    };
    let owner = u128::from_str_radix(part("owner")?, 16).map_err(|_| "`owner` is not an id".to_owned())?;
    let clock = part("clock")?.parse().map_err(|_| "`clock` is not a number".to_owned())?;
    Ok(Marker {
        owner,
        lineage: number("lineage")?,
        entry: number("entry")?,
        sequence: number("sequence")?,
        positions,
        definitions_position: number("definitions")?,
        clock: Instant::from_millis(clock),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_read_as_they_were_written() {
        let marker = Marker {
            owner: 0xfeed,
            lineage: 7,
            entry: 3,
            sequence: 12,
            positions: Positions::from([("muster.changes".to_owned(), 41)]),
            definitions_position: 5,
            clock: Instant::from_millis(-1),
        };
        let text = to_text(&marker);
        assert_eq!(
            text,
            "v1;owner=0000000000000000000000000000feed;lineage=7;entry=3;sequence=12;definitions=5;clock=-1"
        );
        assert_eq!(from_text(&text, marker.positions.clone()), Ok(marker));
        assert_eq!(
            from_text("v2;owner=1", Positions::new()),
            Err("its format is `v2`, and this program reads `v1`".into())
        );
        assert_eq!(from_text("v1;owner=1", Positions::new()), Err("`clock` is missing".into()));
    }
}
