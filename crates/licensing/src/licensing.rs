//! The subscriber: one input after the other, for all tenants.

use crate::feed::{Feed, Gap};
use crate::member::Dynamic;
use crate::tenant::TenantState;
use muster_directory::licence::{LicenceCause, LicensingInput, TenantSettings};
use muster_directory::{DeadLetter, Delta, Event, GroupOp, Instant, LicenceEvent, Rejection, Source, Tenant};
use muster_engine::storage::{Entry, Positions};
use std::collections::{BTreeMap, BTreeSet};

/// Licences of all tenants. See the crate's text.
pub struct Licensing {
    pub(crate) tenants: BTreeMap<Tenant, TenantState>,
    pub(crate) feeds: BTreeMap<u32, Feed>,
    pub(crate) numbering: Numbering,
    /// Inputs that were read, refused ones included.
    pub(crate) position: u64,
    /// The number of the last entry.
    pub(crate) entry: u64,
    pub(crate) dead_letters: Vec<DeadLetter>,
    pub(crate) dirty_feeds: BTreeSet<u32>,
}

/// Gives events their numbers, and keeps them until the entry is taken.
pub(crate) struct Numbering {
    pub(crate) clock: Instant,
    pub(crate) sequence: u64,
    pub(crate) events: Vec<LicenceEvent>,
}

impl Numbering {
    pub(crate) fn clock(&self) -> Instant {
        self.clock
    }

    pub(crate) fn push(&mut self, event: LicenceEvent) {
        self.sequence += 1;
        self.events.push(LicenceEvent { sequence: self.sequence, ..event });
    }
}

/// Why an input was not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// It is refused, and without effect; the caller makes a dead letter of it.
    #[error(transparent)]
    Refused(#[from] Rejection),
    /// Deltas are missing before it; the caller stops.
    #[error(transparent)]
    Gap(#[from] Gap),
}

/// Under which name the number of inputs is stored.
pub(crate) const POSITION: &str = "licensing.inputs";

impl Licensing {
    /// Without users, groups and products, at this time.
    #[must_use]
    pub fn new(clock: Instant) -> Licensing {
        Licensing {
            tenants: BTreeMap::new(),
            feeds: BTreeMap::new(),
            numbering: Numbering { clock, sequence: 0, events: Vec::new() },
            position: 0,
            entry: 0,
            dead_letters: Vec::new(),
            dirty_feeds: BTreeSet::new(),
        }
    }

    /// Applies one input whole.
    ///
    /// # Errors
    /// A refusal, or a gap. The input has no effect then.
    pub fn apply(&mut self, input: LicensingInput, source: &Source) -> Result<(), ApplyError> {
        self.position += 1;
        match input {
            LicensingInput::Event(event) => self.event(event, source),
            LicensingInput::Delta(partition, delta) => return Ok(self.delta(partition, delta)?),
            LicensingInput::Product(tenant, sku, product) => {
                self.run(&tenant, LicenceCause::Product, source, |state| state.own(&sku, product));
            }
            LicensingInput::Assignment(tenant, assignee, assignment) => {
                self.run(&tenant, LicenceCause::Assignment, source, |state| {
                    state.assign(&assignee, assignment.as_ref());
                });
            }
            LicensingInput::Settings(tenant, settings) => {
                let settings: TenantSettings = settings.unwrap_or_default();
                self.run(&tenant, LicenceCause::Tenant, source, |state| state.set(settings));
            }
            LicensingInput::ConfirmRemoval(tenant, number) => {
                let mut confirmed = Ok(());
                self.run(&tenant, LicenceCause::Confirmation, source, |state| {
                    confirmed = state.confirm(number);
                });
                confirmed?;
            }
        }
        Ok(())
    }

    /// Counts an input that is refused elsewhere, and has no effect here.
    pub fn pass_over(&mut self) {
        self.position += 1;
    }

    /// Counts an input that could not be read, and keeps it as a dead letter.
    pub fn refuse_unread(&mut self, letter: DeadLetter) {
        self.position += 1;
        self.dead_letters.push(letter);
    }

    /// Keeps an input that [`apply`](Self::apply) refused.
    pub fn refuse(&mut self, letter: DeadLetter) {
        self.dead_letters.push(letter);
    }

    /// The time at which it decides.
    #[must_use]
    pub fn clock(&self) -> Instant {
        self.numbering.clock
    }

    /// When a kept seat goes next, if any is kept for a time.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Instant> {
        self.tenants.values().filter_map(TenantState::next_expiry).min()
    }

    /// How much the open step holds: events, dead letters and records to be written.
    #[must_use]
    pub fn step_len(&self) -> usize {
        let records = |state: &TenantState| state.dirty.users.len() + state.dirty.groups.len();
        self.numbering.events.len()
            + self.dead_letters.len()
            + self.tenants.values().map(records).sum::<usize>()
    }

    /// Whether an event of several deltas has begun and its last one is not here yet: the partition of
    /// the deltas, and the sequence read last.
    #[must_use]
    pub fn incomplete(&self) -> Option<(u32, u64)> {
        let images = self.feeds.iter().map(|(partition, feed)| (*partition, feed.image()));
        images.filter(|(_, image)| !image.pending.is_empty()).map(|(p, image)| (p, image.sequence)).next()
    }

    /// Closes the open step; `positions` is how far the inputs have been read.
    pub fn take_entry(&mut self, mut positions: Positions) -> Entry {
        positions.insert(POSITION.to_owned(), self.position);
        self.entry += 1;
        Entry {
            number: self.entry,
            positions,
            definitions_position: 0,
            clock: self.numbering.clock,
            sequence: self.numbering.sequence,
            deltas: Vec::new(),
            licences: std::mem::take(&mut self.numbering.events),
            dead_letters: std::mem::take(&mut self.dead_letters),
            statuses: Vec::new(),
            records: self.take_records(),
        }
    }

    fn event(&mut self, event: Event, source: &Source) {
        match event {
            Event::Object(change) => {
                let tenant = change.tenant.clone();
                self.run(&tenant, LicenceCause::User, source, |state| state.change_user(&change));
            }
            Event::Tombstone(tombstone) => {
                let tenant = tombstone.tenant.clone();
                self.run(&tenant, LicenceCause::User, source, |state| state.end_user(&tombstone.id));
            }
            Event::Group(request) => {
                let tenant = request.tenant.clone();
                self.run(&tenant, LicenceCause::Group, source, |state| match &request.op {
                    GroupOp::Delete => state.end_group(&request.id),
                    GroupOp::Upsert(patch) => {
                        let rule = patch.membership_rule.iter().flatten().next();
                        state.set_dynamic(&request.id, Dynamic::of(rule));
                    }
                    // What the edit says was seen when it was asked for.
                    GroupOp::Confirm(_) | GroupOp::Reject(_) => {}
                    GroupOp::Patch(patch) => {
                        if let Some(rule) = &patch.membership_rule {
                            state.set_dynamic(&request.id, Dynamic::of(rule.as_ref()));
                        }
                    }
                });
            }
            Event::Clock(to) => self.advance(to, source),
            // What they do to memberships comes as deltas.
            Event::Listing(_) | Event::Schema(_) => {}
        }
    }

    /// Brings the clock to the time on the wall, as one event, where a kept seat goes by then.
    pub fn tick(&mut self, to: Instant, source: &Source) {
        if self.next_expiry().is_some_and(|instant| instant <= to) {
            self.position += 1;
            self.advance(to, source);
        }
        self.numbering.clock = self.numbering.clock.max(to);
    }

    /// The clock is to be at least this; seats that were kept until then go.
    fn advance(&mut self, to: Instant, source: &Source) {
        if to <= self.numbering.clock {
            return;
        }
        self.numbering.clock = to;
        for (tenant, state) in &mut self.tenants {
            if state.next_expiry().is_some_and(|instant| instant <= to) {
                state.begin_with(self.position, LicenceCause::Clock, source);
                state.expire(to);
                state.settle(to);
                state.tell(tenant, &mut self.numbering);
            }
        }
    }

    fn delta(&mut self, partition: u32, delta: Delta) -> Result<(), Gap> {
        let feed = self.feeds.entry(partition).or_default();
        let before = feed.sequence();
        let event = feed.fold(partition, delta)?;
        if feed.sequence() != before {
            self.dirty_feeds.insert(partition);
        }
        let Some(event) = event else { return Ok(()) };
        let mut by_tenant: BTreeMap<Tenant, Vec<Delta>> = BTreeMap::new();
        for delta in event {
            by_tenant.entry(delta.tenant.clone()).or_default().push(delta);
        }
        for (tenant, deltas) in by_tenant {
            self.apply_deltas(&tenant, &deltas);
        }
        Ok(())
    }

    pub(crate) fn apply_deltas(&mut self, tenant: &Tenant, deltas: &[Delta]) {
        let state = self.tenants.entry(tenant.clone()).or_insert_with(TenantState::new);
        state.begin(self.position);
        for delta in deltas {
            state.membership(delta);
        }
        if !state.event.touched.is_empty() {
            state.settle(self.numbering.clock);
            state.tell(tenant, &mut self.numbering);
        }
    }

    /// Applies an event of one cause to one tenant.
    fn run(
        &mut self,
        tenant: &Tenant,
        cause: LicenceCause,
        source: &Source,
        change: impl FnOnce(&mut TenantState),
    ) {
        let state = self.tenants.entry(tenant.clone()).or_insert_with(TenantState::new);
        state.begin_with(self.position, cause, source);
        change(state);
        if !state.event.touched.is_empty() || !state.open.is_empty() {
            state.settle(self.numbering.clock);
            state.tell(tenant, &mut self.numbering);
        }
    }
}
