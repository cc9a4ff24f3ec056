//! What administrators ask of groups: which requests are refused, and what the accepted ones do to
//! members and listings.

use crate::fold::same;
use crate::world::{Group, Organisation};
use muster_directory::{GroupId, GroupOp, GroupPatch, GroupRequest, ProcessingState, RejectionCode};
use muster_rule::{Instant, Rule};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Organisation {
    pub(crate) fn group_request(
        &mut self,
        request: &GroupRequest,
        version: u64,
        now: Instant,
    ) -> Result<(), RejectionCode> {
        let id = &request.id;
        let mut group = match &request.op {
            GroupOp::Upsert(patch) => {
                if self.groups.keys().any(|other| other != id && same(other.as_str(), id.as_str())) {
                    return Err(RejectionCode::GroupIdCase);
                }
                self.patched(None, patch)?
            }
            GroupOp::Patch(patch) => {
                let group = self.groups.get(id).ok_or(RejectionCode::UnknownGroup)?;
                self.patched(Some(group), patch)?
            }
            // Nothing is ever held: there is no brake.
            GroupOp::Confirm(_) | GroupOp::Reject(_) => return Err(RejectionCode::NotHeld),
            GroupOp::Delete => {
                if self.groups.remove(id).is_some() {
                    self.listings.retain(|(listing, _)| listing != id);
                }
                return Ok(());
            }
        };
        if let Some(rule) = &group.rule
            && self.reaches(rule, id)
        {
            return Err(RejectionCode::MembershipCycle);
        }
        group.version = version;
        self.redefine(id, group, now);
        Ok(())
    }

    /// The definition that `patch` makes of `group`, or of the defaults; not numbered, nobody frozen yet.
    fn patched(&self, group: Option<&Group>, patch: &GroupPatch) -> Result<Group, RejectionCode> {
        let old = group.and_then(|group| group.rule.as_ref());
        let text = match &patch.membership_rule {
            Some(text) => text.clone(),
            None => old.map(|rule| Arc::from(rule.text())),
        };
        let dialect = match patch.dialect {
            Some(dialect) => dialect.unwrap_or_default(),
            None => old.map(|rule| rule.dialect()).unwrap_or_default(),
        };
        let paused = match patch.processing_state {
            Some(state) => state == Some(ProcessingState::Paused),
            None => group.is_some_and(|group| group.paused),
        };
        let rule = match text {
            Some(text) => {
                let rule =
                    Rule::parse(&text, dialect, &self.schema).map_err(|_| RejectionCode::InvalidRule)?;
                Some(Arc::new(rule))
            }
            None => None,
        };
        Ok(Group { rule, paused, version: 0, frozen: BTreeSet::new() })
    }

    /// Whether following `rule` from group to group leads to `wanted`, which need not exist yet.
    fn reaches(&self, rule: &Rule, wanted: &GroupId) -> bool {
        crate::meaning::sources(rule.tree()).iter().any(|source| {
            same(source, wanted.as_str())
                || self.groups.iter().any(|(id, group)| {
                    let read = same(source, id.as_str());
                    read && group.rule.as_ref().is_some_and(|rule| self.reaches(rule, wanted))
                })
        })
    }

    /// Puts `group` in the place of what was there, with the members and listings it takes over.
    fn redefine(&mut self, id: &GroupId, mut group: Group, now: Instant) {
        let members = self.members(id, now);
        if group.rule.is_some() {
            self.listings.retain(|(listing, _)| listing != id);
            if group.paused {
                group.frozen = members;
            }
        } else if self.groups.get(id).is_some_and(|old| old.rule.is_some()) {
            self.listings.extend(members.into_iter().map(|member| (id.clone(), member)));
        }
        self.groups.insert(id.clone(), group);
    }
}
