//! A Kafka broker for tests, run by `tests/broker/broker.sh`. It cannot outlive the test process: the
//! script holds it only while the pipe to its standard input is open, which the system closes even
//! after a panic or a kill.

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// Names a running broker, `host:port`, to be used instead of starting one.
pub const EXISTING: &str = "MUSTER_TEST_KAFKA";

/// Which listeners a broker has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listeners {
    /// One, without encryption.
    Plain,
    /// That, and one with TLS and SASL.
    PlainAndSecure,
}

/// The listener with TLS and SASL, by SCRAM-SHA-512 or PLAIN.
#[derive(Clone, Debug)]
pub struct SecureListener {
    /// `host:port`.
    pub bootstrap: String,
    /// The authority that signed the broker's certificate, as PEM.
    pub certificate: PathBuf,
    /// Who may come in.
    pub user: String,
    /// With this.
    pub password: String,
}

/// A running broker.
pub struct Broker {
    bootstrap: String,
    secure: Option<SecureListener>,
    script: Option<Mutex<Script>>,
}

struct Script {
    child: Child,
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Broker {
    /// The one that all tests of this process share: [`EXISTING`], or one started now. Tests keep
    /// apart by the names of their topics and applications.
    pub fn shared() -> &'static Broker {
        static SHARED: OnceLock<Broker> = OnceLock::new();
        SHARED.get_or_init(|| match std::env::var(EXISTING) {
            Ok(bootstrap) => Broker { bootstrap, secure: None, script: None },
            Err(_) => Broker::start(Listeners::PlainAndSecure),
        })
    }

    /// A broker of one's own, which may be killed; ended when dropped.
    ///
    /// # Panics
    /// Where it does not start; the script has said why on standard error.
    #[must_use]
    pub fn start(listeners: Listeners) -> Broker {
        let directory = scratch();
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("broker/broker.sh"));
        command.arg("serve").arg(&directory).stdin(Stdio::piped()).stdout(Stdio::piped());
        if listeners == Listeners::PlainAndSecure {
            command.arg("tls");
        }
        let mut child = command.spawn().expect("tests/broker/broker.sh can be run");
        let words = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut script = Script { child, words, answers };
        let mut values = std::collections::BTreeMap::new();
        // The addresses, then a word.
        while let Some((name, value)) = script.answer().split_once('=') {
            values.insert(name.to_owned(), value.to_owned());
        }
        let mut take = |name: &str| values.remove(name);
        let bootstrap = take("bootstrap").expect("the script prints it");
        let secure = (|| {
            Some(SecureListener {
                bootstrap: take("secure_bootstrap")?,
                certificate: take("certificate")?.into(),
                user: take("user")?,
                password: take("password")?,
            })
        })();
        Broker { bootstrap, secure, script: Some(Mutex::new(script)) }
    }

    /// `host:port`.
    #[must_use]
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// The second listener.
    ///
    /// # Panics
    /// Where it was started without.
    #[must_use]
    pub fn secure(&self) -> &SecureListener {
        self.secure.as_ref().expect("started with `PlainAndSecure`")
    }

    /// Changes settings of a topic, as an administrator would.
    ///
    /// # Panics
    /// Where the broker does not take them.
    pub fn set_topic(&self, topic: &str, settings: &[(&str, &str)]) {
        let client: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", &self.bootstrap).create().expect("a client");
        // Those that are not named fall back to the broker's.
        let alter = AlterConfig::new(ResourceSpecifier::Topic(topic)).set("cleanup.policy", "compact");
        let alter = settings.iter().fold(alter, |alter, (name, value)| alter.set(name, value));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let altered = runtime.block_on(client.alter_configs(&[alter], &AdminOptions::new()));
        altered.expect("an answer").into_iter().for_each(|topic| assert!(topic.is_ok(), "{topic:?}"));
    }

    /// Ends it as a power cut would.
    pub fn kill(&self) {
        self.say("kill", "killed");
    }

    /// Starts it again after [`kill`](Self::kill), with the same addresses and data; returns when it
    /// answers.
    pub fn restart(&self) {
        self.say("restart", "ready");
    }

    fn say(&self, word: &str, expected: &str) {
        let script = self.script.as_ref().expect("only a broker of one's own can be ended");
        let mut script = script.lock().expect("no panic while the script was told something");
        let words = script.words.as_mut().expect("open until dropped");
        writeln!(words, "{word}").expect("the script listens");
        assert_eq!(script.answer(), expected, "to `{word}`");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(script) = self.script.take() {
            let mut script = script.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            // The end of its input is its sign to end the broker.
            drop(script.words.take());
            let _ = script.child.wait();
        }
    }
}

impl Script {
    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the script's output can be read");
        assert!(!line.is_empty(), "broker.sh ended: it says why above");
        line.trim_end().to_owned()
    }
}

/// A directory that is not there yet. The script makes it, and removes it in the end.
fn scratch() -> PathBuf {
    tempfile::Builder::new().prefix("muster-broker-").tempdir().expect("a temporary directory").keep()
}
