//! What is refused, where, and with which advice.

use super::parse;

/// `pattern` is refused; `underlined` is what the error points at, `message` and `help` are parts of what it says.
#[track_caller]
fn refuse(pattern: &str, underlined: &str, message: &str, help: &str) {
    let error = match parse(pattern) {
        Ok(node) => panic!("{pattern} is {node:?}"),
        Err(error) => error,
    };
    let span = error.span.clone().unwrap_or_else(|| panic!("{pattern}: {error:?} has no place"));
    assert_eq!(pattern.get(span), Some(underlined), "{pattern}: {error:?}");
    assert!(error.message.contains(message), "{pattern}: {error:?}");
    assert!(error.help.as_deref().unwrap_or_default().contains(help), "{pattern}: {error:?}");
    assert!(
        error.message.starts_with(|c: char| !c.is_uppercase()) && !error.message.ends_with('.'),
        "{error:?}"
    );
}

#[test]
fn parentheses_and_brackets_are_matched() {
    refuse("a(b", "(", "never closed", r"\(");
    refuse("(a(b)", "(", "never closed", "");
    refuse("a)b", ")", "closes nothing", r"\)");
    refuse("[a", "[", "never closed", r"\[");
    refuse("[]", "[", "never closed", "");
    refuse("[^]", "[", "never closed", "");
    refuse("x[a-[b]", "[", "never closed", "");
    refuse("(?#a", "(?#", "never closed", "");
    refuse("(?:a", "(", "never closed", "");
    refuse("(?(1)a", "(", "", "");
}

#[test]
fn quantifiers_have_something_before_them() {
    refuse("*@contoso.com", "*", "nothing before it", "no wildcard");
    refuse("a|+", "+", "nothing before it", r"\+");
    refuse("(?i)*", "*", "nothing before it", "");
    refuse("({2})", "{", "nothing before it", r"\{");
    refuse("a**", "*", "another quantifier", "parentheses");
    refuse("a++", "+", "another quantifier", "possessive");
    refuse("a?+b", "+", "another quantifier", "possessive");
    refuse("a{2}{3}", "{", "another quantifier", "");
    refuse("a+??", "?", "another quantifier", "");
    refuse("a{3,2}", "{3,2}", "greater", "");
    refuse("a{99999999999}", "99999999999", "too large", "");
}

#[test]
fn what_dotnet_has_not_is_named() {
    refuse("(?P<x>a)", "(?P", "unknown", "(?<name>…)");
    refuse("(?P=x)", "(?P", "unknown", r"\k<name>");
    refuse("(?|a)", "(?|", "unknown", "names");
    refuse("(?R)", "(?R", "unknown", "call");
    refuse("(?", "(?", "unknown", "");
    refuse("(?)", "(?)", "unknown", "");
    refuse("(?z)", "(?z", "unknown", "");
    refuse(r"\Qa\E", r"\Q", "means nothing", "quoting");
    refuse(r"a\y", r"\y", "means nothing", "write `y`");
    refuse(r"a\_b", r"\_", "means nothing", "write `_`");
    refuse(r"\h", r"\h", "means nothing", r"\p{Zs}");
    refuse(r"[\B]", r"\B", "means nothing", "");
    refuse(r"\x{41}", r"\x", "2 hexadecimal digits", r"\u00E9");
    refuse(r"\u12", r"\u", "4 hexadecimal digits", "");
    refuse(r"\c1", r"\c1", "letter", "");
    refuse(r"\c", r"\c", "letter", "");
    refuse("a\\", "\\", "ends with a backslash", "");
    refuse(r"\uD83D", r"\uD83D", "surrogate", "");
    refuse(r"[\uDE00]", r"\uDE00", "surrogate", "");
    refuse(r"\p{Greek}", r"\p{Greek}", "no general category", r"\p{IsGreek}");
    refuse(r"\p{Latin}", r"\p{Latin}", "no general category", r"\p{L}");
    refuse(r"\pL", r"\p", "braces", r"\p{L}");
}

#[test]
fn what_no_bounded_search_or_the_language_allows_is_refused() {
    refuse("(?<a-b>x)", "(?<a-b", "balancing", "plain group");
    refuse("(?<-b>x)", "(?<-b", "balancing", "");
    refuse("(?'a-b'x)", "(?'a-b", "balancing", "");
    refuse("(?-i)abc", "i", "heed case", "-i");
    refuse("(?m-i:abc)", "i", "heed case", "");
}

#[test]
fn groups_and_references_are_checked() {
    refuse(r"(a)\2", r"\2", "no group `2`", "");
    refuse(r"\1", r"\1", "no group `1`", "");
    refuse(r"\k<x>(?<y>a)", r"\k<x>", "no group `x`", "");
    refuse(r"\k<3>", r"\k<3>", "no group `3`", "");
    refuse(r"\kx", r"\k", "name of a group", r"\k<name>");
    refuse(r"(?<x>a)\k<x", r"\k<x", "name of a group", "");
    refuse("(?<>a)", ">", "name is letters", "(?<name>…)");
    refuse("(?<a b>c)", "a ", "name is letters", "");
    refuse("(?<0>a)", "0", "number 0", "");
    refuse("(?(3)a|b)", "3", "no group `3`", "");
    refuse("(?(1", "1", "not closed", "");
    refuse("(a)(?(1)a|b|c)", "|", "not more", "parentheses");
    refuse("(?(?#x)a)", "(?#", "comment", "");
    refuse("(?(?<x>a)b)", "(?<", "named group", "");
}

#[test]
fn classes_are_checked() {
    refuse("[z-a]", "z-a", "before it begins", "a-z");
    refuse(r"[a-\d]", r"\d", "cannot end with a set", "");
    refuse("[a-[b]c]", "[b]", "come last", "");
    refuse(r"[\d-[1]2]", "[1]", "come last", "");
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in
        [("(", ")"), ("(?:", ")"), ("(?=", ")"), ("[a-", "]"), ("(?(a)", ")"), ("(?(?=a)", ")")]
    {
        let nested = |depth: usize| format!("{}x{}", open.repeat(depth), close.repeat(depth));
        assert!(parse(&nested(49)).is_ok(), "{open}");
        let error = parse(&nested(200)).expect_err(open);
        assert!(error.message.contains("nested more than 100"), "{error:?}");
        assert!(parse(&nested(100_000)).is_err(), "{open}");
    }
}
