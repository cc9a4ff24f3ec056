//! `muster rule fmt`: the canonical text of a rule, which parses to the same rule.

use super::RuleArguments;
use crate::failure::{Failure, Outcome};
use clap::Args;
use std::io::Write;

/// Print a rule in its canonical spelling
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    rule: RuleArguments,
    /// Print nothing; only say whether the rule is in canonical spelling
    #[arg(long)]
    check: bool,
    /// Write the canonical spelling into the file
    #[arg(long, conflicts_with_all = ["check", "text"])]
    write: bool,
}

const AFTER_HELP: &str = "\
The canonical spelling selects the same objects: one spelling of each word, straight
double quotes, parentheses where the meaning or a reader needs them.

Exit status: 0 done, 1 an invalid rule, or under --check one in another spelling,
2 wrong usage.

Examples:
  muster rule fmt '((User.Department -EQ \"Sales\"))'
  muster rule fmt --check --file guests.rule
  muster rule fmt --write --file guests.rule";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let Some((text, _, rule)) = self.rule.valid()? else { return Ok(Outcome::No) };
        let canonical = rule.canonical();
        if self.check {
            // A file's last line end is no part of the spelling.
            let without_line_end = text.strip_suffix('\n').unwrap_or(&text);
            if without_line_end.strip_suffix('\r').unwrap_or(without_line_end) == canonical {
                return Ok(Outcome::Done);
            }
            eprintln!("not in canonical spelling, which is: {canonical}");
            return Ok(Outcome::No);
        }
        let line = format!("{canonical}\n");
        match &self.rule.text.file {
            Some(path) if self.write => {
                if text != line {
                    std::fs::write(path, line)?;
                    eprintln!("wrote `{}`", path.display());
                }
            }
            _ => std::io::stdout().write_all(line.as_bytes())?,
        }
        Ok(Outcome::Done)
    }
}
