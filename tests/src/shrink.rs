//! Makes a failing history small: leaves out steps while it still fails (delta debugging).

use crate::differential::Mismatch;
use crate::history::{Step, written};

/// How many times a history is tried at most, for steps and again for members.
const TRIES: usize = 2_000;

/// What of `steps` is enough for `run` to fail, with the failure: first whole steps are left out, then
/// members of their data.
pub fn shrink(
    steps: &[Step],
    first: Mismatch,
    run: impl FnMut(&[Step]) -> Option<Mismatch>,
) -> (Vec<Step>, Mismatch) {
    let mut shrinking = Shrinking { left: steps[..=first.step].to_vec(), mismatch: first, tries: 0, run };
    shrinking.leave_out_steps();
    shrinking.leave_out_members();
    (shrinking.left, shrinking.mismatch)
}

struct Shrinking<R> {
    left: Vec<Step>,
    mismatch: Mismatch,
    tries: usize,
    run: R,
}

impl<R: FnMut(&[Step]) -> Option<Mismatch>> Shrinking<R> {
    /// Takes `candidate` for what is left if it fails.
    fn accept(&mut self, mut candidate: Vec<Step>) -> bool {
        self.tries += 1;
        let Some(mismatch) = (self.run)(&candidate) else { return false };
        candidate.truncate(mismatch.step + 1);
        self.left = candidate;
        self.mismatch = mismatch;
        true
    }

    fn leave_out_steps(&mut self) {
        let mut size = self.left.len() / 2;
        while size > 0 && self.tries < TRIES {
            let before = self.left.len();
            let mut at = 0;
            while at < self.left.len() && self.tries < TRIES {
                let end = (at + size).min(self.left.len());
                if !self.accept([&self.left[..at], &self.left[end..]].concat()) {
                    at = end;
                }
            }
            // Once more with single steps as long as that helps.
            if size > 1 || self.left.len() == before {
                size /= 2;
            }
        }
    }

    fn leave_out_members(&mut self) {
        let mut at = 0;
        while at < self.left.len() {
            for candidate in without_one_member(&self.left[at]) {
                let mut steps = self.left.clone();
                steps[at] = candidate;
                if self.tries < 2 * TRIES && self.accept(steps) {
                    // The same step again, which is smaller now.
                    at = at.wrapping_sub(1);
                    break;
                }
            }
            at = at.wrapping_add(1);
        }
    }
}

/// The line with one member of its data less, in every way; or with no time.
fn without_one_member(step: &Step) -> Vec<Step> {
    let Step::Line { text, wrong: None } = step else { return Vec::new() };
    let Ok(event) = serde_json::from_str::<serde_json::Value>(text) else { return Vec::new() };
    let mut smaller = Vec::new();
    // A schema's data has but one member, which it must have.
    if let Some(data) = event["data"].as_object().filter(|_| event["kind"] != "schema") {
        for name in data.keys() {
            let mut event = event.clone();
            event["data"].as_object_mut().unwrap().remove(name);
            smaller.push(event);
        }
    }
    if event["kind"] != "clock" && event.get("time").is_some() {
        let mut event = event.clone();
        event.as_object_mut().unwrap().remove("time");
        smaller.push(event);
    }
    smaller.iter().map(|event| Step::Line { text: written(event), wrong: None }).collect()
}

/// The steps as they can be put into a file; what is no event line is in brackets.
#[must_use]
pub fn print(steps: &[Step]) -> String {
    let line = |step: &Step| match step {
        Step::Line { text, wrong: None } => format!("{text}\n"),
        Step::Line { text, wrong: Some(code) } => format!("{text}   (to be refused: {code})\n"),
        Step::Restart => "(restart)\n".to_owned(),
    };
    steps.iter().map(line).collect()
}
