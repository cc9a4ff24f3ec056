//! Licensing as naively as can be: after every event all sources are sorted and gone over, pass by pass.
//!
//! It shares the nouns with the subscriber, and no code.

use muster_directory::licence::{
    Assignee, AssignmentState, Capability, Kept, LicenceChange, LicensingInput, Product, ServicePlan,
    TenantSettings, Violation,
};
use muster_directory::{
    Delta, Event, GroupId, GroupOp, Instant, MembershipChange, ObjectChange, ObjectId, ObjectKind, ObjectOp,
    PlanId, SkuId,
};
use std::collections::{BTreeMap, BTreeSet};

type Skus = BTreeMap<SkuId, BTreeSet<PlanId>>;

/// An assignment as it stands.
#[derive(Clone, PartialEq, Eq)]
struct Terms {
    priority: i64,
    since: u64,
    disabled: Skus,
}

/// Why a seat without a source is kept, and which plans stay enabled.
type KeptSeat = Option<(Kept, BTreeSet<PlanId>)>;

/// A source: whose, and through what.
type SourceId = (ObjectId, Option<GroupId>);

/// What a user has of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// A seat.
    pub has_seat: bool,
    /// Enabled plans.
    pub plans: BTreeSet<PlanId>,
    /// By group; `None` is the direct one.
    pub states: BTreeMap<Option<GroupId>, AssignmentState>,
    /// Without a source.
    pub kept: Option<Kept>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which user.
    pub user: ObjectId,
    /// Which product.
    pub sku: SkuId,
    /// What happened.
    pub change: LicenceChange,
    /// As after it.
    pub view: View,
}

/// One tenant.
#[derive(Clone, Default)]
pub struct Model {
    now: i64,
    position: u64,
    settings: TenantSettings,
    products: BTreeMap<SkuId, Product>,
    assignments: BTreeMap<Assignee, Terms>,
    members: BTreeMap<(GroupId, ObjectId), u64>,
    dynamic: BTreeSet<GroupId>,
    locations: BTreeMap<ObjectId, String>,
    addresses: BTreeMap<ObjectId, BTreeSet<String>>,
    satisfied: BTreeSet<SourceId>,
    /// With the reason and the plans where no source has it.
    seats: BTreeMap<(ObjectId, SkuId), KeptSeat>,
}

/// What one event brings about before the steps.
#[derive(Default)]
struct Mutation {
    gained: Option<(Assignee, BTreeSet<SkuId>)>,
    deleted: BTreeSet<ObjectId>,
    due: BTreeSet<(ObjectId, SkuId)>,
    confirmed: BTreeSet<(ObjectId, SkuId)>,
}

impl Model {
    /// At this time.
    #[must_use]
    pub fn new(now: Instant) -> Model {
        Model { now: now.as_millis(), ..Model::default() }
    }

    /// Applies one input; a delta only with the others of its event, by [`deltas`](Self::deltas).
    pub fn apply(&mut self, input: &LicensingInput) -> Vec<Difference> {
        self.step(|model| model.mutate(input))
    }

    /// Applies the deltas of one event, of which so many lines were read.
    pub fn deltas(&mut self, deltas: &[Delta]) -> Vec<Difference> {
        self.position += deltas.len() as u64 - 1;
        self.step(|model| {
            let mut mutation = Mutation::default();
            for delta in deltas.iter().filter(|delta| delta.member_kind == ObjectKind::User) {
                let pair = (delta.group.clone(), delta.member.clone());
                match delta.change {
                    MembershipChange::Added => {
                        let since = model.position;
                        model.members.entry(pair).or_insert(since);
                    }
                    MembershipChange::Removed => {
                        let licensed = model.assignments.contains_key(&Assignee::Group(delta.group.clone()));
                        if model.members.remove(&pair).is_some() && licensed && is_deletion(delta) {
                            mutation.deleted.insert(delta.member.clone());
                        }
                    }
                }
            }
            mutation
        })
    }

    /// A line without any effect was read.
    pub fn pass(&mut self) {
        self.position += 1;
    }

    /// Removals that wait for a confirmation.
    #[must_use]
    pub fn held(&self) -> BTreeSet<u64> {
        let kept = self.seats.values().flatten();
        kept.filter_map(|(kept, _)| match kept {
            Kept::Unconfirmed(number) => Some(*number),
            Kept::Until(_) => None,
        })
        .collect()
    }

    /// Everything that anybody has or wants.
    #[must_use]
    pub fn views(&self) -> BTreeMap<(ObjectId, SkuId), View> {
        let mut views: BTreeMap<(ObjectId, SkuId), View> = BTreeMap::new();
        for (user, owner) in self.sources() {
            let terms = self.terms(&user, owner.as_ref()).unwrap();
            let satisfied = self.satisfied.contains(&(user.clone(), owner.clone()));
            let violation = self.violation(&user, owner.as_ref(), None);
            for (sku, disabled) in &terms.disabled {
                let view = views.entry((user.clone(), sku.clone())).or_default();
                let state = match (satisfied, violation) {
                    (false, violation) => AssignmentState::Error(violation.unwrap_or(Violation::Count)),
                    (true, Some(Violation::Other)) => AssignmentState::ActiveWithError(Violation::Other),
                    (true, _) if !self.usable(sku) => AssignmentState::Disabled,
                    (true, Some(violation)) => AssignmentState::ActiveWithError(violation),
                    (true, None) => AssignmentState::Active,
                };
                view.states.insert(owner.clone(), state);
                if satisfied && self.usable(sku) {
                    let plans = self.products[sku].service_plans.iter().map(|plan| plan.id.clone());
                    view.plans.extend(plans.filter(|plan| !disabled.contains(plan)));
                }
            }
        }
        for ((user, sku), kept) in &self.seats {
            let view = views.entry((user.clone(), sku.clone())).or_default();
            view.has_seat = true;
            if let Some((kept, plans)) = kept {
                view.kept = Some(*kept);
                if self.usable(sku) {
                    view.plans.extend(plans.iter().cloned());
                }
            }
        }
        views
    }

    /// Users who wait for a product, first come first.
    #[must_use]
    pub fn queue(&self, sku: &SkuId) -> Vec<ObjectId> {
        let mut queue: Vec<ObjectId> = Vec::new();
        for (user, owner) in self.in_order(|_| true) {
            let waits = !self.satisfied.contains(&(user.clone(), owner.clone()))
                && self.terms(&user, owner.as_ref()).unwrap().disabled.contains_key(sku)
                && self.violation(&user, owner.as_ref(), None).is_none();
            if waits && !self.seats.contains_key(&(user.clone(), sku.clone())) && !queue.contains(&user) {
                queue.push(user);
            }
        }
        queue
    }

    /// Seats of a product that somebody holds.
    #[must_use]
    pub fn used(&self, sku: &SkuId) -> u64 {
        self.seats.keys().filter(|(_, held)| held == sku).count() as u64
    }

    /// Users in at least one dynamic group.
    #[must_use]
    pub fn dynamic_users(&self) -> u64 {
        let members = self.members.keys().filter(|(group, _)| self.dynamic.contains(group));
        members.map(|(_, user)| user).collect::<BTreeSet<_>>().len() as u64
    }

    fn mutate(&mut self, input: &LicensingInput) -> Mutation {
        let mut mutation = Mutation::default();
        match input {
            LicensingInput::Product(_, sku, Some(product)) => {
                self.products.insert(sku.clone(), product.clone());
            }
            LicensingInput::Product(_, sku, None) => {
                self.products.remove(sku);
            }
            LicensingInput::Settings(_, settings) => self.settings = settings.clone().unwrap_or_default(),
            LicensingInput::Assignment(_, assignee, None) => {
                self.assignments.remove(assignee);
            }
            LicensingInput::Assignment(_, assignee, Some(assignment)) => {
                let disabled: Skus = assignment
                    .licences
                    .iter()
                    .map(|licence| (licence.sku.clone(), licence.disabled_plans.iter().cloned().collect()))
                    .collect();
                let old = self.assignments.get(assignee);
                let since = old.map_or(self.position, |old| old.since);
                if let Some(old) = old {
                    let gained =
                        disabled.keys().filter(|sku| !old.disabled.contains_key(*sku)).cloned().collect();
                    mutation.gained = Some((assignee.clone(), gained));
                }
                let terms = Terms { priority: assignment.priority, since, disabled };
                self.assignments.insert(assignee.clone(), terms);
            }
            LicensingInput::ConfirmRemoval(_, number) => {
                for (seat, kept) in &mut self.seats {
                    if kept.as_ref().is_some_and(|(kept, _)| *kept == Kept::Unconfirmed(*number)) {
                        *kept = None;
                        mutation.confirmed.insert(seat.clone());
                    }
                }
            }
            LicensingInput::Event(Event::Clock(to)) => {
                self.now = self.now.max(to.as_millis());
                for (seat, kept) in &mut self.seats {
                    let ends = |kept: &Kept| matches!(kept, Kept::Until(end) if end.as_millis() <= self.now);
                    if kept.as_ref().is_some_and(|(kept, _)| ends(kept)) {
                        *kept = None;
                        mutation.due.insert(seat.clone());
                    }
                }
            }
            LicensingInput::Event(Event::Group(request)) => match &request.op {
                GroupOp::Delete => {
                    self.assignments.remove(&Assignee::Group(request.id.clone()));
                    self.dynamic.remove(&request.id);
                }
                GroupOp::Confirm(_) | GroupOp::Reject(_) => {}
                GroupOp::Upsert(patch) | GroupOp::Patch(patch) => {
                    if patch.membership_rule.iter().flatten().next().is_some() {
                        self.dynamic.insert(request.id.clone());
                    } else if patch.membership_rule.is_some() || matches!(request.op, GroupOp::Upsert(_)) {
                        self.dynamic.remove(&request.id);
                    }
                }
            },
            LicensingInput::Event(Event::Object(change)) => self.change_user(change, &mut mutation),
            LicensingInput::Event(_) | LicensingInput::Delta(..) => {}
        }
        mutation
    }

    fn change_user(&mut self, change: &ObjectChange, mutation: &mut Mutation) {
        use muster_rule::{Attribute, Value};
        let id = &change.id;
        let (patch, whole) = match &change.op {
            ObjectOp::Upsert(patch) => (patch, true),
            ObjectOp::Patch(patch) => (patch, false),
            ObjectOp::Delete => {
                self.locations.remove(id);
                self.addresses.remove(id);
                self.assignments.remove(&Assignee::User(id.clone()));
                for ((user, _), kept) in &mut self.seats {
                    if user == id {
                        *kept = None;
                    }
                }
                mutation.deleted.insert(id.clone());
                return;
            }
        };
        let named = |code| patch.known.iter().find(|(attribute, _)| *attribute == Attribute::Standard(code));
        match named(29) {
            Some((_, Some(Value::Text(text)))) => {
                drop(self.locations.insert(id.clone(), text.as_str().into()))
            }
            None if !whole => {}
            _ => drop(self.locations.remove(id)),
        }
        match named(48) {
            Some((_, Some(Value::Texts(texts)))) => {
                let texts = texts.iter().map(|text| text.as_str().to_lowercase()).collect();
                self.addresses.insert(id.clone(), texts);
            }
            None if !whole => {}
            _ => drop(self.addresses.remove(id)),
        }
    }

    fn step(&mut self, mutate: impl FnOnce(&mut Model) -> Mutation) -> Vec<Difference> {
        self.position += 1;
        let before = self.views();
        let held: BTreeSet<(ObjectId, SkuId)> = self.seats.keys().cloned().collect();
        let mutation = mutate(self);
        let sources = self.sources();
        // 1
        self.satisfied.retain(|source| sources.contains(source));
        let gained = mutation.gained.clone().filter(|(_, skus)| !skus.is_empty());
        let gaining: Vec<SourceId> = match &gained {
            Some((assignee, _)) => {
                self.in_order(|source| self.satisfied.contains(source) && assignee_of(source) == *assignee)
            }
            None => Vec::new(),
        };
        // 2
        loop {
            let mut any = false;
            for source in self.in_order(|source| !self.satisfied.contains(source)) {
                let terms = self.terms(&source.0, source.1.as_ref()).unwrap();
                let had = terms.disabled.keys().all(|sku| held.contains(&(source.0.clone(), sku.clone())));
                if had && self.violation(&source.0, source.1.as_ref(), gained.as_ref()).is_none() {
                    self.satisfy(&source);
                    any = true;
                }
            }
            if !any {
                break;
            }
        }
        // 3
        let mut pending: BTreeSet<SourceId> = gaining.iter().cloned().collect();
        for source in gaining {
            pending.remove(&source);
            let new = &gained.as_ref().unwrap().1;
            // The others of this group have only what they had.
            let allowed = self.violation_while(&source, gained.as_ref(), &pending).is_none();
            let found = new.iter().all(|sku| self.has_or_free(&source.0, sku));
            if allowed && found {
                self.satisfy(&source);
            } else {
                self.satisfied.remove(&source);
            }
        }
        self.release(&before, &mutation);
        // 4
        loop {
            let mut any = false;
            for source in self.in_order(|source| !self.satisfied.contains(source)) {
                let terms = self.terms(&source.0, source.1.as_ref()).unwrap();
                let found = terms.disabled.keys().all(|sku| self.has_or_free(&source.0, sku));
                if found && self.violation(&source.0, source.1.as_ref(), None).is_none() {
                    self.satisfy(&source);
                    any = true;
                }
            }
            if !any {
                break;
            }
        }
        differences(&before, &self.views())
    }

    fn release(&mut self, before: &BTreeMap<(ObjectId, SkuId), View>, mutation: &Mutation) {
        let mut leaving = Vec::new();
        for (seat, kept) in self.seats.clone() {
            let sourced = self.satisfied.iter().any(|(user, owner)| {
                *user == seat.0 && self.terms(user, owner.as_ref()).unwrap().disabled.contains_key(&seat.1)
            });
            if sourced || kept.is_some() {
                continue;
            }
            if mutation.deleted.contains(&seat.0) || mutation.confirmed.contains(&seat) {
                self.seats.remove(&seat);
                continue;
            }
            let grace = self.products.get(&seat.1).map_or(0, |product| product.grace_millis);
            let millis = grace.max(self.settings.settle_millis);
            if millis > 0 && !mutation.due.contains(&seat) {
                let until = Instant::from_millis(self.now + millis);
                let plans = before[&seat].plans.clone();
                self.seats.insert(seat, Some((Kept::Until(until), plans)));
            } else {
                leaving.push(seat);
            }
        }
        let held = self.settings.removal_brake.is_some_and(|brake| leaving.len() as u64 > brake);
        for seat in leaving {
            if held {
                let plans = before[&seat].plans.clone();
                self.seats.insert(seat, Some((Kept::Unconfirmed(self.position), plans)));
            } else {
                self.seats.remove(&seat);
            }
        }
    }

    fn satisfy(&mut self, source: &SourceId) {
        let terms = self.terms(&source.0, source.1.as_ref()).unwrap().clone();
        for sku in terms.disabled.keys() {
            self.seats.insert((source.0.clone(), sku.clone()), None);
        }
        self.satisfied.insert(source.clone());
    }

    fn has_or_free(&self, user: &ObjectId, sku: &SkuId) -> bool {
        let units = self.products.get(sku).filter(|_| self.usable(sku)).map_or(0, |p| p.enabled_units);
        self.seats.contains_key(&(user.clone(), sku.clone())) || self.used(sku) < units
    }

    fn usable(&self, sku: &SkuId) -> bool {
        self.products.get(sku).is_some_and(|product| product.capability == Capability::Enabled)
    }

    fn sources(&self) -> BTreeSet<SourceId> {
        let mut sources = BTreeSet::new();
        for assignee in self.assignments.keys() {
            match assignee {
                Assignee::User(user) => {
                    sources.insert((user.clone(), None));
                }
                Assignee::Group(group) => {
                    let members = self.members.keys().filter(|(of, _)| of == group);
                    sources.extend(members.map(|(_, user)| (user.clone(), Some(group.clone()))));
                }
            }
        }
        sources
    }

    fn terms(&self, user: &ObjectId, owner: Option<&GroupId>) -> Option<&Terms> {
        self.assignments.get(&assignee_of(&(user.clone(), owner.cloned())))
    }

    fn in_order(&self, wanted: impl Fn(&SourceId) -> bool) -> Vec<SourceId> {
        let mut sources: Vec<SourceId> = self.sources().into_iter().filter(|source| wanted(source)).collect();
        sources.sort_by_key(|source| {
            let terms = self.terms(&source.0, source.1.as_ref()).unwrap();
            let joined =
                source.1.as_ref().map_or(0, |group| self.members[&(group.clone(), source.0.clone())]);
            (terms.priority, terms.since.max(joined), source.0.clone(), source.1.clone())
        });
        sources
    }

    fn violation(
        &self,
        user: &ObjectId,
        owner: Option<&GroupId>,
        gained: Option<&(Assignee, BTreeSet<SkuId>)>,
    ) -> Option<Violation> {
        let pending: BTreeSet<SourceId> = match gained {
            Some((assignee, _)) => {
                self.satisfied.iter().filter(|source| assignee_of(source) == *assignee).cloned().collect()
            }
            None => BTreeSet::new(),
        };
        self.violation_while(&(user.clone(), owner.cloned()), gained, &pending)
    }

    /// What forbids a source while those `pending` do not have what was gained.
    fn violation_while(
        &self,
        source: &SourceId,
        gained: Option<&(Assignee, BTreeSet<SkuId>)>,
        pending: &BTreeSet<SourceId>,
    ) -> Option<Violation> {
        let user = &source.0;
        let terms = self.terms(user, source.1.as_ref())?;
        if terms.disabled.keys().any(|sku| !self.products.contains_key(sku)) {
            return Some(Violation::Other);
        }
        let own = self.plans(source, None);
        let without = |other: &SourceId| match gained {
            Some((_, skus)) if pending.contains(other) => Some(skus.clone()),
            _ => None,
        };
        let mut all = own.clone();
        for other in self.satisfied.iter().filter(|other| other.0 == *user && *other != source) {
            all.extend(self.plans(other, without(other).as_ref()));
        }
        let tenant = self.settings.usage_location.as_ref().map(|location| location.as_str().to_owned());
        let location = self.locations.get(user).map(|location| location.to_uppercase()).or(tenant);
        let prohibited = |plan: &&ServicePlan| {
            plan.prohibited_in.iter().any(|place| Some(place.as_str()) == location.as_deref())
        };
        if own.iter().any(prohibited) {
            return Some(Violation::ProhibitedInUsageLocation);
        }
        for a in &own {
            for b in all.iter().filter(|b| b.id != a.id) {
                if a.excludes.contains(&b.id) || b.excludes.contains(&a.id) {
                    return Some(Violation::MutuallyExclusive);
                }
            }
        }
        for plan in &own {
            if plan.depends_on.iter().any(|needed| all.iter().all(|plan| plan.id != *needed)) {
                return Some(Violation::Dependency);
            }
        }
        let empty = BTreeSet::new();
        for plan in own.iter().filter(|plan| plan.unique.is_some()) {
            for other in self.satisfied.iter().filter(|other| other.0 != *user) {
                let has = self.plans(other, without(other).as_ref()).iter().any(|of| of.id == plan.id);
                let mine = self.addresses.get(user).unwrap_or(&empty);
                if has && self.addresses.get(&other.0).unwrap_or(&empty).intersection(mine).next().is_some() {
                    return Some(Violation::Uniqueness);
                }
            }
        }
        None
    }

    /// The plans that a source enables, but those of products `without`.
    fn plans(&self, source: &SourceId, without: Option<&BTreeSet<SkuId>>) -> Vec<&ServicePlan> {
        let terms = self.terms(&source.0, source.1.as_ref()).unwrap();
        let skus = terms.disabled.iter().filter(|(sku, _)| !without.is_some_and(|skus| skus.contains(*sku)));
        let skus = skus.filter(|(sku, _)| self.usable(sku));
        skus.flat_map(|(sku, disabled)| {
            self.products[sku].service_plans.iter().filter(|plan| !disabled.contains(&plan.id))
        })
        .collect()
    }
}

fn assignee_of(source: &SourceId) -> Assignee {
    match &source.1 {
        Some(group) => Assignee::Group(group.clone()),
        None => Assignee::User(source.0.clone()),
    }
}

fn is_deletion(delta: &Delta) -> bool {
    use muster_directory::Cause;
    use muster_directory::delta::ObjectLife;
    matches!(delta.cause, Cause::Change { object: Some(ObjectLife::Deleted), .. })
}

fn differences(
    before: &BTreeMap<(ObjectId, SkuId), View>,
    after: &BTreeMap<(ObjectId, SkuId), View>,
) -> Vec<Difference> {
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let mut differences = Vec::new();
    for key in keys {
        let (old, new) =
            (before.get(key).cloned().unwrap_or_default(), after.get(key).cloned().unwrap_or_default());
        if old == new {
            continue;
        }
        let count = AssignmentState::Error(Violation::Count);
        let change = match (old.has_seat, new.has_seat) {
            (false, true) => LicenceChange::Assigned,
            (true, true) => LicenceChange::Changed,
            (true, false) => LicenceChange::Removed,
            (false, false) if new.states.is_empty() => LicenceChange::Removed,
            (false, false) if new.states.values().any(|state| *state == count) => LicenceChange::Waiting,
            (false, false) => LicenceChange::Failed,
        };
        differences.push(Difference { user: key.0.clone(), sku: key.1.clone(), change, view: new });
    }
    differences
}
