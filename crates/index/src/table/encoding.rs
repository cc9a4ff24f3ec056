//! A value as bytes, for the arena: never stored and never sent, so it has no version.
//!
//! Equal values have equal bytes, and only they.

use muster_directory::Instant;
use muster_rule::{Element, Text, Value};

const FALSE: u8 = 1;
const TRUE: u8 = 2;
const TEXT: u8 = 3;
const INTEGER: u8 = 4;
const INSTANT: u8 = 5;
const TEXTS: u8 = 6;
const ELEMENTS: u8 = 7;

/// Writes `value` to the end of `bytes`.
pub(super) fn encode(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Boolean(false) => bytes.push(FALSE),
        Value::Boolean(true) => bytes.push(TRUE),
        Value::Text(text) => {
            bytes.push(TEXT);
            bytes.extend(text.as_str().as_bytes());
        }
        Value::Integer(value) => {
            bytes.push(INTEGER);
            bytes.extend(value.to_le_bytes());
        }
        Value::Instant(value) => {
            bytes.push(INSTANT);
            bytes.extend(value.as_millis().to_le_bytes());
        }
        Value::Texts(texts) => {
            bytes.push(TEXTS);
            texts.iter().for_each(|text| encode_text(Some(text), bytes));
        }
        Value::Elements(elements) => {
            bytes.push(ELEMENTS);
            for element in elements {
                bytes.push(u8::try_from(element.members.len()).unwrap_or(u8::MAX));
                element.members.iter().for_each(|member| encode_text(member.as_ref(), bytes));
            }
        }
    }
}

/// The value that [`encode`] wrote.
pub(super) fn decode(bytes: &[u8]) -> Option<Value> {
    let (&tag, mut rest) = bytes.split_first()?;
    Some(match tag {
        FALSE => Value::Boolean(false),
        TRUE => Value::Boolean(true),
        TEXT => Value::Text(Text::new(text_of(rest)?)),
        INTEGER => Value::Integer(i64::from_le_bytes(rest.try_into().ok()?)),
        INSTANT => Value::Instant(Instant::from_millis(i64::from_le_bytes(rest.try_into().ok()?))),
        TEXTS => {
            let mut texts = Vec::new();
            while !rest.is_empty() {
                texts.push(decode_text(&mut rest)??);
            }
            Value::Texts(texts)
        }
        ELEMENTS => {
            let mut elements = Vec::new();
            while let Some((&members, after)) = rest.split_first() {
                rest = after;
                let members: Option<Box<[_]>> = (0..members).map(|_| decode_text(&mut rest)).collect();
                elements.push(Element { members: members? });
            }
            Value::Elements(elements)
        }
        _ => return None,
    })
}

/// The text, where the value is one.
pub(super) fn as_text(bytes: &[u8]) -> Option<&str> {
    text_of(as_text_bytes(bytes)?)
}

/// The bytes of the text, where the value is one; not yet known to be a text.
pub(super) fn as_text_bytes(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.split_first()? {
        (&TEXT, text) => Some(text),
        _ => None,
    }
}

/// The texts, where the value is a collection of them.
pub(super) fn as_texts(bytes: &[u8]) -> Option<impl Iterator<Item = &str>> {
    let (&tag, mut rest) = bytes.split_first()?;
    (tag == TEXTS).then(|| std::iter::from_fn(move || next_text(&mut rest)?))
}

/// 0: missing; else one more than the length, then the text.
fn encode_text(text: Option<&Text>, bytes: &mut Vec<u8>) {
    let Some(text) = text.map(Text::as_str) else {
        bytes.extend(0_u32.to_le_bytes());
        return;
    };
    bytes.extend(u32::try_from(text.len() + 1).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn decode_text(bytes: &mut &[u8]) -> Option<Option<Text>> {
    Some(next_text(bytes)?.map(Text::new))
}

fn next_text<'a>(bytes: &mut &'a [u8]) -> Option<Option<&'a str>> {
    let (length, rest) = bytes.split_first_chunk()?;
    let Some(length) = (u32::from_le_bytes(*length) as usize).checked_sub(1) else {
        *bytes = rest;
        return Some(None);
    };
    let (text, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(Some(text_of(text)?))
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back() {
        let text = |text: &str| Text::new(text);
        let element = |members: &[Option<&str>]| Element {
            members: members.iter().map(|member| member.map(Text::new)).collect(),
        };
        let values = [
            Value::Boolean(false),
            Value::Boolean(true),
            Value::Text(text("Größe")),
            Value::Integer(i64::MIN),
            Value::Instant(Instant::from_millis(-1)),
            Value::Texts(vec![text("a"), text("B b"), text(&"x".repeat(70_000))]),
            Value::Elements(vec![element(&[Some("x"), None, Some("Enabled")]), element(&[None, None, None])]),
        ];
        for value in values {
            let mut bytes = Vec::new();
            encode(&value, &mut bytes);
            assert_eq!(decode(&bytes), Some(value.clone()));
            assert_eq!(as_text(&bytes).is_some(), matches!(value, Value::Text(_)));
        }
    }
}
