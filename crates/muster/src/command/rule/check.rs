//! `muster rule check`: is this a rule, and if not, what would be.

mod data;

use super::{RuleArguments, print_diagnostics};
use crate::command::parse_tenant;
use crate::failure::{Failure, Outcome};
use crate::population::Population;
use clap::Args;
use muster_directory::Tenant;
use muster_rule::{ObjectKind, Rule};
use std::io::Write;
use std::path::PathBuf;

/// Check a rule, and explain each mistake
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    rule: RuleArguments,
    /// Make warnings count: a rule with a warning is status 1
    #[arg(long)]
    deny_warnings: bool,
    /// Compare with the objects in this data directory, which must not be in use: warns of values that nobody
    /// has, and of a rule that selects nobody or everybody
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Whose objects
    #[arg(long, value_name = "T", default_value = "default", value_parser = parse_tenant, requires = "data")]
    tenant: Tenant,
    /// Print one JSON object instead of words
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
Exit status: 0 the rule is valid, 1 it is not, 2 wrong usage. Warnings do not
make a rule invalid; with --deny-warnings they are status 1 all the same.

With --json the object is {\"valid\", \"kind\": \"user\"|\"device\"|null,
\"canonical\": text|null, \"diagnostics\": [{\"code\", \"severity\", \"message\",
\"help\"?, \"span\": {\"start\", \"end\"}, \"line\", \"column\", \"suggestion\"?:
{\"span\", \"text\"}}]}. Spans are byte offsets; columns count UTF-16 units from 1.
Each code has a page in crates/rule/docs.

Examples:
  muster rule check 'user.department -eq \"Sales\"'
  muster rule check '-not (user.accountEnabled -eq true)'
  muster rule check --dialect extended 'user.employeeHireDate -gt system.now -minus P7D'
  muster rule check --json - < rule.txt
  muster rule check --data muster-data 'user.companyName -eq \"Contsoo\"'";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let (text, schema) = self.rule.read()?;
        let population = self.data.as_ref().map(|data| Population::load(data, &self.tenant)).transpose()?;
        let schema = match &population {
            Some(population) if !self.rule.names_schema() => population.schema(),
            _ => schema.into(),
        };
        let mut checked = muster_rule::check(&text, self.rule.dialect(), &schema);
        if let (Some(rule), Some(population)) = (&checked.rule, &population) {
            checked.diagnostics.extend(data::lint(rule, population, &self.tenant));
        }
        let denied = self.deny_warnings && !checked.diagnostics.is_empty();
        let outcome = if checked.rule.is_some() && !denied { Outcome::Done } else { Outcome::No };
        if self.json {
            let mut stdout = std::io::stdout().lock();
            writeln!(stdout, "{}", checked.to_json(&text))?;
            return Ok(outcome);
        }
        print_diagnostics(&text, &checked.diagnostics)?;
        match checked.rule.as_ref().map(Rule::kind) {
            Some(ObjectKind::User) => eprintln!("valid: a rule that selects users"),
            Some(ObjectKind::Device) => eprintln!("valid: a rule that selects devices"),
            None => eprintln!("not a valid rule"),
        }
        if checked.rule.is_some() && denied {
            eprintln!("refused by --deny-warnings");
        }
        Ok(outcome)
    }
}
