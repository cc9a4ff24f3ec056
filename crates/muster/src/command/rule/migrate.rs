//! `muster rule migrate`: old spellings to current ones, and what was changed.

use super::{RuleArguments, count, print_diagnostics};
use crate::failure::{Failure, Outcome};
use clap::Args;
use muster_rule::migrate::{Change, Migration, migrate};
use serde_json::json;
use std::io::Write;

/// Bring a rule from old spellings to current ones
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    rule: RuleArguments,
    /// Print one JSON object: the text, the changes, and what is still wrong
    #[arg(long, conflicts_with = "write")]
    json: bool,
    /// Write the new text into the file
    #[arg(long, conflicts_with = "text")]
    write: bool,
}

const AFTER_HELP: &str = "\
Prints the rule with today's spelling of operators, names, quotes and null, and on
stderr each change with its reason. White space, parentheses and order stay as they
are (`muster rule fmt` is for those). Names of Microsoft Graph and operators of other
languages are replaced where only one thing can be meant; what is merely close to a
known word is left to you.

With --json: {\"valid\", \"text\", \"changes\": [{\"line\", \"column\", \"from\", \"to\",
\"reason\"}], \"diagnostics\": [...]}.

Exit status: 0 the new text is a valid rule, 1 it is not, 2 wrong usage.

Examples:
  muster rule migrate '(user.mailNickName startsWith `\"a`\") and (user.city ne $null)'
  muster rule migrate --write --file guests.rule";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let (text, schema) = self.rule.read()?;
        let migration = migrate(&text, self.rule.dialect(), &schema);
        let Migration { text: migrated, changes, errors } = &migration;
        let outcome = if errors.is_empty() { Outcome::Done } else { Outcome::No };
        if self.json {
            let mut stdout = std::io::stdout().lock();
            writeln!(stdout, "{}", to_json(&migration))?;
            return Ok(outcome);
        }
        for Change { place, from, to, reason } in changes {
            eprintln!("{}:{}: `{from}` is now `{to}`: {reason}", place.line, place.column);
        }
        print_diagnostics(migrated, errors)?;
        if outcome == Outcome::Done {
            eprintln!(
                "{}",
                if changes.is_empty() {
                    "nothing to change".to_owned()
                } else {
                    count(changes.len(), "change")
                }
            );
        } else {
            eprintln!("not a valid rule, and nothing else can be mended without its author");
        }
        match &self.rule.text.file {
            Some(path) if self.write => {
                if *migrated != text {
                    std::fs::write(path, migrated)?;
                }
            }
            _ => {
                let mut stdout = std::io::stdout().lock();
                stdout.write_all(migrated.as_bytes())?;
                if !migrated.ends_with('\n') {
                    stdout.write_all(b"\n")?;
                }
            }
        }
        Ok(outcome)
    }
}

fn to_json(Migration { text, changes, errors }: &Migration) -> serde_json::Value {
    let change = |Change { place, from, to, reason }: &Change| json!({"line": place.line, "column": place.column, "from": from, "to": to, "reason": reason});
    json!({
        "valid": errors.is_empty(),
        "text": text,
        "changes": changes.iter().map(change).collect::<Vec<_>>(),
        "diagnostics": errors.iter().map(|error| error.to_json(text)).collect::<Vec<_>>(),
    })
}
