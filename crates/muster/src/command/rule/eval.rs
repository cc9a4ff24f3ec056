//! `muster rule eval`: a rule tried on the objects of a file.

use super::{Groups, RuleArguments};
use crate::command::{parse_instant, wall_clock};
use crate::failure::{Failure, Outcome};
use clap::{Args, ValueEnum};
use muster_directory::{Instant, Rejection, RejectionCode};
use muster_rule::{Explanation, Rule, Schema};
use muster_stream::file::{InputLine, Inputs, MAX_LINE_BYTES};
use muster_wire::{FlatObject, RefusedObject, decode_object};
use serde::Serialize;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::PathBuf;

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
    /// Add the tree of the rule's expressions, each with its own result [default: `tree` on a terminal,
    /// else `json`]
    #[arg(long, value_name = "FORM", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "auto", hide_possible_values = true)]
    explain: Option<Form>,
}

/// How an explanation is shown.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// As people read it where they look at it.
    Auto,
    /// An indented tree with marks.
    Tree,
    /// In the shape of Microsoft Graph's `membershipRuleEvaluationDetails`.
    Json,
}

const AFTER_HELP: &str = "\
Prints one line for each object, in order: {\"id\", \"member\": true|false}, with
--explain=json an \"explanation\"; for an invalid object {\"id\", \"error\"} in its place.
With --explain=tree the tree follows each object's line, for people: ✓ holds, ✗ does
not, and the value that was seen.

Exit status: 0 done, 1 an invalid rule or an invalid object, 2 wrong usage.

Examples:
  echo '{\"id\":\"u1\",\"department\":\"Sales\"}' > objects.jsonl
  muster rule eval 'user.department -eq \"sales\"' --objects objects.jsonl
  muster rule eval 'user.employeeHireDate -le system.now' --objects objects.jsonl \\
    --now 2026-11-22T00:00:00Z --explain=tree";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let Some((_, schema, rule)) = self.rule.valid()? else { return Ok(Outcome::No) };
        let now = self.now.unwrap_or_else(wall_clock);
        let mut inputs = Inputs::open(std::slice::from_ref(&self.objects), None)?;
        let tree = match self.explain {
            Some(Form::Tree) => true,
            Some(Form::Auto) => std::io::stdout().is_terminal(),
            Some(Form::Json) | None => false,
        };
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
            if tree {
                answer.draw(&mut stdout)?;
                continue;
            }
            serde_json::to_writer(&mut stdout, &answer).map_err(std::io::Error::from)?;
            stdout.write_all(b"\n")?;
        }
        stdout.flush()?;
        Ok(outcome)
    }

    fn answer(&self, rule: &Rule, object: &FlatObject, now: Instant) -> Answer {
        let (row, groups) = (&object.attributes, Groups::of(object));
        let explanation = self.explain.map(|_| rule.explain(row, &groups, now));
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
    /// For people.
    fn draw(&self, out: &mut impl Write) -> std::io::Result<()> {
        let id = self.id.as_deref().unwrap_or("an object without an id");
        if let Some(error) = &self.error {
            return writeln!(out, "{id}: {error}");
        }
        let verdict = if self.member == Some(true) { "is a member" } else { "is no member" };
        writeln!(out, "{id} {verdict}")?;
        for line in self
            .explanation
            .iter()
            .flat_map(|tree| tree.to_string().lines().map(str::to_owned).collect::<Vec<_>>())
        {
            writeln!(out, "  {line}")?;
        }
        Ok(())
    }

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
