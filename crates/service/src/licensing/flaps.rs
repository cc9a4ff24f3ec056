//! Groups that give a product to users whom their rule then excludes for having it: they would join and leave for
//! ever.
//!
//! A user that gets and loses a product by turns, each time because of a membership that changed with
//! `assignedPlans` or `assignedLicenses`, and because of nothing else in between, is in such a circle: the third
//! turn names the group and the product. What comes from elsewhere begins the count anew. It knows no rule: a
//! circle over several groups and products is found as well.

use muster_directory::licence::LicenceChange;
use muster_directory::{GroupId, ObjectId, SkuId, Tenant};
use muster_stream::log::Progress;
use muster_wire::LicenceNotice;
use std::collections::{BTreeMap, BTreeSet};

/// So many turns by the user's own licences are a circle.
const TURNS: u32 = 3;

/// Separates the parts of one, and one from the next, in the metadata: no id has such characters.
const PART: char = '\u{1f}';
const END: char = '\u{1e}';

/// A product that a group gives and takes by turns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flap {
    pub(super) tenant: Tenant,
    pub(super) group: GroupId,
    pub(super) sku: SkuId,
}

/// Those that were found, and what may become one.
#[derive(Debug, Default)]
pub(super) struct Flaps {
    found: BTreeSet<Flap>,
    /// Of users that turned, and nothing else happened to since.
    turns: BTreeMap<(Tenant, ObjectId), BTreeMap<SkuId, Turns>>,
    /// Groups that are no longer held to be one.
    changed: BTreeSet<(Tenant, GroupId)>,
}

#[derive(Debug, Default)]
struct Turns {
    count: u32,
    /// That gave the product last.
    groups: Vec<GroupId>,
}

impl Flaps {
    /// Takes note of a licence event; what it proves to be in a circle.
    pub(super) fn learn(&mut self, notice: &LicenceNotice) -> Vec<Flap> {
        let user = (notice.tenant.clone(), notice.user.clone());
        let turned = matches!(notice.change, LicenceChange::Assigned | LicenceChange::Removed);
        if !notice.is_fed_back() {
            // Nothing is kept of users whose licences do not come about by their licences.
            self.turns.remove(&user);
            return Vec::new();
        }
        if !turned {
            return Vec::new();
        }
        let turns = self.turns.entry(user).or_default().entry(notice.sku.clone()).or_default();
        turns.count += 1;
        if notice.change == LicenceChange::Assigned {
            turns.groups.clone_from(&notice.groups);
        }
        if turns.count < TURNS {
            return Vec::new();
        }
        let flap = |group: &GroupId| Flap {
            tenant: notice.tenant.clone(),
            group: group.clone(),
            sku: notice.sku.clone(),
        };
        let flaps: Vec<Flap> = turns.groups.iter().map(flap).collect();
        flaps.into_iter().filter(|flap| self.found.insert(flap.clone())).collect()
    }

    /// Whether the group is known to give and take the product by turns.
    pub(super) fn is(&self, tenant: &Tenant, group: &GroupId, sku: &SkuId) -> bool {
        let flap = Flap { tenant: tenant.clone(), group: group.clone(), sku: sku.clone() };
        self.found.contains(&flap)
    }

    /// Whether some group is.
    pub(super) fn has(&self, tenant: &Tenant, sku: &SkuId) -> bool {
        self.found.iter().any(|flap| flap.tenant == *tenant && flap.sku == *sku)
    }

    /// The rule or the assignment of a group changed: it is not held to be one any more; those that it was.
    pub(super) fn forget(&mut self, tenant: &Tenant, group: &GroupId) -> Vec<Flap> {
        let is_of = |flap: &Flap| flap.tenant == *tenant && flap.group == *group;
        let (forgotten, found) = std::mem::take(&mut self.found).into_iter().partition(is_of);
        self.found = found;
        let forgotten: BTreeSet<Flap> = forgotten;
        if !forgotten.is_empty() {
            self.changed.insert((tenant.clone(), group.clone()));
            self.turns.retain(|(of, _), _| of != tenant);
        }
        forgotten.into_iter().collect()
    }

    /// The groups that were forgotten since the last time.
    pub(super) fn take_changed(&mut self) -> BTreeSet<(Tenant, GroupId)> {
        std::mem::take(&mut self.changed)
    }

    /// What was found, for the next start; as much as there is room for, the rest is found again.
    pub(super) fn to_metadata(&self) -> String {
        let mut text = String::new();
        for Flap { tenant, group, sku } in &self.found {
            let one = format!("{tenant}{PART}{group}{PART}{sku}{END}");
            if text.len() + one.len() <= Progress::MAX_METADATA_BYTES {
                text.push_str(&one);
            }
        }
        text
    }

    /// Remembers what an earlier start found.
    pub(super) fn restore(&mut self, metadata: &str) {
        let read = |one: &str| {
            let mut parts = one.split(PART);
            Some(Flap {
                tenant: Tenant::new(parts.next()?).ok()?,
                group: GroupId::new(parts.next()?).ok()?,
                sku: SkuId::new(parts.next()?).ok()?,
            })
        };
        self.found.extend(metadata.split(END).filter_map(read));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(change: LicenceChange, attributes: &[&str]) -> LicenceNotice {
        LicenceNotice {
            tenant: Tenant::default(),
            user: ObjectId::new("u").unwrap(),
            sku: SkuId::new("s").unwrap(),
            change,
            groups: match change {
                LicenceChange::Assigned => vec![GroupId::new("g").unwrap()],
                _ => Vec::new(),
            },
            attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn a_circle_is_found_at_its_third_turn_and_remembered() {
        use LicenceChange::{Assigned, Removed};
        let own = ["assignedPlans"];
        let mut flaps = Flaps::default();
        assert!(flaps.learn(&notice(Assigned, &["city"])).is_empty());
        assert!(flaps.learn(&notice(Removed, &own)).is_empty());
        assert!(flaps.learn(&notice(Assigned, &own)).is_empty());
        // Somebody else had a hand in it.
        assert!(flaps.learn(&notice(Removed, &["city"])).is_empty());
        for change in [Assigned, Removed] {
            assert!(flaps.learn(&notice(change, &own)).is_empty());
        }
        let [flap] = &flaps.learn(&notice(Assigned, &own))[..] else { panic!("none was found") };
        assert_eq!((flap.group.as_str(), flap.sku.as_str()), ("g", "s"));
        assert!(flaps.learn(&notice(Removed, &own)).is_empty(), "it is told once");

        let mut restored = Flaps::default();
        restored.restore(&flaps.to_metadata());
        assert!(restored.is(&flap.tenant, &flap.group, &flap.sku) && restored.has(&flap.tenant, &flap.sku));
        assert_eq!(restored.forget(&flap.tenant, &flap.group).len(), 1);
        assert!(!restored.is(&flap.tenant, &flap.group, &flap.sku));
        assert_eq!(restored.take_changed().len(), 1);
    }
}
