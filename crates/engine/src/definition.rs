//! What the registrar accepted, as catalogs and partitions take it.

use muster_directory::{GroupDefinition, GroupId, SchemaRequest, Source, Tenant};
use muster_rule::Rule;
use std::sync::Arc;

/// One accepted request.
#[derive(Clone, Debug)]
pub enum Definition {
    /// A group is now so.
    Group {
        /// The whole definition.
        definition: Arc<GroupDefinition>,
        /// Its rule, compiled, where it has one.
        rule: Option<Arc<Rule>>,
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
    /// A tenant declares these attributes from now on.
    Schema {
        /// Whose, and which.
        request: SchemaRequest,
        /// The number of the request.
        version: u64,
    },
}
