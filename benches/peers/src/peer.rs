//! Engines of others, which find the rules that an object satisfies: asked before and after a change, the
//! difference is what flipped.

mod a_tree;
mod mokaccino;

use crate::plain::{Columns, Plain, PlainRow};
use muster_directory::{AttributePatch, ObjectId, ObjectKind};
use muster_loadgen::bench::compare::Contender;
use muster_loadgen::matcher::{Change, Flip};
use muster_rule::{Rule, Text, Value, property};
use std::sync::Arc;

/// An engine that matches whole objects.
pub(crate) trait Search {
    /// Appends the numbers of the rules that the row satisfies.
    fn search(&self, columns: &Columns, row: &PlainRow, found: &mut Vec<u32>);
}

/// An engine, the objects it is asked about, and the rules that it could express.
pub(crate) struct Peer {
    columns: Columns,
    search: Box<dyn Search>,
    rows: Vec<PlainRow>,
    old: Vec<u32>,
    new: Vec<u32>,
}

/// The engines there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// The crate a-tree, on the rules that are made of equalities.
    ATree,
    /// The crate mokaccino, on those made of equalities and prefixes.
    Mokaccino,
}

/// The engine with those of the rules that it can express, and these; `None` where it refuses one of them.
pub(crate) fn build(engine: Engine, rules: &[Arc<Rule>]) -> Option<(Peer, Vec<Arc<Rule>>)> {
    let expresses: fn(&Plain) -> bool = match engine {
        Engine::ATree => Plain::is_equality,
        Engine::Mokaccino => |_| true,
    };
    let mut columns = Columns::default();
    let plain = |rule: &Arc<Rule>| {
        let plain = columns.plain(rule).filter(expresses)?;
        Some((Arc::clone(rule), plain))
    };
    let (rules, plain): (Vec<_>, Vec<_>) = rules.iter().filter_map(plain).unzip();
    let search: Box<dyn Search> = match engine {
        Engine::ATree => Box::new(a_tree::build(&columns, &plain)?),
        Engine::Mokaccino => Box::new(mokaccino::build(&columns, &plain)),
    };
    Some((Peer { columns, search, rows: Vec::new(), old: Vec::new(), new: Vec::new() }, rules))
}

impl Contender for Peer {
    fn load(&mut self, id: ObjectId, mut patch: AttributePatch) {
        let own = Value::Text(Text::new(id.as_str()));
        patch.known.push((property::object_id(ObjectKind::User), Some(own)));
        let mut row = self.columns.empty_row();
        self.columns.patch(&mut row, &patch);
        self.rows.push(row);
    }

    fn apply(&mut self, changes: &mut Vec<Change>, flips: &mut Vec<Flip>) {
        for (change, (object, patch)) in (0..).zip(changes.drain(..)) {
            let Some(row) = self.rows.get_mut(object) else { continue };
            self.old.clear();
            self.search.search(&self.columns, row, &mut self.old);
            self.columns.patch(row, &patch);
            self.new.clear();
            self.search.search(&self.columns, row, &mut self.new);
            self.old.sort_unstable();
            self.new.sort_unstable();
            let only = |these: &[u32], those: &[u32], flips: &mut Vec<Flip>| {
                let only = these.iter().filter(|rule| those.binary_search(rule).is_err());
                flips.extend(only.map(|rule| (change, *rule)));
            };
            only(&self.old, &self.new, flips);
            only(&self.new, &self.old, flips);
        }
    }
}
