//! Small numbers for names: users, groups, products and plans of one tenant.
//!
//! A number means one name as long as the name is here. Numbers follow the order of arrival, so
//! nothing that is written may depend on them.

use foldhash::{HashMap, HashMapExt};
use std::hash::Hash;
use std::marker::PhantomData;

/// A number that an [`Arena`] hands out.
pub(crate) trait Number: Copy {
    fn new(number: u32) -> Self;
    fn get(self) -> usize;
}

macro_rules! number_type {
    ($($name:ident)*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(u32);

        impl Number for $name {
            fn new(number: u32) -> $name {
                $name(number)
            }

            fn get(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

number_type! { UserNo GroupNo SkuNo PlanNo }

/// Things by name and by number.
pub(crate) struct Arena<N, K, T> {
    numbers: HashMap<K, u32>,
    items: Vec<T>,
    /// Numbers whose thing was removed.
    free: Vec<u32>,
    number: PhantomData<N>,
}

impl<N: Number, K: Clone + Eq + Hash, T> Arena<N, K, T> {
    pub(crate) fn new() -> Arena<N, K, T> {
        Arena { numbers: HashMap::new(), items: Vec::new(), free: Vec::new(), number: PhantomData }
    }

    pub(crate) fn find(&self, name: &K) -> Option<N> {
        self.numbers.get(name).map(|number| N::new(*number))
    }

    /// The number of this name, which `make` makes a thing for where it is new.
    pub(crate) fn ensure(&mut self, name: &K, make: impl FnOnce(&K) -> T) -> N {
        if let Some(number) = self.numbers.get(name) {
            return N::new(*number);
        }
        let item = make(name);
        let number = match self.free.pop() {
            Some(number) => {
                if let Some(slot) = self.items.get_mut(number as usize) {
                    *slot = item;
                }
                number
            }
            None => {
                self.items.push(item);
                // A tenant has far fewer than 2³² of anything: each takes more than a byte.
                u32::try_from(self.items.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.numbers.insert(name.clone(), number);
        N::new(number)
    }

    /// Forgets the name. Nobody may have kept its number.
    pub(crate) fn remove(&mut self, name: &K) {
        if let Some(number) = self.numbers.remove(name) {
            self.free.push(number);
        }
    }

    #[expect(clippy::indexing_slicing, reason = "this arena handed the number out")]
    pub(crate) fn get(&self, number: N) -> &T {
        &self.items[number.get()]
    }

    #[expect(clippy::indexing_slicing, reason = "this arena handed the number out")]
    pub(crate) fn get_mut(&mut self, number: N) -> &mut T {
        &mut self.items[number.get()]
    }

    /// Everything, in the order of names.
    pub(crate) fn sorted(&self) -> Vec<N>
    where
        K: Ord,
    {
        let mut named: Vec<(&K, u32)> = self.numbers.iter().map(|(name, number)| (name, *number)).collect();
        named.sort_unstable_by(|a, b| a.0.cmp(b.0));
        named.into_iter().map(|(_, number)| N::new(number)).collect()
    }

    /// The number of everything, in no order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = N> {
        self.numbers.values().map(|number| N::new(*number))
    }
}
