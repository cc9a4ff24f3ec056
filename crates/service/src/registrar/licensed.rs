//! Which groups have licences assigned: their assignments end with them.
//!
//! The end of a group alone would not do: once its tombstone is compacted away, whoever reads the definitions
//! anew would find the assignment of a group of that id, which may be another one by then.

use muster_directory::licence::{Assignee, LicensingInput};
use muster_directory::{GroupId, Tenant};
use muster_engine::Definition;
use muster_wire::AcceptedLicensing;
use std::collections::BTreeSet;

/// The groups whose assignment is among the definitions.
#[derive(Debug, Default)]
pub(super) struct LicensedGroups(BTreeSet<(Tenant, GroupId)>);

impl LicensedGroups {
    /// Takes note of what was accepted.
    pub(super) fn learn(&mut self, accepted: &AcceptedLicensing) {
        if let LicensingInput::Assignment(tenant, Assignee::Group(group), assignment) = &accepted.input {
            let key = (tenant.clone(), group.clone());
            match assignment {
                Some(_) => self.0.insert(key),
                None => self.0.remove(&key),
            };
        }
    }

    /// The end of the group's assignment, where this definition ends the group and it has one.
    pub(super) fn end_with(&mut self, definition: &Definition) -> Option<AcceptedLicensing> {
        let Definition::GroupDeleted { tenant, id, version, source } = definition else { return None };
        let had = self.0.remove(&(tenant.clone(), id.clone()));
        had.then(|| AcceptedLicensing::end_of_group(tenant.clone(), id.clone(), *version, source.clone()))
    }
}
