//! A record of any topic as a line of JSON, for those who look at topics.

use super::Record;
use crate::base64::Text;
use muster_directory::Instant;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Where a record lies.
#[derive(Clone, Copy, Debug)]
pub struct RecordPlace {
    /// Its partition.
    pub partition: u32,
    /// Its offset.
    pub offset: u64,
    /// When it was written.
    pub time: Instant,
}

/// Appends the record as `{"partition","offset","time","key","headers"?,"value"}`, its line break included. A
/// value that is JSON stands as it is, other text as a string, and of headers with one name the last; bytes
/// that are no text are in base64, and then `"encoding":{"key"|"value":"base64"}` says so.
pub fn write_record(out: &mut Vec<u8>, place: &RecordPlace, record: &Record<'_>) {
    let mut encoding = BTreeMap::new();
    let mut text = |name: &'static str, bytes| match Text::of(bytes) {
        Text::Plain(text) => text,
        Text::Base64(text) => {
            encoding.insert(name, "base64");
            text.into()
        }
    };
    let key = record.key.map(|key| text("key", key));
    let json = record.value.and_then(|value| serde_json::from_slice::<&RawValue>(value).ok());
    let value = match (json, record.value) {
        // A line break between two tokens would end the line.
        (Some(json), _) if !json.get().contains(['\n', '\r']) => Some(Value::Json(json)),
        (_, Some(value)) => Some(Value::Text(text("value", value))),
        (_, None) => None,
    };
    let header = |(name, value): &(String, Option<Vec<u8>>)| {
        (name.clone(), value.as_deref().map(|value| String::from_utf8_lossy(value).into_owned()))
    };
    let line = Line {
        partition: place.partition,
        offset: place.offset,
        time: place.time.to_string(),
        key,
        headers: record.headers.iter().map(header).collect(),
        value,
        encoding,
    };
    crate::json::append_line(out, &line);
}

#[derive(Serialize)]
struct Line<'a> {
    partition: u32,
    offset: u64,
    time: String,
    key: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, Option<String>>,
    value: Option<Value<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    encoding: BTreeMap<&'static str, &'static str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Json(&'a RawValue),
    Text(Cow<'a, str>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(key: Option<&[u8]>, value: Option<&[u8]>) -> String {
        let place = RecordPlace { partition: 1, offset: 7, time: Instant::from_millis(0) };
        let headers = [("error".to_owned(), None), ("error".to_owned(), Some(b"no".to_vec()))];
        let headers = if value.is_none() { &[][..] } else { &headers };
        let mut out = Vec::new();
        write_record(&mut out, &place, &Record { key, value, headers });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_json_stays_and_what_is_not_is_told() {
        let head = r#"{"partition":1,"offset":7,"time":"1970-01-01T00:00:00.000Z","#;
        let headers = r#""headers":{"error":"no"},"#;
        let check =
            |key, value, expected: &str| assert_eq!(line(key, value), format!("{head}{expected}}}\n"));
        check(Some(b"k"), None, r#""key":"k","value":null"#);
        check(None, Some(b"{\"a\": 1}"), &format!(r#""key":null,{headers}"value":{{"a": 1}}"#));
        check(None, Some(b"{\"a\""), &format!(r#""key":null,{headers}"value":"{{\"a\"""#));
        check(None, Some(b"[\n1]"), &format!(r#""key":null,{headers}"value":"[\n1]""#));
        let encoding = r#""encoding":{"key":"base64","value":"base64"}"#;
        check(Some(b"a\xff"), Some(b"\xff"), &format!(r#""key":"Yf8=",{headers}"value":"/w==",{encoding}"#));
    }
}
