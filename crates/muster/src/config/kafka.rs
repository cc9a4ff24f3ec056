//! `[kafka]`: brokers, TLS, logging on, and what is passed through to librdkafka.

use super::reader::Reader;
use super::secret::Secret;
use muster_stream::log::Departure;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// `[kafka]`
#[derive(Clone, Debug)]
pub(crate) struct Kafka {
    /// `host:port`, some of the brokers.
    pub(crate) brokers: Vec<String>,
    /// The name that instances share.
    pub(crate) application: String,
    /// An instance that the group does not hear of for so long has lost its partitions.
    pub(crate) session_timeout: Duration,
    /// What becomes of the partitions when this instance stops.
    pub(crate) on_stop: Departure,
    /// `[kafka.client]`: properties of librdkafka as given.
    pub(crate) client: BTreeMap<String, Property>,
    /// `[kafka.tls]`, where it is enabled.
    pub(crate) tls: Option<Tls>,
    /// `[kafka.sasl]`, where there is a mechanism.
    pub(crate) sasl: Option<Sasl>,
}

/// `[kafka.tls]`
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    /// The certificates that are trusted; `None` for those of the operating system.
    pub(crate) ca_file: Option<PathBuf>,
    /// This client's own certificate and key.
    pub(crate) certificate: Option<(PathBuf, PathBuf)>,
    /// The key's password.
    pub(crate) key_password: Option<Secret>,
}

/// `[kafka.sasl]`
#[derive(Clone, Debug)]
pub(crate) enum Sasl {
    /// PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
    Password {
        /// Which of them.
        mechanism: &'static str,
        /// The user.
        username: String,
        /// The user's password.
        password: Secret,
    },
    /// OAUTHBEARER.
    Token {
        /// The file that holds the token.
        file: PathBuf,
    },
}

/// A property of librdkafka, as a text or as a secret.
#[derive(Clone, Debug)]
pub(crate) enum Property {
    /// May be shown.
    Open(String),
    /// May not.
    Secret(Secret),
}

/// As `kafka.on_stop` names them.
pub(super) const ON_STOP: &[(&str, Departure)] =
    &[("stay", Departure::Returning), ("leave", Departure::ForGood)];

/// What brokers take unless they are told otherwise, and no more than the time after which a client that does
/// nothing leaves the group by itself.
const SESSION_TIMEOUTS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(300);

/// Properties that have a key of their own, beside those that the log keeps to itself.
const OWN_KEYS: &[(&str, &str)] = &[
    ("bootstrap.servers", "kafka.brokers"),
    ("metadata.broker.list", "kafka.brokers"),
    ("group.id", "kafka.application"),
    ("transactional.id", "kafka.application"),
    ("session.timeout.ms", "kafka.session_timeout"),
    ("heartbeat.interval.ms", "kafka.session_timeout"),
    ("security.protocol", "kafka.tls.enabled` and `kafka.sasl.mechanism"),
    ("sasl.mechanism", "kafka.sasl.mechanism"),
    ("sasl.mechanisms", "kafka.sasl.mechanism"),
    ("sasl.username", "kafka.sasl.username"),
    ("sasl.password", "kafka.sasl.password_file"),
    ("ssl.ca.location", "kafka.tls.ca_file"),
    ("ssl.certificate.location", "kafka.tls.certificate_file"),
    ("ssl.key.location", "kafka.tls.key_file"),
    ("ssl.key.password", "kafka.tls.key_password_file"),
];

const SCRAM_AND_PLAIN: &[&str] = &["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];

impl Kafka {
    pub(super) fn read(reader: &mut Reader<'_>) -> Kafka {
        Kafka {
            brokers: reader.texts("kafka.brokers", check_broker),
            application: reader.checked_text("kafka.application", check_application),
            session_timeout: reader.duration("kafka.session_timeout", SESSION_TIMEOUTS),
            on_stop: reader.choice("kafka.on_stop", ON_STOP),
            client: reader.open_section(check_property).into_iter().map(property).collect(),
            tls: Tls::read(reader),
            sasl: Sasl::read(reader),
        }
    }

    /// What every client of the brokers is configured with: `[kafka.client]`, and what the other keys come to.
    pub(crate) fn client_properties(&self) -> BTreeMap<String, Property> {
        let mut properties = self.client.clone();
        let mut set = |name: &str, value: Property| drop(properties.insert(name.to_owned(), value));
        set("bootstrap.servers", Property::Open(self.brokers.join(",")));
        let protocol = match (&self.tls, &self.sasl) {
            (None, None) => "plaintext",
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        set("security.protocol", Property::Open(protocol.to_owned()));
        if let Some(tls) = &self.tls {
            let mut file = |name: &str, path: &PathBuf| set(name, Property::Open(path.display().to_string()));
            tls.ca_file.iter().for_each(|path| file("ssl.ca.location", path));
            if let Some((certificate, key)) = &tls.certificate {
                file("ssl.certificate.location", certificate);
                file("ssl.key.location", key);
            }
            if let Some(password) = &tls.key_password {
                set("ssl.key.password", Property::Secret(password.clone()));
            }
        }
        match &self.sasl {
            None => {}
            Some(Sasl::Password { mechanism, username, password }) => {
                set("sasl.mechanism", Property::Open((*mechanism).to_owned()));
                set("sasl.username", Property::Open(username.clone()));
                set("sasl.password", Property::Secret(password.clone()));
            }
            Some(Sasl::Token { .. }) => set("sasl.mechanism", Property::Open("OAUTHBEARER".to_owned())),
        }
        properties
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let (None, Some(Sasl::Password { mechanism: "PLAIN", .. } | Sasl::Token { .. })) =
            (&self.tls, &self.sasl)
        {
            warnings.push(
                "`kafka.sasl` without `kafka.tls`: the password or token goes over the network in clear"
                    .to_owned(),
            );
        }
        for (name, property) in self.client_properties() {
            if let Property::Secret(secret) = property
                && secret.expose().trim() != secret.expose()
            {
                warnings.push(format!("the secret for `{name}` begins or ends with white space"));
            }
        }
        warnings
    }
}

impl Tls {
    fn read(reader: &mut Reader<'_>) -> Option<Tls> {
        let enabled = reader.boolean("kafka.tls.enabled");
        let ca_file = reader.readable_file("kafka.tls.ca_file");
        let certificate = reader.readable_file("kafka.tls.certificate_file");
        let key = reader.readable_file("kafka.tls.key_file");
        let key_password = secret_or_file(reader, "kafka.tls.key_password", "kafka.tls.key_password_file");
        let certificate = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (Some(_), None) => {
                reader.complain(
                    "kafka.tls.key_file",
                    "it is empty, but there is a `certificate_file`: give its key",
                );
                None
            }
            (None, Some(_)) => {
                let message = "it is empty, but there is a `key_file`: give its certificate";
                reader.complain("kafka.tls.certificate_file", message);
                None
            }
        };
        if !enabled && (ca_file.is_some() || certificate.is_some() || key_password.is_some()) {
            let message = "it is false, but certificates or a key are given: set it, or take them out";
            reader.complain("kafka.tls.enabled", message);
        }
        enabled.then_some(Tls { ca_file, certificate, key_password })
    }
}

impl Sasl {
    fn read(reader: &mut Reader<'_>) -> Option<Sasl> {
        let known = [SCRAM_AND_PLAIN, &["OAUTHBEARER"]].concat();
        let mechanism = reader.checked_text("kafka.sasl.mechanism", |mechanism| {
            if mechanism.is_empty() || known.contains(&mechanism) {
                return Ok(());
            }
            Err(format!("`{mechanism}` is not known: give one of {}, or \"\" for none", known.join(", ")))
        });
        let username = reader.text("kafka.sasl.username");
        let password = secret_or_file(reader, "kafka.sasl.password", "kafka.sasl.password_file");
        let token_file = reader.readable_file("kafka.sasl.token_file");
        if let Some(mechanism) = SCRAM_AND_PLAIN.iter().find(|known| **known == mechanism) {
            if username.is_empty() {
                reader.complain("kafka.sasl.username", format!("it is empty, but {mechanism} needs a user"));
            }
            let Some(password) = password else {
                reader.complain(
                    "kafka.sasl.password_file",
                    format!("{mechanism} needs a password: give a file that holds it"),
                );
                return None;
            };
            return Some(Sasl::Password { mechanism, username, password });
        }
        if mechanism == "OAUTHBEARER" {
            if token_file.is_none() {
                reader.complain(
                    "kafka.sasl.token_file",
                    "OAUTHBEARER needs a token: give the file that holds it",
                );
            }
            return token_file.map(|file| Sasl::Token { file });
        }
        if !username.is_empty() || password.is_some() || token_file.is_some() {
            let message = "it is empty, but a user, password or token is given: choose one, or take them out";
            reader.complain("kafka.sasl.mechanism", message);
        }
        None
    }
}

/// A secret given as such or in a file, whose last line break does not count.
fn secret_or_file(reader: &mut Reader<'_>, key: &str, file_key: &str) -> Option<Secret> {
    let (given, file) = (reader.secret(key), reader.path(file_key));
    let Some(path) = file else { return given };
    if given.is_some() {
        reader.complain(file_key, format!("`{key}` is given too: give one of them"));
        return given;
    }
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let text = text.strip_suffix('\n').unwrap_or(&text);
            let text = text.strip_suffix('\r').unwrap_or(text);
            if text.is_empty() {
                reader.complain(file_key, format!("`{}` is empty", path.display()));
            }
            Some(Secret::from_file(text, path))
        }
        Err(reason) => {
            reader.complain(file_key, format!("cannot read `{}`: {reason}", path.display()));
            // It has been given, and what is wrong has been said.
            Some(Secret::from_file("", path))
        }
    }
}

fn check_broker(broker: &str) -> Result<(), String> {
    let port =
        broker.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(1..)) => Ok(()),
        _ => Err(format!("`{broker}` is no broker: write `host:port`")),
    }
}

fn check_application(name: &str) -> Result<(), String> {
    const MAX_LENGTH: usize = 100;
    let legal = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if name.is_empty() || name.len() > MAX_LENGTH || !legal {
        return Err(format!(
            "`{name}` cannot be the name: use 1 to {MAX_LENGTH} ASCII letters, digits, `.`, `_` and `-`"
        ));
    }
    Ok(())
}

fn check_property(name: &str) -> Result<(), String> {
    if let Some((_, key)) = OWN_KEYS.iter().find(|(own, _)| *own == name) {
        return Err(format!("it cannot be passed through: set `{key}`"));
    }
    match muster_stream::kafka::reserved(name) {
        Some(reason) => Err(format!("it cannot be passed through: {reason}")),
        None => Ok(()),
    }
}

/// A property that was passed through: secret if its name says so.
fn property((name, value): (String, String)) -> (String, Property) {
    let secret = ["password", "secret", "ssl.key.pem", "oauthbearer.config", "jaas"];
    let is_secret = secret.iter().any(|part| name.contains(part));
    let property = if is_secret { Property::Secret(Secret::given(&value)) } else { Property::Open(value) };
    (name, property)
}
