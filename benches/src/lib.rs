//! Benches over the workload of `muster-loadgen`; each is a program of its own.
#![expect(clippy::expect_used, clippy::panic, reason = "a bench that cannot run should stop")]

use muster_engine::Interpret;
use muster_rule::{AttributeType, ObjectKind, Value};
use std::path::PathBuf;

/// The size that `MUSTER_BENCH_` and this name set.
///
/// # Panics
/// It is no number.
#[must_use]
pub fn number(name: &str, default: usize) -> usize {
    let name = format!("MUSTER_BENCH_{name}");
    match std::env::var(&name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
}

/// Nothing is declared, so nothing is read anew.
pub struct NoValues;

impl Interpret for NoValues {
    fn read(&self, _: ObjectKind, _: AttributeType, _: &str) -> Option<Value> {
        None
    }

    fn write(&self, _: &Value) -> Box<str> {
        "null".into()
    }
}

/// The program that `make build` made, beside which this bench was made.
///
/// # Panics
/// There is none.
#[must_use]
pub fn program() -> PathBuf {
    let bench = std::env::current_exe().expect("the path of this bench");
    // …/<target>/release/deps/<bench>
    let program = bench.ancestors().nth(2).expect("a target directory").join("muster");
    assert!(program.is_file(), "there is no `{}`: `make build` makes it", program.display());
    program
}
