//! `muster values`: what a property is, and how often.

use super::parse_tenant;
use super::preview::write_line;
use crate::answer;
use crate::failure::{Failure, Outcome};
use crate::population::Population;
use clap::Args;
use muster_directory::{ObjectKind, Tenant};
use muster_engine::ValuesQuestion;
use muster_rule::property::{self, RuleProperty};
use muster_rule::{AttributeType, Schema};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// List the values that a property has, with how many have each, from a data directory at rest
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The property, as rules write it: `user.department`
    property: String,
    /// The data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Only values that begin so, in any case
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    prefix: String,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Only values after this one: the last of the page before
    #[arg(long, value_name = "VALUE")]
    after: Option<String>,
    /// Whose objects
    #[arg(long, value_name = "T", default_value = "default", value_parser = parse_tenant)]
    tenant: Tenant,
}

const AFTER_HELP: &str = "\
Prints one line {\"value\", \"count\"} for each value, sorted without regard to case. Values
that differ in case alone are one, as they are to rules, in the spelling that most have.
Of a string collection the elements are listed, of an object collection the first member
of each (`assignedPlans`: servicePlanId).

The directory must not be in use; ask a running service by GET /muster/values.

Exit status: 0 done, 1 there is no such property, 2 wrong usage, 3 a fault.

Examples:
  muster values user.department --data muster-data --prefix s
  muster values device.deviceOSVersion --data muster-data --limit 20 --after 10.0.19";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let population = Population::load(&self.data, &self.tenant)?;
        let (kind, property) = match find_property(&self.property, &population.schema()) {
            Ok(found) => found,
            Err(reason) => {
                eprintln!("{reason}");
                return Ok(Outcome::No);
            }
        };
        let question = ValuesQuestion {
            tenant: &self.tenant,
            kind,
            attribute: &property.attribute,
            prefix: &self.prefix,
            after: self.after.as_deref(),
            limit: self.limit as usize,
        };
        let page = population.values(&question);
        let mut stdout = BufWriter::new(std::io::stdout().lock());
        for value in answer::values(&page) {
            write_line(&mut stdout, &value)?;
        }
        stdout.flush()?;
        Ok(Outcome::Done)
    }
}

/// The property that rules write so; or what is wrong with it, for people.
pub(crate) fn find_property(text: &str, schema: &Schema) -> Result<(ObjectKind, RuleProperty), String> {
    let unknown = || {
        format!(
            "`{text}` is no property: write it as rules do, like `user.department`; `muster rule props` lists them"
        )
    };
    let (prefix, name) = text.split_once('.').ok_or_else(unknown)?;
    let kinds = [ObjectKind::User, ObjectKind::Device];
    let kind = kinds.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(prefix));
    let kind = kind.ok_or_else(unknown)?;
    let property = property::find(kind, name, schema).ok_or_else(unknown)?;
    if property.value_type == AttributeType::Memberships {
        return Err(format!(
            "`{text}` is computed, not stored: ask `muster members` for the members of a group"
        ));
    }
    Ok((kind, property))
}
