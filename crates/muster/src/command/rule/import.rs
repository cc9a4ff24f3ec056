//! `muster rule import`: the rules in an export from Microsoft Entra, as event lines.
//!
//! Finding rules is each format's own matter, in a file of its own; here each is checked and told. Nothing
//! that was found is left out in silence: what cannot be an event line is reported with the reason.

mod dsc;
mod format;
mod graph;
mod table;
mod terraform;

use super::{LanguageArguments, count, print_diagnostics};
use crate::command::DialectName;
use crate::failure::{Failure, Outcome};
use crate::schema;
use clap::Args;
use format::Format;
use muster_directory::GroupId;
use muster_rule::migrate::migrate;
use muster_rule::{Dialect, Schema, check, fold};
use serde_json::json;
use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Find the rules in an export, check them, and print them as event lines
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The export; `-` reads it from standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it is [default: as the name and the text say]
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    language: LanguageArguments,
    /// Bring old spellings to current ones on the way, as `rule migrate` does
    #[arg(long)]
    migrate: bool,
}

const AFTER_HELP: &str = "\
Reads:
  graph      JSON of Microsoft Graph: a group, a list, pages, batches, JSON lines; the
             state or plan of Terraform as JSON too
  csv        a table with a column membershipRule, as Export-Csv and the portal write
  terraform  azuread_group with dynamic_membership, and msgraph_resource
  dsc        AADGroup resources of Microsoft365DSC

Prints one event line for each valid rule, ready for `muster replay`; groups without a
rule are left out. Where an export has no ids (Terraform), a group's id is its name
there. What is wrong with a rule is said on stderr.

Exit status: 0 all rules found are valid, 1 one is not, or there is none, 2 wrong usage.

Examples:
  az rest --url 'https://graph.microsoft.com/v1.0/groups?$select=id,displayName,membershipRule' \\
    > groups.json && muster rule import groups.json > groups.jsonl
  muster rule import main.tf
  muster rule import --migrate M365TenantConfig.ps1 > groups.jsonl";

/// A rule in an export.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// Where its group stands, from 1; unknown in JSON.
    line: Option<usize>,
    /// The group's id, or what stands for it.
    id: Option<String>,
    name: Option<String>,
    rule: Rule,
    paused: bool,
}

/// The text of a rule.
#[derive(Debug, PartialEq, Eq)]
enum Rule {
    Text(String),
    /// It cannot be known from the export alone: why.
    Unknown(String),
}

/// What an export holds.
#[derive(Debug, Default)]
struct Export {
    rules: Vec<Found>,
    /// Groups without a rule.
    assigned: usize,
}

#[cfg(test)]
impl Export {
    /// Line, id, name and whether paused, of each rule.
    fn groups(&self) -> Vec<String> {
        let shown = |it: &Found| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("{:?} {} {:?} {}", it.line, text(&it.id), text(&it.name), it.paused)
        };
        self.rules.iter().map(shown).collect()
    }

    /// The rule at this place, as text.
    fn text(&self, at: usize) -> &str {
        match &self.rules[at].rule {
            Rule::Text(text) => text,
            Rule::Unknown(reason) => panic!("{reason}"),
        }
    }
}

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let schema = schema::load(self.language.schema.as_deref())?;
        let shown = self.file.display().to_string();
        let text = format::read(&self.file)?;
        let format = self.format.unwrap_or_else(|| Format::guess(&self.file, &text));
        let export = format.find(&text).map_err(|reason| {
            Failure::usage(format!("cannot read `{shown}` as {}: {reason}", format.name()))
        })?;
        let mut importer = Importer {
            out: BufWriter::new(std::io::stdout().lock()),
            dialect: self.language.dialect,
            migrate: self.migrate,
            schema: &schema,
            ids: HashSet::new(),
        };
        let mut refused = 0;
        for found in &export.rules {
            refused += usize::from(importer.import(found, &shown)? == Outcome::No);
        }
        importer.out.flush()?;
        let valid = count(export.rules.len() - refused, "valid rule");
        let left = if export.assigned == 0 {
            String::new()
        } else {
            format!("; {} without a rule left out", count(export.assigned, "group"))
        };
        eprintln!("{valid}, {refused} refused{left}");
        Ok(if refused == 0 && !export.rules.is_empty() { Outcome::Done } else { Outcome::No })
    }
}

struct Importer<'s, W> {
    out: W,
    dialect: DialectName,
    migrate: bool,
    schema: &'s Schema,
    /// Of the groups so far, folded.
    ids: HashSet<String>,
}

impl<W: Write> Importer<'_, W> {
    /// Checks a rule, tells people, and prints its event line where it is valid.
    fn import(&mut self, found: &Found, file: &str) -> std::io::Result<Outcome> {
        let place = found.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
        let name = found.name.as_deref().or(found.id.as_deref()).unwrap_or("a group without a name");
        let refuse = |reason: &str| {
            eprintln!("{place}: `{name}` refused: {reason}\n");
            Ok(Outcome::No)
        };
        let id = match self.id(found) {
            Ok(id) => id,
            Err(reason) => return refuse(&reason),
        };
        let text = match &found.rule {
            Rule::Text(text) => text,
            Rule::Unknown(reason) => return refuse(reason),
        };
        let dialect: Dialect = self.dialect.into();
        let mut text = text.clone();
        if self.migrate {
            let migration = migrate(&text, dialect, self.schema);
            for change in &migration.changes {
                eprintln!("{place}: `{name}`: `{}` is now `{}`", change.from, change.to);
            }
            text = migration.text;
        }
        let checked = check(&text, dialect, self.schema);
        if checked.rule.is_none() {
            eprintln!("{place}: `{name}` refused:");
            print_diagnostics(&text, &checked.diagnostics)?;
            return Ok(Outcome::No);
        }
        let doubt = if checked.diagnostics.is_empty() { "" } else { ", with doubts:" };
        eprintln!("{place}: `{name}` valid{doubt}");
        print_diagnostics(&text, &checked.diagnostics)?;
        let state = if found.paused { "Paused" } else { "On" };
        let mut data = json!({"membershipRule": text, "membershipRuleProcessingState": state});
        let mut put = |key: &str, value: Option<&str>| {
            if let (Some(data), Some(value)) = (data.as_object_mut(), value) {
                data.insert(key.to_owned(), value.into());
            }
        };
        put("displayName", found.name.as_deref());
        put("dialect", (dialect == Dialect::Extended).then_some("extended"));
        writeln!(self.out, "{}", json!({"kind": "group", "op": "upsert", "id": id, "data": data}))?;
        Ok(Outcome::Done)
    }

    /// The group's id, which no group before it had.
    fn id(&mut self, found: &Found) -> Result<String, String> {
        let id = match (&found.id, &found.name) {
            (Some(id), _) => id.clone(),
            (None, Some(name)) => name.replace('/', "-"),
            (None, None) => return Err("it has neither an id nor a name: add one to the export".to_owned()),
        };
        GroupId::new(&id).map_err(|rejection| rejection.message)?;
        if !self.ids.insert(fold::fold(&id).into_owned()) {
            return Err(format!("the id `{id}` stands in the export twice: keep one of the groups"));
        }
        Ok(id)
    }
}
