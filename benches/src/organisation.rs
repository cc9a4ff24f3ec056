//! The attributes of a synthetic organisation's users: which there are, and how often each value is.
//!
//! Values follow Zipf's law, as departments, cities and job titles of real organisations do: the
//! i-th most frequent one has a share of 1/i.

use crate::random::Random;

/// An attribute whose values repeat.
#[derive(Debug)]
pub struct SharedAttribute {
    /// Its canonical name.
    pub name: &'static str,
    /// Its values, the most frequent first.
    pub values: Vec<String>,
    /// The share of the users that have none.
    pub absent: f64,
    /// For each value, the share of the users that have it or one before it.
    cumulative: Vec<f64>,
}

impl SharedAttribute {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand values")]
    fn new(name: &'static str, count: usize, absent: f64) -> SharedAttribute {
        let total: f64 = (1..=count).map(|rank| 1.0 / rank as f64).sum();
        let mut sum = 0.0;
        let cumulative = (1..=count)
            .map(|rank| {
                sum += (1.0 - absent) / rank as f64 / total;
                sum
            })
            .collect();
        SharedAttribute { name, values: (0..count).map(word).collect(), absent, cumulative }
    }

    /// A user's value, by its share.
    pub fn draw(&self, random: &mut Random) -> Option<&str> {
        let at = random.fraction();
        self.values.get(self.cumulative.partition_point(|share| *share <= at)).map(String::as_str)
    }

    /// The share of the users whose value satisfies `test`; of `None`, of those that have none.
    pub fn share(&self, mut test: impl FnMut(Option<&str>) -> bool) -> f64 {
        let mut before = 0.0;
        let mut share = if test(None) { self.absent } else { 0.0 };
        for (value, cumulative) in self.values.iter().zip(&self.cumulative) {
            if test(Some(value)) {
                share += cumulative - before;
            }
            before = *cumulative;
        }
        share
    }
}

/// The attributes whose values repeat: 17, beside 8 that are unique, collections or of another type.
#[must_use]
pub fn shared_attributes() -> Vec<SharedAttribute> {
    [
        ("department", 200, 0.02),
        ("city", 500, 0.05),
        ("country", 60, 0.05),
        ("companyName", 50, 0.02),
        ("jobTitle", 2000, 0.05),
        ("userType", 2, 0.0),
        ("state", 120, 0.2),
        ("usageLocation", 60, 0.02),
        ("preferredLanguage", 20, 0.3),
        ("physicalDeliveryOfficeName", 300, 0.1),
        ("employeeType", 6, 0.1),
        ("postalCode", 800, 0.1),
        ("extensionAttribute1", 100, 0.1),
        ("extensionAttribute2", 100, 0.3),
        ("extensionAttribute3", 40, 0.3),
        ("extensionAttribute4", 1000, 0.3),
        ("extensionAttribute5", 10, 0.3),
    ]
    .into_iter()
    .map(|(name, count, absent)| SharedAttribute::new(name, count, absent))
    .collect()
}

const FIRST: [&str; 20] = [
    "North", "South", "Field", "Global", "Cloud", "Retail", "Legal", "Human", "Supply", "Market", "Plant",
    "Data", "Trade", "Risk", "Fleet", "Brand", "Store", "Partner", "Quality", "Energy",
];
const SECOND: [&str; 10] = [
    "Sales",
    "Support",
    "Research",
    "Finance",
    "Services",
    "Logistics",
    "Design",
    "Control",
    "Planning",
    "Security",
];

/// The name of the n-th value: a few words, so that prefixes and substrings mean something.
fn word(n: usize) -> String {
    let first = FIRST.get(n % FIRST.len()).copied().unwrap_or_default();
    let second = SECOND.get(n / FIRST.len() % SECOND.len()).copied().unwrap_or_default();
    match n / (FIRST.len() * SECOND.len()) {
        0 => format!("{first} {second}"),
        more => format!("{first} {second} {more}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_draws_follow_them() {
        let mut random = Random::new(1);
        for attribute in shared_attributes() {
            assert!((attribute.share(|_| true) - 1.0).abs() < 1e-9, "{}", attribute.name);
            let first = attribute.values[0].as_str();
            let share = attribute.share(|value| value == Some(first));
            let drawn = (0..10_000).filter(|_| attribute.draw(&mut random) == Some(first)).count();
            assert!(
                (drawn as f64 / 10_000.0 - share).abs() < 0.03,
                "{}: {drawn} of 10,000, {share}",
                attribute.name
            );
        }
    }
}
