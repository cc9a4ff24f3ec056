//! From settings to typed values, gathering everything that is wrong on the way.
//!
//! Strict about what a value is: a number is not a text, a fraction not a whole number. Environment and
//! flags have texts only, which are read by the same words as a file's. No message shows a secret.

use super::layers::{Setting, Settings};
use super::secret::Secret;
use super::{ConfigError, Problem, unit};
use config::{Value, ValueKind};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// Reads settings. A value that is wrong is noted, and stands in by its type's default until
/// [`finish`](Reader::finish) refuses the whole.
pub(super) struct Reader<'s> {
    settings: &'s Settings,
    problems: Vec<Problem>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(settings: &'s Settings, problems: Vec<Problem>) -> Reader<'s> {
        Reader { settings, problems }
    }

    /// # Errors
    /// Whatever was wrong.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        if self.problems.is_empty() { Ok(()) } else { Err(ConfigError::Invalid(self.problems)) }
    }

    /// Notes that a key's value is wrong, unless something is wrong with it already: the stand-in is
    /// no mistake of the user's.
    pub(super) fn complain(&mut self, key: &str, message: impl Into<String>) {
        if let Some(setting) = self.settings.get(key)
            && !self.problems.iter().any(|problem| problem.key == key)
        {
            self.note(key, setting, message.into());
        }
    }

    fn note(&mut self, key: &str, setting: &Setting, message: String) {
        self.problems.push(Problem { key: key.to_owned(), origin: setting.origin.clone(), message });
    }

    fn read<T: Default>(&mut self, key: &str, parse: impl FnOnce(&Value) -> Result<T, String>) -> T {
        // Every key that is asked for has a default: a test holds the list to it.
        let Some(setting) = self.settings.get(key) else { return T::default() };
        parse(&setting.value).unwrap_or_else(|message| {
            self.note(key, setting, message);
            T::default()
        })
    }

    /// A text, which may be empty.
    pub(super) fn text(&mut self, key: &str) -> String {
        self.read(key, |value| text(value).map(str::to_owned))
    }

    /// A text that passes a check.
    pub(super) fn checked_text(
        &mut self,
        key: &str,
        check: impl FnOnce(&str) -> Result<(), String>,
    ) -> String {
        self.read(key, |value| {
            let text = text(value)?;
            check(text).map(|()| text.to_owned())
        })
    }

    /// Texts that pass a check, as a list or separated by commas.
    pub(super) fn texts(&mut self, key: &str, check: impl Fn(&str) -> Result<(), String>) -> Vec<String> {
        self.read(key, |value| {
            let texts: Vec<&str> = match &value.kind {
                ValueKind::Array(elements) => elements.iter().map(text).collect::<Result<_, _>>()?,
                _ => text(value)?.split(',').map(str::trim).filter(|text| !text.is_empty()).collect(),
            };
            texts.iter().try_for_each(|text| check(text))?;
            Ok(texts.into_iter().map(str::to_owned).collect())
        })
    }

    /// A text that is never shown; `None` for the empty one.
    pub(super) fn secret(&mut self, key: &str) -> Option<Secret> {
        self.read(key, |value| {
            let text = text(value).map_err(|_| "it is no text: put it in quotes".to_owned())?;
            Ok((!text.is_empty()).then(|| Secret::given(text)))
        })
    }

    /// A path; `None` for the empty one.
    pub(super) fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.read(key, |value| text(value).map(|text| (!text.is_empty()).then(|| PathBuf::from(text))))
    }

    /// The path of a file that can be read; `None` for the empty one.
    pub(super) fn readable_file(&mut self, key: &str) -> Option<PathBuf> {
        let path = self.path(key)?;
        match std::fs::File::open(&path).and_then(|file| file.metadata()) {
            Ok(metadata) if metadata.is_dir() => self.complain(key, "it is a directory: give a file"),
            Ok(_) => {}
            Err(reason) => self.complain(key, format!("cannot read `{}`: {reason}", path.display())),
        }
        Some(path)
    }

    /// An address to listen on; `None` for the empty text.
    pub(super) fn address(&mut self, key: &str) -> Option<SocketAddr> {
        self.read(key, |value| {
            let text = text(value)?;
            if text.is_empty() {
                return Ok(None);
            }
            let numeric = match text.strip_prefix("localhost:") {
                Some(port) => format!("127.0.0.1:{port}"),
                None => text.to_owned(),
            };
            numeric.parse().map(Some).map_err(|_| {
                format!("`{text}` is no address: write an IP address and a port, as in `127.0.0.1:8080`")
            })
        })
    }

    /// One of these words.
    pub(super) fn choice<T: Copy + Default>(&mut self, key: &str, choices: &[(&str, T)]) -> T {
        self.read(key, |value| {
            let text = text(value)?;
            choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice).ok_or_else(|| {
                let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
                format!("`{text}` is not known: give one of {}", names.join(", "))
            })
        })
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, key: &str) -> bool {
        self.read(key, |value| match &value.kind {
            ValueKind::Boolean(value) => Ok(*value),
            ValueKind::String(text) if text == "true" => Ok(true),
            ValueKind::String(text) if text == "false" => Ok(false),
            other => Err(format!("`{other}` is neither true nor false")),
        })
    }

    /// A whole number of this range.
    pub(super) fn count(&mut self, key: &str, range: RangeInclusive<usize>) -> usize {
        self.read(key, |value| {
            let number = match &value.kind {
                ValueKind::I64(number) => usize::try_from(*number).ok(),
                ValueKind::String(text) => text.parse().ok(),
                _ => None,
            };
            within(number, &range, &value.kind, ("whole number", usize::to_string))
        })
    }

    /// A duration of this range.
    pub(super) fn duration(&mut self, key: &str, range: RangeInclusive<Duration>) -> Duration {
        self.read(key, |value| {
            let duration = match &value.kind {
                ValueKind::String(text) => unit::parse_duration(text),
                _ => None,
            };
            let print = |duration: &Duration| unit::print_duration(*duration);
            within(duration, &range, &value.kind, ("duration such as `30s`", print))
        })
    }

    /// A number of bytes of this range.
    pub(super) fn size(&mut self, key: &str, range: RangeInclusive<u64>) -> u64 {
        self.read(key, |value| {
            let size = match &value.kind {
                ValueKind::I64(number) => u64::try_from(*number).ok(),
                ValueKind::String(text) => unit::parse_size(text),
                _ => None,
            };
            let print = |bytes: &u64| unit::print_size(*bytes);
            within(size, &range, &value.kind, ("size such as `1MiB`", print))
        })
    }

    /// The open section: its properties with their values as texts, each passed by `check`.
    pub(super) fn open_section(
        &mut self,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> BTreeMap<String, String> {
        let mut properties = BTreeMap::new();
        for (property, setting) in self.settings.open() {
            let value = match &setting.value.kind {
                ValueKind::String(text) => Ok(text.clone()),
                ValueKind::I64(number) => Ok(number.to_string()),
                ValueKind::Float(number) => Ok(number.to_string()),
                ValueKind::Boolean(value) => Ok(value.to_string()),
                _ => Err("it takes a text, a number, true or false".to_owned()),
            };
            match check(property).and(value) {
                Ok(value) => drop(properties.insert(property.to_owned(), value)),
                Err(message) => {
                    self.note(&format!("{}.{property}", super::layers::OPEN_SECTION), setting, message)
                }
            }
        }
        properties
    }
}

fn text(value: &Value) -> Result<&str, String> {
    match &value.kind {
        ValueKind::String(text) => Ok(text),
        ValueKind::Nil => Err("it is not Unicode".to_owned()),
        other => Err(format!("`{other}` is no text: put it in quotes")),
    }
}

fn within<T: PartialOrd + Debug>(
    value: Option<T>,
    range: &RangeInclusive<T>,
    given: &ValueKind,
    (what, print): (&str, impl Fn(&T) -> String),
) -> Result<T, String> {
    let (least, most) = (print(range.start()), print(range.end()));
    match value {
        Some(value) if range.contains(&value) => Ok(value),
        Some(_) => Err(format!("`{given}` is out of range: give {least} to {most}")),
        None => Err(format!("`{given}` is no {what}: give {least} to {most}")),
    }
}
