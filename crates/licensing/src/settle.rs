//! What happens after each event, once its memberships, assignments and products are in place.
//!
//! 1. Sources that ended are gone; their seats are still the user's.
//! 2. A waiting source, all of whose products the user held before the event, is satisfied with those
//!    seats: a move never costs the seat.
//! 3. Sources whose assignment gained products are satisfied with a free or own seat of each, in
//!    order; else they wait. Then seats that no satisfied source has are kept for a while, held by the
//!    brake, or free.
//! 4. Waiting sources are satisfied in order: each for whose every product the user has a seat or one
//!    is free. Where one became satisfied on which another of its user depends, those are looked at
//!    once more, again in order, until nobody is.
//!
//! In 4 only sources are looked at whose user was touched, or that wait for a product that has a free
//! seat now. Free seats only become fewer, so each is looked at once a pass.

use crate::arena::{SkuNo, UserNo};
use crate::source::{OrderKey, Owner, Standing};
use crate::tenant::{Life, TenantState};
use crate::user::KeptSeat;
use muster_directory::Instant;
use muster_directory::licence::Kept;
use std::collections::BTreeSet;

impl TenantState {
    /// Brings seats to what the sources now want.
    pub(crate) fn settle(&mut self, now: Instant) {
        self.move_seats();
        self.gain();
        self.release(now);
        self.event.gained.clear();
        self.serve();
    }

    /// Step 2.
    fn move_seats(&mut self) {
        let mut movable: Vec<OrderKey> = Vec::new();
        for touched in &self.event.touched {
            if touched.seats.is_empty() {
                continue;
            }
            let user = self.users.get(touched.user);
            for owner in user.waiting() {
                let held = |sku: SkuNo| touched.seats.binary_search(&sku).is_ok();
                if let Some(terms) = self.terms(touched.user, owner)
                    && terms.skus().all(held)
                    && let Some(source) = user.source(owner)
                {
                    movable.extend(self.key(touched.user, source));
                }
            }
        }
        movable.sort_unstable();
        loop {
            let before = movable.len();
            movable.retain(|key| {
                let forbidden = self.violation(key.user_no, key.owner).is_some();
                if !forbidden {
                    self.unwatch(key.user_no, key.owner);
                    self.satisfy(key.user_no, key.owner);
                }
                forbidden
            });
            if movable.len() == before {
                return;
            }
        }
    }

    /// Step 3.
    fn gain(&mut self) {
        if self.event.gained.is_empty() {
            return;
        }
        let gained = self.event.gained.clone();
        let mut gaining: Vec<OrderKey> = Vec::new();
        for touched in &self.event.touched {
            let sources = self.users.get(touched.user).sources.iter();
            let sources = sources.filter(|source| source.standing == Standing::Gaining);
            gaining.extend(sources.filter_map(|source| self.key(touched.user, source)));
        }
        gaining.sort_unstable();
        for OrderKey { user_no, owner, .. } in gaining {
            let has = |sku: &SkuNo| self.users.get(user_no).holds(*sku) || self.products.get(*sku).free() > 0;
            if self.violation(user_no, owner).is_none() && gained.iter().all(has) {
                self.satisfy(user_no, owner);
            } else if let Some(source) = self.users.get_mut(user_no).source_mut(owner) {
                source.standing = Standing::Waiting;
            }
        }
    }

    /// Seats of touched users that no satisfied source has any more.
    fn release(&mut self, now: Instant) {
        let mut free: Vec<(UserNo, SkuNo)> = Vec::new();
        let mut braked: Vec<(UserNo, KeptSeat)> = Vec::new();
        let mut kept: Vec<(UserNo, KeptSeat)> = Vec::new();
        for touched in &self.event.touched {
            let user = self.users.get(touched.user);
            for &sku in &user.seats {
                if user.kept.iter().any(|seat| seat.sku == sku) || self.is_sourced(touched.user, sku) {
                    continue;
                }
                let seat = (touched.user, sku);
                if touched.life == Life::Deleted || self.event.confirmed.contains(&seat) {
                    free.push(seat);
                    continue;
                }
                let before = touched.before.iter().find(|view| view.sku == sku);
                let plans = before.map(|view| view.plans.clone()).unwrap_or_default();
                let millis = if self.event.due.contains(&seat) { 0 } else { self.keeping_millis(sku) };
                if millis > 0 {
                    let until = Kept::Until(now.saturating_add_millis(millis));
                    kept.push((touched.user, KeptSeat { sku, kept: until, plans }));
                } else {
                    let number = Kept::Unconfirmed(self.event.position);
                    braked.push((touched.user, KeptSeat { sku, kept: number, plans }));
                }
            }
        }
        if self.settings.removal_brake.is_some_and(|brake| braked.len() as u64 > brake) {
            kept.append(&mut braked);
        }
        free.extend(braked.into_iter().map(|(user, seat)| (user, seat.sku)));
        for (user, sku) in free {
            self.free_seat(user, sku);
        }
        for (user, seat) in kept {
            self.keep(user, seat);
        }
    }

    /// Step 4.
    fn serve(&mut self) {
        let mut todo: BTreeSet<OrderKey> = BTreeSet::new();
        for touched in &self.event.touched {
            todo.extend(self.waiting_keys(touched.user));
        }
        loop {
            let mut again = BTreeSet::new();
            while let Some(key) = self.next_waiting(&mut todo) {
                self.look_at(key, &mut todo, &mut again);
            }
            if again.is_empty() {
                return;
            }
            todo = again;
        }
    }

    /// The first, in order, of `todo` and of the waiting lists that have a free seat.
    fn next_waiting(&self, todo: &mut BTreeSet<OrderKey>) -> Option<OrderKey> {
        let listed = self.open.iter().filter_map(|sku| self.products.get(*sku).waiting.first()).min();
        match (todo.first(), listed) {
            (Some(first), Some(listed)) if listed < first => Some(listed.clone()),
            (Some(first), Some(listed)) if listed == first => todo.pop_first(),
            (Some(_), _) => todo.pop_first(),
            (None, listed) => listed.cloned(),
        }
    }

    fn look_at(&mut self, key: OrderKey, todo: &mut BTreeSet<OrderKey>, again: &mut BTreeSet<OrderKey>) {
        let (user, owner) = (key.user_no, key.owner);
        self.unwatch(user, owner);
        if self.violation(user, owner).is_some() {
            return;
        }
        let Some(terms) = self.terms(user, owner).cloned() else { return };
        let lacks = |sku: &SkuNo| !self.users.get(user).holds(*sku) && self.products.get(*sku).free() == 0;
        if let Some(lacking) = terms.skus().find(lacks) {
            self.watch(key, lacking);
            return;
        }
        self.touch(user, 0);
        self.satisfy(user, owner);
        for other in self.sharing_addresses(user) {
            for waiting in self.waiting_keys(other) {
                if waiting > key {
                    todo.insert(waiting)
                } else {
                    again.insert(waiting)
                };
            }
        }
    }

    /// The source has its seats from now on; whatever of them was kept is no longer.
    fn satisfy(&mut self, user: UserNo, owner: Owner) {
        let Some(terms) = self.terms(user, owner).cloned() else { return };
        for sku in terms.skus() {
            self.end_keeping(user, sku);
            self.take_seat(user, sku);
        }
        if let Some(source) = self.users.get_mut(user).source_mut(owner) {
            source.standing = Standing::Satisfied;
        }
    }

    fn waiting_keys(&self, user: UserNo) -> Vec<OrderKey> {
        let known = self.users.get(user);
        let sources = known.waiting().filter_map(|owner| known.source(owner));
        sources.filter_map(|source| self.key(user, source)).collect()
    }

    /// Whether a satisfied source of the user has the product.
    fn is_sourced(&self, user: UserNo, sku: SkuNo) -> bool {
        let sources = self.users.get(user).sources.iter();
        let mut satisfied = sources.filter(|source| source.standing == Standing::Satisfied);
        satisfied.any(|source| self.terms(user, source.owner).is_some_and(|terms| terms.names(sku)))
    }

    /// How long a seat of the product is kept, in milliseconds.
    fn keeping_millis(&self, sku: SkuNo) -> i64 {
        let grace = self.products.get(sku).product.as_ref().map_or(0, |product| product.grace_millis);
        grace.max(self.settings.settle_millis)
    }
}
