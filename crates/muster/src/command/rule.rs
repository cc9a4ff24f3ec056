//! `muster rule`: tools for people who write rules.
//!
//! What they share: where a rule's text comes from, and how diagnostics are shown. What a rule means is
//! `muster_rule`'s.

mod check;
mod eval;
mod fmt;
mod import;
mod migrate;
mod props;
mod test;

use super::DialectName;
use crate::failure::{Failure, Outcome};
use crate::schema;
use clap::{Args, Subcommand};
use muster_directory::GroupId;
use muster_rule::diagnostic::Style;
use muster_rule::{Diagnostic, Dialect, Memberships, Rule, Schema};
use muster_wire::FlatObject;
use std::collections::HashSet;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What can be asked about rules.
#[derive(Subcommand)]
pub(crate) enum RuleCommand {
    /// Check a rule, and explain each mistake
    Check(check::Arguments),
    /// Say of each object in a file whether a rule selects it
    Eval(eval::Arguments),
    /// Print a rule in its canonical spelling
    Fmt(fmt::Arguments),
    /// Run the tests of a repository of rules
    Test(test::Arguments),
    /// List the properties that rules can read
    Props(props::Arguments),
    /// Bring a rule from old spellings to current ones
    Migrate(migrate::Arguments),
    /// Find the rules in an export, check them, and print them as event lines
    Import(import::Arguments),
}

impl RuleCommand {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self {
            RuleCommand::Check(arguments) => arguments.run(),
            RuleCommand::Eval(arguments) => arguments.run(),
            RuleCommand::Fmt(arguments) => arguments.run(),
            RuleCommand::Test(arguments) => arguments.run(),
            RuleCommand::Props(arguments) => arguments.run(),
            RuleCommand::Migrate(arguments) => arguments.run(),
            RuleCommand::Import(arguments) => arguments.run(),
        }
    }
}

/// Where a rule's text comes from.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct TextArguments {
    /// The rule; `-` reads it from standard input
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    text: Option<String>,
    /// Read the rule from this file instead
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// What a rule is held to.
#[derive(Args)]
struct LanguageArguments {
    /// The dialect that the rule is held to
    #[arg(long, value_enum, default_value_t)]
    dialect: DialectName,
    /// A file with the deployment's own attributes: the `data` of a schema line, or schema lines
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
}

/// A rule, and what it is held to.
#[derive(Args)]
struct RuleArguments {
    #[command(flatten)]
    text: TextArguments,
    #[command(flatten)]
    language: LanguageArguments,
}

impl RuleArguments {
    /// The rule's text, and the schema that it is held to.
    fn read(&self) -> Result<(String, Schema), Failure> {
        Ok((self.text.read()?, schema::load(self.language.schema.as_deref())?))
    }

    /// Whether the user said which attributes are declared.
    fn names_schema(&self) -> bool {
        self.language.schema.is_some()
    }

    fn dialect(&self) -> Dialect {
        self.language.dialect.into()
    }

    /// The rule with its text and schema. `None`: it is none, which people have been told.
    fn valid(&self) -> Result<Option<(String, Schema, Rule)>, Failure> {
        let (text, schema) = self.read()?;
        let checked = muster_rule::check(&text, self.dialect(), &schema);
        match checked.rule {
            Some(rule) => Ok(Some((text, schema, rule))),
            None => {
                print_diagnostics(&text, &checked.diagnostics)?;
                Ok(None)
            }
        }
    }
}

impl TextArguments {
    /// The rule's text, byte for byte.
    fn read(&self) -> Result<String, Failure> {
        match (self.text.as_deref(), &self.file) {
            (_, Some(path)) => read_file(path),
            (Some("-") | None, None) => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).map_err(|reason| {
                    Failure::usage(format!("cannot read the rule from standard input: {reason}"))
                })?;
                Ok(text)
            }
            (Some(text), None) => Ok(text.to_owned()),
        }
    }
}

/// A file that the user named, as text.
fn read_file(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|reason| Failure::usage(format!("cannot read `{}`: {reason}", path.display())))
}

/// Tells people what is wrong with a rule, with colours where stderr is a terminal.
pub(super) fn print_diagnostics<'d>(
    text: &str,
    diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
) -> std::io::Result<()> {
    let mut stderr = std::io::stderr().lock();
    let style = if stderr.is_terminal() { Style::Colored } else { Style::Plain };
    for diagnostic in diagnostics {
        writeln!(stderr, "{}\n", diagnostic.render(text, style))?;
    }
    Ok(())
}

/// `1 rule`, `2 rules`.
fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// The groups that an object says it is in.
struct Groups(HashSet<Arc<str>>);

impl Groups {
    fn of(object: &FlatObject) -> Groups {
        Groups(object.member_of.iter().map(GroupId::folded).collect())
    }
}

impl Memberships for Groups {
    fn contains(&self, folded_group_id: &str) -> bool {
        self.0.contains(folded_group_id)
    }
}
