//! Delta lines held against the oracle: what a whole engine made of a workload's changes.

use crate::organisation::user_id;
use crate::verify::{Flipped, Scope, Verifier};
use crate::workload::Workload;
use foldhash::HashMap;
use muster_rule::Rule;
use serde::Deserialize;
use std::io::{BufRead, Result};
use std::ops::Range;
use std::sync::Arc;

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Changes held against the oracle.
    pub changes: u64,
    /// Memberships that it does not agree with.
    pub differences: u64,
}

/// The change that a delta follows from: its number, or `None` where it is none of those checked.
pub type ChangeOf<'a> = dyn Fn(&CauseSource<'_>) -> Option<u64> + 'a;

/// Reads delta lines and checks those that follow from `changes`, by number. Those before are applied and
/// not checked.
///
/// # Errors
/// The reader's, and a line that is no delta line.
pub fn verify(
    workload: &Workload,
    rules: &[Arc<Rule>],
    mut deltas: impl BufRead,
    changes: Range<u64>,
    change_of: &ChangeOf<'_>,
) -> Result<Verified> {
    let organisation = workload.organisation();
    let mut verifier = Verifier::new(organisation, rules, workload.now(), Scope::Memberships);
    let mut flips: HashMap<u64, Vec<Flipped>> = HashMap::default();
    let mut line = Vec::new();
    while {
        line.clear();
        deltas.read_until(b'\n', &mut line)? > 0
    } {
        let delta: DeltaLine<'_> = serde_json::from_slice(&line)?;
        let Some(object) = object_number(delta.member_id).filter(|object| verifier.follows(*object)) else {
            continue;
        };
        let Some(change) = delta.cause.source.as_ref().and_then(change_of) else { continue };
        if !changes.contains(&change) || object != organisation.change(change).0 {
            continue;
        }
        let rule = delta.group_id.strip_prefix('g').and_then(|number| number.parse().ok());
        let flip = Flipped { rule: rule.unwrap_or(u32::MAX), joined: Some(delta.change == "added") };
        flips.entry(change).or_default().push(flip);
    }
    verifier.expect_changes(changes.end - changes.start);
    for number in 0..changes.end {
        let (object, patch) = organisation.change(number);
        if !verifier.follows(object) {
            continue;
        }
        if number < changes.start {
            verifier.pass(object, &patch);
        } else {
            let flipped = flips.get(&number).map(Vec::as_slice).unwrap_or_default();
            verifier.change(object, &patch, flipped);
        }
    }
    Ok(Verified { changes: verifier.verified(), differences: verifier.differences() })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeltaLine<'a> {
    #[serde(borrow)]
    group_id: &'a str,
    member_id: &'a str,
    change: &'a str,
    cause: CauseLine<'a>,
}

#[derive(Deserialize)]
struct CauseLine<'a> {
    #[serde(borrow)]
    source: Option<CauseSource<'a>>,
}

/// Where the event lies that a delta follows from.
#[derive(Clone, Copy, Debug, Deserialize)]
#[allow(missing_docs, reason = "as delta lines name them")]
pub struct CauseSource<'a> {
    #[serde(borrow)]
    pub file: Option<&'a str>,
    pub line: Option<u64>,
    pub partition: Option<u32>,
    pub offset: Option<u64>,
}

/// The number of the user of this id; `None` for other objects.
fn object_number(id: &str) -> Option<usize> {
    let number = usize::from_str_radix(id.get(..8)?, 16).ok()?;
    (user_id(number).as_str() == id).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::Matcher;
    use crate::{Profile, Size};
    use muster_index::IndexKind;

    /// The delta lines of a run over all changes, each with the line of its change.
    fn lines(workload: &Workload, rules: &[Arc<Rule>], changes: u64) -> Vec<String> {
        let matcher = Matcher::build(IndexKind::Naive, rules, workload.now());
        let mut population = matcher.population();
        for number in 0..workload.size().objects {
            population.load(user_id(number), workload.organisation().user(number));
        }
        let mut lines = Vec::new();
        for number in 0..changes {
            let (object, patch) = workload.organisation().change(number);
            let mut flips = Vec::new();
            population.apply(&mut vec![(object, patch)], &mut flips);
            for (_, rule) in flips {
                let view = population.view(object).unwrap();
                let after = rules[rule as usize].matches(&view, &NoGroups, workload.now());
                let change = if after { "added" } else { "removed" };
                lines.push(format!(
                    r#"{{"groupId":"g{rule}","memberId":"{}","change":"{change}","cause":{{"type":"change","source":{{"file":"c","line":{}}}}}}}"#,
                    user_id(object).as_str(),
                    number + 1
                ));
            }
        }
        lines
    }

    struct NoGroups;

    impl muster_rule::Memberships for NoGroups {
        fn contains(&self, _: &str) -> bool {
            false
        }
    }

    fn check(workload: &Workload, rules: &[Arc<Rule>], lines: &[String]) -> Verified {
        let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let change_of = |source: &CauseSource<'_>| source.line.map(|line| line - 1);
        verify(workload, rules, text.as_bytes(), 100..600, &change_of).unwrap()
    }

    #[test]
    fn a_delta_that_is_missing_flipped_or_doubled_is_found() {
        // None of the first 100 rules reads memberships.
        let workload = Workload::new(Profile::Wide, Size { rules: 100, objects: 50 }, 11);
        let rules = workload.rules().unwrap();
        assert!(rules.iter().all(|rule| rule.sources().is_empty()));
        let lines = lines(&workload, &rules, 600);
        assert_eq!(check(&workload, &rules, &lines), Verified { changes: 500, differences: 0 });
        let last = lines.len() - 1;
        let flipped = |line: &String| match line.contains("added") {
            true => line.replace("added", "removed"),
            false => line.replace("removed", "added"),
        };
        assert_eq!(check(&workload, &rules, &lines[..last]).differences, 1);
        let mut tampered = lines.clone();
        tampered[last] = flipped(&tampered[last]);
        assert_eq!(check(&workload, &rules, &tampered).differences, 1);
        tampered[last] = lines[last].clone();
        tampered.push(lines[last].clone());
        assert_eq!(check(&workload, &rules, &tampered).differences, 1);
    }
}
