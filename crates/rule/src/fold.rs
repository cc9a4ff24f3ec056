//! Simple Unicode case folding (CaseFolding.txt, C and S), code point by code point (L22).
//!
//! Folding never changes how many code points a text has, and folding twice is folding once. No
//! normalisation, no trimming, no locale: what looks alike but folds apart stays apart.

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use std::borrow::Cow;
use std::sync::LazyLock;

const MAPPER: CaseMapperBorrowed<'static> = CaseMapper::new();

/// `text` folded; borrowed where folding changes nothing.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let Some((changed, _)) = text.char_indices().find(|&(_, c)| fold_char(c) != c) else {
        return Cow::Borrowed(text);
    };
    let (same, rest) = text.split_at(changed);
    let mut folded = String::with_capacity(text.len());
    folded.push_str(same);
    folded.extend(rest.chars().map(fold_char));
    Cow::Owned(folded)
}

/// One code point folded.
#[must_use]
pub fn fold_char(c: char) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { MAPPER.simple_fold(c) }
}

/// Every code point that folding changes, with what it becomes; sorted by the former.
pub(crate) fn changed_by_folding() -> &'static [(char, char)] {
    static CHANGED: LazyLock<Box<[(char, char)]>> = LazyLock::new(|| {
        ('\0'..=LAST_CASED).map(|c| (c, fold_char(c))).filter(|(c, folded)| c != folded).collect()
    });
    &CHANGED
}

/// No code point after this one has case. (Unicode keeps scripts with case below it; a test looks.)
const LAST_CASED: char = '\u{1FFFF}';

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, folded: &str) {
        assert_eq!(fold(given), folded, "{given:?}");
    }

    #[test]
    fn l22_folds_by_the_c_and_s_lines_of_casefolding() {
        check("Sales", "sales");
        check("ÄÖÜ", "äöü");
        check("Kelvin \u{212A}", "kelvin k"); // KELVIN SIGN
        check("\u{212B}", "å"); // ANGSTROM SIGN
        check("Me\u{17F}", "mes"); // LATIN SMALL LETTER LONG S
        check("ΣΊΣΥΦΟΣ ς", "σίσυφοσ σ"); // final sigma
        check("\u{1E9E}", "ß"); // the capital sharp s folds to the small one, not to ss
        check("ǅ", "ǆ"); // a title-case digraph
        check("µ", "μ"); // MICRO SIGN to GREEK SMALL LETTER MU
        check("\u{345}", "ι"); // COMBINING GREEK YPOGEGRAMMENI
        check("\u{AB70}\u{13F8}", "\u{13A0}\u{13F0}"); // Cherokee folds to capitals
        check("ᲀ", "в"); // CYRILLIC SMALL LETTER ROUNDED VE
        check("\u{10400}", "\u{10428}"); // Deseret, beyond the basic plane
        check("Ⓐ Ⅷ", "ⓐ ⅷ"); // symbols and numerals with case
        check("ᾈ", "ᾀ"); // S, where F would expand
    }

    #[test]
    fn l22_leaves_apart_what_only_full_folding_normalisation_or_a_locale_would_join() {
        check("ß", "ß");
        assert_ne!(fold("STRASSE"), fold("straße"));
        check("İ", "İ");
        check("ı", "ı");
        check("ﬁ", "ﬁ");
        assert_ne!(fold("\u{E9}"), fold("e\u{301}"));
        check("  Sales\t", "  sales\t");
    }

    #[test]
    fn borrows_where_nothing_changes() {
        for unchanged in ["", "sales", "größe", "部門 7"] {
            assert!(matches!(fold(unchanged), Cow::Borrowed(_)), "{unchanged:?}");
        }
    }

    #[test]
    fn folding_is_idempotent_and_ends_before_the_last_cased_code_point() {
        for c in '\0'..=char::MAX {
            let folded = fold_char(c);
            assert_eq!(fold_char(folded), folded, "{c:?}");
            assert!(c <= LAST_CASED || folded == c, "{c:?} has case");
        }
        assert!(changed_by_folding().len() > 1_400);
    }
}
