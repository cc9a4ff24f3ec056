//! Bringing a group's members to what decides about them: creation, edit, pause, resume, conversion,
//! deletion and recreation are all this.
//!
//! `pending` = members xor target, computed once and kept exact while it is drained: an object that
//! flips meanwhile leaves it without a delta, so each object sees at most one delta from one edit. After a
//! restart it is computed anew; nothing of it is stored but the version that the members agree with.

use super::Applying;
use super::Budget;
use super::event::Reason;
use super::groups::{AfterSync, Flips, Sync};
use crate::storage::{GroupMode, LocalGroup};
use crate::{CatalogGroup, Decides};
use muster_directory::{GroupDefinition, GroupId, GroupState, GroupStatus, RuleProcessing, Source};
use roaring::RoaringBitmap;

impl Applying<'_> {
    /// Takes a definition that is in force in the catalog. Returns the group if something is pending.
    /// Whom a rule selects is found out as far as `budget` allows.
    pub(super) fn define_group(
        &mut self,
        definition: &GroupDefinition,
        budget: Budget,
    ) -> Option<LocalGroup> {
        let id = &definition.id;
        let defined = self.catalog.group(id)?;
        if let Some(local) = self.state.groups.local(id)
            && self.state.groups.get(local).is_some_and(|group| group.created != definition.created)
        {
            // Its deletion was never seen here: it ends before the new group of its id begins.
            self.begin_deletion(local, definition.version, &definition.source);
            self.drain(local, Budget::Whole);
        }
        let mode = defined.mode();
        let (local, before) = match self.state.groups.local(id) {
            Some(local) => (local, self.state.groups.get(local).map(|group| group.mode)),
            None => {
                let evaluator = self.catalog.evaluator().version;
                (self.state.groups.create(id, definition.created, (mode, evaluator)), None)
            }
        };
        self.state.groups.connect(local, defined.number);
        match (before, mode) {
            (Some(GroupMode::Dynamic), GroupMode::Assigned) => self.list_members(local),
            (_, GroupMode::Dynamic) => self.forget_listing(id),
            (_, GroupMode::Assigned) => {}
        }
        if let Some(group) = self.state.groups.get_mut(local) {
            group.mode = mode;
        }
        self.step.touch_group(self.tenant, id);
        self.follow_clock();
        self.begin_sync(local, defined, budget)
    }

    /// Begins to empty a group that is no longer defined. Returns it if it is known.
    pub(super) fn delete_group(&mut self, id: &GroupId, version: u64, source: &Source) -> Option<LocalGroup> {
        let local = self.state.groups.local(id)?;
        self.begin_deletion(local, version, source);
        self.follow_clock();
        Some(local)
    }

    /// Flips pending memberships, as many as the budget allows.
    pub(super) fn drain(&mut self, local: LocalGroup, budget: Budget) {
        if !self.find_pending(local, budget) {
            return;
        }
        let mut left = match budget {
            Budget::Whole => u64::MAX,
            Budget::Objects(objects) => objects,
        };
        while left > 0
            && let Some(sync) = self.state.groups.get_mut(local).and_then(|group| group.sync.as_mut())
            && let Some(object) = sync.pending.min()
        {
            sync.pending.remove(object);
            let reason = Reason::Definition { version: sync.version };
            let joins = self.state.groups.get(local).is_some_and(|group| !group.members.contains(object));
            self.catch_up(object, local, &reason);
            if let Some(sync) = self.state.groups.get_mut(local).and_then(|group| group.sync.as_mut()) {
                sync.done.added += u64::from(joins);
                sync.done.removed += u64::from(!joins);
            }
            left -= 1;
        }
        self.finish_sync_if_empty(local);
        // Who watches sees how far it is after each slice.
        if let Some(sync) = self.state.groups.get(local).and_then(|group| group.sync.as_ref())
            && sync.done.added + sync.done.removed > 0
        {
            self.report(local, GroupState::Syncing);
        }
    }

    /// Ends the group's synchronisation if nothing is pending: its members now agree with the definition.
    pub(super) fn finish_sync_if_empty(&mut self, local: LocalGroup) {
        let Some(group) = self.state.groups.get_mut(local) else { return };
        let Some(sync) = &group.sync else { return };
        if !sync.pending.is_empty() || sync.selection.is_some() {
            return;
        }
        self.step.touch_group(self.tenant, &group.id);
        match sync.then {
            AfterSync::Keep => {
                group.synced = Some(sync.version);
                group.evaluator = self.catalog.evaluator().version;
                self.report(local, GroupState::Current);
                self.state.groups.set_sync(local, None);
            }
            AfterSync::Remove => {
                self.report(local, GroupState::Deleted);
                self.state.groups.remove(local);
            }
        }
    }

    /// Computes what is pending between the group's members and what decides about them now. Nothing decides
    /// about a paused or frozen group: it stays as it is, and behind its definition.
    fn begin_sync(
        &mut self,
        local: LocalGroup,
        defined: &CatalogGroup,
        budget: Budget,
    ) -> Option<LocalGroup> {
        let mut selection = None;
        let target = match (&defined.decides, defined.followed_rule()) {
            (Decides::Listing, _) => Some(self.listed_and_existing(&defined.definition.id)),
            (_, Some(rule)) => {
                let mut begun = self.state.begin_selection(self.clock);
                let found = self.state.proceed(self.catalog, rule, &mut begun, self.clock, budget.values());
                selection = found.is_none().then_some(begun);
                found
            }
            (Decides::Rule(_), None) => return self.leave_behind(local, GroupState::Paused),
            (Decides::Nobody(_), None) => return self.leave_behind(local, GroupState::Failed),
        };
        let members = &self.state.groups.get(local)?.members;
        let pending = target.map(|target| target ^ members).unwrap_or_default();
        let sync = Sync {
            version: defined.definition.version,
            source: defined.definition.source.clone(),
            since: self.clock,
            selection,
            pending,
            done: Flips::default(),
            then: AfterSync::Keep,
        };
        self.begin(local, sync);
        self.state.groups.get(local)?.sync.as_ref().map(|_| local)
    }

    pub(super) fn begin_deletion(&mut self, local: LocalGroup, version: u64, source: &Source) {
        let Some(group) = self.state.groups.get(local) else { return };
        let (id, pending) = (group.id.clone(), group.members.clone());
        self.forget_listing(&id);
        self.state.groups.disconnect(local);
        let sync = Sync {
            version,
            source: source.clone(),
            since: self.clock,
            selection: None,
            pending,
            done: Flips::default(),
            then: AfterSync::Remove,
        };
        self.begin(local, sync);
    }

    fn begin(&mut self, local: LocalGroup, sync: Sync) {
        let (nothing_to_do, selecting) = (sync.pending.is_empty(), sync.selection.is_some());
        self.replace_sync(local, Some(sync));
        if selecting {
            // Told once it is known how much there is to do.
        } else if nothing_to_do {
            self.finish_sync_if_empty(local);
        } else {
            self.report(local, GroupState::Syncing);
        }
    }

    /// Goes on finding out whom the group's rule selects; whether it is known what is pending.
    fn find_pending(&mut self, local: LocalGroup, budget: Budget) -> bool {
        let Some(group) = self.state.groups.get_mut(local) else { return true };
        let (number, sync) = (group.rule_number, group.sync.as_mut());
        let Some(mut selection) = sync.and_then(|sync| sync.selection.take()) else { return true };
        let rule = number.and_then(|number| self.catalog.by_number(number)?.followed_rule());
        let Some(rule) = rule else { return true };
        let found = self.state.proceed(self.catalog, rule, &mut selection, self.clock, budget.values());
        let Some(group) = self.state.groups.get_mut(local) else { return true };
        let Some(sync) = &mut group.sync else { return true };
        let known = found.is_some();
        match found {
            Some(target) => sync.pending = target ^ &group.members,
            None => sync.selection = Some(selection),
        }
        if known {
            self.report(local, GroupState::Syncing);
        }
        known
    }

    /// Begins, replaces or ends a synchronisation, wherever the one before it is.
    fn replace_sync(&mut self, local: LocalGroup, sync: Option<Sync>) {
        let before = self.state.groups.get_mut(local).and_then(|group| group.sync.take());
        if let Some(selection) = before.and_then(|sync| sync.selection) {
            self.state.forget(&selection);
        }
        self.state.groups.set_sync(local, sync);
    }

    /// Nothing decides about the group at present: it stays as it is, and behind its definition.
    fn leave_behind(&mut self, local: LocalGroup, state: GroupState) -> Option<LocalGroup> {
        self.step.touch_group(self.tenant, &self.state.groups.get(local)?.id);
        self.replace_sync(local, None);
        self.report(local, state);
        None
    }

    /// Tells those who watch how a group stands that nothing was done to.
    pub(super) fn report_standing(&mut self, id: &GroupId) {
        let Some(local) = self.state.groups.local(id) else { return };
        let syncing = self.state.groups.get(local).is_some_and(|group| group.sync.is_some());
        let state = match self.catalog.group(id) {
            _ if syncing => GroupState::Syncing,
            Some(CatalogGroup { decides: Decides::Nobody(_), .. }) => GroupState::Failed,
            Some(defined) if defined.mode() == GroupMode::Dynamic && defined.followed_rule().is_none() => {
                GroupState::Paused
            }
            Some(_) => GroupState::Current,
            None => return,
        };
        self.report(local, state);
    }

    /// Tells those who watch that the group has entered this state.
    fn report(&mut self, local: LocalGroup, state: GroupState) {
        let Some(group) = self.state.groups.get(local) else { return };
        let defined = group.rule_number.and_then(|number| self.catalog.by_number(number));
        let (version, done, remaining) = match (&group.sync, defined) {
            (Some(sync), _) => (sync.version, sync.done, sync.pending.len()),
            (None, Some(defined)) => (defined.definition.version, Flips::default(), 0),
            (None, None) => return,
        };
        let held = self.catalog.held(&group.id).map(|held| held.definition.version);
        let state = match state {
            GroupState::Current | GroupState::Paused if held.is_some() => GroupState::Held,
            state => state,
        };
        let processing = defined.and_then(|defined| processing(defined, state));
        self.step.push_status(GroupStatus {
            tenant: self.tenant.clone(),
            group: group.id.clone(),
            version,
            state,
            members: group.members.len(),
            added: done.added,
            removed: done.removed,
            remaining,
            held,
            processing,
            as_of: self.clock,
        });
    }

    /// Follows the date-times that rules compare with the clock.
    pub(super) fn follow_clock(&mut self) {
        self.state.deadlines.follow(self.catalog.clock_terms(), &self.state.rows);
    }

    fn listed_and_existing(&self, group: &GroupId) -> RoaringBitmap {
        let listed = self.state.listings.get(group).into_iter().flatten().copied();
        listed.filter(|&number| self.state.objects.kind(number).is_some()).collect()
    }

    /// The present members of a group that becomes assigned are its listing from now on.
    fn list_members(&mut self, local: LocalGroup) {
        let Some(group) = self.state.groups.get(local) else { return };
        let (id, members) = (group.id.clone(), group.members.clone());
        for object in members {
            self.list(&id, object);
        }
    }

    fn forget_listing(&mut self, group: &GroupId) {
        for object in self.state.listings.get(group).cloned().unwrap_or_default() {
            self.unlist(group, object);
            self.state.objects.forget_if_unknown(object);
        }
    }
}

/// How far the rule is processed, of a dynamic group that is in this state.
fn processing(defined: &CatalogGroup, state: GroupState) -> Option<RuleProcessing> {
    match (&defined.decides, state) {
        (Decides::Listing, _) => None,
        (Decides::Nobody(reason), _) => Some(RuleProcessing::Failed(reason.as_str().into())),
        (Decides::Rule(_), GroupState::Syncing) => Some(RuleProcessing::Running),
        (Decides::Rule(_), _) if defined.followed_rule().is_none() => Some(RuleProcessing::NotStarted),
        (Decides::Rule(_), _) => Some(RuleProcessing::Succeeded),
    }
}
