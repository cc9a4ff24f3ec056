//! A program that evaluates differently takes an engine's directory over: its memberships become those of the new
//! evaluator, and the deltas are the difference and nothing else.

use crate::differential::{Mismatch, Reference, Tally};
use crate::guard::guarded;
use crate::history::Step;
use crate::sliced::SlicedEngine;
use muster_engine::Evaluator;
use muster_oracle::Membership;
use muster_rule::diagnostic::Diagnostic;
use muster_rule::{Dialect, Rule, Schema};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Plays the larger part of a history, upgrades to an evaluator that differs, and then back, while the rest of the
/// history comes.
///
/// # Errors
/// Deltas of the upgrade that are not the difference, or memberships at rest that are not the oracle's.
pub fn compare_upgrades(seed: u64, steps: &[Step]) -> Result<Tally, Mismatch> {
    let (before, after) = steps.split_at(steps.len() * 3 / 4);
    let mut engine = SlicedEngine::new(seed);
    let mut reference = Reference::default();
    let mut tally = Tally::default();
    let result = guarded(|| {
        play(seed, &mut engine, &mut reference, before, &mut tally);
        engine.rest();
        let same = &engine.members == reference.memberships();
        assert!(same, "before the upgrade they disagree already");
        let members = engine.members.clone();
        let different = Evaluator { version: muster_rule::EVALUATOR + 1, parse: parse_differently };
        upgrade(&mut engine, different, &mut reference, differently);
        for _ in 0..engine.random.below(6) {
            engine.drain_some();
            if engine.random.chance(40) {
                engine.restart();
            }
        }
        engine.rest();
        agree(&engine, &reference, "after the upgrade")?;
        let difference: BTreeSet<_> = members.symmetric_difference(&engine.members).cloned().collect();
        let mut told = BTreeMap::<Membership, usize>::new();
        engine.last_deltas.iter().for_each(|delta| *told.entry(membership(delta)).or_default() += 1);
        *tally.causes.entry("upgrade").or_default() += told.len();
        let net = told.iter().filter(|(_, count)| *count % 2 == 1).map(|(one, _)| one.clone());
        if net.collect::<BTreeSet<_>>() != difference {
            return Err(format!("the upgrade told {told:?}, and the difference is {difference:?}"));
        }
        // What reads others by `memberOf` follows them slice by slice.
        let again = told.iter().find(|(one, count)| **count > 1 && !reads_others(&engine, one));
        if let Some((one, _)) = again {
            return Err(format!("{one:?} is told twice"));
        }
        engine.last_deltas.clear();
        engine.restart();
        engine.rest();
        assert_eq!(engine.last_deltas, [], "the same program synchronised again");

        let again = Evaluator { version: different.version + 1, parse: Rule::parse };
        upgrade(&mut engine, again, &mut reference, |text, _, _| text.to_owned());
        play(seed, &mut engine, &mut reference, after, &mut tally);
        engine.rest();
        agree(&engine, &reference, "after the second upgrade")
    });
    let result = result.unwrap_or_else(|panic| Err(format!("panicked: {panic}")));
    result.map_err(|reason| Mismatch { step: steps.len().saturating_sub(1), reason })?;
    Ok(tally)
}

fn play(seed: u64, engine: &mut SlicedEngine, reference: &mut Reference, steps: &[Step], tally: &mut Tally) {
    for step in steps {
        match step {
            Step::Restart => engine.restart(),
            Step::Line { text, wrong } => {
                engine.decide_slices(seed, text);
                let _ = engine.feed(text);
                let expected = reference.feed(text, *wrong).verdict;
                tally.count(text, &expected, reference.memberships().len());
                engine.drain_some();
            }
        }
    }
}

/// The program with this evaluator takes over; to the oracle that is an edit of every rule that is followed.
fn upgrade(
    engine: &mut SlicedEngine,
    evaluator: Evaluator,
    reference: &mut Reference,
    understood: fn(&str, Dialect, &Schema) -> String,
) {
    for tenant in engine.catalog.tenants() {
        let catalog = engine.catalog.tenant(tenant);
        for group in catalog.groups().filter(|group| group.followed_rule().is_some()) {
            let Some(rule) = &group.definition.rule else { continue };
            let text = understood(&rule.text, rule.dialect, catalog.schema());
            let (tenant, id) = (tenant.as_str(), group.definition.id.as_str());
            let data = json!({"membershipRule": text});
            let line = json!({"kind": "group", "op": "patch", "tenant": tenant, "id": id, "data": data});
            let outcome = reference.feed(&line.to_string(), None);
            assert!(outcome.verdict.is_ok(), "{line}: {:?}", outcome.verdict);
        }
    }
    engine.evaluator = evaluator;
    engine.told.clear();
    engine.last_deltas.clear();
    engine.restart();
}

/// What another evaluator takes the rule for: one with the opposite comparisons, where that is a rule.
fn differently(text: &str, dialect: Dialect, schema: &Schema) -> String {
    let opposite = text.replace("-eq ", "-ne ");
    if Rule::parse(&opposite, dialect, schema).is_ok() { opposite } else { text.to_owned() }
}

fn parse_differently(text: &str, dialect: Dialect, schema: &Schema) -> Result<Rule, Vec<Diagnostic>> {
    Rule::parse(&differently(text, dialect, schema), dialect, schema)
}

fn agree(engine: &SlicedEngine, reference: &Reference, when: &str) -> Result<(), String> {
    let (found, expected) = (&engine.members, reference.memberships());
    if found == expected {
        return Ok(());
    }
    let missing: Vec<_> = expected.difference(found).collect();
    let superfluous: Vec<_> = found.difference(expected).collect();
    Err(format!("{when}: missing {missing:?}, superfluous {superfluous:?}"))
}

fn membership(delta: &muster_directory::Delta) -> Membership {
    let (tenant, group, member) = (delta.tenant.clone(), delta.group.clone(), delta.member.clone());
    Membership { tenant, group, member }
}

fn reads_others(engine: &SlicedEngine, membership: &Membership) -> bool {
    let group = engine.catalog.tenant(&membership.tenant).group(&membership.group);
    group.and_then(|group| group.rule()).is_some_and(|rule| !rule.sources().is_empty())
}
