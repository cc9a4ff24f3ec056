//! Which shape a rule has, by its number: in every thousand rules the shares are exact.

/// What a rule looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One to four `-eq` or `-in`.
    Conjunction,
    /// With `-or`, `-not`, a negative operator or null.
    Connective,
    /// `-startsWith` or `-endsWith`.
    Affix,
    /// `-contains`.
    Substring,
    /// `-match`.
    Pattern,
    /// A string collection, or service plans.
    Collection,
    /// A hire date, some days before or after now.
    Date,
    /// The members of other groups.
    MemberOf,
    /// Whoever reports to a manager.
    DirectReports,
    /// Nearly everybody.
    Broad,
}

/// Shapes in every thousand rules. Half are conjunctions, those of the rare shapes taken off.
const SHARES: [(Shape, usize); 9] = [
    (Shape::Conjunction, 480),
    (Shape::Connective, 200),
    (Shape::Affix, 150),
    (Shape::Substring, 100),
    (Shape::Pattern, 50),
    (Shape::Collection, 8),
    (Shape::Date, 4),
    (Shape::DirectReports, 6),
    (Shape::MemberOf, 2),
];

impl Shape {
    /// The shape of the rule of this number, where `broad` is the share of broad rules.
    pub(crate) fn of(number: usize, broad: f64) -> Shape {
        if steps(number + 1, broad) > steps(number, broad) {
            return Shape::Broad;
        }
        // 617 and 1,000 have no common factor: a thousand numbers meet each place once.
        let mut place = (number * 617 + 9) % 1000;
        for (shape, count) in SHARES {
            if place < count {
                return shape;
            }
            place -= count;
        }
        Shape::Conjunction
    }
}

/// How many of the first `count` rules are broad.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a number of rules"
)]
fn steps(count: usize, share: f64) -> usize {
    (count as f64 * share + 0.5) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thousand_rules_have_the_stated_shapes() {
        for start in [0, 1000, 41_000] {
            for (shape, count) in SHARES {
                let found = (start..start + 1000).filter(|number| Shape::of(*number, 0.0) == shape).count();
                assert_eq!(found, count, "{shape:?}");
            }
        }
        let broad = (0..10_000).filter(|number| Shape::of(*number, 0.0015) == Shape::Broad).count();
        assert_eq!(broad, 15);
    }
}
