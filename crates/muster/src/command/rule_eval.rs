//! `muster rule eval`: a rule tried on the objects of a file.

use super::{RuleArguments, parse_instant, print_diagnostics, wall_clock};
use crate::failure::{Failure, Outcome};
use crate::schema;
use clap::Args;
use muster_directory::{GroupId, Instant, Rejection, RejectionCode};
use muster_rule::{Explanation, Memberships, Rule, Schema};
use muster_stream::file::{InputLine, Inputs, MAX_LINE_BYTES};
use muster_wire::{FlatObject, RefusedObject, decode_object};
use serde::Serialize;
use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// Say of each object in a file whether a rule selects it
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    rule: RuleArguments,
    /// The objects, one flat JSON object a line: `id`, the attributes, and `memberOf` (ids of groups)
    #[arg(long, value_name = "FILE.jsonl")]
    objects: PathBuf,
    /// What `system.now` is [default: the wall clock]
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    now: Option<Instant>,
    /// Add the tree of the rule's expressions, each with its own result
    #[arg(long)]
    explain: bool,
}

const AFTER_HELP: &str = "\
Prints one line for each object, in order: {\"id\", \"member\": true|false}, with
--explain an \"explanation\"; for an invalid object {\"id\", \"error\"} in its place.

Exit status: 0 done, 1 an invalid rule or an invalid object, 2 wrong usage.

Examples:
  echo '{\"id\":\"u1\",\"department\":\"Sales\"}' > objects.jsonl
  muster rule eval 'user.department -eq \"sales\"' --objects objects.jsonl
  muster rule eval 'user.employeeHireDate -le system.now' --objects objects.jsonl \\
    --now 2026-11-22T00:00:00Z --explain";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let text = self.rule.read_text()?;
        let schema = schema::load(self.rule.schema.as_deref())?;
        let checked = muster_rule::check(&text, self.rule.dialect.into(), &schema);
        let Some(rule) = checked.rule else {
            print_diagnostics(&text, &checked.diagnostics)?;
            return Ok(Outcome::No);
        };
        let now = self.now.unwrap_or_else(wall_clock);
        let mut inputs = Inputs::open(std::slice::from_ref(&self.objects), None)?;
        let mut stdout = BufWriter::new(std::io::stdout().lock());
        let mut outcome = Outcome::Done;
        while let Some(line) = inputs.next_line()? {
            let answer = match decode(&rule, &line, &schema) {
                Ok(object) => self.answer(&rule, &object, now),
                Err(refused) => {
                    outcome = Outcome::No;
                    Answer::refused(refused)
                }
            };
            serde_json::to_writer(&mut stdout, &answer).map_err(std::io::Error::from)?;
            stdout.write_all(b"\n")?;
        }
        stdout.flush()?;
        Ok(outcome)
    }

    fn answer(&self, rule: &Rule, object: &FlatObject, now: Instant) -> Answer {
        let (row, groups) = (&object.attributes, groups(object));
        let explanation = self.explain.then(|| rule.explain(row, &groups, now));
        let member = explanation.as_ref().map_or_else(|| rule.matches(row, &groups, now), |root| root.result);
        Answer { id: Some(object.id.as_str().to_owned()), member: Some(member), explanation, error: None }
    }
}

/// One line of output.
#[derive(Serialize)]
struct Answer {
    /// Null where it could not be read.
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Answer {
    fn refused(refused: RefusedObject) -> Answer {
        let id = refused.id.map(|id| id.as_str().to_owned());
        Answer { id, member: None, explanation: None, error: Some(refused.rejection.message) }
    }
}

fn decode(rule: &Rule, line: &InputLine<'_>, schema: &Schema) -> Result<FlatObject, RefusedObject> {
    if line.length > MAX_LINE_BYTES as u64 {
        let message = format!("the line has {} bytes: shorten it to at most {MAX_LINE_BYTES}", line.length);
        return Err(RefusedObject {
            id: None,
            rejection: Rejection::new(RejectionCode::LineTooLong, message),
        });
    }
    decode_object(rule.kind(), line.bytes, schema)
}

/// The groups that the object says it is in.
struct Groups(HashSet<Arc<str>>);

fn groups(object: &FlatObject) -> Groups {
    Groups(object.member_of.iter().map(GroupId::folded).collect())
}

impl Memberships for Groups {
    fn contains(&self, folded_group_id: &str) -> bool {
        self.0.contains(folded_group_id)
    }
}
