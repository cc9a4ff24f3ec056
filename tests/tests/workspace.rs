//! What holds of the workspace as a whole: arrows between crates, lints, licences.
#![expect(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use muster_tests::program::root;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

type Arrows = BTreeMap<String, BTreeSet<String>>;

#[test]
fn arrows_between_crates_are_those_that_the_architecture_draws() {
    let (drawn, found) = (drawn_arrows(), found_arrows());
    for (krate, targets) in &found {
        let drawn = drawn.get(krate).unwrap_or_else(|| panic!("ARCHITECTURE.md does not draw `{krate}`"));
        assert_eq!(targets, drawn, "arrows from `{krate}`: found, and drawn in ARCHITECTURE.md");
    }
    let known: BTreeSet<_> = found.keys().collect();
    assert_eq!(
        drawn.keys().collect::<BTreeSet<_>>(),
        known,
        "crates that ARCHITECTURE.md draws, and crates there are"
    );
}

/// Lines `crate → crate, crate` of the list under the heading.
fn drawn_arrows() -> Arrows {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let (_, section) = text.split_once("### Arrows between crates").expect("a section on the arrows");
    let list = section.split("```").nth(1).expect("a list of arrows");
    let mut arrows = Arrows::new();
    for line in list.lines().filter(|line| !line.trim().is_empty()) {
        let (from, to) = line.split_once('→').unwrap_or_else(|| panic!("no arrow in {line:?}"));
        let targets: BTreeSet<String> = to.split(',').map(|to| to.trim().into()).collect();
        for target in &targets {
            arrows.entry(target.clone()).or_default();
        }
        arrows.insert(from.trim().into(), targets);
    }
    arrows
}

/// What the crates under `crates/` need to be built, of each other.
fn found_arrows() -> Arrows {
    let short = |name: &str| name.strip_prefix("muster-").unwrap_or(name).to_owned();
    let metadata = metadata();
    let crates: BTreeSet<&str> = packages(&metadata)
        .filter(|package| text(package, "manifest_path").contains("/crates/") && package["source"].is_null())
        .map(|package| text(package, "name"))
        .collect();
    let mut arrows = Arrows::new();
    for package in packages(&metadata).filter(|package| crates.contains(text(package, "name"))) {
        let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
        let ours = dependencies
            .filter(|dependency| dependency["kind"] != "dev")
            .map(|dependency| text(dependency, "name"))
            .filter(|name| crates.contains(name))
            .map(short);
        arrows.insert(short(text(package, "name")), ours.collect());
    }
    arrows
}

#[test]
fn every_package_takes_the_lints_of_the_workspace() {
    let metadata = metadata();
    let mut seen = 0;
    for package in packages(&metadata).filter(|package| package["source"].is_null()) {
        let manifest = fs::read_to_string(text(package, "manifest_path")).expect("a manifest");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{}", package["manifest_path"]);
        assert_eq!(package["license"], "Apache-2.0", "{}", package["manifest_path"]);
        assert_eq!(package["publish"], serde_json::json!([]), "{}", package["manifest_path"]);
        seen += 1;
    }
    assert!(seen > 10);
}

#[test]
fn licences_are_those_that_deny_toml_allows() {
    let deny = fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    let list = deny
        .split_once("\nallow = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .expect("allowed licences")
        .0;
    let allowed: BTreeSet<&str> = list.split('"').skip(1).step_by(2).collect();
    let metadata = metadata();
    for package in packages(&metadata) {
        let licence =
            package["license"].as_str().unwrap_or_else(|| panic!("{} has no licence", package["name"]));
        assert!(is_allowed(licence, &allowed), "{}: {licence}", package["name"]);
    }
    assert!(is_allowed("(MIT OR X) AND Zlib", &["MIT", "Zlib"].into()));
    assert!(!is_allowed("MIT AND X", &["MIT"].into()));
    assert!(!is_allowed("X/Y", &["MIT"].into()));
}

/// Whether an SPDX expression can be satisfied with the allowed licences.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.trim();
    if let Some((left, right)) = split_outside_parentheses(expression, &[" OR ", "/"]) {
        return is_allowed(left, allowed) || is_allowed(right, allowed);
    }
    if let Some((left, right)) = split_outside_parentheses(expression, &[" AND "]) {
        return is_allowed(left, allowed) && is_allowed(right, allowed);
    }
    match expression.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => is_allowed(inner, allowed),
        None => allowed.contains(expression),
    }
}

fn split_outside_parentheses<'e>(expression: &'e str, operators: &[&str]) -> Option<(&'e str, &'e str)> {
    let mut depth = 0;
    for (at, character) in expression.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 => {
                let rest = &expression[at..];
                if let Some(operator) = operators.iter().find(|operator| rest.starts_with(**operator)) {
                    return Some((&expression[..at], &rest[operator.len()..]));
                }
            }
            _ => {}
        }
    }
    None
}

/// Of what this machine builds: nothing else needs to be downloaded.
fn metadata() -> Value {
    let version = cargo(&["--version", "--verbose"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let metadata = cargo(&["metadata", "--format-version", "1", "--locked", "--filter-platform", host]);
    serde_json::from_str(&metadata).expect("JSON")
}

fn cargo(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO")).current_dir(root()).args(arguments).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().expect("packages").iter()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().expect("a text")
}
