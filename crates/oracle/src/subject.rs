//! One object on its own, and what rules say of it: for those who hold a sample of a large run against
//! the truth, where a whole [`World`](crate::World) would take too long.

use crate::meaning::{self, Seen};
use crate::object::Object;
use muster_directory::{AttributePatch, ObjectId};
use muster_rule::{Instant, ObjectKind, Rule, Schema};

/// An object without a directory around it.
#[derive(Clone, Debug)]
pub struct Subject {
    object: Object,
    schema: Schema,
}

impl Subject {
    /// An object of which nothing but its id is known, in a tenant that declares no attributes.
    #[must_use]
    pub fn new(kind: ObjectKind, id: ObjectId) -> Subject {
        Subject { object: Object::new(id, kind), schema: Schema::default() }
    }

    /// Sets and clears what `patch` names.
    pub fn patch(&mut self, patch: &AttributePatch) {
        self.object.patch(patch);
    }

    /// Whether a rule selects it, where it is a direct member of `groups`.
    #[must_use]
    pub fn is_selected_by(&self, rule: &Rule, groups: &[String], now: Instant) -> bool {
        let seen = Seen { object: &self.object, groups, schema: &self.schema, now };
        meaning::selects(rule.tree(), &seen)
    }
}
