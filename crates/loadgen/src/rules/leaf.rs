//! Single comparisons, and rules made of them.

use super::shape::Shape;
use super::term::Term;
use crate::organisation::{
    DOMAINS, GIVEN_NAMES, HIRED_WITHIN_DAYS, NEW_SHARED_VALUES, Organisation, Own, PLANS, REPORTS, Shared,
    plan_share, user_id,
};
use crate::organisation::{ENABLED, OTHER_MAILS, PLAN_ENABLED, zipf_share};
use crate::random::Random;
use foldhash::HashMap;
use std::cell::RefCell;

/// Makes comparisons over an organisation's attributes.
#[derive(Debug)]
pub(super) struct Leaves<'o> {
    organisation: &'o Organisation,
    /// The shares of text comparisons that were asked for before, by attribute and text.
    shares: RefCell<HashMap<(usize, String), f64>>,
}

/// How a text is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Prefix,
    Suffix,
    Substring,
    Pattern,
}

impl<'o> Leaves<'o> {
    pub(super) fn new(organisation: &'o Organisation) -> Leaves<'o> {
        Leaves { organisation, shares: RefCell::default() }
    }

    /// A rule of this shape of whose memberships a change flips about `flips`.
    pub(super) fn make(&self, shape: Shape, flips: f64, random: &mut Random) -> Term {
        match shape {
            Shape::Conjunction | Shape::Broad | Shape::MemberOf => {
                let count = 1 + random.weighted([4.0, 3.0, 2.0, 1.0].into_iter());
                self.conjunction(Vec::new(), self.attributes(count, &[], random), flips, random)
            }
            Shape::Connective => self.connective(flips, random),
            Shape::Affix => {
                let comparison = if random.chance(0.5) { Comparison::Prefix } else { Comparison::Suffix };
                self.with_text(comparison, flips, random)
            }
            Shape::Substring => self.with_text(Comparison::Substring, flips, random),
            Shape::Pattern => self.with_text(Comparison::Pattern, flips, random),
            Shape::Collection => {
                let leaf = self.collection(random);
                let attributes = self.attributes(1, &[], random);
                self.conjunction(vec![leaf], attributes, flips, random)
            }
            Shape::Date => {
                let leaf = self.hire_date(random);
                let attributes = self.attributes(1, &[], random);
                self.conjunction(vec![leaf], attributes, flips, random)
            }
            Shape::DirectReports => self.direct_reports(random),
        }
    }

    /// A rule that selects nearly everybody.
    pub(super) fn broad(&self, number: usize, random: &mut Random) -> Term {
        if number.is_multiple_of(2) {
            return self.enabled();
        }
        let Some(place) = self.attributes(1, &[USER_TYPE], random).pop() else { return self.enabled() };
        let Some(shared) = self.organisation.shared.get(place) else { return self.enabled() };
        let rank = random.below(shared.values.len());
        self.equal(shared, &[rank], random, Sign::Negative)
    }

    /// Whoever reports to a manager.
    #[expect(clippy::cast_precision_loss, reason = "a share of the users")]
    pub(super) fn direct_reports(&self, random: &mut Random) -> Term {
        let objects = self.organisation.objects;
        let manager = random.below(objects / REPORTS);
        let share = (REPORTS + 1) as f64 / objects.max(1) as f64;
        let text = format!("Direct Reports for \"{}\"", user_id(manager));
        self.leaf(text, share, self.organisation.weights_of(Own::Manager).change_share(self.organisation))
    }

    /// `leaves` and equalities over `attributes`, whose values are chosen to make of it what is asked.
    fn conjunction(
        &self,
        leaves: Vec<Term>,
        mut attributes: Vec<usize>,
        flips: f64,
        random: &mut Random,
    ) -> Term {
        let change = |place: &usize| self.shared(*place).map_or(0.0, |shared| self.change_of(shared));
        let kept: f64 = leaves.iter().map(|leaf| 1.0 - leaf.loss / leaf.share).product::<f64>()
            * attributes.iter().map(|place| 1.0 - change(place)).product::<f64>();
        let mut wanted =
            flips / 2.0 / (1.0 - kept).max(1e-6) / leaves.iter().map(|leaf| leaf.share).product::<f64>();
        let mut terms = leaves;
        // The attributes with few values first: those with many can make up for what is left.
        attributes.sort_by_key(|place| self.shared(*place).map_or(0, |shared| shared.values.len()));
        let count = attributes.len();
        for (done, place) in attributes.into_iter().enumerate() {
            let Some(shared) = self.shared(place) else { continue };
            let left = count - done;
            let share = match left {
                1 => wanted,
                _ => wanted.min(1.0).powf(2.0 * random.fraction() / left as f64),
            };
            let term = self.near(shared, share, random);
            wanted /= term.share.max(1e-9);
            terms.push(term);
        }
        if terms.len() > 1 {
            let last = terms.len() - 1;
            terms.swap(random.below(last + 1), last);
        }
        Term::all(terms)
    }

    /// An equality, or `-in`, that selects about `share` of the users.
    fn near(&self, shared: &Shared, share: f64, random: &mut Random) -> Term {
        let several = random.chance(0.3) || share > shared.share_at(0);
        let count = if several { 2 + random.below(4) } else { 1 };
        let count = count.min(shared.values.len());
        let rank = shared.rank_of_share(share / count as f64);
        let jitter = 0.85 + 0.3 * random.fraction();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "the rank is clamped to the values there are"
        )]
        let rank = ((rank as f64 * jitter).round() as usize).min(shared.values.len() - count);
        let ranks: Vec<usize> = (rank.saturating_sub(count / 2)..).take(count).collect();
        self.equal(shared, &ranks, random, Sign::Positive)
    }

    fn connective(&self, flips: f64, random: &mut Random) -> Term {
        let mut places = self.attributes(3, &[], random);
        let Some(first) = places.pop().and_then(|place| self.shared(place)) else { return self.enabled() };
        let rank = random.below(first.values.len());
        let leaf = match random.below(8) {
            0 | 1 => {
                let Some(second) = places.pop().and_then(|place| self.shared(place)) else {
                    return self.enabled();
                };
                let or = random.below(second.values.len());
                Term::any(vec![
                    self.equal(first, &[rank], random, Sign::Positive),
                    self.equal(second, &[or], random, Sign::Positive),
                ])
            }
            2 => self.equal(first, &[rank], random, Sign::Positive).not(),
            3 => self.equal(first, &[rank], random, Sign::Negative),
            4 => {
                let last = first.values.len() - 1;
                self.equal(first, &[rank, (rank + 1).min(last)], random, Sign::Negative)
            }
            5 => {
                let (operator, leaf) = match random.below(3) {
                    0 => ("notStartsWith", self.text(Comparison::Prefix, random)),
                    1 => ("notEndsWith", self.text(Comparison::Suffix, random)),
                    _ => ("notContains", self.text(Comparison::Substring, random)),
                };
                let text = leaf
                    .text
                    .replacen("-startsWith", &format!("-{operator}"), 1)
                    .replacen("-endsWith", &format!("-{operator}"), 1)
                    .replacen("-contains", &format!("-{operator}"), 1);
                leaf.negated().written(text)
            }
            6 => {
                let absent = self.loss_of(first.absent, self.change_of(first));
                let leaf = Term::leaf(format!("user.{} -ne null", first.name), first.absent, absent);
                leaf.negated()
            }
            _ if first.absent > 0.0 => {
                let absent = self.loss_of(first.absent, self.change_of(first));
                Term::leaf(format!("user.{} -eq null", first.name), first.absent, absent)
            }
            _ => self.enabled(),
        };
        // The leaf's attributes are not named again.
        let count = (1 + random.below(2)).min(places.len());
        places.truncate(count);
        self.conjunction(vec![leaf], places, flips, random)
    }

    fn with_text(&self, comparison: Comparison, flips: f64, random: &mut Random) -> Term {
        let leaf = self.text(comparison, random);
        let named: Vec<usize> = (0..self.organisation.shared.len())
            .filter(|place| {
                self.shared(*place)
                    .is_some_and(|shared| leaf.text.contains(&format!("user.{} ", shared.name)))
            })
            .collect();
        let count = 1 + usize::from(random.chance(0.3));
        let attributes = self.attributes(count, &named, random);
        self.conjunction(vec![leaf], attributes, flips, random)
    }

    /// A comparison of a text attribute with a part of a value.
    fn text(&self, comparison: Comparison, random: &mut Random) -> Term {
        if comparison != Comparison::Substring && random.chance(0.15) {
            return self.own_text(comparison, random);
        }
        let place = self.attributes(1, &[USER_TYPE], random).pop().unwrap_or(0);
        let Some(shared) = self.shared(place) else { return self.enabled() };
        let value = random.pick(&shared.values).map_or("", String::as_str);
        let words: Vec<&str> = value.split(' ').collect();
        let (first, second) =
            (words.first().copied().unwrap_or_default(), words.get(1).copied().unwrap_or_default());
        let name = shared.name;
        let (text, share) = match comparison {
            Comparison::Prefix => {
                let prefix = value.get(..value.len().min(3 + random.below(9))).unwrap_or(value);
                let share = self.share(place, "^", prefix, |value| value.starts_with(prefix));
                (format!("user.{name} -startsWith \"{prefix}\""), share)
            }
            Comparison::Suffix => {
                let suffix = value.get(value.len().saturating_sub(3 + random.below(9))..).unwrap_or(value);
                let share = self.share(place, "$", suffix, |value| value.ends_with(suffix));
                (format!("user.{name} -endsWith \"{suffix}\""), share)
            }
            Comparison::Substring => {
                let part = match random.below(3) {
                    0 => first.to_owned(),
                    1 => second.to_owned(),
                    _ => value.get(2..).unwrap_or(value).to_owned(),
                };
                let share = self.share(place, "*", &part, |value| value.contains(&part));
                (format!("user.{name} -contains \"{part}\""), share)
            }
            Comparison::Pattern => match random.below(3) {
                0 => {
                    let share = self.share(place, "/a", first, |value| {
                        value.starts_with(first) && value.ends_with(|last: char| last.is_ascii_alphabetic())
                    });
                    (format!("user.{name} -match \"^{first}.*[a-z]$\""), share)
                }
                1 => {
                    let share = self.share(place, "/b", second, |value| value.contains(second));
                    (format!("user.{name} -match \"{second}( [0-9]+)?$\""), share)
                }
                _ => {
                    let (one, two) = (format!("{first} {second}"), format!("Plant {second}"));
                    let share = self
                        .share(place, "/c", &one, |value| value.starts_with(&one) || value.starts_with(&two));
                    (format!("user.{name} -match \"^({first}|Plant) {second}\""), share)
                }
            },
        };
        let text = if random.chance(0.1) { recased(&text) } else { text };
        self.leaf(text, share, self.change_of(shared))
    }

    /// A comparison of an attribute that each user has a value of its own for.
    fn own_text(&self, comparison: Comparison, random: &mut Random) -> Term {
        if comparison == Comparison::Suffix {
            let rank = random.below(DOMAINS.len());
            let domain = DOMAINS.get(rank).copied().unwrap_or_default();
            let change = self.organisation.weights_of(Own::Mail).change_share(self.organisation);
            let text = format!("user.mail -endsWith \"@{domain}\"");
            return self.leaf(text, zipf_share(rank, DOMAINS.len()), change);
        }
        let rank = random.below(GIVEN_NAMES.len());
        let name = GIVEN_NAMES.get(rank).copied().unwrap_or_default();
        let change = self.organisation.weights_of(Own::DisplayName).change_share(self.organisation);
        let text = match comparison {
            Comparison::Pattern => format!("user.displayName -match \"^{name} [a-z]+ [0-9]\""),
            _ => format!("user.displayName -startsWith \"{name} \""),
        };
        self.leaf(text, zipf_share(rank, GIVEN_NAMES.len()), change)
    }

    fn collection(&self, random: &mut Random) -> Term {
        let weights = |own| self.organisation.weights_of(own).change_share(self.organisation);
        let rank = random.below(DOMAINS.len());
        let domain = DOMAINS.get(rank).copied().unwrap_or_default();
        let share = zipf_share(rank, DOMAINS.len());
        match random.below(3) {
            0 => {
                let text = format!("user.otherMails -any (_ -endsWith \"@{domain}\")");
                self.leaf(text, OTHER_MAILS * share, weights(Own::OtherMails))
            }
            1 => {
                let text = format!("user.proxyAddresses -any (_ -contains \"@{domain}\")");
                self.leaf(text, 1.0 - (1.0 - share) * (1.0 - share), weights(Own::ProxyAddresses))
            }
            _ => {
                let rank = random.below(PLANS.len());
                let id = PLANS.get(rank).map_or("", |plan| plan.id);
                let text = format!(
                    "user.assignedPlans -any (assignedPlan.servicePlanId -eq \"{id}\" -and \
                     assignedPlan.capabilityStatus -eq \"Enabled\")"
                );
                self.leaf(text, PLAN_ENABLED * plan_share(rank), weights(Own::AssignedPlans))
            }
        }
    }

    /// Hired within, or before, so many days.
    #[expect(clippy::cast_precision_loss, reason = "some days")]
    fn hire_date(&self, random: &mut Random) -> Term {
        let days = 30 + random.below(HIRED_WITHIN_DAYS / 2);
        let share = days as f64 / HIRED_WITHIN_DAYS as f64;
        let change = self.organisation.weights_of(Own::EmployeeHireDate).change_share(self.organisation);
        if random.chance(0.5) {
            let text = format!("user.employeeHireDate -ge system.now -minus P{days}D");
            self.leaf(text, share, change)
        } else {
            let text = format!("user.employeeHireDate -le system.now -minus P{days}D");
            self.leaf(text, 1.0 - share, change)
        }
    }

    fn enabled(&self) -> Term {
        let change = self.organisation.weights_of(Own::AccountEnabled).change_share(self.organisation);
        self.leaf("user.accountEnabled -eq true".into(), ENABLED, change)
    }

    /// `-eq` or `-in`, or its negation, of the values of these ranks.
    fn equal(&self, shared: &Shared, ranks: &[usize], random: &mut Random, sign: Sign) -> Term {
        let values: Vec<String> = ranks
            .iter()
            .filter_map(|rank| shared.values.get(*rank))
            .map(|value| if random.chance(0.1) { value.to_lowercase() } else { value.clone() })
            .collect();
        let share = ranks.iter().map(|rank| shared.share_at(*rank)).sum();
        let (one, many) = match sign {
            Sign::Positive => ("eq", "in"),
            Sign::Negative => ("ne", "notIn"),
        };
        let text = match values.as_slice() {
            [value] => format!("user.{} -{one} \"{value}\"", shared.name),
            values => format!("user.{} -{many} [\"{}\"]", shared.name, values.join("\", \"")),
        };
        let leaf = self.leaf(text, share, self.change_of(shared));
        match sign {
            Sign::Positive => leaf,
            Sign::Negative => leaf.negated(),
        }
    }

    /// Different attributes by how often rules read them, none of `except`.
    fn attributes(&self, count: usize, except: &[usize], random: &mut Random) -> Vec<usize> {
        let mut chosen: Vec<usize> = except.to_vec();
        for _ in 0..count {
            let weights = self
                .organisation
                .shared
                .iter()
                .enumerate()
                .map(|(place, shared)| if chosen.contains(&place) { 0.0 } else { shared.weights.read });
            let place = random.weighted(weights);
            chosen.push(place);
        }
        chosen.split_off(except.len())
    }

    fn shared(&self, place: usize) -> Option<&'o Shared> {
        self.organisation.shared.get(place)
    }

    fn change_of(&self, shared: &Shared) -> f64 {
        shared.weights.change_share(self.organisation)
    }

    fn leaf(&self, text: String, share: f64, change: f64) -> Term {
        Term::leaf(text, share, self.loss_of(share, change))
    }

    /// Of a leaf whose attribute changes with probability `change` to a value drawn anew.
    fn loss_of(&self, share: f64, change: f64) -> f64 {
        share * change * (1.0 - share * (1.0 - NEW_SHARED_VALUES))
    }

    /// The share of the users whose value satisfies `test`, which `kind` and `operand` name.
    fn share(&self, place: usize, kind: &str, operand: &str, test: impl Fn(&str) -> bool) -> f64 {
        let Some(shared) = self.shared(place) else { return 0.0 };
        let key = (place, format!("{kind}{operand}"));
        if let Some(known) = self.shares.borrow().get(&key) {
            return *known;
        }
        let share = shared.share(test);
        self.shares.borrow_mut().insert(key, share);
        share
    }
}

/// The place of `userType`, whose two values make no good texts.
const USER_TYPE: usize = 5;

/// Whether a comparison is meant as it is, or negated by its operator.
#[derive(Clone, Copy)]
enum Sign {
    Positive,
    Negative,
}

/// The same rule with its operand in another case: rules compare without case.
fn recased(text: &str) -> String {
    match text.split_once('"') {
        Some((before, operand)) if !text.contains("-match") => {
            format!("{before}\"{}", operand.to_lowercase())
        }
        _ => text.to_owned(),
    }
}
