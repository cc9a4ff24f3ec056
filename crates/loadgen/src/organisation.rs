//! The users of a synthetic organisation: which attributes they have, how often each value occurs, and
//! how often each attribute changes.
//!
//! Values follow Zipf's law, as departments, cities and job titles of real organisations do: the i-th
//! most frequent one has a share proportional to 1/i. Attributes are drawn independently of each other,
//! so that the share of users that a conjunction selects is the product of its terms' shares.

mod attribute;
mod person;
mod vocabulary;

pub use attribute::{Shared, Weights};
pub(crate) use person::{ENABLED, OTHER_MAILS, part_len, zipf_share};
pub(crate) use vocabulary::PLAN_ENABLED;
pub use vocabulary::{DOMAINS, FAMILY_NAMES, GIVEN_NAMES, PLANS, Plan, plan_share};

use crate::random::Random;
use muster_directory::ObjectId;
use muster_rule::property;
use muster_rule::{Attribute, ObjectKind};

/// Of the values that changes set, this share is new to the organisation.
pub const NEW_VALUES: f64 = 0.15;
/// Of the values that changes set for *shared* attributes; what unique attributes get is always new.
pub(crate) const NEW_SHARED_VALUES: f64 = 0.09;
/// How many attributes a change sets: one, two or three, in these shares.
pub(crate) const ATTRIBUTES_SET: [f64; 3] = [0.7, 0.2, 0.1];
/// Users hired within so many days before the workload's clock.
pub(crate) const HIRED_WITHIN_DAYS: usize = 5840;
/// A manager has so many direct reports.
pub(crate) const REPORTS: usize = 8;

/// The organisation's attributes. The users follow from a seed and their numbers.
#[derive(Debug)]
pub struct Organisation {
    pub(crate) seed: u64,
    pub(crate) objects: usize,
    pub(crate) shared: Vec<Shared>,
    /// The attributes that do not repeat, or are no texts.
    pub(crate) own: Vec<(Own, Attribute, Weights)>,
    total_change: f64,
}

/// An attribute that each user has a value of its own for, or that is not a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// `employeeId`.
    EmployeeId,
    /// `displayName`: a given name, a family name, and a number.
    DisplayName,
    /// `mail`, in one of [`DOMAINS`].
    Mail,
    /// `userPrincipalName`.
    UserPrincipalName,
    /// `proxyAddresses`: two.
    ProxyAddresses,
    /// `otherMails`: none or one.
    OtherMails,
    /// `assignedPlans`: some of [`PLANS`].
    AssignedPlans,
    /// `manager`: another user.
    Manager,
    /// `employeeHireDate`: a day of the last sixteen years.
    EmployeeHireDate,
    /// `accountEnabled`.
    AccountEnabled,
}

impl Organisation {
    /// The organisation of `objects` users that follows from `seed`.
    #[must_use]
    pub fn new(seed: u64, objects: usize) -> Organisation {
        let shared = attribute::shared_attributes();
        let own: Vec<_> = attribute::OWN_ATTRIBUTES
            .iter()
            .map(|(own, name, weights)| (*own, standard(name), *weights))
            .collect();
        let changes =
            shared.iter().map(|shared| shared.weights).chain(own.iter().map(|(_, _, weights)| *weights));
        let total_change = changes.map(|weights| weights.change).sum();
        Organisation { seed, objects, shared, own, total_change }
    }

    /// How many attributes a user has, `objectId` aside.
    #[must_use]
    pub fn attributes(&self) -> usize {
        self.shared.len() + self.own.len()
    }

    /// The attributes whose values repeat.
    #[must_use]
    pub fn shared_attributes(&self) -> &[Shared] {
        &self.shared
    }

    /// The probability that a change sets an attribute of this weight.
    pub(crate) fn change_probability(&self, weights: Weights) -> f64 {
        let set: f64 = ATTRIBUTES_SET.iter().zip([1.0, 2.0, 3.0]).map(|(share, count)| share * count).sum();
        set * weights.change / self.total_change
    }

    /// An attribute to change, by weight: of `shared` first, then of `own`.
    pub(crate) fn draw_changed(&self, random: &mut Random) -> usize {
        let shared = self.shared.iter().map(|shared| shared.weights.change);
        random.weighted(shared.chain(self.own.iter().map(|(_, _, weights)| weights.change)))
    }

    /// The weights of an attribute that is not shared.
    pub(crate) fn weights_of(&self, wanted: Own) -> Weights {
        let found = self.own.iter().find(|(own, _, _)| *own == wanted);
        found.map_or(Weights { read: 0.0, change: 0.0 }, |(_, _, weights)| *weights)
    }
}

/// The id of the user of this number.
#[must_use]
#[expect(clippy::expect_used, reason = "such ids are short and plain")]
pub fn user_id(number: usize) -> ObjectId {
    ObjectId::new(&format!("{number:08x}-0000-4000-8000-000000000000")).expect("an id of an object")
}

/// An attribute of users that the language's own table has.
pub(crate) fn standard(name: &str) -> Attribute {
    match property::find_standard(ObjectKind::User, name) {
        Some(row) => Attribute::Standard(row.code),
        None => Attribute::Named(name.to_ascii_lowercase().into()),
    }
}

impl Weights {
    /// The probability that a change sets an attribute of these weights.
    pub(crate) fn change_share(self, organisation: &Organisation) -> f64 {
        organisation.change_probability(self)
    }
}
