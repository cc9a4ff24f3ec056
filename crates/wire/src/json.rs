//! JSON as it is read here: borrowed, its depth bounded, every complaint with its byte.
//!
//! A text is read in two steps. The first takes an object apart into members whose values are left
//! as they are, and finds whatever is not JSON; the second gives the values that matter a type. So a
//! complaint of the second step is never about syntax.

use muster_directory::{Rejection, RejectionCode};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// How deep arrays and objects may be nested in a value that is kept as it came.
pub(crate) const MAX_DEPTH: usize = 100;

/// One JSON value, texts borrowed where they have no escapes.
#[derive(Debug, PartialEq)]
pub(crate) enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number without fraction or exponent, within 64 bits.
    Integer(i64),
    /// Any other number.
    Number,
    /// A string.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object, its members in the order written.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// What it is, for a sentence: "the value is …".
    pub(crate) fn describe(&self) -> String {
        match self {
            Json::Null => "null".into(),
            Json::Boolean(value) => format!("the boolean {value}"),
            Json::Integer(value) => format!("the number {value}"),
            Json::Number => "a number with a fraction, an exponent or too many digits".into(),
            Json::String(text) => format!("the string {}", quoted(text)),
            Json::Array(_) => "an array".into(),
            Json::Object(_) => "an object".into(),
        }
    }
}

/// `text` in backticks, cut after 80 characters.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or(text)),
        None => format!("`{text}`"),
    }
}

/// A text that is being read, so that parts of it can be placed.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a>(&'a str);

impl<'a> Source<'a> {
    /// # Errors
    /// `invalid-utf8`.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Source<'a>, Rejection> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to() + 1;
            let message = format!("byte {at} is not UTF-8: encode the file as UTF-8");
            Rejection::new(RejectionCode::InvalidUtf8, message)
        })?;
        Ok(Source(text))
    }

    /// The whole text as an object's members.
    ///
    /// # Errors
    /// `invalid-json`; `invalid-event` where it is another value than an object.
    pub(crate) fn members(self) -> Result<Vec<Member<'a>>, Rejection> {
        let found: Members<'a> = serde_json::from_str(self.0).map_err(|error| self.refuse(self.0, &error))?;
        Ok(found.0)
    }

    /// `part`, which lies in this text, as an object's members.
    ///
    /// # Errors
    /// As [`members`](Self::members).
    pub(crate) fn members_of(self, part: &'a RawValue) -> Result<Vec<Member<'a>>, Rejection> {
        let found: Members<'a> =
            serde_json::from_str(part.get()).map_err(|error| self.refuse(part.get(), &error))?;
        Ok(found.0)
    }

    /// `part`, which lies in this text, as a value.
    ///
    /// # Errors
    /// `invalid-json` where a string has an escape that is no character, or the nesting is too deep.
    pub(crate) fn value(self, part: &'a RawValue) -> Result<Json<'a>, Rejection> {
        serde_json::from_str(part.get()).map_err(|error| self.refuse(part.get(), &error))
    }

    /// Where `part`, which lies in this text, begins: its byte, from 1.
    pub(crate) fn byte_of(self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.0.as_ptr() as usize) + 1
    }

    /// A rejection for what serde found wrong with `part`, which lies in this text.
    pub(crate) fn refuse(self, part: &str, error: &serde_json::Error) -> Rejection {
        let code = match error.classify() {
            serde_json::error::Category::Data => RejectionCode::InvalidEvent,
            _ => RejectionCode::InvalidJson,
        };
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or(&text);
        let before = part.split('\n').take(error.line().saturating_sub(1)).map(|line| line.len() + 1);
        let byte = self.byte_of(part) + before.sum::<usize>() + error.column().saturating_sub(1);
        let advice = match error.classify() {
            serde_json::error::Category::Eof => ": the line ends too early, write it whole",
            _ if what.starts_with("recursion") => ": nest arrays and objects less deep",
            _ if what.starts_with("trailing") => ": write one JSON object a line",
            _ => "",
        };
        Rejection::new(code, format!("{what} at byte {byte}{advice}"))
    }
}

/// A member of an object, its value as written.
#[derive(Clone)]
pub(crate) struct Member<'a> {
    /// Its name.
    pub(crate) name: Cow<'a, str>,
    /// Its value.
    pub(crate) value: &'a RawValue,
}

/// The name of a member, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
pub(crate) struct Name<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Refuses a value that is nested deeper than [`MAX_DEPTH`]. `value` is known to be JSON.
///
/// # Errors
/// `invalid-json`.
pub(crate) fn check_depth(name: &str, value: &RawValue) -> Result<(), Rejection> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in value.get().bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let name = quoted(name);
            let message =
                format!("{name} is nested deeper than {MAX_DEPTH} levels: nest arrays and objects less deep");
            return Err(Rejection::new(RejectionCode::InvalidJson, message));
        }
    }
    Ok(())
}

/// Appends `value` and a line break.
#[expect(clippy::expect_used, reason = "a vector takes every byte, and these values have text keys only")]
pub(crate) fn append_line(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    serde_json::to_writer(&mut *out, value).expect("a value that can be written");
    out.push(b'\n');
}

struct Members<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push(Member { name, value });
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JsonVisitor;
        impl<'de> Visitor<'de> for JsonVisitor {
            type Value = Json<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Json<'de>, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
                Ok(Json::Boolean(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
                Ok(Json::Integer(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
                Ok(i64::try_from(value).map_or(Json::Number, Json::Integer))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Json<'de>, E> {
                Ok(Json::Number)
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
                Ok(Json::String(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
                Ok(Json::String(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json<'de>, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = sequence.next_element()? {
                    elements.push(element);
                }
                Ok(Json::Array(elements))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Json::Object(members))
            }
        }
        deserializer.deserialize_any(JsonVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_borrow_and_keep_their_types() {
        let value: Json<'_> =
            serde_json::from_str(r#"{"a":[null,true,-1,1.5,1e2,18446744073709551615],"b":"x\n"}"#).unwrap();
        let Json::Object(members) = value else { panic!() };
        let numbers =
            [Json::Null, Json::Boolean(true), Json::Integer(-1), Json::Number, Json::Number, Json::Number];
        assert_eq!(members[0].1, Json::Array(numbers.into()));
        assert_eq!(members[1].1, Json::String("x\n".into()));
        assert!(matches!(members[0].0, Cow::Borrowed("a")));
    }

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        let check = |text: &str| check_depth("x", serde_json::from_str(text).unwrap());
        assert!(check(&format!("{}{}", "[".repeat(100), "]".repeat(100))).is_ok());
        assert!(check(&format!("{}{}", "[".repeat(101), "]".repeat(101))).is_err());
        assert!(check(&format!("\"{}\\\"[\"", "[".repeat(500))).is_ok());
    }

    #[test]
    fn syntax_errors_are_placed() {
        let refuse =
            |text: &str| Source::new(text.as_bytes()).and_then(Source::members).err().unwrap().message;
        assert_eq!(refuse(r#"{"a":tru}"#), "expected ident at byte 9");
        assert_eq!(refuse("{\"a\":1,\n  \"b\" 2}"), "expected `:` at byte 15");
        assert!(refuse(r#"{"a":1"#).starts_with("EOF while parsing an object at byte 6"));
    }
}
