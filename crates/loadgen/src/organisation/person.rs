//! One user: what it is at first, and what a change makes of it.

use super::vocabulary::{DOMAINS, FAMILY_NAMES, GIVEN_NAMES, PLAN_ENABLED, PLANS, plan_share};
use super::{
    ATTRIBUTES_SET, HIRED_WITHIN_DAYS, NEW_SHARED_VALUES, Organisation, Own, REPORTS, Shared, user_id,
};
use crate::random::{Random, What};
use crate::workload::NOW;
use muster_directory::AttributePatch;
use muster_rule::{Attribute, Element, Instant, Text, Value};

const MILLIS_PER_DAY: i64 = 86_400_000;

impl Organisation {
    /// All attributes of the user of this number, as it is before the first change.
    #[must_use]
    pub fn user(&self, number: usize) -> AttributePatch {
        let mut random = Random::of(self.seed, What::User, number as u64);
        let mut known: Vec<(Attribute, Option<Value>)> = Vec::with_capacity(self.attributes());
        for shared in &self.shared {
            if let Some(value) = shared.draw(&mut random) {
                known.push((shared.attribute.clone(), Some(cased(value, &mut random))));
            }
        }
        for (own, attribute, _) in &self.own {
            if let Some(value) = self.own_value(*own, number, Version::First, &mut random) {
                known.push((attribute.clone(), Some(value)));
            }
        }
        AttributePatch { known, unknown: Vec::new() }
    }

    /// The change of this number: which user, from 0, and one to three attributes with other values.
    #[must_use]
    pub fn change(&self, number: u64) -> (usize, AttributePatch) {
        let mut random = Random::of(self.seed, What::Change, number);
        let object = random.below(self.objects);
        (object, self.patch(object, number, &mut random))
    }

    /// Of `parts` streams of changes that share no user, the change of this number in one: its user is the
    /// returned number times `parts` plus `part`.
    #[must_use]
    pub fn change_in_part(&self, number: u64, part: usize, parts: usize) -> (usize, AttributePatch) {
        let number = number * parts as u64 + part as u64;
        let mut random = Random::of(self.seed, What::Change, number);
        let object = random.below(part_len(self.objects, part, parts));
        (object, self.patch(object * parts + part, number, &mut random))
    }

    fn patch(&self, object: usize, number: u64, random: &mut Random) -> AttributePatch {
        let count = 1 + random.weighted(ATTRIBUTES_SET.into_iter());
        let mut places: Vec<usize> = Vec::with_capacity(count);
        while places.len() < count {
            let place = self.draw_changed(random);
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let mut known = Vec::with_capacity(count);
        for place in places {
            if let Some(shared) = self.shared.get(place) {
                known.push((shared.attribute.clone(), changed(shared, number, random)));
            } else if let Some((own, attribute, _)) = self.own.get(place - self.shared.len()) {
                let value = self.own_value(*own, object, Version::Changed(number), random);
                known.push((attribute.clone(), value));
            }
        }
        AttributePatch { known, unknown: Vec::new() }
    }

    fn own_value(&self, own: Own, number: usize, version: Version, random: &mut Random) -> Option<Value> {
        let name = match version {
            Version::First => format!("{number}"),
            Version::Changed(change) => format!("{number}.{change}"),
        };
        Some(match own {
            Own::AccountEnabled => Value::Boolean(random.chance(ENABLED)),
            Own::EmployeeId => text(&format!("E{name:0>7}")),
            Own::DisplayName => {
                let (given, family) = (zipf(&GIVEN_NAMES, random), zipf(&FAMILY_NAMES, random));
                text(&format!("{given} {family} {name}"))
            }
            Own::Mail => text(&format!("user{name}@{}", zipf(&DOMAINS, random))),
            Own::UserPrincipalName => text(&format!("user{name}@{}", zipf(&DOMAINS, random))),
            Own::ProxyAddresses => Value::Texts(vec![
                Text::new(&format!("SMTP:user{name}@{}", zipf(&DOMAINS, random))),
                Text::new(&format!("smtp:u{name}@{}", zipf(&DOMAINS, random))),
            ]),
            Own::OtherMails => {
                if !random.chance(OTHER_MAILS) {
                    return None;
                }
                Value::Texts(vec![Text::new(&format!("u{name}@{}", zipf(&DOMAINS, random)))])
            }
            Own::AssignedPlans => return plans(random),
            Own::Manager => {
                let manager = match version {
                    Version::First => number.saturating_sub(1) / REPORTS,
                    Version::Changed(_) => random.below(self.objects / REPORTS),
                };
                text(user_id(manager).as_str())
            }
            Own::EmployeeHireDate => {
                let days = i64::try_from(random.below(HIRED_WITHIN_DAYS)).unwrap_or(0);
                let today = NOW.div_euclid(MILLIS_PER_DAY);
                Value::Instant(Instant::from_millis((today - days) * MILLIS_PER_DAY))
            }
        })
    }
}

/// The share of the users that may sign in.
pub(crate) const ENABLED: f64 = 0.9;
/// The share of the users that have another mail address.
pub(crate) const OTHER_MAILS: f64 = 0.3;

/// Whether a value is a user's first, or which change set it.
#[derive(Clone, Copy)]
enum Version {
    First,
    Changed(u64),
}

/// How many of `count` things fall to one of `parts`.
pub(crate) fn part_len(count: usize, part: usize, parts: usize) -> usize {
    count / parts + usize::from(part < count % parts)
}

/// The share of the entry of this rank, from 0, of `count`.
#[expect(clippy::cast_precision_loss, reason = "a few names")]
pub(crate) fn zipf_share(rank: usize, count: usize) -> f64 {
    1.0 / (rank + 1) as f64 / harmonic(count)
}

#[expect(clippy::cast_precision_loss, reason = "a few names")]
fn zipf<'w>(words: &[&'w str], random: &mut Random) -> &'w str {
    let mut left = random.fraction() * harmonic(words.len());
    for (rank, word) in words.iter().enumerate() {
        left -= 1.0 / (rank + 1) as f64;
        if left < 0.0 {
            return word;
        }
    }
    words.last().copied().unwrap_or_default()
}

/// 1 + 1/2 + … + 1/count.
#[expect(clippy::cast_precision_loss, reason = "a few names")]
const fn harmonic(count: usize) -> f64 {
    let (mut sum, mut rank) = (0.0, 1);
    while rank <= count {
        sum += 1.0 / rank as f64;
        rank += 1;
    }
    sum
}

fn changed(shared: &Shared, number: u64, random: &mut Random) -> Option<Value> {
    let value = shared.draw(random)?;
    Some(if random.chance(NEW_SHARED_VALUES) {
        text(&format!("{value} {number:x}"))
    } else {
        cased(value, random)
    })
}

fn plans(random: &mut Random) -> Option<Value> {
    let mut elements = Vec::new();
    for (rank, plan) in PLANS.iter().enumerate() {
        if random.chance(plan_share(rank)) {
            let status = if random.chance(PLAN_ENABLED) { "Enabled" } else { "Deleted" };
            let members = [plan.id, plan.service, status].map(|member| Some(Text::new(member)));
            elements.push(Element { members: Box::new(members) });
        }
    }
    (!elements.is_empty()).then_some(Value::Elements(elements))
}

/// Now and then in capitals: rules compare without case.
fn cased(value: &str, random: &mut Random) -> Value {
    if random.chance(0.1) { text(&value.to_uppercase()) } else { text(value) }
}

fn text(value: &str) -> Value {
    Value::Text(Text::new(value))
}
