//! Seeded choices, the same on every machine and for ever.

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Equal seeds make equal choices.
    #[must_use]
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The choices for one thing among many, which no other thing's depend on.
    #[must_use]
    pub fn of(seed: u64, what: What, number: u64) -> Random {
        let mut random = Random::new(seed ^ (what as u64).wrapping_mul(0xd134_2543_de82_ef95));
        let base = random.number();
        Random(base ^ number.wrapping_mul(0xaf25_1af3_b0f0_25b5))
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let number = self.number() % (end.max(1) as u64);
        usize::try_from(number).unwrap_or(0)
    }

    /// A fraction from 0 to just below 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    pub fn fraction(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// The index of one of `weights`, by weight; 0 where there are none.
    pub fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.fraction() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            if left < weight {
                return index;
            }
            left -= weight;
            last = index;
        }
        last
    }

    /// One of `choices`; `None` where there are none.
    pub fn pick<'c, T>(&mut self, choices: &'c [T]) -> Option<&'c T> {
        choices.get(self.below(choices.len()))
    }

    /// Around 0, most within 1 of it: the sum of twelve fractions, which is near enough to a normal
    /// distribution.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.fraction()).sum::<f64>() - 6.0
    }
}

/// The kinds of things that have choices of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A rule.
    Rule = 1,
    /// A user, as it is at first.
    User = 2,
    /// A change.
    Change = 3,
    /// Which changes are held against the oracle.
    Sample = 4,
}
