//! Dead letters: what was refused, with the reason, as its owner finds it.

pub mod record;

use crate::base64::base64;
use crate::delta::SourceLine;
use muster_directory::DeadLetter;
use serde::Serialize;
use std::borrow::Cow;

/// Appends `letter` to `out` as one line, its line break included.
pub fn write_dead_letter(out: &mut Vec<u8>, letter: &DeadLetter) {
    let cut = letter.raw.as_ref().is_some_and(|raw| letter.raw_length > raw.len() as u64);
    let (raw, encoding) = match letter.raw.as_deref().map(|raw| (raw, std::str::from_utf8(raw))) {
        None => (None, None),
        Some((_, Ok(text))) => (Some(Cow::Borrowed(text)), None),
        // The cut fell into a character: what is before it is text.
        Some((raw, Err(error))) if cut && error.error_len().is_none() => {
            let whole = raw.get(..error.valid_up_to()).unwrap_or_default();
            (Some(String::from_utf8_lossy(whole)), None)
        }
        Some((raw, Err(_))) => (Some(Cow::Owned(base64(raw))), Some("base64")),
    };
    let line = Line {
        source: (&letter.source).into(),
        code: &letter.code,
        error: &letter.error,
        raw,
        encoding,
        truncated: cut.then_some(letter.raw_length),
    };
    crate::json::append_line(out, &line);
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    source: SourceLine<'a>,
    code: &'a str,
    error: &'a str,
    raw: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    /// The full length, where `raw` is not all.
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_directory::{Rejection, RejectionCode, Source};

    fn line(raw: &[u8], raw_length: u64) -> String {
        let source = Source::File { file: "e.jsonl".into(), line: 4 };
        let rejection = Rejection::new(RejectionCode::InvalidJson, "no");
        let letter = DeadLetter::of_line(source, rejection, raw, raw_length);
        let mut out = Vec::new();
        write_dead_letter(&mut out, &letter);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_stays_text_and_bytes_are_encoded() {
        let head = r#"{"file":"e.jsonl","line":4,"code":"invalid-json","error":"no","raw":"#;
        assert_eq!(line(b"{\"", 2), format!("{head}\"{{\\\"\"}}\n"));
        assert_eq!(line(b"a\xff", 2), format!("{head}\"Yf8=\",\"encoding\":\"base64\"}}\n"));
        assert_eq!(
            line("aé".get(..).unwrap().as_bytes().get(..2).unwrap(), 9),
            format!("{head}\"a\",\"truncated\":9}}\n")
        );
    }
}
