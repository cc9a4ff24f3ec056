//! The brake: an edit by which too many members would leave waits until somebody confirms it.
//!
//! The registrar knows what is in force and no population, so it hands out a [`Proposal`]; whoever runs it asks all
//! partitions what the rule would do and comes back with the answer, before any later request is decided. The
//! outcome is a definition either way: the edit, or that it is held. So it is decided once, whatever is asked and
//! killed on the way, and partitions only ever see what was decided.

use super::Registrar;
use crate::{Catalog, CatalogGroup, Definition};
use muster_directory::{
    GroupDefinition, GroupId, HeldDefinition, Impact, ProcessingState, Rejection, RejectionCode, Tenant,
};
use muster_rule::Rule;
use std::sync::Arc;

/// From how many members on that would leave an edit is held. One limit that is exceeded is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrakeLimits {
    /// More than so many.
    pub removals: Option<u64>,
    /// More than so many in a hundred of the group's members.
    pub share_percent: Option<u64>,
}

/// What a request leads to.
#[derive(Debug)]
pub enum Ruling {
    /// It is decided.
    Settled(Vec<Definition>),
    /// It depends on who would leave: see [`Proposal::settle`].
    Asks(Box<Proposal>),
}

/// An edit that may have to be held.
#[derive(Debug)]
pub struct Proposal {
    pub(super) definition: GroupDefinition,
    pub(super) rule: Arc<Rule>,
    /// What is to be put in force after it, if it is not held.
    pub(super) beside: Vec<Definition>,
    /// Where it is the confirmation of a held edit: that one.
    pub(super) confirms: Option<Arc<HeldDefinition>>,
}

/// How a proposal ends.
#[derive(Debug)]
pub struct Settlement {
    /// What is to be written.
    pub definitions: Vec<Definition>,
    /// Why a confirmation has no effect. An edit that is held is no refusal.
    pub refusal: Option<Rejection>,
}

impl BrakeLimits {
    /// The limit that so many removals of so many members exceed, for people.
    #[must_use]
    pub fn exceeded(&self, removed: u64, members: u64) -> Option<String> {
        if let Some(limit) = self.removals.filter(|limit| removed > *limit) {
            return Some(format!("{removed} of {members} members would leave, more than {limit}"));
        }
        let limit = self.share_percent?;
        let over = u128::from(removed) * 100 > u128::from(limit) * u128::from(members);
        over.then(|| format!("{removed} of {members} members would leave, more than {limit} %"))
    }
}

impl Proposal {
    /// Whose group.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.definition.tenant
    }

    /// Which.
    #[must_use]
    pub fn group(&self) -> &GroupId {
        &self.definition.id
    }

    /// What would decide.
    #[must_use]
    pub fn rule(&self) -> &Arc<Rule> {
        &self.rule
    }

    /// Decides, given what the rule would do to the members that the group has by what is in force. A confirmation
    /// covers as many removals as were shown when the edit was held; it has no effect where those that have come
    /// since exceed a limit by themselves, and the edit is held with what it would do now.
    #[must_use]
    pub fn settle(self, limits: &BrakeLimits, impact: Impact) -> Settlement {
        let shown = self.confirms.as_ref().map_or(0, |held| held.impact.removed);
        let more = impact.removed.saturating_sub(shown);
        let Some(reason) = limits.exceeded(more, impact.members_before()) else {
            return Settlement { definitions: self.accepted(), refusal: None };
        };
        let refusal = self.confirms.as_ref().map(|_| {
            let message = format!(
                "{} members would leave by now, and {shown} were shown when the edit of `{}` was held: look at it \
                 again, and confirm it as version {}",
                impact.removed, self.definition.id, self.definition.version
            );
            Rejection::new(RejectionCode::PreviewChanged, message)
        });
        let held = HeldDefinition { definition: Arc::new(self.definition), impact, reason };
        Settlement { definitions: vec![Definition::Held(Arc::new(held))], refusal }
    }

    /// The edit, without a brake.
    pub(super) fn accepted(self) -> Vec<Definition> {
        let Proposal { definition, rule, beside, .. } = self;
        let decides = crate::Decides::Rule(rule);
        let edit = Definition::Group { definition: Arc::new(definition), decides };
        [edit].into_iter().chain(beside).collect()
    }
}

/// Whether members may leave a group by `new`, in the place of what is in force.
pub(super) fn may_remove(existing: &CatalogGroup, new: &GroupDefinition) -> bool {
    new.processing_state == ProcessingState::On
        && (existing.followed_rule().is_none() || existing.definition.rule != new.rule)
}

impl Registrar {
    /// The edit of this group that is held, if it is the one that is meant.
    pub(super) fn held<'a>(
        catalog: &'a Catalog,
        (tenant, id): (&Tenant, &GroupId),
        version: Option<u64>,
    ) -> Result<&'a Arc<HeldDefinition>, Rejection> {
        let refused = |message: String| Err(Rejection::new(RejectionCode::NotHeld, message));
        match (catalog.tenant(tenant).held(id), version) {
            (None, _) => refused(format!("no edit of the group `{id}` waits to be confirmed")),
            (Some(held), Some(version)) if held.definition.version != version => refused(format!(
                "the edit of `{id}` that waits is version {}, not {version}: look at it again",
                held.definition.version
            )),
            (Some(held), _) => Ok(held),
        }
    }
}
