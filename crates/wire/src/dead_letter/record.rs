//! Dead letters as records: key and value as they came, the reason in headers. The names are a contract.
//!
//! The original headers come first and ours last, so that where a name is in both (a dead letter that
//! was produced again and refused again) readers that take the last of a name find ours.

use crate::record::NewRecord;
use muster_directory::{DeadLetter, Header, Source};

/// The record of a dead letter: headers `error-code`, `error`, and where it came from: `topic`,
/// `partition` and `offset` (`file` and `line` for a line of a file); `truncated`, the full length, where
/// the value is not all. Numbers are in decimal digits.
#[must_use]
pub fn dead_letter_record(letter: DeadLetter) -> NewRecord {
    let DeadLetter { source, code, error, key, mut headers, raw, raw_length } = letter;
    headers.push(header("error-code", code));
    headers.push(header("error", error));
    match source {
        Source::Topic { topic, partition, offset } => {
            headers.push(header("topic", &*topic));
            headers.push(header("partition", partition.to_string()));
            headers.push(header("offset", offset.to_string()));
        }
        Source::File { file, line } => {
            headers.push(header("file", &*file));
            headers.push(header("line", line.to_string()));
        }
    }
    if raw.as_ref().is_some_and(|raw| raw_length > raw.len() as u64) {
        headers.push(header("truncated", raw_length.to_string()));
    }
    NewRecord { key, value: raw, headers }
}

fn header(name: &str, value: impl Into<String>) -> Header {
    (name.to_owned(), Some(value.into().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use muster_directory::rejection::MAX_DEAD_LETTER_BYTES;
    use muster_directory::{Rejection, RejectionCode};

    fn record(value: Option<&[u8]>) -> NewRecord {
        let headers = [("trace".to_owned(), None), header("error", "earlier")];
        let source = Source::Topic { topic: "muster.changes".into(), partition: 3, offset: 17 };
        let record = Record { key: Some(b"u\xff"), value, headers: &headers };
        dead_letter_record(record.dead_letter(source, Rejection::new(RejectionCode::InvalidUtf8, "no")))
    }

    fn names_and_values(record: &NewRecord) -> Vec<(&str, Option<&str>)> {
        let mut headers = Vec::new();
        for (name, value) in &record.headers {
            headers.push((name.as_str(), value.as_deref().map(|value| str::from_utf8(value).unwrap())));
        }
        headers
    }

    #[test]
    fn the_reason_follows_the_original_headers() {
        let expected = [
            ("trace", None),
            ("error", Some("earlier")),
            ("error-code", Some("invalid-utf8")),
            ("error", Some("no")),
            ("topic", Some("muster.changes")),
            ("partition", Some("3")),
            ("offset", Some("17")),
        ];
        for value in [None, Some(&b""[..]), Some(&b"{\xff"[..])] {
            let record = record(value);
            assert_eq!((record.key.as_deref(), record.value.as_deref()), (Some(&b"u\xff"[..]), value));
            assert_eq!(names_and_values(&record), expected);
        }
    }

    #[test]
    fn a_cut_value_says_how_long_it_was() {
        let record = record(Some(&vec![b'x'; MAX_DEAD_LETTER_BYTES + 1]));
        assert_eq!(record.value.as_ref().unwrap().len(), MAX_DEAD_LETTER_BYTES);
        assert_eq!(names_and_values(&record).last(), Some(&("truncated", Some("65537"))));
    }

    #[test]
    fn a_line_of_a_file_is_placed_by_file_and_line() {
        let source = Source::File { file: "e.jsonl".into(), line: 4 };
        let rejection = Rejection::new(RejectionCode::InvalidJson, "no");
        let record = dead_letter_record(DeadLetter::of_line(source, rejection, b"{", 1));
        assert_eq!(record.key, None);
        assert_eq!(names_and_values(&record)[2..], [("file", Some("e.jsonl")), ("line", Some("4"))]);
    }
}
