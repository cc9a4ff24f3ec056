//! Sets of code points: what a character class, an escape like `\w` or a `\p{…}` stands for.
//!
//! Values are matched in their folded form, so that a set that a pattern names is brought into the
//! folded alphabet first ([`Set::folded`]): the set of what its members fold to. A value's code
//! point is then in the set exactly if it differs from a member in nothing but case, whatever the
//! class was made of. Sets are negated and subtracted after that, never before.

use super::block;
use crate::fold;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind, Literal};
use std::sync::LazyLock;

/// A set of code points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set(ClassUnicode);

impl Set {
    /// No code point.
    pub(super) fn empty() -> Set {
        Set(ClassUnicode::empty())
    }

    /// Those from `first` to `last`, both included.
    pub(super) fn range(first: char, last: char) -> Set {
        Set(ClassUnicode::new([ClassUnicodeRange::new(first, last)]))
    }

    /// All of them.
    pub(super) fn all() -> Set {
        Set::range('\0', char::MAX)
    }

    /// `.`: all but the line feed.
    pub(super) fn not_line_feed() -> Set {
        Set::range('\n', '\n').negated()
    }

    /// `\w`: letters, nonspacing marks, decimal digits and connecting punctuation.
    pub(super) fn word() -> Set {
        static WORD: LazyLock<Set> = LazyLock::new(|| property(r"[\p{L}\p{Mn}\p{Nd}\p{Pc}]").folded());
        WORD.clone()
    }

    /// `\d`: decimal digits of every script.
    pub(super) fn digit() -> Set {
        static DIGIT: LazyLock<Set> = LazyLock::new(|| property(r"\p{Nd}"));
        DIGIT.clone()
    }

    /// `\s`: white space.
    pub(super) fn space() -> Set {
        static SPACE: LazyLock<Set> = LazyLock::new(|| property(r"\s"));
        SPACE.clone()
    }

    /// `\p{name}`: a general category or, with `Is` before it, a block, folded. Names have one
    /// spelling, as in .NET.
    pub(super) fn named(name: &str) -> Option<Set> {
        match name {
            // Without case the three cased categories are one, as .NET has it.
            "Lu" | "Ll" | "Lt" => Some(property(r"[\p{Lu}\p{Ll}\p{Lt}]").folded()),
            // Surrogates are no part of a text.
            "Cs" => Some(Set::empty()),
            _ if CATEGORIES.contains(&name) => Some(property(&format!(r"\p{{gc={name}}}")).folded()),
            _ => block::find(name).map(|ranges| {
                Set(ClassUnicode::new(ranges.map(|(first, last)| ClassUnicodeRange::new(first, last))))
                    .folded()
            }),
        }
    }

    /// What the members fold to.
    pub(super) fn folded(&self) -> Set {
        let changed = fold::changed_by_folding();
        let mut moved = Vec::new();
        let mut images = Vec::new();
        for range in self.0.ranges() {
            let from = changed.partition_point(|&(c, _)| c < range.start());
            for &(c, image) in changed.iter().skip(from).take_while(|&&(c, _)| c <= range.end()) {
                moved.push(ClassUnicodeRange::new(c, c));
                images.push(ClassUnicodeRange::new(image, image));
            }
        }
        let mut folded = self.0.clone();
        folded.difference(&ClassUnicode::new(moved));
        folded.union(&ClassUnicode::new(images));
        Set(folded)
    }

    /// All code points that are not in it.
    pub(super) fn negated(mut self) -> Set {
        self.0.negate();
        self
    }

    /// Adds the members of `other`.
    pub(super) fn add(&mut self, other: &Set) {
        self.0.union(&other.0);
    }

    /// Takes away the members of `other`.
    pub(super) fn subtract(&mut self, other: &Set) {
        self.0.difference(&other.0);
    }

    /// Whether it has this member.
    pub(super) fn contains(&self, c: char) -> bool {
        let ranges = self.0.ranges();
        let next = ranges.partition_point(|range| range.start() <= c);
        next.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|range| c <= range.end())
    }

    /// Its only member, where it has one only.
    pub(super) fn single(&self) -> Option<char> {
        match self.0.ranges() {
            [range] if range.start() == range.end() => Some(range.start()),
            _ => None,
        }
    }

    /// How many ranges of neighbours it is made of.
    pub(super) fn ranges(&self) -> usize {
        self.0.ranges().len()
    }

    /// As the linear engine takes it.
    pub(super) fn to_class(&self) -> Class {
        Class::Unicode(self.0.clone())
    }
}

/// Whether a code point belongs to a word for `\b`: what Unicode calls a word character.
pub(super) fn is_word_character(c: char) -> bool {
    regex_syntax::try_is_word_character(c).unwrap_or(false)
}

/// The general categories that .NET names.
const CATEGORIES: &[&str] = &[
    "L", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf",
    "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Co", "Cn",
];

/// The set that a class of the regex crates' own syntax stands for; empty where it stands for none, which
/// a test excludes for every text that this file passes.
fn property(class: &str) -> Set {
    match regex_syntax::parse(class).map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => Set(class),
        // A class of one.
        Ok(HirKind::Literal(Literal(bytes))) => {
            match str::from_utf8(&bytes).map(|text| text.chars().next()) {
                Ok(Some(c)) => Set::range(c, c),
                _ => Set::empty(),
            }
        }
        _ => Set::empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(set: &Set, members: &str, others: &str) {
        for c in members.chars() {
            assert!(set.contains(c), "{c:?} is missing");
        }
        for c in others.chars() {
            assert!(!set.contains(c), "{c:?} is in");
        }
    }

    #[test]
    fn every_category_and_block_that_dotnet_names_is_known() {
        for name in CATEGORIES {
            assert_ne!(Set::named(name), Some(Set::empty()), "{name}");
        }
        assert_eq!(Set::named("Cs"), Some(Set::empty()));
        assert_ne!(Set::named("IsGreek"), Some(Set::empty()));
        for unknown in ["", "lu", "Greek", "isGreek", "IsGREEK", "Letter", "Is", "L "] {
            assert_eq!(Set::named(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn folding_a_set_folds_its_members() {
        has(&Set::range('A', 'Z').folded(), "az", "A[");
        has(&Set::range('K', 'K').folded(), "k", "K\u{212A}");
        has(&Set::range('\u{212A}', '\u{212A}').folded(), "k", "\u{212A}");
        has(&Set::range('Α', 'Ω').folded(), "ασω", "ς");
        assert_eq!(Set::empty().folded(), Set::empty());
        has(&Set::all().folded(), "aß七", "AÄ");
    }

    #[test]
    fn l24_word_digit_and_space_mean_what_they_mean_in_dotnet() {
        has(&Set::word(), "az_09é語٣‿\u{301}", "- .@\u{903}Ⅷⓐ\u{200D}");
        has(&Set::digit(), "09٣५", "a²½Ⅷ");
        has(
            &Set::space(),
            " \t\n\r\u{B}\u{C}\u{85}\u{A0}\u{2003}\u{2028}\u{3000}",
            "\u{200B}\u{180E}\u{FEFF}a",
        );
    }

    #[test]
    fn without_case_the_cased_categories_are_one() {
        for name in ["Lu", "Ll", "Lt"] {
            has(&Set::named(name).expect(name), "aäǆ", "1ª七");
        }
        has(&Set::named("L").expect("L"), "a七ª", "1_");
    }
}
