//! Inputs that are refused: stable codes, messages for people, and the dead letters they become.

use crate::Source;
use std::fmt;

/// At most so many bytes of a refused input are kept.
pub const MAX_DEAD_LETTER_BYTES: usize = 64 * 1024;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why an input was refused. The texts are a contract: never changed, never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum RejectionCode {
            $($(#[$doc])* $name,)*
        }

        impl RejectionCode {
            /// Every code there is.
            pub const ALL: &[RejectionCode] = &[$(RejectionCode::$name),*];

            /// The code's stable text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(RejectionCode::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// The line is longer than the limit.
    LineTooLong = "line-too-long",
    /// The line is not UTF-8.
    InvalidUtf8 = "invalid-utf8",
    /// The line is not JSON, or is nested too deep.
    InvalidJson = "invalid-json",
    /// The JSON is not of the shape that an event line has: a member missing, of the wrong type, or unknown.
    InvalidEvent = "invalid-event",
    /// `kind` is none that is known.
    UnknownKind = "unknown-kind",
    /// `op` is none that this kind knows.
    UnknownOp = "unknown-op",
    /// An id is empty, too long, or holds a character it must not.
    InvalidId = "invalid-id",
    /// `time` is not an RFC 3339 instant.
    InvalidTime = "invalid-time",
    /// An attribute's value is not of the attribute's type.
    InvalidValue = "invalid-value",
    /// Two spellings of one attribute in one event, with different values.
    ConflictingValues = "conflicting-values",
    /// An attribute that is computed and cannot be set (`memberOf`).
    ComputedAttribute = "computed-attribute",
    /// The object would be larger than an object may be.
    ObjectTooLarge = "object-too-large",
    /// The id belongs to a living object of the other kind.
    KindConflict = "kind-conflict",
    /// A patch of a group that does not exist.
    UnknownGroup = "unknown-group",
    /// Another group's id differs from this one only in case.
    GroupIdCase = "group-id-case",
    /// The rule does not pass its checks.
    InvalidRule = "invalid-rule",
    /// The group would depend on itself through `memberOf`.
    MembershipCycle = "membership-cycle",
    /// The schema declares an attribute wrongly, or would break a rule that reads one.
    InvalidSchema = "invalid-schema",
    /// The record's key is not that of the object, group or schema that its value is about.
    KeyMismatch = "key-mismatch",
    /// The record lies on another partition than its key belongs on.
    WrongPartition = "wrong-partition",
    /// Events of this kind belong on another topic.
    WrongTopic = "wrong-topic",
    /// The CloudEvents attributes round the event contradict each other, or are of a version or form
    /// that is not known.
    InvalidCloudEvent = "invalid-cloudevent",
    /// The engine failed at it, again and again, and somebody decided to go on without it.
    EngineFailure = "engine-failure",
    /// A confirmation of a removal of licences that is not held.
    UnknownRemoval = "unknown-removal",
    /// A product, an assignment of licences or a tenant's settings is not of the shape it must have.
    InvalidLicensing = "invalid-licensing",
    /// A confirmation or rejection of a group's edit that is not held, or not of that version.
    NotHeld = "not-held",
    /// A confirmation of an edit by which many more members would leave than were shown.
    PreviewChanged = "preview-changed",
}

impl fmt::Display for RejectionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refused input: the code, and a sentence that says what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Rejection {
    /// For programs.
    pub code: RejectionCode,
    /// For people.
    pub message: String,
}

impl Rejection {
    /// A rejection with this code and message. Messages quote what was refused: control characters, which have no
    /// place in a line or on a terminal, become U+FFFD.
    #[must_use]
    pub fn new(code: RejectionCode, message: impl Into<String>) -> Rejection {
        let mut message = message.into();
        if message.contains(char::is_control) {
            message = message.replace(char::is_control, "\u{FFFD}");
        }
        Rejection { code, message }
    }
}

/// A header of a record: its name, and its value, which may be null. Names may repeat.
pub type Header = (String, Option<Vec<u8>>);

/// A refused input as it is kept for its owner to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it came from.
    pub source: Source,
    /// Why it was refused: the text of a [`RejectionCode`].
    pub code: String,
    /// The sentence for people.
    pub error: String,
    /// The key of the record as it came; `None` where it had none, and for a line of a file.
    pub key: Option<Vec<u8>>,
    /// The headers of the record as they came; none for a line of a file.
    pub headers: Vec<Header>,
    /// The first [`MAX_DEAD_LETTER_BYTES`] of the input as it came; `None` for a record without a
    /// value (a tombstone), which is not the same as an empty one.
    pub raw: Option<Vec<u8>>,
    /// How many bytes it had in all.
    pub raw_length: u64,
}

impl DeadLetter {
    /// A refused line of `length` bytes, of which `start` are at hand.
    #[must_use]
    pub fn of_line(source: Source, rejection: Rejection, start: &[u8], length: u64) -> DeadLetter {
        DeadLetter {
            source,
            code: rejection.code.as_str().to_owned(),
            error: rejection.message,
            key: None,
            headers: Vec::new(),
            raw: Some(cut(start).to_vec()),
            raw_length: length,
        }
    }

    /// A refused record. So that a dead letter never grows beyond what a log takes, a key is cut
    /// after [`MAX_DEAD_LETTER_BYTES`], and headers beyond as many in all are left out; `error` says so.
    #[must_use]
    pub fn of_record(
        source: Source,
        rejection: Rejection,
        key: Option<&[u8]>,
        headers: &[Header],
        value: Option<&[u8]>,
    ) -> DeadLetter {
        let mut error = rejection.message;
        if let Some(key) = key.filter(|key| key.len() > MAX_DEAD_LETTER_BYTES) {
            error.push_str(&format!(
                " (of its key of {} bytes, the first {MAX_DEAD_LETTER_BYTES})",
                key.len()
            ));
        }
        let mut room = MAX_DEAD_LETTER_BYTES;
        let fitting = headers.iter().take_while(|(name, value)| {
            let size = name.len() + value.as_ref().map_or(0, Vec::len);
            room.checked_sub(size).map(|left| room = left).is_some()
        });
        let kept: Vec<Header> = fitting.cloned().collect();
        if kept.len() < headers.len() {
            error.push_str(&format!(" (of its {} headers, the first {})", headers.len(), kept.len()));
        }
        DeadLetter {
            source,
            code: rejection.code.as_str().to_owned(),
            error,
            key: key.map(|key| cut(key).to_vec()),
            headers: kept,
            raw: value.map(|value| cut(value).to_vec()),
            raw_length: value.map_or(0, |value| value.len() as u64),
        }
    }
}

fn cut(bytes: &[u8]) -> &[u8] {
    bytes.get(..MAX_DEAD_LETTER_BYTES).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(key: &[u8], headers: &[Header], value: Option<&[u8]>) -> DeadLetter {
        let source = Source::Topic { topic: "t".into(), partition: 0, offset: 7 };
        let rejection = Rejection::new(RejectionCode::InvalidJson, "no");
        DeadLetter::of_record(source, rejection, Some(key), headers, value)
    }

    #[test]
    fn a_small_record_is_kept_as_it_came() {
        let headers = [("a".to_owned(), Some(b"1".to_vec())), ("a".to_owned(), None)];
        let kept = letter(b"\xff", &headers, None);
        assert_eq!((kept.key.as_deref(), kept.raw, kept.raw_length), (Some(&b"\xff"[..]), None, 0));
        assert_eq!((kept.headers, kept.error.as_str()), (headers.to_vec(), "no"));
        assert_eq!(letter(b"k", &[], Some(b"")).raw, Some(Vec::new()));
    }

    #[test]
    fn a_large_record_is_cut_and_says_so() {
        let large = vec![b'x'; MAX_DEAD_LETTER_BYTES + 1];
        let headers = [("a".to_owned(), None), ("b".to_owned(), Some(large.clone())), ("c".to_owned(), None)];
        let cut = letter(&large, &headers, Some(&large));
        assert_eq!(cut.key.unwrap().len(), MAX_DEAD_LETTER_BYTES);
        assert_eq!(cut.headers, headers[..1]);
        assert_eq!((cut.raw.unwrap().len(), cut.raw_length), (MAX_DEAD_LETTER_BYTES, 65_537));
        assert_eq!(
            cut.error,
            "no (of its key of 65537 bytes, the first 65536) (of its 3 headers, the first 1)"
        );
    }
}
