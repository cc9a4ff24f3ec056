//! `muster rule props`: the property table, for people and as JSON.

use crate::failure::{Failure, Outcome};
use crate::schema;
use clap::{Args, ValueEnum};
use muster_rule::property::{self, Author, StandardAttribute};
use muster_rule::{AttributeType, Dialect, ObjectKind, Schema};
use serde::Serialize;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// List the properties that rules can read
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Whose
    object: Kind,
    /// A file with the deployment's own attributes: the `data` of a schema line, or schema lines
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Print one JSON array instead of a table
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
For each property: its name in rules, its type, the dialect that has it, who can write
it beside administrators, and its other name in incoming objects (Microsoft Graph's).
A rule that gives access should not rest on what its members write themselves.

With --json: [{\"name\", \"type\", \"dialect\": \"entra\"|\"extended\", \"writtenBy\":
\"administrator\"|\"owner\"|\"guest\", \"alias\"?, \"element\"?, \"members\"?}].

Exit status: 0 done, 2 wrong usage.

Examples:
  muster rule props user
  muster rule props device --json";

/// A kind of object.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// `user.…`
    User,
    /// `device.…`
    Device,
}

impl From<Kind> for ObjectKind {
    fn from(kind: Kind) -> ObjectKind {
        match kind {
            Kind::User => ObjectKind::User,
            Kind::Device => ObjectKind::Device,
        }
    }
}

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let schema = schema::load(self.schema.as_deref())?;
        let properties = properties(self.object.into(), &schema);
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            serde_json::to_writer(&mut out, &properties).map_err(std::io::Error::from)?;
            out.write_all(b"\n")?;
        } else {
            write_table(&mut out, self.object.into(), &properties)?;
        }
        out.flush()?;
        Ok(Outcome::Done)
    }
}

/// A line of the table.
#[derive(Serialize)]
struct Property {
    name: String,
    #[serde(rename = "type")]
    value_type: &'static str,
    dialect: Dialect,
    #[serde(rename = "writtenBy")]
    written_by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<&'static str>,
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    members: &'static [&'static str],
}

fn properties(kind: ObjectKind, schema: &Schema) -> Vec<Property> {
    let mut rows: Vec<&StandardAttribute> = property::standard(kind).iter().collect();
    rows.sort_by_key(|row| (row.dialect == Dialect::Extended, natural(row.name)));
    let standard = rows.into_iter().map(|row| Property {
        name: row.name.to_owned(),
        value_type: type_name(row.value_type),
        dialect: row.dialect,
        written_by: match row.author {
            Author::Administrator => "administrator",
            Author::Owner => "owner",
            Author::Guest => "guest",
        },
        alias: row.alias.map(|alias| alias.name),
        element: row.element,
        members: row.members,
    });
    let extension = (kind == ObjectKind::User)
        .then(|| Property::own("extension_<32 hex digits>_<name>", AttributeType::String, Dialect::Entra));
    let declared = schema.attributes().filter(|declared| declared.object == kind);
    let declared =
        declared.map(|declared| Property::own(&declared.name, declared.value_type, Dialect::Extended));
    standard.chain(extension).chain(declared).collect()
}

impl Property {
    /// Of the deployment itself.
    fn own(name: &str, value_type: AttributeType, dialect: Dialect) -> Property {
        Property {
            name: name.to_owned(),
            value_type: type_name(value_type),
            dialect,
            written_by: "administrator",
            alias: None,
            element: None,
            members: &[],
        }
    }
}

/// A key that puts `extensionAttribute2` before `extensionAttribute10`.
fn natural(name: &str) -> (String, u32) {
    let word = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name.get(word.len()..).and_then(|digits| digits.parse().ok());
    (word.to_ascii_lowercase(), number.unwrap_or(0))
}

fn type_name(value_type: AttributeType) -> &'static str {
    match value_type {
        AttributeType::Boolean => "bool",
        AttributeType::String => "string",
        AttributeType::Integer => "integer",
        AttributeType::DateTime => "dateTime",
        AttributeType::StringCollection => "stringCollection",
        AttributeType::ObjectCollection => "objectCollection",
        AttributeType::Memberships => "groups",
        AttributeType::Reference => "id",
    }
}

fn write_table(out: &mut impl Write, kind: ObjectKind, properties: &[Property]) -> std::io::Result<()> {
    let head =
        ["PROPERTY", "TYPE", "DIALECT", "WRITTEN BY", "IN OBJECTS ALSO, OR HOW TO ASK"].map(str::to_owned);
    let rows: Vec<[String; 5]> =
        std::iter::once(head).chain(properties.iter().map(|it| it.cells(kind))).collect();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let [name, value_type, dialect, author] = [width(0), width(1), width(2), width(3)];
    for [a, b, c, d, e] in &rows {
        let line = format!("{a:name$}  {b:value_type$}  {c:dialect$}  {d:author$}  {e}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

impl Property {
    fn cells(&self, kind: ObjectKind) -> [String; 5] {
        let asked = self.element.map(|element| {
            let members: Vec<String> =
                self.members.iter().map(|member| format!("{element}.{member}")).collect();
            format!("-any ({} ...)", members.join(", "))
        });
        let asked = if self.value_type == type_name(AttributeType::Reference) {
            Some("Direct Reports for \"<id>\", in either dialect".to_owned())
        } else {
            asked
        };
        let dialect = if self.dialect == Dialect::Extended { "extended" } else { "entra" };
        let author = match self.written_by {
            "owner" if kind == ObjectKind::User => "the user",
            "owner" => "the owner",
            "guest" => "guests",
            _ => "",
        };
        let other = self.alias.map(str::to_owned).or(asked).unwrap_or_default();
        [
            format!("{kind}.{}", self.name),
            self.value_type.to_owned(),
            dialect.to_owned(),
            author.to_owned(),
            other,
        ]
    }
}
