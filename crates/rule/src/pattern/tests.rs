//! What patterns match, construct by construct (L22, L24).

mod agreement;

use super::*;

/// Which engine a pattern is expected to need.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Needs {
    /// The automaton, or less.
    Linear,
    /// The bounded engine.
    Bounded,
}
use Needs::{Bounded, Linear};

/// `pattern` is found in each of `found` and in none of `missed`, by the engine that it needs and, where that is
/// another, by the bounded one.
#[track_caller]
fn check(needs: Needs, pattern: &str, found: &[&str], missed: &[&str]) {
    let compiled = Pattern::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error:?}"));
    let bounded = matches!(compiled.inner.engine, Engine::Bounded(_));
    assert_eq!(bounded, needs == Bounded, "the engine of {pattern}");
    let program =
        bounded::compile(&parse::parse(pattern).expect(pattern)).unwrap_or_else(|_| panic!("{pattern}"));
    let values = found.iter().map(|value| (value, true)).chain(missed.iter().map(|value| (value, false)));
    for (value, expected) in values {
        let value = Text::new(value);
        assert_eq!(compiled.is_match(&value), expected, "{pattern} in {value:?}");
        assert_eq!(program.is_match(value.folded()), Ok(expected), "{pattern} in {value:?}, bounded");
        if let Some(literal) = compiled.required_literal().filter(|_| expected) {
            assert!(value.folded().contains(literal), "{pattern} does not require {literal}");
        }
        let any = compiled.required_any();
        let has_one = any.iter().any(|text| value.folded().contains(&**text));
        assert!(!expected || any.is_empty() || has_one, "{pattern} requires none of {any:?}");
    }
    assert_eq!(compiled.exhausted(), 0, "{pattern}");
}

#[test]
fn l24_searches_and_is_not_anchored() {
    check(Linear, "sales", &["Sales", "Pre-Sales Team"], &["Sale", ""]);
    check(Linear, "s.les", &["sales", "presales"], &["sles"]);
    check(Linear, "", &["", "x"], &[]);
    check(Linear, "a|", &["", "x"], &[]);
    check(Linear, "^(?:Sales|Marketing)$", &["sales", "MARKETING"], &["Sales ", "x Marketing"]);
}

#[test]
fn l22_literals_classes_and_references_ignore_case() {
    check(Linear, "Größe", &["GRÖSSE größe", "größe"], &["GROSSE", "gro\u{308}ße"]);
    check(Linear, "straße", &["STRAẞE"], &["STRASSE"]);
    check(Linear, "kelvin", &["\u{212A}elvin"], &[]);
    check(Linear, "^\u{212A}$", &["k", "K"], &["x"]);
    check(Linear, "^[A-Z]+$", &["abc", "ABC", "\u{212A}"], &["ab1", "ä"]);
    check(Linear, "^[^a-z]+$", &["123", "Ä"], &["A", "a", "\u{17F}"]);
    check(Linear, "^[Σ]$", &["σ", "ς", "Σ"], &["s"]);
    check(Linear, "^(?i:abc)$", &["ABC"], &[]);
    check(Linear, "(?i)abc", &["ABC"], &[]);
    check(Bounded, r"^(a+b)\1$", &["abAB", "AABaab"], &["abaab"]);
    check(Bounded, r"^(?<x>ς)\k<x>$", &["ΣΣ", "ςσ"], &["ς"]);
    check(Linear, r"^\p{Lu}+$", &["abc", "ABC"], &["123", "七"]);
    check(Linear, r"^\P{Lu}+$", &["123", "七"], &["abc", "ABC"]);
    check(Linear, r"^\x41\u0042\103$", &["abc", "ABC"], &[]);
}

#[test]
fn l24_the_dot_takes_anything_but_a_line_feed() {
    check(Linear, "^a.b$", &["axb", "a\rb", "a\u{2028}b", "a😀b"], &["a\nb", "ab"]);
    check(Linear, "(?s)^a.b$", &["a\nb"], &[]);
    check(Linear, "(?s:a.)b.c", &["a\nbxc"], &["a\nb\nc"]);
    check(Linear, "(?s)a.(?-s)b.c", &["a\nbxc"], &["a\nb\nc"]);
}

#[test]
fn l24_anchors_are_the_ends_of_the_text_and_dollar_also_before_a_final_line_feed() {
    check(Linear, "^b", &["b", "bc"], &["ab", "a\nb"]);
    check(Linear, "b$", &["ab", "ab\n"], &["ab\n\n", "b\nc", "ab\r\n"]);
    check(Linear, r"b\Z", &["ab", "ab\n"], &["ab\n\n"]);
    check(Linear, r"b\z", &["ab"], &["ab\n"]);
    check(Linear, r"b.*\z", &["abc"], &["ab\n"]);
    check(Linear, r"\Ab", &["b"], &["ab", "a\nb"]);
    check(Linear, r"\Gb", &["b"], &["ab"]);
    check(Linear, "[ab]$|c$", &["b\n", "c\n", "c"], &["cd"]);
    check(Linear, "x|(?:a[bc]$)?", &["b\n"], &[]);
    check(Bounded, "b$\n", &["b\n"], &["b", "b\n\n"]);
    check(Bounded, "(?:b$)+c?", &["b", "b\n"], &["bb\n\n"]);
    check(Bounded, "^$.", &[], &["", "\n", "x"]);
    check(Linear, "(?m)^b$", &["a\nb\nc", "b", "b\n"], &["ab\nbc", "b\r\n"]);
    check(Linear, r"(?m)\Ab\z", &["b"], &["a\nb", "b\n"]);
}

#[test]
fn l24_quantified_anchors_are_accepted() {
    check(Linear, "^*b", &["ab"], &["a"]);
    check(Linear, "^+b", &["b"], &["ab"]);
    check(Linear, "[ab]$+", &["b", "b\n"], &["bc"]);
    check(Linear, "b$?c", &["bc"], &["b"]);
    check(Linear, r"\b?[ab]", &["xb"], &["x"]);
    check(Linear, r"(?:^){2,3}[ab]", &["b"], &["xb"]);
    check(Linear, r"(?:^|x){0,3}[ab]{2}", &["xxab"], &["a"]);
}

#[test]
fn l24_word_boundaries_and_shorthands_are_unicode() {
    check(Linear, r"\bcat\b", &["cat", "the CAT sat", "cat-like"], &["cats", "chat", "écat"]);
    check(Linear, r"\Bcat", &["bobcat"], &["cat"]);
    check(Linear, r"^\w+$", &["abc_1", "Ærøskøbing", "東京", "٣"], &["a-b", "a b", "Ⅷ", ""]);
    check(Linear, r"^\W$", &["-", " ", "Ⅷ"], &["a", "_"]);
    check(Linear, r"^\d{3}$", &["123", "٣٤٥"], &["12", "1234", "²³¹"]);
    check(Linear, r"^\D$", &["a"], &["1"]);
    check(Linear, r"a\sb", &["a b", "a\u{A0}b", "a\tb", "a\u{3000}b"], &["ab", "a\u{200B}b"]);
    check(Linear, r"^[\d\s]+$", &["1 2"], &["a"]);
    check(Linear, r"^[^\W\d]+$", &["abc"], &["a1", "-"]);
    check(Linear, r"^[\W\d]+$", &["-1"], &["a"]);
    check(Linear, r"^\p{IsGreek}+$", &["ΩΨ", "ωψ"], &["ab"]);
    check(Linear, r"^\p{IsBasicLatin}+$", &["Abc~"], &["é"]);
    check(Linear, r"^[\p{L}-]+$", &["Jean-Luc", "Ἀθηνᾶ"], &["a b"]);
    check(Linear, r"^\P{IsCyrillic}+$", &["abc"], &["Ж", "ж"]);
    check(Linear, r"^\p{Cs}|\p{IsLowSurrogates}$", &[], &["a", "😀"]);
}

#[test]
fn l24_classes_are_those_of_dotnet() {
    // Subtraction, nested and negated.
    check(Linear, "^[a-z-[aeiou]]+$", &["xyz", "XYZ"], &["xaz", "A"]);
    check(Linear, "^[a-z-[d-w-[m-o]]]+$", &["abcmnoxyz"], &["d", "l", "p", "w"]);
    check(Linear, "^[^0-9-[x]]$", &["a"], &["x", "X", "5"]);
    check(Linear, "^[^a-[b]]$", &["c"], &["a", "b"]);
    check(Linear, "^[a-z-[^m-p]]$", &["m", "P"], &["a"]);
    check(Linear, "^[\\w-[\\d_]]+$", &["abc"], &["a1", "_"]);
    // What other dialects take for set operations is so many characters.
    check(Linear, "^[a&&b]+$", &["a&b"], &["c"]);
    check(Linear, "^[a~~b]+$", &["a~b"], &["c"]);
    check(Linear, "^[+--]+$", &["+,-"], &["."]);
    check(Linear, "^[a||b]+$", &["a|b"], &["c"]);
    check(Linear, "^[[:alpha:]]+$", &["a]", ":]]"], &["b]", "a"]);
    check(Linear, "^[a-c[]$", &["[", "b"], &["]"]);
    check(Linear, "[[]ZTDId]", &["[ZTDID]:123"], &["ZTDId"]);
    // The first bracket, the last hyphen, the caret elsewhere.
    check(Linear, "^[]a]+$", &["]a"], &["[", "b"]);
    check(Linear, "^[^]a]$", &["b"], &["]", "a"]);
    check(Linear, "^[a-]+$", &["a-"], &["b"]);
    check(Linear, "^[-a]+$", &["a-"], &["b"]);
    check(Linear, r"^[a\-z]+$", &["a-z"], &["b"]);
    check(Linear, r"^[+-\-]+$", &["+,-"], &["."]);
    check(Linear, r"^[\d-z]+$", &["1-z"], &["a"]);
    check(Linear, "^[a^]+$", &["a^"], &["b"]);
    check(Linear, r"^[.*+?$({|]+$", &[".*+?$({|"], &["a", ")"]);
    check(Linear, "(?x) ^[a b#]+$", &["a b#"], &["c"]);
    check(Linear, r"^[\b]$", &["\u{8}"], &["b"]);
    check(Linear, r"^[\]\[\\]+$", &[r"[\]"], &["/"]);
    check(Linear, "^[😀-😂]$", &["😁"], &["😃"]);
    check(Linear, r"^[\uD83D\uDE00-\uD83D\uDE02]$", &["😁"], &["😃"]);
}

#[test]
fn l24_escapes_are_those_of_dotnet() {
    check(Linear, r"^\a\e\f\n\r\t\v$", &["\u{7}\u{1B}\u{C}\n\r\t\u{B}"], &[]);
    check(Linear, r"^\cA\ca\c[\c_$", &["\u{1}\u{1}\u{1B}\u{1F}"], &[]);
    check(Linear, r"^\0\07\101\1011$", &["\0\u{7}AA1"], &[]);
    check(Linear, r"^\400$", &["\0"], &[]); // 256: the low eight bits
    check(Linear, r"^\10$", &["\u{8}"], &[]); // no tenth group
    check(Linear, r"^\x2E\u002e$", &[".."], &["ab"]);
    check(Linear, r"^\uD83D\uDE00$", &["😀"], &[]);
    check(Linear, r"^\.\*\+\?\(\)\[\]\{\}\|\^\$\\\/\-\#\ \@$", &[r".*+?()[]{}|^$\/-# @"], &[]);
    check(Linear, r"^\<\'$", &["<'"], &[]);
}

#[test]
fn l24_quantifiers_are_those_of_dotnet() {
    check(Linear, "^a{2}$", &["aa"], &["a", "aaa"]);
    check(Linear, "^a{2,}$", &["aa", "aaa"], &["a"]);
    check(Linear, "^a{1,2}$", &["a", "aa"], &["", "aaa"]);
    check(Linear, "^a{0}b$", &["b"], &["ab"]);
    check(Linear, "^a+?b*?c??$", &["ab", "aabbc"], &["b"]);
    check(Linear, "^a{1,2}?b$", &["ab", "aab"], &["aaab"]);
    // A brace that opens no quantifier is itself.
    check(Linear, "^a{,2}$", &["a{,2}"], &["a", "aa"]);
    check(Linear, "^a{}{x}{1$", &["a{}{x}{1"], &[]);
    check(Linear, "^{a}$", &["{a}"], &[]);
    check(Linear, "^a{ 1}$", &["a{ 1}"], &["a"]);
    check(Linear, "^]}$", &["]}"], &[]);
    check(Linear, r"^\{[0-9a-f]{8}\}$", &["{0123abcd}"], &["0123abcd"]);
    check(Linear, "^(?:a{2}){3}$", &["aaaaaa"], &["aaaaa"]);
    check(Bounded, "^(?=a)*b(?=c)+", &["bc"], &["b"]);
}

#[test]
fn l24_groups_flags_and_comments() {
    check(Linear, "^(?<first>a)(?'second'b)(c)(?:d)$", &["abcd"], &["abc"]);
    check(Linear, "^a(?#comment [)b$", &["ab"], &[]);
    check(Linear, "^a(?#between)+$", &["aaa"], &[]);
    check(Linear, "(?x) ^ a b # comment )\n c $", &["abc"], &["a b"]);
    check(Linear, "(?x)^a\\ b\\#$", &["a b#"], &[]);
    check(Linear, "(?x)^a +$", &["aaa"], &["a "]);
    check(Linear, "(?x: a b )c d", &["abc d"], &["abcd"]);
    check(Linear, "^(?x)a b(?-x) c$", &["ab c"], &["abc"]);
    check(Linear, "^(a(?s)b.)c.d$", &["ab\ncxd"], &["ab\nc\nd"]);
    check(Linear, "^a(?:(?m)b|^c)", &["ab", "ab\nc"], &["x\nc"]);
    check(Linear, "(?ims-nx:^a.$)", &["b\na\n"], &["b"]);
    check(Linear, "(?+i)a", &["A"], &[]);
    check(Linear, "()a|()", &[""], &[]);
}

#[test]
fn l24_references_go_by_number_and_name() {
    check(Bounded, r"^(a|b)\1$", &["aa", "bb"], &["ab"]);
    check(Bounded, r"^(?<x>a|b)\k<x>\k'x'\<x>$", &["aaaa"], &["aaab"]);
    check(Bounded, r"^(?<x>a|b)\1$", &["aa"], &["ab"]);
    // Unnamed groups are numbered first.
    check(Bounded, r"^(?<x>a)(b)\1$", &["abb"], &["aba"]);
    check(Bounded, r"^(?<x>a)(b)\2$", &["aba"], &["abb"]);
    check(Bounded, r"^(?<7>a)\7\k<7>$", &["aaa"], &["aa"]);
    check(Bounded, r"^(?n)(a)(?<x>b)\1$", &["abb"], &["aba"]);
    check(Bounded, r"^(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\10$", &["abcdefghijJ"], &["abcdefghij\u{8}"]);
    // A group that has not matched is no empty text.
    check(Bounded, r"^(a)?\1b$", &["aab"], &["b", "ab"]);
    check(Bounded, r"\1(a)", &[], &["a", "aa"]);
    check(Bounded, r"^(?:\1a|(b))+$", &["bba"], &["ba"]);
    check(Bounded, r"\k<0>a", &[], &["a", "aa"]);
    // It keeps its last text.
    check(Bounded, r"^(?:(a|b)x)+\1$", &["axbxb"], &["axbxa"]);
    check(Bounded, r"^(?<x>a)(?<x>b)\k<x>$", &["abb"], &["aba"]);
}

#[test]
fn l24_look_around_of_any_length() {
    check(Bounded, "^(?!.*test).*@contoso", &["ann@contoso.com"], &["TestUser@contoso.com"]);
    check(Bounded, r"^(?=.*\d)(?=.*[a-z]).{4,}$", &["abc1"], &["abcd", "1234", "a1"]);
    check(Bounded, "a(?=b)", &["ab"], &["ac"]);
    check(Bounded, "a(?!b)", &["ac", "a"], &["ab"]);
    check(Bounded, "(?<=a)b", &["ab"], &["cb", "b"]);
    check(Bounded, "(?<!a)b", &["cb", "b"], &["ab"]);
    check(Bounded, r"(?<=^x+\s*)b", &["xxx  b"], &["y b"]);
    check(Bounded, "(?<!^.*x.*)b", &["ab"], &["axb", "xb"]);
    check(Bounded, "(?<=(?=ab)a)b", &["ab"], &["b"]);
    // Behind, the last part is read first; a group is filled from the right.
    check(Bounded, r"(?<=([ab]+)([bc]+))$", &["abc"], &["d"]);
    check(Bounded, r"^abc(?<=(a|b|c|ab|bc)+)\1", &["abca"], &["abcc", "abcb"]);
    check(Bounded, r"(?<=\1(a))b", &["aab"], &["ab"]);
    // What a positive look-ahead captured stays.
    check(Bounded, r"^(?=(a+))a\1b?$", &[], &["ab", "aa"]);
    check(Bounded, r"^(?=(a))ab\1$", &["aba"], &["abb"]);
    check(Bounded, r"^(?!(a)b)\1?a$", &["a"], &["ab"]);
}

#[test]
fn l24_atomic_groups_and_conditions() {
    check(Bounded, "^(?>a+)b$", &["aab"], &["aa"]);
    check(Bounded, "^(?>a|ab)c$", &["ac"], &["abc"]);
    check(Bounded, "^(?>a*)a$", &[], &["aaa"]);
    check(Bounded, r"^(a)?(?(1)b|c)$", &["ab", "c"], &["ac", "b"]);
    check(Bounded, r"^(?<x>a)?(?(x)b|c)$", &["ab", "c"], &["ac", "b"]);
    check(Bounded, r"^(a)?(?(1)b)$", &["ab", ""], &["a", "b"]);
    check(Bounded, r"^(?(?=a)ab|cd)$", &["ab", "cd"], &["ad", "cb"]);
    check(Bounded, r"^(?(?!a)cd|ab)$", &["ab", "cd"], &["ad"]);
    check(Bounded, r"^(?(\d)1|x)$", &["1", "x"], &["2"]);
    check(Bounded, r"^(?(no)no|x)$", &["no", "x"], &["yes"]); // no such group: a pattern
    check(Bounded, r"^.(?(?<=a)b|c)$", &["ab", "xc"], &["ac", "xb"]);
    check(Bounded, r"^((?(a)a|b)c)+$", &["acbc"], &["c"]);
}

#[test]
fn l24_no_pattern_and_no_value_can_stall_a_search() {
    let long = "a".repeat(50_000);
    for pattern in [
        r"^(?=(a+)+$)b",
        r"(a*)*\1b",
        r"^(?!(a|aa)+$)",
        r"(?<=(a+)+)b",
        r"(.*)(.*)(.*)(.*)\1\2\3\4x",
        r"(?:(?=a)){1000}c",
        r"(?>(a|b|ab)*)*c(?=x)",
        r"(?=((?:a?){1000}){10}b)",
        r"(a+)\1{30}b",
        r"^(a+)+(a+)+(a+)+$(?!a).",
        r"(\w{1,60}){1,60}!",
    ] {
        let pattern = Pattern::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error:?}"));
        for value in [&long[..40], &long[..3_000], &long] {
            // Unbounded, this would take hours, or all memory.
            assert!(!pattern.is_match(&Text::new(value)), "{}", pattern.text());
        }
    }
}

#[test]
fn l24_reaching_the_limit_is_no_match_and_is_counted() {
    let pattern = Pattern::compile(r"^(?=(a|aa)+$)a*b?$").expect("compiles");
    let copy = pattern.clone();
    assert!(!pattern.is_match(&Text::new(&format!("{}!", "a".repeat(60)))));
    assert_eq!((pattern.exhausted(), copy.exhausted()), (1, 1));
    assert!(copy.is_match(&Text::new("aaaa")));
    assert_eq!(copy.exhausted(), 1);
    // The automaton is bounded too, by the length of the value.
    let pattern = Pattern::compile(r"[ab]*a[ab]{1501}end").expect("compiles");
    let value = |length: usize| Text::new(&format!("{}end", "ab".repeat(length)));
    assert!(pattern.is_match(&value(1_000)));
    assert_eq!(pattern.exhausted(), 0);
    assert!(!pattern.is_match(&value(100_000)));
    assert_eq!(pattern.exhausted(), 1);
    // What lacks a required text is no match without a search.
    assert!(!pattern.is_match(&Text::new(&"ab".repeat(100_000))));
    assert_eq!(pattern.exhausted(), 1);
}

#[test]
fn l24_patterns_that_grow_too_large_are_refused_at_once() {
    for pattern in [
        "(?:(?:a{1,9999}){1,9999}){1,9999}",
        r"(?:\w{1,9999}){1,9999}",
        r"(?=(?:(?:a{1,9999}){1,9999}){1,9999})",
        r"((((((((((a{100}){100}){100}){100}){100}){100}){100}){100}){100}){100})\1",
        "(?:(?:(?=)){99999}){99999}",
    ] {
        let error = Pattern::compile(pattern).err().unwrap_or_else(|| panic!("{pattern} compiles"));
        assert!(error.message.contains("too large"), "{pattern}: {error:?}");
    }
    // One count alone is fine.
    check(Linear, "^a{1,999}$", &["a", "aaa"], &["b"]);
    check(Bounded, "^a{1,9999}$", &["a", "aaa"], &["b"]);
    check(Bounded, r"^\w{1,64}@contoso\.com$", &["ann@contoso.com"], &["@contoso.com"]);
}

#[test]
fn plain_patterns_are_told_apart() {
    let check = |pattern: &str, plain: Option<Plain<'_>>| {
        assert_eq!(Pattern::compile(pattern).expect(pattern).plain(), plain, "{pattern}");
    };
    check("Sales", Some(Plain::Contains("sales")));
    check("^Sales.*", Some(Plain::StartsWith("sales")));
    check(r"\.com$", Some(Plain::EndsWith(".com")));
    check("^Sales$", Some(Plain::Equals("sales")));
    check("^Sal[ei]s$", None);
}

#[test]
fn patterns_are_equal_when_their_texts_are() {
    let compile = |text: &str| Pattern::compile(text).expect(text);
    assert_eq!(compile("a+"), compile("a+"));
    assert_ne!(compile("a+"), compile("A+"));
    assert_eq!(compile("a+").text(), "a+");
}
