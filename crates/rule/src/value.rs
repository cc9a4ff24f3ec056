//! Attribute values as rules see them: typed, never null, text with its folded form beside it.

use crate::Instant;
use crate::fold;
use compact_str::CompactString;
use std::borrow::Cow;

/// A text and its simple case folding (L22). Comparisons use [`folded`](Text::folded); people see
/// [`as_str`](Text::as_str). Equality is of the text as given, not of the folding.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text {
    given: CompactString,
    /// `None` where folding changes nothing.
    folded: Option<CompactString>,
}

impl Text {
    /// A text as it came.
    #[must_use]
    pub fn new(given: &str) -> Text {
        let given = CompactString::new(given);
        let folded = if given.is_ascii() {
            given.bytes().any(|byte| byte.is_ascii_uppercase()).then(|| given.to_ascii_lowercase())
        } else {
            match fold::fold(&given) {
                Cow::Borrowed(_) => None,
                Cow::Owned(folded) => Some(folded.into()),
            }
        };
        Text { given, folded }
    }

    /// The text as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// The text after simple case folding.
    #[must_use]
    pub fn folded(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.given)
    }
}

/// One element of an object collection: a text, or nothing, for each member that the language
/// knows, in the order of the property table (`assignedPlans`: servicePlanId, service,
/// capabilityStatus; `assignedLicenses`: skuId).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Element {
    /// As many as the property table lists for this collection.
    pub members: Box<[Option<Text>]>,
}

/// The value of an attribute that is present. There is no null value: an absent attribute, an
/// empty string and an empty collection are all `None` where a value is looked up (L23, L27).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Of a boolean attribute.
    Boolean(bool),
    /// Of a string or reference attribute; never empty.
    Text(Text),
    /// Of an integer attribute.
    Integer(i64),
    /// Of a date-time attribute.
    Instant(Instant),
    /// Of a string collection; never empty, no element empty.
    Texts(Vec<Text>),
    /// Of an object collection; never empty.
    Elements(Vec<Element>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l22_a_text_knows_its_folding_and_its_given_form() {
        for (given, folded) in
            [("Sales", "sales"), ("sales", "sales"), ("", ""), ("Größe", "größe"), ("東京", "東京")]
        {
            let text = Text::new(given);
            assert_eq!((text.as_str(), text.folded()), (given, folded));
        }
        assert_ne!(Text::new("Sales"), Text::new("sales"));
    }
}
