//! The layers that a configuration is made of, laid over each other key by key: defaults, file,
//! environment, flags. Each value remembers who gave it.
//!
//! Knows which keys there are, and nothing of what their values mean.

use super::{ConfigError, Problem};
use config::{File, FileFormat, Source, Value, ValueKind};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every key with its default, annotated for people.
pub(super) const DEFAULTS: &str = include_str!("../../../../config/muster.toml");
/// The section that takes any key.
pub(super) const OPEN_SECTION: &str = "kafka.client";

const ENVIRONMENT_PREFIX: &str = "MUSTER__";

/// Values that flags give, by their keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides(Vec<(String, String)>);

/// Who gave a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody.
    Default,
    /// A file.
    File(Arc<PathBuf>),
    /// A variable of the environment.
    Environment(String),
    /// The command line.
    Flag,
}

/// A value and who gave it.
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// A value for each key. Not to be shown: secrets are among them.
pub(super) struct Settings(BTreeMap<String, Setting>);

impl Overrides {
    /// Gives `key` a value, written as in the environment. The last one holds.
    pub(crate) fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.push((key.into(), value.into()));
    }
}

impl Settings {
    /// Lays the layers over each other. What no key takes is left out and returned beside.
    ///
    /// # Errors
    /// The file cannot be read or is not TOML.
    pub(super) fn gather(
        path: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
        overrides: &Overrides,
    ) -> Result<(Settings, Vec<Problem>), ConfigError> {
        let mut settings = Settings(toml(DEFAULTS, Path::new("muster.toml"), &Origin::Default)?);
        // The open section is empty, and so a value in its own place.
        settings.0.remove(OPEN_SECTION);
        let mut problems = Vec::new();
        if let Some(path) = path {
            let text = std::fs::read_to_string(path)
                .map_err(|reason| ConfigError::Unreadable { path: path.to_owned(), reason })?;
            let origin = Origin::File(Arc::new(path.to_owned()));
            settings.lay_over(toml(&text, path, &origin)?, &mut problems);
        }
        let environment = environment.filter_map(|(name, value)| from_environment(&name, &value));
        settings.lay_over(environment, &mut problems);
        let flags = overrides.0.iter().map(|(key, value)| {
            (key.clone(), Setting { value: value.as_str().into(), origin: Origin::Flag })
        });
        settings.lay_over(flags, &mut problems);
        Ok((settings, problems))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        self.0.get(key)
    }

    /// What is set in the open section: property and setting.
    pub(super) fn open(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.0.iter().filter_map(|(key, setting)| Some((property(key)?, setting)))
    }

    /// Who gave each value.
    pub(super) fn into_origins(self) -> BTreeMap<String, Origin> {
        self.0.into_iter().map(|(key, setting)| (key, setting.origin)).collect()
    }

    fn lay_over(&mut self, layer: impl IntoIterator<Item = (String, Setting)>, problems: &mut Vec<Problem>) {
        for (key, setting) in layer {
            if self.0.contains_key(&key) || property(&key).is_some() {
                self.0.insert(key, setting);
            } else if !(is_empty_table(&setting.value) && self.is_section(&key)) {
                let message = self.unknown(&key);
                problems.push(Problem { key, origin: setting.origin, message });
            }
        }
    }

    fn is_section(&self, key: &str) -> bool {
        key == OPEN_SECTION || self.0.keys().any(|known| is_within(known, key))
    }

    /// What to say of a key that does not exist.
    fn unknown(&self, key: &str) -> String {
        if self.is_section(key) {
            return format!("it is a section: write `[{key}]`, and its keys below");
        }
        if let Some(known) = self.0.keys().find(|known| is_within(key, known)) {
            return format!("`{known}` takes a value, it is no section");
        }
        let name = |key: &str| key.rsplit('.').next().map(str::to_owned);
        let misplaced = self.0.keys().filter(|known| property(known).is_none() && name(known) == name(key));
        let close = muster_rule::spelling::closest(key, self.0.keys().map(String::as_str));
        match misplaced.map(String::as_str).chain(close).next() {
            Some(known) => format!("there is no such key, did you mean `{known}`?"),
            None => "there is no such key: `config/muster.toml` lists those that there are".to_owned(),
        }
    }
}

/// The property that a key of the open section names.
fn property(key: &str) -> Option<&str> {
    key.strip_prefix(OPEN_SECTION)?.strip_prefix('.').filter(|property| !property.is_empty())
}

fn is_within(key: &str, section: &str) -> bool {
    key.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

fn is_empty_table(value: &Value) -> bool {
    matches!(&value.kind, ValueKind::Table(members) if members.is_empty())
}

/// The keys of a TOML text, with their sections before them.
fn toml(text: &str, path: &Path, origin: &Origin) -> Result<BTreeMap<String, Setting>, ConfigError> {
    let members = File::from_str(text, FileFormat::Toml).collect().map_err(|error| {
        let reason = match &error {
            config::ConfigError::FileParse { cause, .. } => cause.to_string(),
            other => other.to_string(),
        };
        ConfigError::Syntax { path: path.to_owned(), reason: reason.trim_end().to_owned() }
    })?;
    let mut settings = BTreeMap::new();
    for (key, value) in members {
        flatten(key, value, origin, &mut settings);
    }
    Ok(settings)
}

fn flatten(key: String, value: Value, origin: &Origin, settings: &mut BTreeMap<String, Setting>) {
    match value.kind {
        ValueKind::Table(members) if !members.is_empty() => {
            for (name, member) in members {
                flatten(format!("{key}.{name}"), member, origin, settings);
            }
        }
        _ => drop(settings.insert(key, Setting { value, origin: origin.clone() })),
    }
}

/// The key and value of one variable, if it is one of ours. In the open section `_` stands for `.`.
fn from_environment(name: &OsString, value: &OsString) -> Option<(String, Setting)> {
    let name = name.to_str()?;
    let key = name.strip_prefix(ENVIRONMENT_PREFIX)?.to_ascii_lowercase().replace("__", ".");
    let key = match property(&key) {
        Some(property) => format!("{OPEN_SECTION}.{}", property.replace('_', ".")),
        None => key,
    };
    // What is not Unicode is nothing, and refused by whoever reads the value.
    let kind = value.to_str().map_or(ValueKind::Nil, |value| value.into());
    Some((key, Setting { value: Value::new(None, kind), origin: Origin::Environment(name.to_owned()) }))
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Flag => f.write_str("command line"),
        }
    }
}
