//! Licences that flow back into the changes: what the engine makes of users' `assignedPlans` and
//! `assignedLicenses` meanwhile.
//!
//! The licensing subscriber alone knows them. So a source that sends users whole does not clear them by leaving
//! them out, and a patch of nothing else does not bring a user into being who was deleted before it came.

use muster_directory::{AttributePatch, ObjectChange, ObjectKind, ObjectOp};
use muster_engine::Partition;
use muster_rule::{Attribute, property};

/// Whether licences flow back into the changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Feedback {
    /// They do not.
    #[default]
    Off,
    /// As patches of users.
    On,
}

/// The attributes that flow back.
const NAMES: [&str; 2] = ["assignedPlans", "assignedLicenses"];

/// The change as it is applied while licences flow back; `None` where it has no effect.
pub(crate) fn received(partition: &Partition, mut change: ObjectChange) -> Option<ObjectChange> {
    if change.kind != ObjectKind::User {
        return Some(change);
    }
    let attributes = NAMES.iter().filter_map(|name| property::find_standard(ObjectKind::User, name));
    let attributes = attributes.map(|row| Attribute::Standard(row.code));
    let value = |attribute: &Attribute| partition.attribute(&change.tenant, &change.id, attribute);
    match &mut change.op {
        ObjectOp::Upsert(patch) => {
            for attribute in attributes {
                if !names(patch, &attribute)
                    && let Some(Some(value)) = value(&attribute)
                {
                    patch.known.push((attribute, Some(value)));
                }
            }
        }
        ObjectOp::Patch(patch) => {
            let attributes: Vec<Attribute> = attributes.collect();
            let only_these = patch.unknown.is_empty()
                && !patch.known.is_empty()
                && patch.known.iter().all(|(attribute, _)| attributes.contains(attribute));
            if only_these && attributes.first().is_none_or(|attribute| value(attribute).is_none()) {
                return None;
            }
        }
        ObjectOp::Delete => {}
    }
    Some(change)
}

fn names(patch: &AttributePatch, attribute: &Attribute) -> bool {
    patch.known.iter().any(|(named, _)| named == attribute)
}
