//! The golden corpus: rules as people write them, what they select, and what is said of the wrong ones.
//!
//! The files below `valid` and `invalid` are made to be read and reviewed without knowing Rust. Each
//! `[[rule]]` names the line of the rule language that it shows. With `UPDATE_EXPECT=1` the
//! expectations are rewritten from what is found; then the difference is to be reviewed.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod object;

use muster_rule::{
    AttributeType, Checked, DeclaredAttribute, Diagnostic, Dialect, Instant, ObjectKind, Rule, Schema, check,
};
use object::{Object, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value};

/// Where a rule does not say otherwise.
const NOW: &str = "2026-11-22T10:00:00Z";

/// Lines of the language that no single rule can show, the limit of length and the stored text, and events; with the
/// file whose tests are named after them.
const ELSEWHERE: [(u32, &str); 2] = [(12, "tests/corpus/main.rs"), (40, "../wire/src/line/tests.rs")];

#[test]
fn valid_rules_select_what_they_should() {
    let mut rules = 0;
    for mut file in File::all("valid") {
        for entry in file.rules() {
            rules += 1;
            check_valid(entry);
        }
        file.finish();
    }
    assert!(rules >= 250, "{rules}");
}

fn check_valid(entry: &mut Table) {
    let case = Case::of(entry);
    let rule = case.rule();
    let selects = case.select(&rule, entry, "selects");
    let rejects = case.select(&rule, entry, "rejects");
    let (mut selected, mut rejected) = (Array::new(), Array::new());
    for (object, is_selected) in selects.into_iter().chain(rejects) {
        if is_selected { selected.push(object) } else { rejected.push(object) }
    }
    expect(entry, "selects", Some(selected), &case.text);
    expect(entry, "rejects", Some(rejected), &case.text);
    let lints = check(&case.text, case.dialect, &case.schema).diagnostics;
    expect(entry, "warnings", Some(case.underlined(&lints)), &case.text);
}

#[test]
fn invalid_rules_are_refused_at_the_right_place() {
    let mut rules = 0;
    for mut file in File::all("invalid") {
        for entry in file.rules() {
            rules += 1;
            check_invalid(entry);
        }
        file.finish();
    }
    assert!(rules >= 120, "{rules}");
}

fn check_invalid(entry: &mut Table) {
    let case = Case::of(entry);
    let Checked { rule, diagnostics } = check(&case.text, case.dialect, &case.schema);
    assert!(rule.is_none(), "{} is accepted", case.text);
    let mut fixed = case.text.clone();
    for diagnostic in diagnostics.iter().rev() {
        assert!(diagnostic.is_error(), "{}: {diagnostic:?}", case.text);
        assert!(!diagnostic.message.ends_with('.'), "{}: {diagnostic:?}", case.text);
        if let Some(suggestion) = &diagnostic.suggestion {
            fixed = suggestion.apply(&fixed);
        }
    }
    expect(entry, "errors", Some(case.underlined(&diagnostics)), &case.text);
    // All suggestions at once make a rule that is accepted. Where one mistake hides another, the text is
    // only better.
    let accepted = fixed != case.text && Rule::parse(&fixed, case.dialect, &case.schema).is_ok();
    let better = fixed != case.text && !accepted && diagnostics.len() == 1;
    expect(entry, "fixed", accepted.then(|| fixed.clone()), &case.text);
    expect(entry, "better", better.then_some(fixed), &case.text);
}

#[test]
fn a_canonical_text_is_the_same_rule() {
    for mut file in File::all("valid") {
        for entry in file.rules() {
            let case = Case::of(entry);
            let rule = case.rule();
            let canonical = rule.canonical();
            let again = Case { text: canonical.clone(), ..case };
            let printed = again.rule();
            assert_eq!(printed.canonical(), canonical, "{}", rule.text());
            assert_eq!(printed.reads(), rule.reads(), "{}", rule.text());
            for key in ["selects", "rejects"] {
                let (ours, theirs) = (again.select(&rule, entry, key), again.select(&printed, entry, key));
                for ((_, before), (_, after)) in ours.iter().zip(&theirs) {
                    assert_eq!(before, after, "{} as {canonical}", rule.text());
                }
            }
        }
    }
}

#[test]
fn the_corpus_shows_every_line_of_the_language() {
    let mut shown = BTreeSet::new();
    for (line, path) in ELSEWHERE {
        let tests = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        assert!(tests.contains(&format!("#[test]\nfn l{line}_")), "no test of {path} is named after L{line}");
        shown.insert(line);
    }
    for mut file in File::all("valid").into_iter().chain(File::all("invalid")) {
        for entry in file.rules() {
            let lines = entry.get("line").and_then(Item::as_str).expect("a line");
            shown.extend(lines.split(' ').map(|line| -> u32 { line[1..].parse().expect("L and a number") }));
        }
    }
    assert_eq!(shown, (1..=40).collect());
}

#[test]
fn l12_the_limit_counts_utf16_units_and_the_text_is_kept() {
    let rule = |letters: usize| format!("user.department -eq \"{}\" ", "😀".repeat(letters) + "x");
    let parse = |text: &str| Rule::parse(text, Dialect::Entra, &Schema::default());
    let longest = rule((3_072 - rule(0).len()) / 2);
    assert!(longest.encode_utf16().count() >= 3_071);
    assert_eq!(parse(&longest).unwrap().text(), longest);
    let error = &parse(&rule(1_600)).unwrap_err()[0];
    assert_eq!(error.code.as_str(), "MR0002");
}

/// A rule of the corpus.
struct Case {
    text: String,
    dialect: Dialect,
    schema: Schema,
    now: Instant,
}

impl Case {
    fn of(entry: &Table) -> Case {
        let text = |key: &str| entry.get(key).map(|item| item.as_str().expect(key));
        let dialect = match text("dialect") {
            None => Dialect::Entra,
            Some("extended") => Dialect::Extended,
            Some(other) => panic!("no dialect {other}"),
        };
        let declared = entry.get("schema").and_then(Item::as_array).into_iter().flatten().map(declared);
        Case {
            text: text("rule").expect("a rule").to_owned(),
            dialect,
            schema: Schema::new(declared).unwrap(),
            now: Instant::parse(text("now").unwrap_or(NOW)).unwrap(),
        }
    }

    fn rule(&self) -> Rule {
        Rule::parse(&self.text, self.dialect, &self.schema)
            .unwrap_or_else(|diagnostics| panic!("{}\n{diagnostics:#?}", self.text))
    }

    /// The code and the underlined text of each.
    fn underlined(&self, diagnostics: &[Diagnostic]) -> Array {
        let pair = |diagnostic: &Diagnostic| {
            let span = &diagnostic.span;
            let underlined =
                self.text.get(span.start as usize..span.end as usize).expect("a part of the text");
            Array::from_iter([diagnostic.code.as_str(), underlined])
        };
        diagnostics.iter().map(pair).collect()
    }

    /// Which of the objects under `key` the rule selects. The explanation must say so too.
    fn select(&self, rule: &Rule, entry: &Table, key: &str) -> Vec<(Value, bool)> {
        let objects = entry.get(key).and_then(Item::as_array).cloned().unwrap_or_default();
        let select = |given: &Value| {
            let object = Object::new(rule.kind(), &json(given), &self.schema);
            let selected = rule.matches(&object, &object, self.now);
            let explanation = rule.explain(&object, &object, self.now);
            assert_eq!(explanation.result, selected, "{} of {given}\n{explanation}", self.text);
            (given.clone(), selected)
        };
        objects.iter().map(select).collect()
    }
}

fn declared(attribute: &Value) -> DeclaredAttribute {
    let text = |key: &str| attribute.as_inline_table().unwrap().get(key).unwrap().as_str().unwrap();
    DeclaredAttribute {
        object: if text("object") == "user" { ObjectKind::User } else { ObjectKind::Device },
        name: text("name").into(),
        value_type: match text("type") {
            "bool" => AttributeType::Boolean,
            "string" => AttributeType::String,
            "integer" => AttributeType::Integer,
            "dateTime" => AttributeType::DateTime,
            "stringCollection" => AttributeType::StringCollection,
            other => panic!("no type {other}"),
        },
    }
}

/// `found` is what stands under `key`, or is written there. Nothing and an empty list are not written.
fn expect<V: Into<Value>>(entry: &mut Table, key: &str, found: Option<V>, rule: &str) {
    let found = found.map(Into::into).filter(|found| !found.as_array().is_some_and(Array::is_empty));
    let expected = entry.get(key).and_then(Item::as_value);
    if expected.map(json) == found.as_ref().map(json) {
        return;
    }
    if !updating() {
        let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), ToString::to_string);
        let (expected, found) = (show(expected), show(found.as_ref()));
        panic!("{rule}\n{key}: expected {expected}, found {found}\nTo accept what is found: UPDATE_EXPECT=1");
    }
    match found {
        None => drop(entry.remove(key)),
        Some(mut found) => {
            found.decor_mut().set_prefix(" ");
            entry.insert(key, Item::Value(found));
        }
    }
}

fn updating() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some()
}

/// A file of the corpus.
struct File {
    path: PathBuf,
    before: String,
    document: DocumentMut,
}

impl File {
    fn all(folder: &str) -> Vec<File> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let read = |path: PathBuf| {
            let before = fs::read_to_string(&path).unwrap();
            let document = before.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            File { path, before, document }
        };
        paths.into_iter().map(read).collect()
    }

    fn rules(&mut self) -> impl Iterator<Item = &mut Table> {
        let rules = self.document.get_mut("rule").and_then(Item::as_array_of_tables_mut);
        rules.map(ArrayOfTables::iter_mut).expect("rules")
    }

    fn finish(self) {
        let after = self.document.to_string();
        if updating() && after != self.before {
            fs::write(&self.path, after).unwrap();
        }
    }
}
