//! One tenant: its products, groups and users in numbers, and the bookkeeping that all rooms share.
//!
//! At rest (between events) these hold, and the tests check them:
//! - the seats of a user are the products of the user's satisfied sources and the kept seats;
//! - `used` of a product is the number of users that hold a seat of it;
//! - a waiting source that no plan forbids is in the waiting list of one product of which its user
//!   holds no seat and none is free; so a product with a free seat has an empty waiting list.

use crate::arena::{Arena, GroupNo, PlanNo, SkuNo, UserNo};
use crate::product::ProductSlot;
use crate::source::{OrderKey, Owner, Source, Terms};
use crate::user::User;
use crate::view::View;
use foldhash::{HashMap, HashMapExt, HashSet};
use muster_directory::licence::{Kept, LicenceCause, TenantSettings};
use muster_directory::{GroupId, Instant, ObjectId, PlanId, SkuId, Source as Origin};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known of one tenant.
pub(crate) struct TenantState {
    pub(crate) users: Arena<UserNo, ObjectId, User>,
    pub(crate) groups: Arena<GroupNo, GroupId, Group>,
    pub(crate) products: Arena<SkuNo, SkuId, ProductSlot>,
    pub(crate) plans: Arena<PlanNo, PlanId, PlanId>,
    pub(crate) settings: TenantSettings,
    /// Users by the addresses that they have.
    pub(crate) addresses: HashMap<Arc<str>, Vec<UserNo>>,
    /// Whether any plan wants addresses to be unique.
    pub(crate) has_unique: bool,
    /// Users who are in at least one dynamic group.
    pub(crate) dynamic_users: u64,
    /// Products that have a free seat and a waiting list.
    pub(crate) open: BTreeSet<SkuNo>,
    /// Kept seats by the time at which they go.
    pub(crate) expiries: BTreeSet<(Instant, UserNo, SkuNo)>,
    /// Kept seats by the number of the removal that is to be confirmed.
    pub(crate) unconfirmed: BTreeMap<u64, BTreeSet<(UserNo, SkuNo)>>,
    pub(crate) event: Happening,
    pub(crate) dirty: Dirty,
}

/// A group.
pub(crate) struct Group {
    pub(crate) id: GroupId,
    pub(crate) dynamic: bool,
    pub(crate) terms: Option<Arc<Terms>>,
    pub(crate) members: HashSet<UserNo>,
    pub(crate) dirty: bool,
}

/// The event that is being applied.
#[derive(Default)]
pub(crate) struct Happening {
    /// The input position, from 1.
    pub(crate) position: u64,
    /// Why, for the users it touches; the first for all others.
    pub(crate) causes: Vec<(LicenceCause, Origin)>,
    /// Users it touches, each once.
    pub(crate) touched: Vec<Touched>,
    /// Products that the edited assignment gained.
    pub(crate) gained: Vec<SkuNo>,
    /// Kept seats whose time has come.
    pub(crate) due: BTreeSet<(UserNo, SkuNo)>,
    /// Kept seats whose removal is confirmed.
    pub(crate) confirmed: BTreeSet<(UserNo, SkuNo)>,
}

/// A user as before the event.
pub(crate) struct Touched {
    pub(crate) user: UserNo,
    pub(crate) before: Vec<View>,
    pub(crate) seats: Vec<SkuNo>,
    /// The place of the cause.
    pub(crate) cause: usize,
    pub(crate) life: Life,
}

/// Whether a user is still there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// As far as is known.
    Living,
    /// Deleted in this event: nothing is kept.
    Deleted,
}

/// Whose records are to be written.
#[derive(Default)]
pub(crate) struct Dirty {
    pub(crate) settings: bool,
    pub(crate) products: BTreeSet<SkuId>,
    pub(crate) groups: Vec<GroupId>,
    pub(crate) users: Vec<ObjectId>,
}

impl TenantState {
    pub(crate) fn new() -> TenantState {
        TenantState {
            users: Arena::new(),
            groups: Arena::new(),
            products: Arena::new(),
            plans: Arena::new(),
            settings: TenantSettings::default(),
            addresses: HashMap::new(),
            has_unique: false,
            dynamic_users: 0,
            open: BTreeSet::new(),
            expiries: BTreeSet::new(),
            unconfirmed: BTreeMap::new(),
            event: Happening::default(),
            dirty: Dirty::default(),
        }
    }

    /// Begins the event at this position.
    pub(crate) fn begin(&mut self, position: u64) {
        self.event = Happening { position, ..Happening::default() };
    }

    /// Begins an event that has one cause.
    pub(crate) fn begin_with(&mut self, position: u64, cause: LicenceCause, source: &Origin) {
        self.begin(position);
        self.event.causes.push((cause, source.clone()));
    }

    pub(crate) fn user_no(&mut self, id: &ObjectId) -> UserNo {
        self.users.ensure(id, User::new)
    }

    pub(crate) fn group_no(&mut self, id: &GroupId) -> GroupNo {
        self.groups.ensure(id, |id| Group {
            id: id.clone(),
            dynamic: false,
            terms: None,
            members: HashSet::default(),
            dirty: false,
        })
    }

    pub(crate) fn sku_no(&mut self, id: &SkuId) -> SkuNo {
        self.products.ensure(id, ProductSlot::new)
    }

    pub(crate) fn plan_no(&mut self, id: &PlanId) -> PlanNo {
        self.plans.ensure(id, PlanId::clone)
    }

    /// The terms that a source of this user is under.
    pub(crate) fn terms(&self, user: UserNo, owner: Owner) -> Option<&Arc<Terms>> {
        match owner {
            Owner::Direct => self.users.get(user).direct.as_ref(),
            Owner::Group(group) => self.groups.get(group).terms.as_ref(),
        }
    }

    /// The place of a source in the order.
    pub(crate) fn key(&self, user: UserNo, source: &Source) -> Option<OrderKey> {
        let terms = self.terms(user, source.owner)?;
        let group = match source.owner {
            Owner::Direct => None,
            Owner::Group(group) => Some(&self.groups.get(group).id),
        };
        Some(OrderKey::new(terms, source, (user, &self.users.get(user).id), group))
    }

    /// Notes how the user is before the event changes anything, and everybody whose state depends on
    /// the user's.
    pub(crate) fn touch(&mut self, user: UserNo, cause: usize) {
        if self.users.get(user).touched.0 == self.event.position {
            return;
        }
        for user in self.sharing_addresses(user) {
            if self.users.get(user).touched.0 == self.event.position {
                continue;
            }
            let before = self.views(user);
            let place = self.event.touched.len();
            let (position, known) = (self.event.position, self.users.get_mut(user));
            known.touched = (position, place);
            let seats = known.seats.clone();
            self.event.touched.push(Touched { user, before, seats, cause, life: Life::Living });
            self.mark_user(user);
        }
    }

    /// Nothing is kept for the user, who is deleted.
    pub(crate) fn let_go(&mut self, user: UserNo) {
        let (position, place) = self.users.get(user).touched;
        if position == self.event.position
            && let Some(touched) = self.event.touched.get_mut(place)
        {
            touched.life = Life::Deleted;
        }
    }

    /// The user's record is to be written.
    pub(crate) fn mark_user(&mut self, user: UserNo) {
        let user = self.users.get_mut(user);
        if !std::mem::replace(&mut user.dirty, true) {
            self.dirty.users.push(user.id.clone());
        }
    }

    /// The group's record is to be written.
    pub(crate) fn mark_group(&mut self, group: GroupNo) {
        let group = self.groups.get_mut(group);
        if !std::mem::replace(&mut group.dirty, true) {
            self.dirty.groups.push(group.id.clone());
        }
    }

    /// Takes a source out of the waiting list that it is in. Its place in the order must not have
    /// changed since it was put there.
    pub(crate) fn unwatch(&mut self, user: UserNo, owner: Owner) {
        let Some(source) = self.users.get(user).source(owner) else { return };
        let Some(sku) = source.watch else { return };
        if let Some(key) = self.key(user, source) {
            self.products.get_mut(sku).waiting.remove(&key);
        }
        if let Some(source) = self.users.get_mut(user).source_mut(owner) {
            source.watch = None;
        }
        self.refresh_open(sku);
    }

    /// Puts a source into the waiting list of a product.
    pub(crate) fn watch(&mut self, key: OrderKey, sku: SkuNo) {
        if let Some(source) = self.users.get_mut(key.user_no).source_mut(key.owner) {
            source.watch = Some(sku);
        }
        self.products.get_mut(sku).waiting.insert(key);
        self.refresh_open(sku);
    }

    /// Takes a seat for the user.
    pub(crate) fn take_seat(&mut self, user: UserNo, sku: SkuNo) {
        let user = self.users.get_mut(user);
        if let Err(at) = user.seats.binary_search(&sku) {
            user.seats.insert(at, sku);
            self.products.get_mut(sku).used += 1;
            self.refresh_open(sku);
        }
    }

    /// Gives the user's seat back.
    pub(crate) fn free_seat(&mut self, user: UserNo, sku: SkuNo) {
        let user = self.users.get_mut(user);
        if let Ok(at) = user.seats.binary_search(&sku) {
            user.seats.remove(at);
            self.products.get_mut(sku).used -= 1;
            self.refresh_open(sku);
        }
    }

    /// Keeps a seat that has no source.
    pub(crate) fn keep(&mut self, user: UserNo, seat: crate::user::KeptSeat) {
        match seat.kept {
            Kept::Until(instant) => {
                self.expiries.insert((instant, user, seat.sku));
            }
            Kept::Unconfirmed(number) => {
                self.unconfirmed.entry(number).or_default().insert((user, seat.sku));
            }
        }
        self.products.get_mut(seat.sku).kept.insert(user);
        self.users.get_mut(user).kept.push(seat);
    }

    /// Ends the keeping of a seat: a source has it again, or it is to go.
    pub(crate) fn end_keeping(&mut self, user: UserNo, sku: SkuNo) {
        let kept = &mut self.users.get_mut(user).kept;
        let Some(at) = kept.iter().position(|seat| seat.sku == sku) else { return };
        match kept.swap_remove(at).kept {
            Kept::Until(instant) => {
                self.expiries.remove(&(instant, user, sku));
            }
            Kept::Unconfirmed(number) => {
                if let Some(seats) = self.unconfirmed.get_mut(&number) {
                    seats.remove(&(user, sku));
                    if seats.is_empty() {
                        self.unconfirmed.remove(&number);
                    }
                }
            }
        }
        self.products.get_mut(sku).kept.remove(&user);
    }

    /// The product's seats or its waiting list changed.
    pub(crate) fn refresh_open(&mut self, sku: SkuNo) {
        let product = self.products.get(sku);
        if product.free() > 0 && !product.waiting.is_empty() {
            self.open.insert(sku);
        } else {
            self.open.remove(&sku);
        }
    }

    /// Forgets users of whom nothing is known any more.
    pub(crate) fn forget(&mut self, user: UserNo) {
        let user = self.users.get(user);
        if user.is_empty() {
            let id = user.id.clone();
            self.users.remove(&id);
        }
    }
}
