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

            /// Its page: what is wrong, a wrong example and a right one, as Markdown.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self {
                    $($(Code::$name => include_str!(concat!("../../docs/", $text, ".md")),)*)*
                }
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
    Warning {
        /// `"null"` compared as a text (L8).
        QuotedNull = "MR1001",
        /// `""`, which no value equals (L23).
        EmptyText = "MR1002",
        /// A negative operator on a collection (L26).
        NegativeOnCollection = "MR1003",
        /// An `-or` of negatives.
        AlwaysTrue = "MR1004",
        /// An `-and` of what excludes each other.
        NeverTrue = "MR1005",
        /// A term that changes nothing.
        Redundant = "MR1006",
        /// `-and` and `-or` without parentheses.
        MixedConnectives = "MR1007",
        /// `-match` where a cheaper operator does.
        PlainPattern = "MR1008",
        /// An `-or` of equalities, or an `-and` of inequalities, that is an `-in` or a `-notIn`.
        ChainOfEquals = "MR1009",
        /// A proxy address without its prefix.
        AddressPrefix = "MR1010",
        /// `-any` or `-all` without parentheses (L16).
        BareQuantifier = "MR1011",
        /// A property that the object's owner, or a guest, can write.
        SelfWritten = "MR1012",
        /// A pattern that every value must be searched for.
        UnboundedPattern = "MR1013",
        /// A value that the property never has.
        WrongValue = "MR1014",
        /// `-all (… -ne null)`.
        AllNotNull = "MR1015",
        /// `-all` with negatives, where none is meant.
        AllForNone = "MR1016",
        /// A lone `'` in a string (L5).
        LoneApostrophe = "MR1017",
        /// A boolean in quotes (L9).
        QuotedBoolean = "MR1018",
        /// A property that Microsoft does not list for rules.
        UnlistedProperty = "MR1019",
        /// A literal that no object has as its value; known where there is data to compare with.
        UnknownValue = "MR1020",
        /// No object is selected; known where there is data.
        SelectsNobody = "MR1021",
        /// Every object is selected; known where there is data.
        SelectsEverybody = "MR1022",
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Code {
    /// Whether only a comparison with data can tell: the check of a text alone never does.
    #[must_use]
    pub const fn needs_data(self) -> bool {
        matches!(self, Code::UnknownValue | Code::SelectsNobody | Code::SelectsEverybody)
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
    use crate::{Dialect, Schema, check};

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

    #[test]
    fn every_page_shows_its_mistake_and_no_other() {
        let index = include_str!("../../docs/README.md");
        for code in Code::ALL {
            let page = code.page();
            let title = page.lines().next().unwrap().strip_prefix(&format!("# {code}: ")).expect(page);
            assert!(index.contains(&format!("- [{code}]({code}.md): {title}\n")), "{code} in the index");
            let (dialect, wrong) = example(page, "wrong");
            let found = check(&wrong, dialect, &Schema::default()).diagnostics;
            // What only data tells is told by whoever has it, and tested there.
            let told = !code.needs_data();
            assert!(
                found.is_empty() != told && found.iter().all(|found| found.code == *code),
                "{wrong}\n{found:#?}"
            );
            if let [found] = found.as_slice()
                && let Some(suggestion) = &found.suggestion
            {
                let corrected = suggestion.apply(&wrong);
                let left = check(&corrected, dialect, &Schema::default()).diagnostics;
                assert!(left.is_empty(), "{corrected}\n{left:#?}");
            }
            let (dialect, right) = example(page, "right");
            let found = check(&right, dialect, &Schema::default()).diagnostics;
            assert!(found.is_empty(), "{right}\n{found:#?}");
        }
    }

    /// The dialect and the text of a fenced example. `(3100 times x)` stands for that many.
    fn example(page: &str, name: &str) -> (Dialect, String) {
        let (info, rest) = page.split_once(&format!("```{name}")).unwrap().1.split_once('\n').unwrap();
        let text = rest.split_once("```").unwrap().0.trim_end_matches('\n');
        let dialect = match info.trim() {
            "" => Dialect::Entra,
            "extended" => Dialect::Extended,
            other => panic!("{other}"),
        };
        let text = match text.split_once(" times ").and_then(|(head, tail)| {
            let (before, count) = head.rsplit_once('(')?;
            let (repeated, after) = tail.split_once(')')?;
            Some(format!("{before}{}{after}", repeated.repeat(count.parse().ok()?)))
        }) {
            Some(expanded) => expanded,
            None => text.to_owned(),
        };
        (dialect, text)
    }
}
