//! The matrix of faults, on the real program and a real broker: a kept selection always, the whole when
//! `MUSTER_FAULTS` says `all` (or names one fault), with a report in `target/faults.md`.

use muster_tests::broker::{Broker, Listeners};
use muster_tests::campaign::number_from_environment;
use muster_tests::faults::{Fault, HEAD, Selection, all};
use muster_tests::program::root;

#[test]
fn whatever_goes_wrong_nothing_is_lost_and_nothing_doubled() {
    let wanted = std::env::var("MUSTER_FAULTS").unwrap_or_default();
    let is_wanted = |fault: &Fault| match wanted.as_str() {
        "" => fault.selection == Selection::Kept,
        "all" => true,
        name => fault.name == name,
    };
    let seed = number_from_environment("MUSTER_SEED", 1);
    println!("MUSTER_SEED={seed}\n{HEAD}");
    let broker = Broker::start(Listeners::Plain);
    let mut report = format!("{HEAD}\n");
    let mut broken = Vec::new();
    for fault in all().into_iter().filter(is_wanted) {
        let outcome = fault.try_on(&broker, seed);
        println!("{outcome}");
        report.push_str(&format!("{outcome}\n"));
        if let Err(reason) = outcome.result {
            broken.push(format!("{}: {reason}", outcome.name));
        }
    }
    if wanted == "all" {
        // What is built may lie elsewhere.
        std::fs::create_dir_all(root().join("target")).expect("its folder can be made");
        std::fs::write(root().join("target/faults.md"), report).expect("the report can be written");
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
