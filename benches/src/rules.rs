//! Rules over a synthetic organisation: half conjunctions of equalities, the rest with `-or`, `-not`,
//! prefixes, suffixes, substrings and patterns. Each selects about the share of users it is asked to.

use crate::organisation::SharedAttribute;
use crate::random::Random;

/// Which share of the users a rule may select: on average 0.3 %, so that a user is in about 42 groups
/// of 15,000.
const SHARES: std::ops::Range<f64> = 0.0003..0.015;
const ATTEMPTS: usize = 200;

/// One comparison, as text, and its share of the users.
struct Term {
    text: String,
    share: f64,
}

/// The text of a rule.
pub fn rule(attributes: &[SharedAttribute], random: &mut Random) -> String {
    let mut last = String::new();
    for _ in 0..ATTEMPTS {
        let candidate = candidate(attributes, random);
        if SHARES.contains(&candidate.share) {
            return candidate.text;
        }
        last = candidate.text;
    }
    last
}

fn candidate(attributes: &[SharedAttribute], random: &mut Random) -> Term {
    match random.below(100) {
        0..50 => {
            let count = 1 + random.below(4);
            let terms = (0..count).map(|_| equality(attributes, random)).collect();
            all(terms)
        }
        50..60 => {
            let either = any(vec![equality(attributes, random), equality(attributes, random)]);
            all(vec![either, equality(attributes, random)])
        }
        60..70 => {
            let not = negation(equality(attributes, random));
            all(vec![not, equality(attributes, random), equality(attributes, random)])
        }
        70..78 => all(vec![text(attributes, random, Kind::Prefix), equality(attributes, random)]),
        78..85 => all(vec![text(attributes, random, Kind::Suffix), equality(attributes, random)]),
        85..95 => all(vec![text(attributes, random, Kind::Substring), equality(attributes, random)]),
        _ => all(vec![text(attributes, random, Kind::Pattern), equality(attributes, random)]),
    }
}

fn equality(attributes: &[SharedAttribute], random: &mut Random) -> Term {
    let Some(attribute) = attributes.get(random.below(attributes.len())) else {
        return Term { text: "user.accountEnabled -eq true".into(), share: 0.9 };
    };
    let name = attribute.name;
    let mut value = || attribute.values.get(random.below(attribute.values.len())).map_or("", String::as_str);
    let (first, second, third) = (value(), value(), value());
    if random.chance(0.3) {
        let share =
            attribute.share(|value| value.is_some_and(|value| [first, second, third].contains(&value)));
        return Term { text: format!("user.{name} -in [\"{first}\", \"{second}\", \"{third}\"]"), share };
    }
    Term {
        text: format!("user.{name} -eq \"{first}\""),
        share: attribute.share(|value| value == Some(first)),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Prefix,
    Suffix,
    Substring,
    Pattern,
}

fn text(attributes: &[SharedAttribute], random: &mut Random, kind: Kind) -> Term {
    let attribute = attributes.get(random.below(attributes.len()));
    let Some((attribute, value)) =
        attribute.and_then(|a| Some((a, a.values.get(random.below(a.values.len()))?)))
    else {
        return Term { text: "user.accountEnabled -eq true".into(), share: 0.9 };
    };
    let name = attribute.name;
    let words: Vec<&str> = value.split(' ').collect();
    let word = words.get(random.below(words.len())).copied().unwrap_or_default();
    let has = |test: &dyn Fn(&str) -> bool| attribute.share(|value| value.is_some_and(test));
    match kind {
        Kind::Prefix => {
            let prefix = value.get(..value.len().min(3 + random.below(8))).unwrap_or(value);
            Term {
                text: format!("user.{name} -startsWith \"{prefix}\""),
                share: has(&|v| v.starts_with(prefix)),
            }
        }
        Kind::Suffix => {
            let suffix = value.get(value.len().saturating_sub(3 + random.below(6))..).unwrap_or(value);
            Term { text: format!("user.{name} -endsWith \"{suffix}\""), share: has(&|v| v.ends_with(suffix)) }
        }
        Kind::Substring => {
            Term { text: format!("user.{name} -contains \"{word}\""), share: has(&|v| v.contains(word)) }
        }
        Kind::Pattern => Term {
            text: format!("user.{name} -match \"^{word}.*[a-z]$\""),
            share: has(&|v| v.starts_with(word) && v.ends_with(|last: char| last.is_ascii_alphabetic())),
        },
    }
}

fn all(terms: Vec<Term>) -> Term {
    join(&terms, " -and ", terms.iter().map(|term| term.share).product())
}

fn any(terms: Vec<Term>) -> Term {
    let none: f64 = terms.iter().map(|term| 1.0 - term.share).product();
    let joined = join(&terms, " -or ", 1.0 - none);
    Term { text: format!("({})", joined.text), share: joined.share }
}

fn negation(term: Term) -> Term {
    Term { text: format!("-not ({})", term.text), share: 1.0 - term.share }
}

fn join(terms: &[Term], operator: &str, share: f64) -> Term {
    let texts: Vec<String> = match terms {
        [one] => vec![one.text.clone()],
        many => many.iter().map(|term| format!("({})", term.text)).collect(),
    };
    Term { text: texts.join(operator), share }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organisation::shared_attributes;

    #[test]
    fn equal_seeds_make_equal_rules() {
        let attributes = shared_attributes();
        let rules = |seed| {
            let mut random = Random::new(seed);
            (0..100).map(|_| rule(&attributes, &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(rules(7), rules(7));
        assert_ne!(rules(7), rules(8));
    }
}
