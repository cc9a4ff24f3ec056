//! `muster-peers`: measures an engine of others beside Muster's index, for `muster bench --baseline`.
//!
//! A program of its own, so that nothing else depends on those engines. Takes the engine and the workload,
//! answers with one JSON object on standard output. Exit status: 0 done, 2 wrong usage, 3 a fault.

mod peer;
mod plain;

use muster_loadgen::bench::compare::compare;
use muster_loadgen::{Profile, Size, Workload};
use peer::Engine;
use std::process::ExitCode;

const USAGE: &str = "usage: muster-peers a-tree|mokaccino flat|typical|wide RULES OBJECTS SEED";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((engine, name, workload)) = read(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match measure(engine, name, &workload) {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("error: {reason}");
            ExitCode::from(3)
        }
    }
}

fn read(arguments: &[String]) -> Option<(Engine, &str, Workload)> {
    let [engine, profile, rules, objects, seed] = arguments else { return None };
    let kind = match engine.as_str() {
        "a-tree" => Engine::ATree,
        "mokaccino" => Engine::Mokaccino,
        _ => return None,
    };
    let profile = [Profile::Flat, Profile::Typical, Profile::Wide]
        .into_iter()
        .find(|known| known.as_str() == profile)?;
    let size = Size { rules: rules.parse().ok()?, objects: objects.parse().ok()? };
    Some((kind, engine, Workload::new(profile, size, seed.parse().ok()?)))
}

fn measure(engine: Engine, name: &str, workload: &Workload) -> Result<String, String> {
    let rules = workload.rules().map_err(|fault| fault.to_string())?;
    let (theirs, expressible) =
        peer::build(engine, &rules).ok_or_else(|| format!("`{name}` refuses a rule made for it"))?;
    let comparison = compare(workload, &expressible, theirs, name);
    serde_json::to_string(&comparison).map_err(|fault| fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_agree_with_ours_on_the_rules_that_they_can_express() {
        let size = Size { rules: 300, objects: 300 };
        let workload = Workload::new(Profile::Typical, size, 5);
        let rules = workload.rules().unwrap();
        let mut expressed = Vec::new();
        for engine in [Engine::ATree, Engine::Mokaccino] {
            let (theirs, expressible) = peer::build(engine, &rules).unwrap();
            let comparison = compare(&workload, &expressible, theirs, "");
            assert_eq!(comparison.disagreements, 0, "{engine:?}: {comparison:?}");
            assert!(comparison.ratio > 0.0);
            expressed.push(comparison.rules);
        }
        assert!(150 < expressed[0] && expressed[0] < expressed[1] && expressed[1] < 300, "{expressed:?}");
    }
}
