//! A rule's formula as an OR of conjuncts, each an AND of literals.

use crate::{Formula, PredicateId};

/// Past so many conjuncts a formula is kept as it is: the rule is *general*.
pub(super) const MAX_CONJUNCTS: usize = 32;

/// A predicate, or its negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal {
    pub(super) predicate: PredicateId,
    pub(super) negated: bool,
}

/// Literals that must all hold: sorted, each once, none beside its own negation.
pub(super) type Conjunct = Vec<Literal>;

/// The conjuncts of which one at least must hold; `None` where there would be more than
/// [`MAX_CONJUNCTS`]. No conjunct at all: the formula is never true.
pub(super) fn conjuncts(formula: &Formula) -> Option<Vec<Conjunct>> {
    expand(formula, Polarity::Positive)
}

#[derive(Clone, Copy, PartialEq)]
enum Polarity {
    Positive,
    Negative,
}

impl Polarity {
    fn flipped(self) -> Polarity {
        match self {
            Polarity::Positive => Polarity::Negative,
            Polarity::Negative => Polarity::Positive,
        }
    }
}

fn expand(formula: &Formula, polarity: Polarity) -> Option<Vec<Conjunct>> {
    match (formula, polarity) {
        (Formula::Literal { predicate, negated }, _) => {
            let negated = *negated != (polarity == Polarity::Negative);
            Some(vec![vec![Literal { predicate: *predicate, negated }]])
        }
        (Formula::Not(term), _) => expand(term, polarity.flipped()),
        (Formula::Any(terms), Polarity::Positive) | (Formula::All(terms), Polarity::Negative) => {
            let mut sum = Vec::new();
            for term in terms {
                sum.extend(expand(term, polarity)?);
                if sum.len() > MAX_CONJUNCTS {
                    return None;
                }
            }
            Some(sum)
        }
        (Formula::All(terms), Polarity::Positive) | (Formula::Any(terms), Polarity::Negative) => {
            let mut product = vec![Conjunct::new()];
            for term in terms {
                let factor = expand(term, polarity)?;
                product = multiply(&product, &factor)?;
            }
            Some(product)
        }
    }
}

fn multiply(left: &[Conjunct], right: &[Conjunct]) -> Option<Vec<Conjunct>> {
    let mut product = Vec::new();
    for a in left {
        for b in right {
            if let Some(both) = join(a, b) {
                if product.len() == MAX_CONJUNCTS {
                    return None;
                }
                product.push(both);
            }
        }
    }
    Some(product)
}

/// The literals of both; `None` where they contradict each other.
fn join(a: &[Literal], b: &[Literal]) -> Option<Conjunct> {
    let mut both: Conjunct = a.iter().chain(b).copied().collect();
    both.sort_unstable();
    both.dedup();
    let contradicts = both.windows(2).any(|pair| matches!(pair, [x, y] if x.predicate == y.predicate));
    (!contradicts).then_some(both)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(predicate: PredicateId) -> Formula {
        Formula::Literal { predicate, negated: false }
    }

    fn positive(predicate: PredicateId) -> Literal {
        Literal { predicate, negated: false }
    }

    fn negative(predicate: PredicateId) -> Literal {
        Literal { predicate, negated: true }
    }

    #[test]
    fn products_and_sums_with_negations() {
        // not (1 or (2 and 3)) = not 1 and (not 2 or not 3)
        let formula = Formula::Not(Box::new(Formula::Any(
            [literal(1), Formula::All([literal(2), literal(3)].into())].into(),
        )));
        let expected = vec![vec![negative(1), negative(2)], vec![negative(1), negative(3)]];
        assert_eq!(conjuncts(&formula), Some(expected));
    }

    #[test]
    fn contradictions_vanish_and_repetitions_count_once() {
        let not_1 = Formula::Not(Box::new(literal(1)));
        assert_eq!(conjuncts(&Formula::All([literal(1), not_1].into())), Some(vec![]));
        assert_eq!(conjuncts(&Formula::All([literal(1), literal(1)].into())), Some(vec![vec![positive(1)]]));
    }

    #[test]
    fn too_many_conjuncts_are_left_alone() {
        let pair = |n: u32| Formula::Any([literal(2 * n), literal(2 * n + 1)].into());
        let five: Box<[Formula]> = (0..5).map(pair).collect();
        assert_eq!(conjuncts(&Formula::All(five)).map(|all| all.len()), Some(32));
        let six: Box<[Formula]> = (0..6).map(pair).collect();
        assert_eq!(conjuncts(&Formula::All(six)), None);
    }
}
