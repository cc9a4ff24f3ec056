//! What the registrar accepted, as catalogs and partitions take it.

use crate::Evaluator;
use muster_directory::{GroupDefinition, GroupId, HeldDefinition, SchemaRequest, Source, Tenant};
use muster_rule::{Rule, Schema};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One accepted request.
#[derive(Clone, Debug)]
pub enum Definition {
    /// A group is now so.
    Group {
        /// The whole definition.
        definition: Arc<GroupDefinition>,
        /// Who decides its memberships by it.
        decides: Decides,
    },
    /// A group is no more.
    GroupDeleted {
        /// Whose group.
        tenant: Tenant,
        /// Which.
        id: GroupId,
        /// The number of the request.
        version: u64,
        /// The request.
        source: Source,
    },
    /// An edit of a group waits to be confirmed; what was in force stays so.
    Held(Arc<HeldDefinition>),
    /// No edit of this group waits any more.
    HeldEnded {
        /// Whose group.
        tenant: Tenant,
        /// Which.
        id: GroupId,
        /// The number of the request.
        version: u64,
        /// The request.
        source: Source,
    },
    /// A tenant declares these attributes from now on.
    Schema {
        /// Whose, and which.
        request: SchemaRequest,
        /// The number of the request.
        version: u64,
    },
}

/// The deletions of groups that are still known of. A partition that was interrupted while it emptied a group
/// goes on in the name of the request that ended it; it has not stored that.
#[derive(Clone, Debug, Default)]
pub struct Endings(BTreeMap<(Tenant, GroupId), (u64, Source)>);

/// Who decides a group's memberships.
#[derive(Clone, Debug)]
pub enum Decides {
    /// `member` events.
    Listing,
    /// A rule.
    Rule(Arc<Rule>),
    /// A rule that this program cannot compile, and why. The group is frozen as it is.
    Nobody(String),
}

impl Definition {
    /// The number of the request that led to it.
    #[must_use]
    pub fn version(&self) -> u64 {
        match self {
            Definition::Group { definition, .. } => definition.version,
            Definition::Held(held) => held.definition.version,
            Definition::GroupDeleted { version, .. }
            | Definition::HeldEnded { version, .. }
            | Definition::Schema { version, .. } => *version,
        }
    }
}

impl Endings {
    /// Takes note of a definition, in the order of their numbers.
    pub fn learn(&mut self, definition: &Definition) {
        match definition {
            Definition::GroupDeleted { tenant, id, version, source } => {
                self.0.insert((tenant.clone(), id.clone()), (*version, source.clone()));
            }
            Definition::Group { definition, .. } => {
                self.0.remove(&(definition.tenant.clone(), definition.id.clone()));
            }
            Definition::Held(_) | Definition::HeldEnded { .. } | Definition::Schema { .. } => {}
        }
    }

    /// Number and request of the deletion of this group, if it is known.
    #[must_use]
    pub fn of(&self, tenant: &Tenant, id: &GroupId) -> Option<(u64, &Source)> {
        self.0.get(&(tenant.clone(), id.clone())).map(|(version, source)| (*version, source))
    }
}

impl Decides {
    /// Who decides by this definition, under the tenant's schema. A rule that was accepted once and does not
    /// compile any more freezes its group.
    #[must_use]
    pub(crate) fn of(definition: &GroupDefinition, schema: &Schema, evaluator: Evaluator) -> Decides {
        let Some(rule) = &definition.rule else { return Decides::Listing };
        match (evaluator.parse)(&rule.text, rule.dialect, schema) {
            Ok(rule) => Decides::Rule(Arc::new(rule)),
            Err(diagnostics) => Decides::Nobody(crate::registrar::summary(&rule.text, &diagnostics)),
        }
    }
}
