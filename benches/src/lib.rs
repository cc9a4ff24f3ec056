//! Benches over the workload of `muster-loadgen`; each is a program of its own.
#![expect(clippy::expect_used, reason = "a bench that cannot run should stop")]

use std::path::PathBuf;

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
