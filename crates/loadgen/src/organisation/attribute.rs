//! The table of attributes: names, numbers of values, shares, weights.

use super::vocabulary::word;
use super::{Own, standard};
use crate::random::Random;
use muster_rule::Attribute;

/// How often an attribute occurs in rules and in changes, relative to the others.
#[derive(Clone, Copy, Debug)]
pub struct Weights {
    /// In rules.
    pub read: f64,
    /// In changes.
    pub change: f64,
}

/// A text attribute whose values repeat.
#[derive(Debug)]
pub struct Shared {
    /// Its canonical name.
    pub name: &'static str,
    /// Its identity.
    pub attribute: Attribute,
    /// Its values, the most frequent first.
    pub values: Vec<String>,
    /// The share of the users that have none.
    pub absent: f64,
    /// How often it is read and changed.
    pub weights: Weights,
    /// For each value, the share of the users that have it or one before it.
    cumulative: Vec<f64>,
}

/// Name, number of values, share of users without one, weight in rules, weight in changes. People change
/// their office more often than their country; rules read the country more often than the office.
const SHARED_ATTRIBUTES: [(&str, usize, f64, f64, f64); 15] = [
    ("department", 200, 0.02, 10.0, 5.0),
    ("city", 500, 0.05, 8.0, 4.0),
    ("country", 60, 0.05, 7.0, 2.0),
    ("companyName", 50, 0.02, 7.0, 2.0),
    ("jobTitle", 2000, 0.05, 8.0, 5.0),
    ("userType", 2, 0.0, 5.0, 1.0),
    ("usageLocation", 60, 0.02, 4.0, 2.0),
    ("physicalDeliveryOfficeName", 300, 0.1, 5.0, 4.0),
    ("employeeType", 6, 0.1, 3.0, 2.0),
    ("postalCode", 800, 0.1, 2.0, 8.0),
    ("preferredLanguage", 20, 0.3, 2.0, 6.0),
    ("extensionAttribute1", 100, 0.1, 5.0, 5.0),
    ("extensionAttribute2", 100, 0.3, 4.0, 5.0),
    ("extensionAttribute3", 40, 0.3, 4.0, 4.0),
    ("extensionAttribute4", 1000, 0.3, 3.0, 8.0),
];

/// The other ten; what rules read of them is said where rules are made.
pub(super) const OWN_ATTRIBUTES: [(Own, &str, Weights); 10] = [
    (Own::AccountEnabled, "accountEnabled", Weights { read: 5.0, change: 2.0 }),
    (Own::EmployeeId, "employeeId", Weights { read: 0.0, change: 1.0 }),
    (Own::DisplayName, "displayName", Weights { read: 1.0, change: 4.0 }),
    (Own::Mail, "mail", Weights { read: 2.0, change: 2.0 }),
    (Own::UserPrincipalName, "userPrincipalName", Weights { read: 0.0, change: 1.0 }),
    (Own::ProxyAddresses, "proxyAddresses", Weights { read: 0.0, change: 2.0 }),
    (Own::OtherMails, "otherMails", Weights { read: 0.0, change: 2.0 }),
    (Own::AssignedPlans, "assignedPlans", Weights { read: 0.0, change: 14.0 }),
    (Own::Manager, "manager", Weights { read: 0.0, change: 11.0 }),
    (Own::EmployeeHireDate, "employeeHireDate", Weights { read: 0.0, change: 6.0 }),
];

pub(super) fn shared_attributes() -> Vec<Shared> {
    SHARED_ATTRIBUTES
        .into_iter()
        .map(|(name, count, absent, read, change)| {
            let values = match name {
                "userType" => vec!["Member".into(), "Guest".into()],
                _ => (0..count).map(word).collect(),
            };
            Shared::new(name, values, absent, Weights { read, change })
        })
        .collect()
}

impl Shared {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand values")]
    fn new(name: &'static str, values: Vec<String>, absent: f64, weights: Weights) -> Shared {
        let total: f64 = (1..=values.len()).map(|rank| 1.0 / rank as f64).sum();
        let mut sum = 0.0;
        let cumulative = (1..=values.len())
            .map(|rank| {
                sum += (1.0 - absent) / rank as f64 / total;
                sum
            })
            .collect();
        Shared { name, attribute: standard(name), values, absent, weights, cumulative }
    }

    /// A user's value, by its share.
    pub fn draw(&self, random: &mut Random) -> Option<&str> {
        let at = random.fraction();
        self.values.get(self.cumulative.partition_point(|share| *share <= at)).map(String::as_str)
    }

    /// The share of the users that have the value of this rank, from 0.
    #[must_use]
    pub fn share_at(&self, rank: usize) -> f64 {
        let before = rank.checked_sub(1).and_then(|before| self.cumulative.get(before)).copied();
        self.cumulative.get(rank).map_or(0.0, |share| share - before.unwrap_or(0.0))
    }

    /// The rank whose share is nearest to `share`.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the rank is clamped to the values there are"
    )]
    pub fn rank_of_share(&self, share: f64) -> usize {
        let rank = (self.share_at(0) / share.max(1e-9)).round().max(1.0) as usize;
        rank.min(self.values.len()).saturating_sub(1)
    }

    /// The share of the users whose value satisfies `test`; those that have none are left out.
    pub fn share(&self, mut test: impl FnMut(&str) -> bool) -> f64 {
        let values = self.values.iter().enumerate();
        values.filter(|(_, value)| test(value)).map(|(rank, _)| self.share_at(rank)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_draws_follow_them() {
        let mut random = Random::new(1);
        for attribute in shared_attributes() {
            let sum = attribute.share(|_| true) + attribute.absent;
            assert!((sum - 1.0).abs() < 1e-9, "{}: {sum}", attribute.name);
            let first = attribute.values[0].as_str();
            let drawn = (0..10_000).filter(|_| attribute.draw(&mut random) == Some(first)).count();
            let share = attribute.share_at(0);
            assert!(
                (drawn as f64 / 10_000.0 - share).abs() < 0.03,
                "{}: {drawn} of 10,000, {share}",
                attribute.name
            );
            for rank in [0, 1, attribute.values.len() - 1] {
                assert_eq!(attribute.rank_of_share(attribute.share_at(rank)), rank, "{}", attribute.name);
            }
        }
    }
}
