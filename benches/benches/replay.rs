//! `replay` of a synthetic organisation: what a change costs, store, outbox and files included.
//!
//! The organisation and its groups are replayed into a data directory first; what is measured is the
//! replay of the changes on top of it. `MUSTER_BENCH_RULES`, `…_OBJECTS`, `…_CHANGES` and `…_SEED`
//! set other sizes; `MUSTER_BENCH_DIR` names a directory in which all files are kept.
#![expect(clippy::expect_used, clippy::panic, reason = "a bench that cannot run should stop")]

use muster_loadgen::files::Files;
use muster_loadgen::{Profile, Size, Workload};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let size = Size { rules: number("RULES", 15_000), objects: number("OBJECTS", 100_000) };
    let (changes, seed) = (number("CHANGES", 200_000), number("SEED", 1));
    let temporary = tempfile::tempdir().expect("a temporary directory");
    let kept = std::env::var_os("MUSTER_BENCH_DIR").map(PathBuf::from);
    let directory = kept.as_deref().unwrap_or(temporary.path());
    eprintln!("writing {} users, {} rules, {changes} changes (seed {seed})", size.objects, size.rules);
    let workload = Workload::new(Profile::Typical, size, seed as u64);
    let files = Files::of(directory);
    files.write(&workload, changes as u64, |_| {}).expect("the workload can be written");
    let Files { groups, users, changes } = &files;
    let program = program();
    eprintln!("replaying the organisation");
    let first = replay(&program, directory, &[groups, users]);
    eprintln!("replaying the changes");
    let second = replay(&program, directory, &[groups, users, changes]);
    report(&workload, &first, &second);
}

fn number(name: &str, default: usize) -> usize {
    let name = format!("MUSTER_BENCH_{name}");
    match std::env::var(&name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
}

/// The program of the same build, which is made where it is missing.
fn program() -> PathBuf {
    let bench = std::env::current_exe().expect("the path of this bench");
    // …/<target>/release/deps/<bench>
    let release = bench.ancestors().nth(2).expect("a target directory");
    let target = release.parent().expect("a target directory");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("benches lies in the repository");
    let status = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["build", "--release", "--quiet", "--locked", "--package", "muster", "--target-dir"])
        .arg(target)
        .status();
    assert!(status.is_ok_and(|status| status.success()), "the program does not build");
    release.join("muster")
}

fn replay(program: &Path, directory: &Path, events: &[&Path]) -> Value {
    let output = Command::new(program)
        .arg("replay")
        .arg("--deltas")
        .arg(directory.join("deltas.jsonl"))
        .arg("--data")
        .arg(directory.join("data"))
        .args(["--now", "2026-11-22T08:00:00Z", "--strict", "--stats", "--events"])
        .args(events)
        .stderr(std::process::Stdio::inherit())
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "the replay failed: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("statistics")
}

fn report(workload: &Workload, base: &Value, changes: &Value) {
    let size = workload.size();
    let figure = |stats: &Value, name: &str| stats.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!();
    println!(
        "{} rules, {} users, {:.0} changes, seed {}, {cores} cores",
        size.rules,
        size.objects,
        figure(changes, "changes"),
        workload.seed()
    );
    println!("  changes/s            {:>14.0}", figure(changes, "changesPerSecond"));
    println!("  deltas/s             {:>14.0}", figure(changes, "deltasPerSecond"));
    println!("  deltas/change        {:>14.2}", figure(changes, "deltas") / figure(changes, "changes"));
    println!(
        "  rules evaluated/change {:>12.1}",
        figure(changes, "affectedRules") / figure(changes, "changes")
    );
    println!("  groups/user          {:>14.1}", figure(base, "deltas") / figure(base, "objects"));
    println!("  peak memory, MiB     {:>14.0}", figure(changes, "peakMemoryBytes") / 1024.0 / 1024.0);
    println!("  changes, seconds     {:>14.1}", figure(changes, "elapsedSeconds"));
    println!("  restart, seconds     {:>14.1}", figure(changes, "restoreSeconds"));
    println!("  organisation, seconds {:>13.1}", figure(base, "elapsedSeconds"));
    println!("measured by `make bench`; each commit is synced to the disk");
}
