//! Case (L22): two texts are the same when their code points are, one by one, after simple folding.

use icu_casemap::CaseMapper;

/// The code points of `text`, each folded.
pub(crate) fn folded(text: &str) -> Vec<char> {
    text.chars().map(fold).collect()
}

/// One code point, folded.
pub(crate) fn fold(c: char) -> char {
    CaseMapper::new().simple_fold(c)
}

/// Whether two texts differ in case at most.
pub(crate) fn same(a: &str, b: &str) -> bool {
    folded(a) == folded(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_simple_and_of_one_code_point_each() {
        assert!(same("\u{17f}ALES", "sales"));
        assert!(same("\u{212a}", "k"));
        assert!(same("ς", "Σ"));
        assert!(same("ẞ", "ß"));
        assert!(!same("Straße", "STRASSE"));
        assert!(!same("İ", "i"));
        assert!(!same("é", "e\u{301}"));
    }
}
