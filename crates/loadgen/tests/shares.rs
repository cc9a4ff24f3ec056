//! The workload is what it says it is, measured on small sizes by evaluating every rule.
#![expect(clippy::unwrap_used, reason = "tests")]

use muster_index::IndexKind;
use muster_loadgen::matcher::{Change, Matcher};
use muster_loadgen::organisation::{NEW_VALUES, user_id};
use muster_loadgen::{Profile, Size, Workload};
use muster_rule::{Attribute, Row, Rule, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

const SEED: u64 = 1;

struct Measured {
    /// Of the groups, those that a user is in.
    share: f64,
    /// Memberships that a change flips.
    flips: f64,
}

fn measure(profile: Profile, rules: usize, objects: usize, changes: u64) -> Measured {
    let workload = Workload::new(profile, Size { rules, objects }, SEED);
    let compiled = workload.rules().unwrap();
    let matcher = Matcher::build(IndexKind::Value, &compiled, workload.now());
    let mut population = matcher.population();
    for number in 0..objects {
        population.load(user_id(number), workload.organisation().user(number));
    }
    let selects = |rule: &Rule, row: &dyn Row| rule.matches(row, &NoGroups, workload.now());
    let sampled: Vec<usize> = (0..objects).step_by((objects / 200).max(1)).collect();
    let members: usize = sampled
        .iter()
        .map(|object| {
            let row = population.view(*object).unwrap();
            compiled.iter().filter(|rule| selects(rule, &row)).count()
        })
        .sum();
    let mut flips = Vec::new();
    let mut all: Vec<Change> = (0..changes).map(|number| workload.organisation().change(number)).collect();
    population.apply(&mut all, &mut flips);
    Measured {
        share: members as f64 / sampled.len() as f64 / rules as f64,
        flips: flips.len() as f64 / changes as f64,
    }
}

struct NoGroups;

impl muster_rule::Memberships for NoGroups {
    fn contains(&self, _: &str) -> bool {
        false
    }
}

fn assert_near(what: &str, found: f64, wanted: f64, tolerance: f64) {
    println!("{what}: {found:.4}, wanted {wanted:.4}");
    assert!((found / wanted - 1.0).abs() < tolerance, "{what}: {found}, wanted {wanted} (seed {SEED})");
}

#[test]
fn a_change_of_the_flat_profile_flips_about_two_memberships_at_any_number_of_rules() {
    for rules in [500, 2000, 8000] {
        let measured = measure(Profile::Flat, rules, 4000, 8000);
        assert_near(&format!("flat, flips at {rules}"), measured.flips, 2.0, 0.25);
    }
}

#[test]
fn the_typical_profile_selects_and_flips_what_it_states() {
    let measured = measure(Profile::Typical, 5000, 4000, 8000);
    assert_near("typical, share", measured.share, 0.003, 0.3);
    assert_near("typical, flips", measured.flips, 4.0 / 3.0, 0.3);
}

#[test]
fn the_wide_profile_selects_and_flips_what_it_states() {
    let measured = measure(Profile::Wide, 3000, 4000, 8000);
    assert_near("wide, share", measured.share, 0.025, 0.3);
    assert_near("wide, flips", measured.flips, 37.0 / 5.0, 0.3);
}

#[test]
fn a_change_sets_one_to_three_attributes_and_of_its_values_the_stated_share_is_new() {
    let workload = Workload::new(Profile::Typical, Size { rules: 1, objects: 2000 }, SEED);
    let organisation = workload.organisation();
    let mut seen: BTreeSet<(Attribute, String)> = BTreeSet::new();
    let folded = |value: &Value| match value {
        Value::Text(text) => Some(text.folded().to_owned()),
        Value::Texts(texts) => Some(texts.iter().map(|text| text.folded()).collect::<Vec<_>>().join(" ")),
        _ => None,
    };
    for shared in organisation.shared_attributes() {
        seen.extend(shared.values.iter().map(|value| (shared.attribute.clone(), value.to_lowercase())));
    }
    for number in 0..2000 {
        for (attribute, value) in organisation.user(number).known {
            seen.extend(value.and_then(|value| folded(&value)).map(|value| (attribute.clone(), value)));
        }
    }
    let (mut set, mut new) = (0, 0);
    for number in 0..20_000 {
        let (object, patch) = organisation.change(number);
        assert!(object < 2000 && (1..=3).contains(&patch.known.len()));
        let different: BTreeSet<_> = patch.known.iter().map(|(attribute, _)| attribute).collect();
        assert_eq!(different.len(), patch.known.len());
        for (attribute, value) in patch.known {
            set += 1;
            if attribute.name() == "manager" {
                continue;
            }
            if let Some(value) = value.and_then(|value| folded(&value)) {
                new += usize::from(seen.insert((attribute, value)));
            }
        }
    }
    assert_near("new values", f64::from(u32::try_from(new).unwrap()) / f64::from(set), NEW_VALUES, 0.15);
}

#[test]
fn rules_have_the_stated_shapes_and_users_the_stated_attributes() {
    let workload = Workload::new(Profile::Typical, Size { rules: 2000, objects: 1000 }, SEED);
    let texts: Vec<String> = workload.rule_texts().collect();
    let with =
        |parts: &[&str]| texts.iter().filter(|text| parts.iter().any(|part| text.contains(part))).count();
    let share = |parts: &[&str]| with(parts) as f64 / texts.len() as f64;
    // Hire dates and collections have an equality beside them; proxy addresses are a `-contains` more.
    assert_near("match", share(&["-match"]), 0.05, 0.1);
    assert_near("contains", share(&["-contains", "-notContains"]), 0.10 + 0.2 / 24.0, 0.15);
    assert_near("affixes", share(&["-startsWith", "-endsWith", "-notStartsWith", "-notEndsWith"]), 0.17, 0.1);
    assert_near("direct reports", share(&["Direct Reports for"]), 0.006, 0.1);
    assert!(with(&["memberOf"]) > 0 && with(&["system.now"]) > 0 && with(&["-any (_"]) > 0);
    assert!(with(&["assignedPlan."]) > 0 && with(&["-ne null"]) > 0 && with(&["-notIn"]) > 0);
    let organisation = workload.organisation();
    assert_eq!(organisation.attributes(), 25);
    let first: Arc<[_]> = organisation.user(7).known.into();
    assert!(first.len() > 18, "{}", first.len());
}

#[test]
fn equal_seeds_make_equal_workloads() {
    let make = |seed| {
        let workload = Workload::new(Profile::Wide, Size { rules: 200, objects: 100 }, seed);
        let rules: Vec<String> = workload.rule_texts().collect();
        let changes: Vec<_> = (0..50).map(|number| workload.organisation().change(number)).collect();
        let users: Vec<_> = (0..50).map(|number| workload.organisation().user(number)).collect();
        (rules, changes, users)
    };
    assert_eq!(make(7), make(7));
    let (seven, eight) = (make(7), make(8));
    assert!(seven.0 != eight.0 && seven.1 != eight.1 && seven.2 != eight.2);
}
