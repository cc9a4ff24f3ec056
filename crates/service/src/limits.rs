//! Groups whose patterns reach the step limit: such a search has found nothing (L24), and somebody should know.
//!
//! Patterns count for themselves, and equal ones are one, so that every group whose rule asks for the pattern
//! is told. Knows nothing of the objects whose values were too much.

use crate::observe::Observer;
use muster_directory::{GroupId, Tenant};
use muster_engine::{Decides, Definition};
use muster_rule::Rule;
use muster_rule::pattern::Pattern;
use std::collections::BTreeMap;

/// The groups whose rules have patterns, and what was told of them.
#[derive(Default)]
pub(crate) struct PatternWatch(BTreeMap<(Tenant, GroupId), Watched>);

struct Watched {
    patterns: Vec<Pattern>,
    /// Searches that had been given up when this was told last.
    told: u64,
    /// Whether people know of it.
    marked: bool,
}

impl PatternWatch {
    /// Follows what is in force.
    pub(crate) fn learn(&mut self, definition: &Definition) {
        match definition {
            Definition::Group { definition, decides } => {
                let key = (definition.tenant.clone(), definition.id.clone());
                let patterns = match decides {
                    Decides::Rule(rule) => patterns(rule),
                    Decides::Listing | Decides::Nobody(_) => Vec::new(),
                };
                if patterns.is_empty() {
                    self.0.remove(&key);
                } else {
                    // What an equal pattern of another group was given up on is no news of this one.
                    let told = exhausted(&patterns);
                    self.0.insert(key, Watched { patterns, told, marked: false });
                }
            }
            Definition::GroupDeleted { tenant, id, .. } => drop(self.0.remove(&(tenant.clone(), id.clone()))),
            Definition::Held(_) | Definition::HeldEnded { .. } | Definition::Schema { .. } => {}
        }
    }

    /// Tells of the searches that were given up since the last time.
    pub(crate) fn tell(&mut self, observer: &dyn Observer) {
        for ((tenant, group), watched) in &mut self.0 {
            let now = exhausted(&watched.patterns);
            let new = now.saturating_sub(watched.told);
            if new == 0 {
                continue;
            }
            observer.pattern_limit(tenant, group, new);
            if !std::mem::replace(&mut watched.marked, true) {
                tracing::warn!(%tenant, %group, "a pattern of the rule reached the step limit, which counts as no match: simplify it");
            }
            watched.told = now;
        }
    }
}

fn exhausted(patterns: &[Pattern]) -> u64 {
    patterns.iter().map(Pattern::exhausted).sum()
}

fn patterns(rule: &Rule) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    rule.expression().each_predicate(&mut |predicate| {
        // Those that are plain texts have no limit to reach.
        predicate.each_pattern(&mut |pattern| {
            if pattern.plain().is_none() && !patterns.contains(pattern) {
                patterns.push(pattern.clone());
            }
        });
    });
    patterns
}
