//! The flat workload at 1,000 and at 100,000 rules: what a change costs there and here must hardly differ.
//!
//! Processor time, in turns; and, where valgrind is there, instructions, which are the same on every
//! machine however busy it is: this program then runs itself under callgrind, which counts within one
//! function only. `MUSTER_BENCH_OBJECTS` sets the number of users.
#![expect(clippy::expect_used, clippy::panic, reason = "a bench that cannot run should stop")]

use muster_index::IndexKind;
use muster_loadgen::bench::compare::cost_by_rules;
use muster_loadgen::matcher::{Change, Flip, Matcher, Population};
use muster_loadgen::organisation::user_id;
use muster_loadgen::{Profile, Size, Workload};
use std::process::Command;

const FEW: usize = 1_000;
const MANY: usize = 100_000;
const SEED: u64 = 1;
/// Changes under callgrind, after as many that fill memos.
const CHANGES: u64 = 5_000;
/// Set for the run under callgrind: the number of rules.
const COUNTED: &str = "MUSTER_BENCH_COUNTED_RULES";

fn main() {
    if let Ok(rules) = std::env::var(COUNTED) {
        return run(rules.parse().expect("a number of rules"));
    }
    let cost = cost_by_rules(Profile::Flat, objects(), SEED, &[FEW, MANY]).expect("rules of the workload");
    let [(_, few), (_, many)] = cost.as_slice() else { panic!("two costs: {cost:?}") };
    println!("flat, {} users, seed {SEED}", objects());
    println!(
        "  processor µs/change   {few:>10.2} at {FEW} rules {many:>10.2} at {MANY}   {:.2} times",
        many / few
    );
    match (instructions(FEW), instructions(MANY)) {
        (Some(few), Some(many)) => println!(
            "  instructions/change   {few:>10.0} at {FEW} rules {many:>10.0} at {MANY}   {:.2} times",
            many / few
        ),
        _ => println!("  instructions: valgrind is not there"),
    }
    println!("measured by `make linearity`");
}

fn objects() -> usize {
    std::env::var("MUSTER_BENCH_OBJECTS").map_or(2_000, |text| text.parse().expect("a number of users"))
}

fn run(rules: usize) {
    let workload = Workload::new(Profile::Flat, Size { rules, objects: objects() }, SEED);
    let compiled = workload.rules().expect("rules of the workload");
    let matcher = Matcher::build(IndexKind::default(), &compiled, workload.now());
    let mut population = matcher.population();
    for number in 0..workload.size().objects {
        population.load(user_id(number), workload.organisation().user(number));
    }
    let make = |numbers: std::ops::Range<u64>| -> Vec<Change> {
        numbers.map(|number| workload.organisation().change(number)).collect()
    };
    let mut flips = Vec::new();
    population.apply(&mut make(0..CHANGES), &mut flips);
    counted_changes(&mut population, &mut make(CHANGES..2 * CHANGES), &mut flips);
    assert!(!flips.is_empty());
}

/// What callgrind counts.
#[inline(never)]
fn counted_changes(population: &mut Population<'_>, changes: &mut Vec<Change>, flips: &mut Vec<Flip>) {
    population.apply(changes, flips);
}

/// Instructions that a change takes; `None` without valgrind.
fn instructions(rules: usize) -> Option<f64> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let out = directory.path().join("callgrind.out");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*counted_changes*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().expect("the path of this bench"))
        .env(COUNTED, rules.to_string())
        .output()
        .ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let counts = std::fs::read_to_string(&out).expect("what callgrind counted");
    let total =
        counts.lines().find_map(|line| line.strip_prefix("totals:").or(line.strip_prefix("summary:")));
    let total: f64 = total.expect("a total").trim().parse().expect("a number");
    Some(total / CHANGES as f64)
}
