//! `muster find`: whom a rule selects.

use super::rule::print_diagnostics;
use super::{DialectName, parse_instant, parse_tenant};
use crate::failure::{Failure, Outcome};
use crate::population::{Population, nobodys};
use clap::Args;
use muster_directory::{Instant, Tenant};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// List the users or devices that a rule selects, from a data directory at rest
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The rule
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    rule: String,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Only ids after this one, by bytes: the last of the page before
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// What `system.now` is [default: the clock of the data directory]
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    now: Option<Instant>,
    /// The dialect that the rule is held to
    #[arg(long, value_enum, default_value_t)]
    dialect: DialectName,
    /// Whose objects
    #[arg(long, value_name = "T", default_value = "default", value_parser = parse_tenant)]
    tenant: Tenant,
}

const AFTER_HELP: &str = "\
Prints their ids, one a line, sorted by bytes, and says on stderr how many the rule
selects in all.

The directory must not be in use; ask a running service by POST /muster/find.

Exit status: 0 done, 1 the rule is invalid, 2 wrong usage, 3 a fault.

Examples:
  muster find --data muster-data --rule 'user.accountEnabled -eq false'
  muster find --data muster-data --rule 'user.mail -eq null' --limit 10 --after u42";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let population = Population::load(&self.data, &self.tenant)?;
        let checked = muster_rule::check(&self.rule, self.dialect.into(), &population.schema());
        let Some(rule) = checked.rule else {
            print_diagnostics(&self.rule, &checked.diagnostics)?;
            return Ok(Outcome::No);
        };
        let draft = nobodys(&self.tenant, &rule, self.now);
        let page = population.find(draft, self.after.as_deref(), self.limit as usize);
        let mut stdout = BufWriter::new(std::io::stdout().lock());
        for id in &page.ids {
            writeln!(stdout, "{id}")?;
        }
        stdout.flush()?;
        eprintln!("{} of {} {}s that the rule selects", page.ids.len(), page.count, rule.kind());
        Ok(Outcome::Done)
    }
}
