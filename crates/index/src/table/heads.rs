//! The first bytes of each value's text, folded, in one array by value number: most values that do not begin with a
//! prefix are passed over without a look at them.
//!
//! Made when somebody first asks for a prefix, as far as it is asked, and kept with the values from then on.

use super::encoding;
use std::sync::{Mutex, PoisonError};

/// Eight bytes, most significant first; shorter texts end in zeros.
pub(super) type Head = u64;

/// Of what is no text, or is not ASCII so far, nothing is known.
const UNKNOWN: Head = Head::MAX;

/// The heads of a column's values up to some number.
#[derive(Debug, Default)]
pub(super) struct Heads(Mutex<Vec<Head>>);

/// What is wanted of a head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    head: Head,
    mask: Head,
    /// Whether a head that fits says everything.
    whole: bool,
}

/// What a head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// The text begins so.
    Begins,
    /// The text must be asked.
    Perhaps,
    /// It does not.
    Not,
}

impl Wanted {
    /// Texts that begin with this folded prefix.
    pub(super) fn prefix(prefix: &str) -> Wanted {
        let bytes = prefix.as_bytes();
        let plain = bytes.iter().take(8).take_while(|byte| byte.is_ascii() && **byte != 0).count();
        let mask = match plain {
            0 => 0,
            known => Head::MAX << (8 * (8 - known)),
        };
        Wanted {
            head: head_of_text(bytes.get(..plain).unwrap_or_default()),
            mask,
            whole: plain == bytes.len(),
        }
    }

    pub(super) fn fit(self, head: Head) -> Fit {
        match (head == UNKNOWN, (head ^ self.head) & self.mask == 0) {
            (true, _) => Fit::Perhaps,
            (false, false) => Fit::Not,
            (false, true) if self.whole => Fit::Begins,
            (false, true) => Fit::Perhaps,
        }
    }
}

impl Heads {
    /// A value's bytes are these from now on.
    pub(super) fn set(&mut self, place: usize, bytes: &[u8]) {
        let heads = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = heads.get_mut(place) {
            *slot = head(bytes);
        }
    }

    /// Calls `visit` with the place and the head of each of these values; `bytes_of` says a value's bytes.
    pub(super) fn each<'a>(
        &self,
        places: std::ops::Range<usize>,
        bytes_of: impl Fn(usize) -> &'a [u8],
        mut visit: impl FnMut(usize, Head),
    ) {
        let mut heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heads.len();
        heads.extend((known..places.end).map(|place| head(bytes_of(place))));
        for (place, head) in places.clone().zip(heads.get(places).unwrap_or_default()) {
            visit(place, *head);
        }
    }
}

/// The head of a value as it is stored.
fn head(bytes: &[u8]) -> Head {
    match encoding::as_text_bytes(bytes) {
        Some(text) => head_of_text(text),
        None => UNKNOWN,
    }
}

fn head_of_text(text: &[u8]) -> Head {
    let mut head = [0; 8];
    for (to, from) in head.iter_mut().zip(text) {
        if !from.is_ascii() {
            return UNKNOWN;
        }
        *to = from.to_ascii_lowercase();
    }
    Head::from_be_bytes(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_agree_with_prefixes() {
        let check = |text: &str, prefix: &str, expected| {
            let fit = Wanted::prefix(prefix).fit(head_of_text(text.as_bytes()));
            assert_eq!(fit, expected, "{text:?} begins with {prefix:?}");
        };
        check("Anna", "an", Fit::Begins);
        check("Anna", "anna", Fit::Begins);
        check("Ann", "anna", Fit::Not);
        check("Bert", "an", Fit::Not);
        check("", "a", Fit::Not);
        check("", "", Fit::Begins);
        check("Annemarie", "annemarie", Fit::Perhaps);
        check("Annemarie", "annemari", Fit::Begins);
        check("Åsa", "å", Fit::Perhaps);
        check("Anna", "å", Fit::Perhaps);
        check("Anna", "aå", Fit::Perhaps);
        check("Bert", "aå", Fit::Not);
        check("Aå", "a", Fit::Perhaps);
        check("Wilhelm Ångström", "wilhelm å", Fit::Perhaps);
        check("a", "a\0", Fit::Perhaps);
    }
}
