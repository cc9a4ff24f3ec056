//! Independent engines agree on random patterns and values: the automaton with the bounded engine,
//! and the bounded engine with fancy-regex on the syntax that means the same to both.

use crate::pattern::{bounded, linear, parse};

/// A generator of small, dense patterns. Deterministic; failures print the pattern.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[usize::try_from(self.below(texts.len() as u64)).expect("small")]
    }

    fn pattern(&mut self, grammar: Grammar, depth: u32) -> String {
        let mut pattern = String::new();
        for term in 0..=self.below(2) {
            if term > 0 {
                pattern.push('|');
            }
            for _ in 0..=self.below(3) {
                pattern += &self.piece(grammar, depth);
            }
        }
        pattern
    }

    fn piece(&mut self, grammar: Grammar, depth: u32) -> String {
        let kinds = if depth == 0 { 4 } else { 8 };
        let atom = match self.below(kinds) {
            0 | 1 => self.one_of(&["a", "b", "c"]).to_owned(),
            2 => self.one_of(&["[ab]", "[^a]", ".", r"\w", r"\W", "[^bc]"]).to_owned(),
            3 => self.one_of(grammar.assertions()).to_owned(),
            4 | 5 => format!("(?:{})", self.pattern(grammar, depth - 1)),
            _ => {
                let inside = self.pattern(grammar, depth - 1);
                match grammar {
                    Grammar::Regular => format!("({inside})"),
                    Grammar::Full => match self.below(8) {
                        0 => format!("(?={inside})"),
                        1 => format!("(?!{inside})"),
                        2 => format!("(?>{inside})"),
                        3 => format!("(?<={})", self.one_of(&["a", "ab", "[ab]", "a|b", "bc"])),
                        4 => format!("(?<!{})", self.one_of(&["a", "ab", "[ab]", "a|b", "bc"])),
                        5 => format!(r"({inside})\1"),
                        _ => format!("({inside})"),
                    },
                }
            }
        };
        let quantifier =
            self.one_of(&["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?"]);
        // What the dialects make of a quantified assertion is another test's matter.
        if atom.starts_with(['^', '$', '\\']) || atom.starts_with("(?") && !atom.starts_with("(?:") {
            return atom;
        }
        atom + quantifier
    }

    fn value(&mut self) -> String {
        (0..self.below(9)).map(|_| self.one_of(&["a", "a", "b", "b", "c", "-", "é"])).collect()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Grammar {
    /// What the automaton can do.
    Regular,
    /// Look-around, references and atomic groups, as fancy-regex has them.
    Full,
}

impl Grammar {
    fn assertions(self) -> &'static [&'static str] {
        match self {
            Grammar::Regular => &["^", r"\z", r"\b", r"\B", r"\A", "(?m:^)", "(?m:$)"],
            Grammar::Full => &["^", r"\z", r"\b", r"\B"],
        }
    }
}

#[test]
fn the_automaton_and_the_bounded_engine_agree() {
    let mut random = Random(0x5EED_0001);
    let mut compared = 0;
    for _ in 0..2_000 {
        let pattern = random.pattern(Grammar::Regular, 3);
        let node = parse::parse(&pattern).unwrap_or_else(|error| panic!("{pattern}: {error:?}"));
        let (Some(regex), Ok(program)) = (linear::compile(&node), bounded::compile(&node)) else { continue };
        for _ in 0..8 {
            let mut value = random.value();
            if random.below(4) == 0 {
                value.insert(0, '\n');
            }
            let Ok(found) = program.is_match(&value) else { continue };
            assert_eq!(Ok(found), regex.is_match(&value), "{pattern} in {value:?}");
            compared += 1;
        }
    }
    assert!(compared > 12_000, "{compared}");
}

#[test]
fn the_bounded_engine_agrees_with_fancy_regex() {
    let mut random = Random(0x5EED_0002);
    let mut compared = 0;
    for _ in 0..3_000 {
        let pattern = random.pattern(Grammar::Full, 3);
        let Ok(other) = fancy_regex::Regex::new(&pattern) else { continue };
        let node = parse::parse(&pattern).unwrap_or_else(|error| panic!("{pattern}: {error:?}"));
        let Ok(program) = bounded::compile(&node) else { continue };
        for _ in 0..8 {
            let value = random.value();
            let (Ok(found), Ok(expected)) = (program.is_match(&value), other.is_match(value.as_str())) else {
                continue;
            };
            assert_eq!(found, expected, "{pattern} in {value:?}");
            compared += 1;
        }
    }
    assert!(compared > 15_000, "{compared}");
}
