//! `muster preview`: what a rule would do, before it is saved.

use super::rule::print_diagnostics;
use super::{DialectName, parse_instant, parse_tenant};
use crate::answer::{Change, PreviewAnswer, SAMPLES};
use crate::failure::{Failure, Outcome};
use crate::population::{Changes, Population};
use clap::Args;
use muster_directory::{GroupId, Instant, Tenant};
use muster_engine::Draft;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Say what a rule would do to a group's members, before it is saved
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The group whose present members count [default: none, so that everybody would join]
    #[arg(long, value_name = "ID", value_parser = parse_group)]
    group: Option<GroupId>,
    /// The draft
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    rule: String,
    /// What `system.now` is [default: the clock of the data directory]
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    now: Option<Instant>,
    /// The dialect that the draft is held to
    #[arg(long, value_enum, default_value_t)]
    dialect: DialectName,
    /// Then print everybody who would join or leave, a line each
    #[arg(long)]
    full: bool,
    /// Whose group
    #[arg(long, value_name = "T", default_value = "default", value_parser = parse_tenant)]
    tenant: Tenant,
}

const AFTER_HELP: &str = "\
Prints one line {\"added\", \"removed\", \"unchanged\", \"members\", \"addedSample\",
\"removedSample\", \"decisions\"}: how many would join, leave and stay, how many the draft
selects, some ids of those who would join or leave, and for each of these the expression
of the draft that decides. Saving the rule then does exactly that, as long as nothing
else changes. With --full then {\"id\", \"change\": \"added\"|\"removed\"} for everybody who
would join or leave, sorted by id.

The directory must not be in use; ask a running service by POST /muster/preview.

Exit status: 0 done, 1 the rule is invalid or there is no such group, 2 wrong usage,
3 a fault.

Examples:
  muster preview --data muster-data --rule 'user.department -eq \"Sales\"'
  muster preview --data muster-data --group sales --full \\
    --rule 'user.department -in [\"Sales\", \"Presales\"]'";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let population = Population::load(&self.data, &self.tenant)?;
        let checked = muster_rule::check(&self.rule, self.dialect.into(), &population.schema());
        let Some(rule) = checked.rule else {
            print_diagnostics(&self.rule, &checked.diagnostics)?;
            return Ok(Outcome::No);
        };
        if let Some(group) = &self.group {
            if !population.knows_group(group) {
                eprintln!("there is no group `{group}` in tenant `{}`", self.tenant);
                return Ok(Outcome::No);
            }
            if let Some(refusal) = population.cycle_with(group, &rule) {
                eprintln!("{}", refusal.message);
                return Ok(Outcome::No);
            }
        }
        let draft = Draft { tenant: &self.tenant, group: self.group.as_ref(), rule: &rule, now: self.now };
        let mut changes = Changes::new();
        let preview = population.preview(draft, SAMPLES, self.full.then_some(&mut changes));
        let mut stdout = BufWriter::new(std::io::stdout().lock());
        write_line(&mut stdout, &PreviewAnswer::new(&preview))?;
        for (id, change) in &changes {
            write_line(&mut stdout, &Change::new(id.as_str(), *change))?;
        }
        stdout.flush()?;
        Ok(Outcome::Done)
    }
}

fn parse_group(text: &str) -> Result<GroupId, String> {
    GroupId::new(text).map_err(|rejection| rejection.message)
}

pub(super) fn write_line(out: &mut impl Write, line: &impl serde::Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
