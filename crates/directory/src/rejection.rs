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
    /// A rejection with this code and message.
    #[must_use]
    pub fn new(code: RejectionCode, message: impl Into<String>) -> Rejection {
        Rejection { code, message: message.into() }
    }
}

/// A refused input as it is kept for its owner to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it came from.
    pub source: Source,
    /// Why it was refused: the text of a [`RejectionCode`].
    pub code: String,
    /// The sentence for people.
    pub error: String,
    /// The first [`MAX_DEAD_LETTER_BYTES`] of the input as it came.
    pub raw: Vec<u8>,
    /// How many bytes it had in all.
    pub raw_length: u64,
}
