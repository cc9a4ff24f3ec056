//! Files of tests, in TOML or as JSON lines. Whatever a file says is known, or the file is refused.

use super::super::read_file;
use super::case::Case;
use crate::failure::Failure;
use muster_directory::Instant;
use muster_rule::Dialect;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use toml::Spanned;

/// A file of tests.
pub(super) struct TestFile {
    pub(super) path: PathBuf,
    pub(super) dialect: Option<Dialect>,
    pub(super) now: Option<Instant>,
    pub(super) cases: Vec<Case>,
}

/// A file as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    dialect: Option<Dialect>,
    now: Option<toml::Value>,
    #[serde(default)]
    rule: Vec<Spanned<Entry<toml::Value>>>,
}

/// A rule of the file, whose values are TOML's or JSON's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<V> {
    name: Option<String>,
    rule: Option<String>,
    file: Option<PathBuf>,
    dialect: Option<Dialect>,
    now: Option<V>,
    #[serde(default = "Vec::new")]
    selects: Vec<V>,
    #[serde(default = "Vec::new")]
    rejects: Vec<V>,
    #[serde(default)]
    errors: Vec<String>,
    warnings: Option<Vec<String>>,
}

impl TestFile {
    pub(super) fn read(path: &Path) -> Result<TestFile, Failure> {
        let text = read_file(path)?;
        let refuse = |reason: String| Failure::usage(format!("`{}`: {reason}", path.display()));
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        let file = match extension.to_ascii_lowercase().as_str() {
            "toml" => from_toml(path, &text),
            "jsonl" | "ndjson" => from_json_lines(path, &text),
            _ => Err("tests are in `.toml` or `.jsonl` files".to_owned()),
        };
        let file = file.map_err(refuse)?;
        if file.cases.is_empty() {
            return Err(refuse(
                "it has no rules: write `[[rule]]` before each, or one JSON object a line".to_owned(),
            ));
        }
        Ok(file)
    }
}

fn from_toml(path: &Path, text: &str) -> Result<TestFile, String> {
    let document: Document = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    let line = |at: usize| text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    let cases = document.rule.into_iter().map(|entry| {
        let line = line(entry.span().start);
        entry.into_inner().case(path, line, json).map_err(|reason| format!("line {line}: {reason}"))
    });
    let now = document.now.map(|now| instant(&json(now))).transpose()?;
    let cases = cases.collect::<Result<_, String>>()?;
    Ok(TestFile { path: path.to_owned(), dialect: document.dialect, now, cases })
}

fn from_json_lines(path: &Path, text: &str) -> Result<TestFile, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let cases = lines.map(|(at, line)| {
        let entry = serde_json::from_str::<Entry<Value>>(line).map_err(|error| error.to_string());
        let case = entry.and_then(|entry| entry.case(path, at + 1, |value| value));
        case.map_err(|reason| format!("line {}: {reason}", at + 1))
    });
    let cases = cases.collect::<Result<_, String>>()?;
    Ok(TestFile { path: path.to_owned(), dialect: None, now: None, cases })
}

impl<V> Entry<V> {
    fn case(self, path: &Path, line: usize, json: fn(V) -> Value) -> Result<Case, String> {
        let objects = |list: Vec<V>| {
            list.into_iter().map(|object| objects_only(json(object))).collect::<Result<_, _>>()
        };
        let text = match (self.rule, &self.file) {
            (Some(text), None) => text,
            (None, Some(name)) => {
                let file = path.with_file_name("").join(name);
                let text = std::fs::read_to_string(&file);
                let text = text.map_err(|reason| format!("cannot read `{}`: {reason}", file.display()))?;
                // A file's last line end is no part of the rule.
                text.strip_suffix('\n')
                    .map_or(text.clone(), |text| text.strip_suffix('\r').unwrap_or(text).to_owned())
            }
            _ => return Err("a test has either `rule` or `file`".to_owned()),
        };
        let name = self.name.or_else(|| self.file.map(|file| file.display().to_string()));
        let now = self.now.map(|now| instant(&json(now))).transpose()?;
        let (selects, rejects): (Vec<_>, Vec<_>) = (objects(self.selects)?, objects(self.rejects)?);
        let has_objects = !selects.is_empty() || !rejects.is_empty();
        if has_objects && !self.errors.is_empty() {
            return Err(
                "a rule that is refused selects and rejects nothing: remove `errors`, or the objects"
                    .to_owned(),
            );
        }
        Ok(Case {
            line,
            name,
            text,
            dialect: self.dialect,
            now,
            selects,
            rejects,
            errors: self.errors,
            warnings: self.warnings,
        })
    }
}

fn objects_only(value: Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(object) => Ok(object),
        other => Err(format!("`{other}` is no object")),
    }
}

fn instant(value: &Value) -> Result<Instant, String> {
    let Value::String(text) = value else { return Err(format!("`now` is `{value}`, but takes an instant")) };
    Instant::parse(text).map_err(|error| format!("`now`: {error}"))
}

/// A TOML value as JSON; a date is its text.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(instant) => instant.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, json(value))).collect(),
    }
}
