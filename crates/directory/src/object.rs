//! Users and devices: what is known of them, and how a change is laid over it.

use crate::ObjectKind;
use muster_rule::{Attribute, Row, Value};

/// The most that the attributes of one object may take, as [`Attributes::size`] counts.
pub const MAX_OBJECT_BYTES: usize = 256 * 1024;

/// What each text and each value takes beside its characters.
const OVERHEAD: usize = 8;

/// An attribute of an object that neither the property table nor the tenant's schema knows. It is
/// kept as it came, so that a schema that declares it later finds it; rules cannot see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownAttribute {
    /// Its name in ASCII lower case.
    pub name: Box<str>,
    /// Its value as JSON text; never null.
    pub json: Box<str>,
}

/// The attributes of one object. Absent attributes are null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Sorted by attribute, each once.
    known: Vec<(Attribute, Value)>,
    /// Sorted by name, each once.
    unknown: Vec<UnknownAttribute>,
}

/// A user or a device that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Which of the two.
    pub kind: ObjectKind,
    /// Its attributes, `objectId` among them.
    pub attributes: Attributes,
}

/// New values for some attributes: `None` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttributePatch {
    /// Each attribute at most once.
    pub known: Vec<(Attribute, Option<Value>)>,
    /// Name in ASCII lower case, and the JSON text; each name at most once.
    pub unknown: Vec<(Box<str>, Option<Box<str>>)>,
}

impl Attributes {
    /// Exactly the values that `patch` sets.
    #[must_use]
    pub fn from_patch(patch: AttributePatch) -> Attributes {
        let mut attributes = Attributes::default();
        attributes.apply(patch);
        attributes
    }

    /// The patch that sets exactly these.
    #[must_use]
    pub fn into_patch(self) -> AttributePatch {
        let known = self.known.into_iter().map(|(attribute, value)| (attribute, Some(value)));
        let unknown = self.unknown.into_iter().map(|entry| (entry.name, Some(entry.json)));
        AttributePatch { known: known.collect(), unknown: unknown.collect() }
    }

    /// Lays `patch` over these: what it names is set or cleared, the rest stays.
    pub fn apply(&mut self, patch: AttributePatch) {
        for (attribute, value) in patch.known {
            self.set(attribute, value);
        }
        for (name, json) in patch.unknown {
            self.set_unknown(&name, json);
        }
    }

    /// Sets or clears one attribute that no schema knows; `name` in ASCII lower case.
    pub fn set_unknown(&mut self, name: &str, json: Option<Box<str>>) {
        match (self.unknown.binary_search_by(|entry| (*entry.name).cmp(name)), json) {
            (Ok(at), None) => drop(self.unknown.remove(at)),
            (Ok(at), Some(json)) => {
                if let Some(entry) = self.unknown.get_mut(at) {
                    entry.json = json;
                }
            }
            (Err(_), None) => {}
            (Err(at), Some(json)) => self.unknown.insert(at, UnknownAttribute { name: name.into(), json }),
        }
    }

    /// Sets or clears one attribute.
    pub fn set(&mut self, attribute: Attribute, value: Option<Value>) {
        match (self.known.binary_search_by(|(known, _)| known.cmp(&attribute)), value) {
            (Ok(at), None) => drop(self.known.remove(at)),
            (Ok(at), Some(value)) => {
                if let Some(entry) = self.known.get_mut(at) {
                    entry.1 = value;
                }
            }
            (Err(_), None) => {}
            (Err(at), Some(value)) => self.known.insert(at, (attribute, value)),
        }
    }

    /// The attributes that are present, in their order.
    #[must_use]
    pub fn known(&self) -> &[(Attribute, Value)] {
        &self.known
    }

    /// The attributes that are present and that no schema knows.
    #[must_use]
    pub fn unknown(&self) -> &[UnknownAttribute] {
        &self.unknown
    }

    /// About how many bytes these take when stored: texts at their length, and a few bytes for each value.
    #[must_use]
    pub fn size(&self) -> usize {
        let known = self.known.iter().map(|(attribute, value)| value_size(attribute, value));
        let unknown = self.unknown.iter().map(|entry| 2 * OVERHEAD + entry.name.len() + entry.json.len());
        known.chain(unknown).sum()
    }

    /// Calls `visit` with every attribute whose value differs between `old` and `new` (absent is a
    /// value here), in order. Values differ when they differ as given, be it only in case.
    pub fn each_difference(old: &Attributes, new: &Attributes, mut visit: impl FnMut(&Attribute)) {
        let (mut left, mut right) = (old.known.iter().peekable(), new.known.iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => return,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((a, _)), Some((b, _))) => a.cmp(b),
            };
            let from_left = if order.is_le() { left.next() } else { None };
            let from_right = if order.is_ge() { right.next() } else { None };
            match (from_left, from_right) {
                (Some((_, a)), Some((_, b))) if a == b => {}
                (Some((attribute, _)), _) | (None, Some((attribute, _))) => visit(attribute),
                (None, None) => return,
            }
        }
    }
}

/// What a value and its name take, as [`Attributes::size`] counts.
#[must_use]
pub fn value_size(attribute: &Attribute, value: &Value) -> usize {
    let text = |text: &muster_rule::Text| OVERHEAD + text.as_str().len();
    let value = match value {
        Value::Text(one) => return text_size(attribute, one.as_str()),
        Value::Texts(many) => many.iter().map(text).sum(),
        Value::Elements(elements) => {
            elements.iter().flat_map(|element| element.members.iter()).flatten().map(text).sum()
        }
        Value::Boolean(_) | Value::Integer(_) | Value::Instant(_) => OVERHEAD,
    };
    OVERHEAD + name_size(attribute) + value
}

/// As [`value_size`], of a text.
#[must_use]
pub fn text_size(attribute: &Attribute, text: &str) -> usize {
    2 * OVERHEAD + name_size(attribute) + text.len()
}

fn name_size(attribute: &Attribute) -> usize {
    match attribute {
        Attribute::Standard(_) => 0,
        Attribute::Named(name) => name.len(),
    }
}

impl Row for Attributes {
    fn value(&self, attribute: &Attribute) -> Option<&Value> {
        let at = self.known.binary_search_by(|(known, _)| known.cmp(attribute)).ok()?;
        self.known.get(at).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_rule::Text;

    fn text(value: &str) -> Option<Value> {
        Some(Value::Text(Text::new(value)))
    }

    #[test]
    fn a_patch_sets_and_clears_and_leaves_the_rest() {
        let (a, b, c) = (Attribute::Standard(1), Attribute::Standard(2), Attribute::Named("x".into()));
        let mut attributes = Attributes::from_patch(AttributePatch {
            known: vec![(c.clone(), text("3")), (a.clone(), text("1"))],
            unknown: vec![("z".into(), Some("[1]".into()))],
        });
        let before = attributes.clone();
        attributes.apply(AttributePatch {
            known: vec![(a.clone(), None), (b.clone(), text("2"))],
            unknown: vec![("z".into(), None), ("y".into(), None)],
        });
        assert_eq!(attributes.known(), [(b.clone(), text("2").unwrap()), (c, text("3").unwrap())]);
        assert!(attributes.unknown().is_empty());
        let mut differences = Vec::new();
        Attributes::each_difference(&before, &attributes, |attribute| differences.push(attribute.clone()));
        assert_eq!(differences, [a, b]);
    }
}
