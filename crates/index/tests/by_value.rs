//! The index by value against the naive one: rules come, change and go while changes of objects flow.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails where it finds something else"
)]

use muster_directory::{AttributePatch, Instant, ObjectId, ObjectKind};
use muster_index::{Affected, Edit, IndexKind, RowChange, RuleIndex, Scratch, Table};
use muster_rule::{Attribute, Dialect, Rule, Schema, Text, Value, property};
use std::collections::BTreeSet;
use std::sync::Arc;

const NOW: i64 = 1_795_000_000_000;
const DAY: i64 = 86_400_000;

struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }

    fn pick<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }
}

const WORDS: [&str; 6] = ["Sales", "Sales North", "Engineering", "Größe", "Legal", "North"];
const TEXTS: [&str; 4] = ["department", "city", "jobTitle", "country"];

fn literal(random: &mut Random) -> String {
    let attribute = random.pick(&TEXTS);
    let word = random.pick(&WORDS);
    let other = random.pick(&WORDS);
    match random.below(14) {
        0..4 => format!("user.{attribute} -eq \"{word}\""),
        4 => format!("user.{attribute} -in [\"{word}\", \"{}\"]", other.to_uppercase()),
        5 => format!("user.{attribute} -notIn [\"{word}\", \"{other}\"]"),
        6 => format!("user.{attribute} -ne \"{word}\""),
        7 => format!("user.{attribute} -startsWith \"{}\"", word.get(..2).unwrap_or(word)),
        8 => format!("user.{attribute} -contains \"{}\"", other.get(1..3).unwrap_or(other)),
        9 => format!("user.{attribute} -{} null", random.pick(&["eq", "ne"])),
        10 => {
            let many: Vec<String> = (0..12).map(|n| format!("\"{word} {n}\"")).collect();
            format!("user.{attribute} -in [{}]", many.join(", "))
        }
        11 => format!(
            "user.employeeHireDate -{} system.now -minus P{}D",
            random.pick(&["ge", "le"]),
            random.below(9)
        ),
        12 => format!("user.otherMails -any (_ -endsWith \"@{}.example\")", random.below(3)),
        _ => format!("user.accountEnabled -eq {}", random.pick(&["true", "false"])),
    }
}

fn rule(random: &mut Random) -> Arc<Rule> {
    let mut text = literal(random);
    for _ in 0..random.below(3) {
        let more = literal(random);
        text = match random.below(5) {
            0 => format!("({text}) -or ({more})"),
            1 => format!("-not ({text}) -and ({more})"),
            _ => format!("({text}) -and ({more})"),
        };
    }
    Arc::new(
        Rule::parse(&text, Dialect::Entra, &Schema::default()).unwrap_or_else(|e| panic!("{text}: {e:?}")),
    )
}

fn attribute(name: &str) -> Attribute {
    property::find(ObjectKind::User, name, &Schema::default()).unwrap().attribute
}

fn patch(random: &mut Random, step: usize) -> AttributePatch {
    let mut known = Vec::new();
    for name in TEXTS {
        if random.below(3) == 0 {
            let word = random.pick(&WORDS);
            let value = match random.below(6) {
                0 => None,
                // Ever new ones.
                1 => Some(format!("{word} {step}")),
                2 => Some(format!("{word} {}", random.below(12))),
                3 => Some(word.to_uppercase()),
                _ => Some(word.to_owned()),
            };
            known.push((attribute(name), value.map(|value| Value::Text(Text::new(&value)))));
        }
    }
    match random.below(6) {
        0 => known.push((attribute("accountEnabled"), Some(Value::Boolean(random.below(2) == 0)))),
        1 => {
            let hired = Instant::from_millis(NOW - random.below(10) as i64 * DAY);
            known.push((
                attribute("employeeHireDate"),
                (random.below(4) > 0).then_some(Value::Instant(hired)),
            ));
        }
        2 => {
            let mails =
                (0..random.below(3)).map(|_| Text::new(&format!("u{step}@{}.example", random.below(4))));
            let mails: Vec<Text> = mails.collect();
            known.push((attribute("otherMails"), (!mails.is_empty()).then_some(Value::Texts(mails))));
        }
        _ => {}
    }
    AttributePatch { known, unknown: Vec::new() }
}

/// One index with rows and memory of its own.
struct Side {
    index: Box<dyn RuleIndex>,
    table: Table,
    scratch: Scratch,
}

impl Side {
    fn change(&mut self, object: u32, patch: Option<AttributePatch>) -> BTreeSet<Affected> {
        let id = ObjectId::new(&format!("u{object}")).unwrap();
        let old = self.table.take(object);
        let new =
            patch.map(|patch| self.table.draft(ObjectKind::User, &id, old.as_ref(), Edit::Patch(patch)));
        let change = RowChange { old: old.as_ref(), new: new.as_ref() };
        let mut found = Vec::new();
        self.index.affected(
            &mut self.table,
            &[change],
            Instant::from_millis(NOW),
            &mut self.scratch,
            &mut found,
        );
        let each_once: BTreeSet<Affected> = found.iter().copied().collect();
        assert_eq!(each_once.len(), found.len(), "a rule is told once");
        self.table.replace(object, old.as_ref(), new);
        each_once
    }
}

/// So few objects that every list of rules is hot, so many rules that most have guards.
fn histories(seed: u64, rules: usize, steps: usize) {
    let mut random = Random(seed);
    let side =
        |kind: IndexKind| Side { index: kind.build(), table: Table::default(), scratch: Scratch::default() };
    let mut sides = [side(IndexKind::Value), side(IndexKind::Naive)];
    let mut flips = 0;
    for step in 0..steps {
        if step < rules || random.below(3) == 0 {
            let number = random.below(rules) as u32;
            let new = (step < rules || random.below(4) > 0).then(|| rule(&mut random));
            for side in &mut sides {
                match &new {
                    Some(rule) => side.index.insert(number, Arc::clone(rule)),
                    None => side.index.remove(number),
                }
            }
        }
        let object = random.below(20) as u32;
        let patch = (random.below(12) > 0).then(|| patch(&mut random, step));
        let [ours, naive] = sides.each_mut().map(|side| side.change(object, patch.clone()));
        assert_eq!(ours, naive, "seed {seed}, step {step}: {patch:?}");
        flips += naive.len();
    }
    assert!(flips > steps, "seed {seed}: {flips} flips");
}

#[test]
fn it_says_what_the_naive_index_says_while_rules_come_and_go() {
    for seed in 1..5 {
        println!("seed {seed}");
        histories(seed, 40, 4_000);
    }
}

#[test]
fn hot_lists_with_guards_say_the_same() {
    println!("seed 9");
    histories(9, 2_500, 6_000);
}
