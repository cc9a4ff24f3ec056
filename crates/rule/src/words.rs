//! The words of the language, and the words of other languages that people write instead.

use crate::spelling;
use crate::tree::Operator;

/// A word that stands for an operator, with its hyphen or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Compare(Operator),
    And,
    Or,
    Not,
    Any,
    All,
    Plus,
    Minus,
}

/// Every operator word, the most usual first.
const WORDS: [Word; 23] = [
    Word::Compare(Operator::Eq),
    Word::And,
    Word::Or,
    Word::Compare(Operator::Ne),
    Word::Not,
    Word::Compare(Operator::StartsWith),
    Word::Compare(Operator::Contains),
    Word::Compare(Operator::In),
    Word::Any,
    Word::Compare(Operator::Match),
    Word::Compare(Operator::EndsWith),
    Word::Compare(Operator::NotStartsWith),
    Word::Compare(Operator::NotEndsWith),
    Word::Compare(Operator::NotContains),
    Word::Compare(Operator::NotMatch),
    Word::Compare(Operator::NotIn),
    Word::Compare(Operator::Le),
    Word::Compare(Operator::Ge),
    Word::Compare(Operator::Lt),
    Word::Compare(Operator::Gt),
    Word::All,
    Word::Plus,
    Word::Minus,
];

impl Word {
    /// The operator that `letters` (no hyphen, any ASCII case) spells.
    pub(crate) fn find(letters: &str) -> Option<Word> {
        if letters.len() > "notStartsWith".len() {
            return None;
        }
        WORDS.into_iter().find(|word| word.letters().eq_ignore_ascii_case(letters))
    }

    /// Its canonical spelling, with the hyphen.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Word::Compare(operator) => operator.as_str(),
            Word::And => "-and",
            Word::Or => "-or",
            Word::Not => "-not",
            Word::Any => "-any",
            Word::All => "-all",
            Word::Plus => "-plus",
            Word::Minus => "-minus",
        }
    }

    /// The canonical spelling without the hyphen.
    const fn letters(self) -> &'static str {
        match self.as_str().split_at_checked(1) {
            Some((_hyphen, letters)) => letters,
            None => "",
        }
    }
}

/// What was meant by a word, or a sign, that is no operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    /// This one.
    Word(Word),
    /// That there is no value.
    Absent,
    /// That there is one.
    Present,
    /// A comparison with wildcards; which operator depends on where they stand.
    Like,
    /// The negation of that.
    NotLike,
}

/// What is meant by `other`: an operator of another language, letters joined, or a sign.
pub(crate) fn meant(other: &str) -> Option<Meant> {
    use Operator::{Contains, EndsWith, Eq, Ge, Gt, In, Le, Lt, Match, Ne};
    use Operator::{NotContains, NotEndsWith, NotIn, NotMatch, NotStartsWith, StartsWith};
    let compare = |operator| Some(Meant::Word(Word::Compare(operator)));
    match other.to_ascii_lowercase().as_str() {
        "=" | "==" | "===" | "equal" | "equals" | "equalto" | "equalsto" | "isequalto" | "is" | "ceq"
        | "ieq" => compare(Eq),
        "!=" | "<>" | "!==" | "notequal" | "notequals" | "notequalto" | "isnot" | "isnotequalto" | "neq"
        | "noteq" | "doesnotequal" | "cne" | "ine" | "isnt" => compare(Ne),
        "beginswith" | "begins" | "beginwith" | "startwith" | "starts" | "start" | "isprefix"
        | "hasprefix" => compare(StartsWith),
        "notbeginswith" | "doesnotstartwith" | "doesnotbeginwith" | "notstartwith" => compare(NotStartsWith),
        "endwith" | "ends" | "end" | "hassuffix" => compare(EndsWith),
        "notendwith" | "doesnotendwith" => compare(NotEndsWith),
        "contain" | "includes" | "include" | "has" | "ccontains" | "icontains" => compare(Contains),
        "notcontain" | "doesnotcontain" | "notincludes" | "cnotcontains" | "inotcontains" => {
            compare(NotContains)
        }
        "matches" | "regex" | "regexp" | "cmatch" | "imatch" | "rlike" | "=~" => compare(Match),
        "notmatches" | "doesnotmatch" | "cnotmatch" | "inotmatch" | "!~" => compare(NotMatch),
        "isin" | "oneof" | "anyof" | "isoneof" | "cin" | "iin" => compare(In),
        "nin" | "isnotin" | "noneof" => compare(NotIn),
        "<=" | "=<" | "lte" | "leq" | "lessorequal" | "lessthanorequal" | "lessthanorequals" => compare(Le),
        ">=" | "=>" | "gte" | "geq" | "greaterorequal" | "greaterthanorequal" | "greaterthanorequals" => {
            compare(Ge)
        }
        "<" | "less" | "lessthan" | "before" => compare(Lt),
        ">" | "greater" | "greaterthan" | "after" => compare(Gt),
        "isnull" | "isempty" | "isblank" | "isnothing" | "notexists" | "isnullorempty" | "isnotset" => {
            Some(Meant::Absent)
        }
        "isnotnull" | "isnotempty" | "exists" | "ispresent" | "isset" | "isnotblank" => Some(Meant::Present),
        "like" | "ilike" | "clike" => Some(Meant::Like),
        "notlike" | "inotlike" | "cnotlike" => Some(Meant::NotLike),
        "!" => Some(Meant::Word(Word::Not)),
        "&" | "&&" => Some(Meant::Word(Word::And)),
        "|" | "||" => Some(Meant::Word(Word::Or)),
        "+" => Some(Meant::Word(Word::Plus)),
        "-" => Some(Meant::Word(Word::Minus)),
        _ => None,
    }
}

/// The operator whose spelling is closest to `letters`, where one is close.
pub(crate) fn closest(letters: &str) -> Option<Word> {
    let candidates = WORDS.iter().map(|word| word.letters());
    spelling::closest(letters, candidates).first().and_then(|letters| Word::find(letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case() {
        for word in WORDS {
            assert_eq!(Word::find(word.letters()), Some(word));
            assert_eq!(Word::find(&word.letters().to_uppercase()), Some(word));
        }
        assert_eq!(Word::find("equals"), None);
        assert_eq!(Word::find(""), None);
    }

    #[test]
    fn no_foreign_word_is_one_of_ours() {
        for word in WORDS {
            assert_eq!(meant(word.letters()), None);
        }
        assert_eq!(meant("Equals"), Some(Meant::Word(Word::Compare(Operator::Eq))));
        assert_eq!(closest("startWith"), Some(Word::Compare(Operator::StartsWith)));
        assert_eq!(closest("cotnains"), Some(Word::Compare(Operator::Contains)));
        assert_eq!(closest("banana"), None);
    }
}
