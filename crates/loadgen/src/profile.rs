//! The three selectivities: how many memberships an object has, and how many of them a change flips.

/// How selective the rules of a workload are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// A change flips about two memberships whatever the number of rules: what a bigger organisation looks
    /// like.
    Flat,
    /// An object is in about 0.3 % of the groups; about 4 deltas per change at 15,000 rules.
    #[default]
    Typical,
    /// An object is in about 2.5 % of the groups; about 37 deltas per change at 15,000 rules.
    Wide,
}

impl Profile {
    /// As the command line names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Profile::Flat => "flat",
            Profile::Typical => "typical",
            Profile::Wide => "wide",
        }
    }

    /// How many memberships of *one* rule a change flips on average, among `rules` of them.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of rules")]
    pub fn flips_per_rule(self, rules: usize) -> f64 {
        match self {
            Profile::Flat => 2.0 / rules.max(1) as f64,
            Profile::Typical => 4.0 / 15_000.0,
            Profile::Wide => 37.0 / 15_000.0,
        }
    }

    /// The share of the rules that select nearly everybody (`accountEnabled -eq true`, everyone but one
    /// department): they make up a good part of an object's memberships, and flip rarely.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of rules")]
    pub(crate) fn broad_share(self, rules: usize) -> f64 {
        match self {
            Profile::Flat => (8.0 / rules.max(1) as f64).min(0.01),
            Profile::Typical => 0.0012,
            Profile::Wide => 0.004,
        }
    }
}
