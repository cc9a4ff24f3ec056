//! `muster rule test`: rules with example objects and expectations, for a repository of rules.
//!
//! A test that says nothing wrong of a rule must not pass because it says nothing at all: names that no test
//! has are refused, and so is a file without rules.

mod case;
mod file;

use super::count;
use crate::command::{DialectName, parse_instant, wall_clock};
use crate::failure::{Failure, Outcome};
use crate::schema;
use case::{Case, Verdict};
use clap::Args;
use file::TestFile;
use muster_directory::Instant;
use serde_json::json;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Run the tests of a repository of rules
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Files of tests: TOML, or JSON lines (`.jsonl`)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The dialect of rules whose test names none
    #[arg(long, value_enum, default_value_t)]
    dialect: DialectName,
    /// A file with the deployment's own attributes: the `data` of a schema line, or schema lines
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// What `system.now` is where a test does not say [default: the wall clock]
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    now: Option<Instant>,
    /// Make warnings that a test does not expect count as failures
    #[arg(long)]
    deny_warnings: bool,
    /// Print one JSON object for each rule: file, line, name, passed, failures
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
A TOML file of tests:
  now = \"2026-11-22T10:00:00Z\"        # optional, as is dialect = \"extended\"
  [[rule]]
  name = \"guests of Contoso\"
  rule = '(user.userType -eq \"Guest\") -and (user.companyName -eq \"Contoso\")'
  selects = [{ userType = \"guest\", companyName = \"CONTOSO\" }]
  rejects = [{ userType = \"Member\" }, {}]
  [[rule]]
  file = \"everybody.rule\"            # instead of rule, beside the file of tests
  warnings = []                      # exactly these codes
  [[rule]]
  rule = 'user.departmnt -eq \"x\"'
  errors = [\"MR0022\"]                # it is refused, with exactly these codes

As JSON lines each line is one rule: {\"name\", \"rule\"|\"file\", \"dialect\", \"now\",
\"selects\", \"rejects\", \"errors\", \"warnings\"}. Objects are as for `rule eval`; their
`id` may be left out.

Exit status: 0 all passed, 1 a rule failed, 2 wrong usage, or a file that cannot be
read as tests.

Examples:
  muster rule test rules/*.toml
  muster rule test --deny-warnings --json rules.jsonl";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let schema = schema::load(self.schema.as_deref())?;
        let files = self.files.iter().map(|path| TestFile::read(path)).collect::<Result<Vec<_>, _>>()?;
        let mut stdout = BufWriter::new(std::io::stdout().lock());
        let (mut rules, mut objects, mut failed) = (0, 0, 0);
        for file in &files {
            for case in &file.cases {
                let defaults = case::Defaults {
                    dialect: file.dialect.unwrap_or(self.dialect.into()),
                    now: file.now.or(self.now).unwrap_or_else(wall_clock),
                    schema: &schema,
                    deny_warnings: self.deny_warnings,
                };
                let Verdict { failures, objects: tried } = case.run(&defaults);
                (rules, objects) = (rules + 1, objects + tried);
                failed += usize::from(!failures.is_empty());
                let place = format!("{}:{}", file.path.display(), case.line);
                report(&place, case, &failures);
                if self.json {
                    let path = file.path.display().to_string();
                    let line = json!({"file": path, "line": case.line, "name": case.name(), "passed": failures.is_empty(), "failures": failures});
                    writeln!(stdout, "{line}")?;
                }
            }
        }
        stdout.flush()?;
        let verdict = if failed == 0 { "all passed".to_owned() } else { format!("{failed} failed") };
        eprintln!("{}, {}: {verdict}", count(rules, "rule"), count(objects, "object"));
        Ok(if failed == 0 { Outcome::Done } else { Outcome::No })
    }
}

fn report(place: &str, case: &Case, failures: &[String]) {
    if failures.is_empty() {
        return;
    }
    eprintln!("FAIL {place} {}", case.name());
    for failure in failures {
        let mut lines = failure.lines();
        eprintln!("  {}", lines.next().unwrap_or_default());
        for line in lines {
            eprintln!("    {line}");
        }
    }
}
