//! Ours beside naive evaluation, the attribute-level index, a-tree and mokaccino, in one run: the same
//! rules, users and changes, in turns, with a ratio for each. `MUSTER_BENCH_RULES` and `…_OBJECTS` set other
//! sizes.
#![expect(clippy::expect_used, reason = "a bench that cannot run should stop")]

use muster_benches::program;
use serde_json::Value;
use std::process::Command;

fn main() {
    let program = program();
    let number = |name: &str, default: &str| {
        std::env::var(format!("MUSTER_BENCH_{name}")).unwrap_or_else(|_| default.to_owned())
    };
    let (rules, objects) = (number("RULES", "15000"), number("OBJECTS", "20000"));
    println!("matching only, {rules} rules, {objects} users, one thread; changes a second of processor time");
    for profile in ["flat", "typical", "wide"] {
        let output = Command::new(&program)
            .args(["bench", "match", "--json", "--baseline", "naive,attribute,a-tree,mokaccino"])
            .args(["--profile", profile, "--rules", &rules, "--objects", &objects])
            .stderr(std::process::Stdio::inherit())
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "the benchmark failed: {}", output.status);
        print(profile, &serde_json::from_slice(&output.stdout).expect("a report"));
    }
    println!("measured by `make bench`; a sample of each run was held against the oracle");
}

fn print(profile: &str, report: &Value) {
    let figure = |value: &Value, name: &str| value.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
    println!("{profile}: {:.2} deltas/change", figure(report, "deltas") / figure(report, "changes"));
    let baselines = report.get("baselines").and_then(Value::as_object);
    for (name, against) in baselines.into_iter().flatten() {
        println!(
            "  {name:<12}{:>12.0}  ours {:>12.0}  {:>9.1} times, on {} rules that it can express",
            figure(against, "changesPerSecond"),
            figure(against, "oursPerSecond"),
            figure(against, "ratio"),
            figure(against, "rules")
        );
    }
}
