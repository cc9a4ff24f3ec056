//! A configuration as TOML, for people who wonder what holds: every key with its value and who gave it.
//!
//! What is printed is what was read, in one spelling, and reads back as the same configuration but for
//! the secrets, which are not shown.

use super::kafka::{ON_STOP, Property};
use super::layers::{OPEN_SECTION, Origin};
use super::{Config, LogFormat, LogKind, Sasl, Secret, unit};
use muster_rule::Dialect;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Write};
use std::path::Path;

/// The column at which it is said who gave a value.
const ORIGIN_COLUMN: usize = 48;

impl Config {
    /// The whole configuration as TOML, without secrets.
    pub(crate) fn print(&self) -> String {
        let mut printer = Printer { origins: &self.origins, text: String::new(), section: "" };
        self.print_log(&mut printer);
        self.print_kafka(&mut printer);
        self.print_topics(&mut printer);
        printer.section("data");
        printer.path("dir", Some(&self.data.dir));
        printer.size("min_free", self.data.min_free);
        printer.section("http");
        printer.quoted("listen", self.http.listen.map(|listen| listen.to_string()).unwrap_or_default());
        printer.size("max_request", self.http.max_request);
        printer.section("rules");
        printer.quoted(
            "dialect",
            match self.rules.dialect {
                Dialect::Entra => "entra",
                Dialect::Extended => "extended",
            },
        );
        printer.section("licensing");
        printer.plain("enabled", self.licensing.enabled);
        printer.plain("feedback", self.licensing.feedback);
        printer.path("dir", Some(&self.licensing.dir));
        printer.quoted("listen", self.licensing.listen.map(|listen| listen.to_string()).unwrap_or_default());
        printer.section("standby");
        printer.plain("enabled", self.standby.enabled);
        self.print_limits(&mut printer);
        self.print_brake(&mut printer);
        printer.section("telemetry");
        printer.quoted(
            "format",
            match self.telemetry.format {
                LogFormat::Text => "text",
                LogFormat::Json => "json",
            },
        );
        printer.quoted("filter", &self.telemetry.filter);
        printer.text
    }

    fn print_log(&self, printer: &mut Printer<'_>) {
        printer.section("log");
        printer.quoted(
            "kind",
            match self.log.kind {
                LogKind::Embedded => "embedded",
                LogKind::Kafka => "kafka",
            },
        );
        printer.duration("retention", self.log.retention);
        printer.size("retention_size", self.log.retention_size);
    }

    fn print_kafka(&self, printer: &mut Printer<'_>) {
        let kafka = &self.kafka;
        printer.section("kafka");
        printer.quoted("brokers", kafka.brokers.join(","));
        printer.quoted("application", &kafka.application);
        printer.duration("session_timeout", kafka.session_timeout);
        let on_stop = ON_STOP.iter().find(|(_, departure)| *departure == kafka.on_stop);
        printer.quoted("on_stop", on_stop.map(|(name, _)| *name).unwrap_or_default());

        printer.section(OPEN_SECTION);
        for (name, property) in kafka.client_properties() {
            match (property, kafka.client.contains_key(&name)) {
                (Property::Open(value), true) => printer.quoted(&quote(&name), value),
                (Property::Secret(_), true) => printer.hidden(&quote(&name)),
                (Property::Open(value), false) => printer.comment(&format!("{name} = {value}")),
                (Property::Secret(_), false) => printer.comment(&format!("{name} is not shown")),
            }
        }

        printer.section("kafka.tls");
        let tls = kafka.tls.as_ref();
        let certificate = tls.and_then(|tls| tls.certificate.as_ref());
        printer.plain("enabled", tls.is_some());
        printer.path("ca_file", tls.and_then(|tls| tls.ca_file.as_deref()));
        printer.path("certificate_file", certificate.map(|(certificate, _)| certificate.as_path()));
        printer.path("key_file", certificate.map(|(_, key)| key.as_path()));
        printer.secret("key_password", "key_password_file", tls.and_then(|tls| tls.key_password.as_ref()));

        printer.section("kafka.sasl");
        let (mechanism, username, password, token_file) = match &kafka.sasl {
            None => ("", "", None, None),
            Some(Sasl::Password { mechanism, username, password }) => {
                (*mechanism, username.as_str(), Some(password), None)
            }
            Some(Sasl::Token { file }) => ("OAUTHBEARER", "", None, Some(file.as_path())),
        };
        printer.quoted("mechanism", mechanism);
        printer.quoted("username", username);
        printer.secret("password", "password_file", password);
        printer.path("token_file", token_file);
    }

    fn print_topics(&self, printer: &mut Printer<'_>) {
        let topics = &self.topics;
        printer.section("topics");
        printer.plain("partitions", topics.partitions);
        printer.quoted("partitioner", topics.partitioner);
        let changes: Vec<String> = topics.changes.iter().map(|name| quote(name)).collect();
        printer.plain("changes", format!("[{}]", changes.join(", ")));
        printer.quoted("requests", &topics.requests);
        printer.quoted("definitions", &topics.definitions);
        printer.quoted("deltas", &topics.deltas);
        printer.quoted("memberships", topics.memberships.as_deref().unwrap_or_default());
        printer.quoted("group_status", topics.group_status.as_deref().unwrap_or_default());
        printer.quoted("changelog", topics.changelog.as_deref().unwrap_or_default());
        printer.quoted("dead_letters", &topics.dead_letters);
        printer.quoted("licenses", &topics.licenses);
        printer.quoted("licenses_changelog", topics.licenses_changelog.as_deref().unwrap_or_default());
    }

    fn print_brake(&self, printer: &mut Printer<'_>) {
        let brake = &self.brake;
        printer.section("brake");
        printer.plain("removals", brake.removals);
        printer.plain("share_percent", brake.share_percent);
        printer.plain("alarm_removals", brake.alarm_removals);
        printer.duration("alarm_period", brake.alarm_period);
        printer.plain("single_instance", brake.single_instance);
    }

    fn print_limits(&self, printer: &mut Printer<'_>) {
        let limits = &self.limits;
        printer.section("limits");
        printer.plain("batch_records", limits.batch_records);
        printer.plain("slice_memberships", limits.slice_memberships);
        printer.plain("outbox_entries", limits.outbox_entries);
        printer.plain("transaction_records", limits.transaction_records);
        printer.size("transaction_size", limits.transaction_size);
        printer.duration("definitions_wait", limits.definitions_wait);
        printer.duration("shutdown_wait", limits.shutdown_wait);
    }
}

struct Printer<'s> {
    origins: &'s BTreeMap<String, Origin>,
    text: String,
    section: &'static str,
}

impl Printer<'_> {
    fn section(&mut self, section: &'static str) {
        self.section = section;
        let blank = if self.text.is_empty() { "" } else { "\n" };
        self.write(format_args!("{blank}[{section}]\n"));
    }

    fn plain(&mut self, name: &str, value: impl Display) {
        self.line(name, &value.to_string());
    }

    fn quoted(&mut self, name: &str, value: impl Display) {
        self.line(name, &quote(&value.to_string()));
    }

    fn duration(&mut self, name: &str, value: std::time::Duration) {
        self.quoted(name, unit::print_duration(value));
    }

    fn size(&mut self, name: &str, bytes: u64) {
        self.quoted(name, unit::print_size(bytes));
    }

    fn path(&mut self, name: &str, path: Option<&Path>) {
        self.quoted(name, path.map(|path| path.display().to_string()).unwrap_or_default());
    }

    /// A secret, and the file that may hold it.
    fn secret(&mut self, name: &str, file_name: &str, secret: Option<&Secret>) {
        let file = secret.and_then(Secret::file);
        if secret.is_some() && file.is_none() {
            self.hidden(name);
        } else {
            self.quoted(name, "");
        }
        self.path(file_name, file);
    }

    fn hidden(&mut self, name: &str) {
        self.line(&format!("# {name}"), "(not shown)");
    }

    fn comment(&mut self, text: &str) {
        self.write(format_args!("# {text}\n"));
    }

    fn line(&mut self, name: &str, value: &str) {
        let mut line = format!("{name} = {value}");
        if let Some(origin) = self.origin(name).filter(|origin| *origin != Origin::Default) {
            let blanks = ORIGIN_COLUMN.saturating_sub(line.chars().count()).max(2);
            line.push_str(&format!("{:blanks$}# {origin}", ""));
        }
        self.write(format_args!("{line}\n"));
    }

    fn origin(&self, name: &str) -> Option<Origin> {
        let name = name.trim_start_matches("# ").trim_matches('"');
        self.origins.get(&format!("{}.{name}", self.section)).cloned()
    }

    fn write(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.text.write_fmt(text);
    }
}

/// A basic string of TOML: a JSON string is one, but for DEL.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
