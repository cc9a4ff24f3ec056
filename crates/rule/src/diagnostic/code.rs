//! The registry of codes. A code is a contract: it keeps its meaning for ever and is never reused.
//!
//! Errors are numbered from MR0001, lints from MR1001.

use serde::{Serialize, Serializer};
use std::fmt;

/// Whether a diagnostic refuses the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The rule is refused.
    Error,
    /// The rule is accepted; it may not mean what its author means.
    Warning,
}

macro_rules! codes {
    ($($severity:ident { $($(#[$doc:meta])* $name:ident = $text:literal,)* })*) => {
        /// What kind of mistake a diagnostic is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($($(#[$doc])* $name,)*)*
        }

        impl Code {
            /// Every code there is, in order.
            pub const ALL: &[Code] = &[$($(Code::$name),*),*];

            /// Its stable text, `MR` and four digits.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($(Code::$name => $text,)*)* }
            }

            /// Whether it refuses.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $($(Code::$name => Severity::$severity,)*)* }
            }
        }
    };
}

codes! {
    Error {
        /// The text is empty or white space (L14).
        Empty = "MR0001",
        /// More than 3,072 UTF-16 code units (L12).
        TooLong = "MR0002",
        /// Parentheses and `-not` more than 100 deep (L13).
        TooDeep = "MR0003",
        /// Copied from Markdown, HTML or JSON (L7).
        Markup = "MR0004",
        /// A character that means nothing here.
        Character = "MR0005",
        /// A curly quote (L7).
        CurlyQuote = "MR0006",
        /// A string without its closing quote.
        UnterminatedString = "MR0007",
        /// White space inside a token (L3).
        SplitToken = "MR0008",
        /// A character that looks like a hyphen and is none (L2).
        FalseHyphen = "MR0009",
        /// A string without quotes (L7).
        UnquotedString = "MR0010",
        /// An operator that the language does not have (L1).
        UnknownOperator = "MR0011",
        /// Something stands where something else is expected.
        Unexpected = "MR0012",
        /// The rule ends too early.
        PrematureEnd = "MR0013",
        /// `(` or `[` is not closed.
        Unclosed = "MR0014",
        /// `)` or `]` closes nothing.
        Unopened = "MR0015",
        /// Two comparisons without `-and` or `-or` between them.
        MissingConnective = "MR0016",
        /// An operator without the value on its right.
        MissingOperand = "MR0017",
        /// A property without an operator.
        MissingOperator = "MR0018",
        /// A property without `user.` or `device.` (L39).
        MissingPrefix = "MR0019",
        /// A prefix that is neither `user` nor `device`.
        UnknownPrefix = "MR0020",
        /// `_`, `assignedPlan.…` or `group.…` outside `-any` and `-all`.
        ElementOutside = "MR0021",
        /// A property that the language does not have (L39).
        UnknownProperty = "MR0022",
        /// A property that Microsoft has withdrawn (L39).
        RemovedProperty = "MR0023",
        /// `user.` and `device.` in one rule (L17).
        MixedKinds = "MR0024",
        /// An extension, in a rule of the `entra` dialect.
        NeedsExtended = "MR0025",
        /// `deviceOSVersion` has no order (L34).
        VersionOrder = "MR0026",
        /// The operator does not fit the property's type (L35).
        OperatorType = "MR0027",
        /// The value does not fit the property's type.
        OperandType = "MR0028",
        /// The value is no instant (L11).
        NotAnInstant = "MR0029",
        /// The operator needs a string (L35).
        NeedsString = "MR0030",
        /// `-in` and `-notIn` need an array (L35).
        NeedsList = "MR0031",
        /// `-eq` and `-ne` take one value (L35).
        UnwantedList = "MR0032",
        /// Null or an array inside an array (L20).
        ListElement = "MR0033",
        /// `-not` where `-ne` is meant (L18).
        NotInsteadOfNe = "MR0034",
        /// `-any` without parentheses before `-and` or `-or` (L16).
        AmbiguousQuantifier = "MR0035",
        /// `-any` or `-all` on a property that is no collection.
        NotACollection = "MR0036",
        /// A plain operator on an object collection (L26).
        PlainOnObjects = "MR0037",
        /// An element of another collection.
        WrongElement = "MR0038",
        /// A member that the collection's elements do not have.
        UnknownMember = "MR0039",
        /// A form of `memberOf` that is never allowed (L37).
        MemberOfForm = "MR0040",
        /// `Direct Reports for` is not as it must be (L19).
        DirectReportsForm = "MR0041",
        /// `Direct Reports for ""` (L19).
        EmptyId = "MR0042",
        /// `-eq` or `-ne` with `system.now` (L31).
        ClockEquality = "MR0043",
        /// Two shifts of `system.now` (L31).
        ChainedShift = "MR0044",
        /// Not a duration (L32).
        Duration = "MR0045",
        /// A duration of years or months (L32).
        YearsOrMonths = "MR0046",
        /// A duration in quotes (L32).
        QuotedDuration = "MR0047",
        /// A pattern that does not compile (L24).
        Pattern = "MR0048",
        /// Not a dotted version number (L34).
        VersionOperand = "MR0049",
        /// A property compared with a property.
        TwoProperties = "MR0050",
        /// The value stands left, the property right.
        Reversed = "MR0051",
        /// Hyphens in the name of an extension attribute.
        ExtensionId = "MR0052",
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_tell_their_severity() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].as_str() < pair[1].as_str(), "{} before {}", pair[0], pair[1]);
        }
        for code in Code::ALL {
            let expected = if code.as_str() < "MR1000" { Severity::Error } else { Severity::Warning };
            assert_eq!(code.severity(), expected, "{code}");
        }
    }
}
