//! Simple Unicode case folding (CaseFolding.txt, C and S), code point by code point (L22).

use std::borrow::Cow;

/// `text` folded; borrowed where folding changes nothing.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    let mapper = icu_casemap::CaseMapper::new();
    let folded: String = text.chars().map(|c| mapper.simple_fold(c)).collect();
    if folded == text { Cow::Borrowed(text) } else { Cow::Owned(folded) }
}
