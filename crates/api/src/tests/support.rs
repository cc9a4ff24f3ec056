//! A service in memory behind real connections, and requests to it.

use crate::{Position, Problem, Service, ValuesPage, Waited, router, serve};
use serde_json::Value;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The largest body, in bytes.
pub(super) const MAX_BODY: usize = 8 << 20;

/// Long enough for what is under way, short enough for a test of what is stuck.
const GRACE: Duration = Duration::from_secs(2);

/// Keeps lines in memory. Behaves as the *text* of a line says: one with `bad` is refused, one with `slow`
/// is never applied, one with `lost` lies where the partition has stopped, one with `gate` is applied when
/// the gate opens, one with `defect` panics.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) lines: Mutex<Vec<String>>,
    /// Not ready until this is set.
    pub(super) restored: AtomicBool,
    /// The log takes nothing.
    pub(super) down: AtomicBool,
    /// Told of each call that has come to the gate, and what opens it.
    pub(super) gate: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>>,
}

impl Service for Memory {
    fn not_ready(&self) -> Vec<String> {
        let restored = self.restored.load(Ordering::SeqCst);
        if restored { Vec::new() } else { vec!["partition 0 is being restored".to_owned()] }
    }

    fn metrics(&self) -> String {
        "muster_changes_total 1\n".to_owned()
    }

    fn submit(&self, lines: &[&[u8]]) -> Result<Vec<Result<Position, Problem>>, Problem> {
        if self.down.load(Ordering::SeqCst) {
            return Err(Problem::new("log-unavailable", "the disk is full"));
        }
        let mut kept = self.lines.lock().unwrap();
        let take = |line: &&[u8]| {
            let line = String::from_utf8(line.to_vec()).unwrap();
            assert!(!line.contains("defect"), "the defect that this test wants");
            if line.contains("bad") {
                return Err(Problem::new("invalid-json", "this is no JSON"));
            }
            kept.push(line);
            let offset = kept.len() as u64 - 1;
            Ok(Position { topic: "changes".into(), partition: 3, offset })
        };
        Ok(lines.iter().map(take).collect())
    }

    fn wait_applied(&self, positions: &[Position], _: Instant) -> Result<Waited, Problem> {
        let lines = self.lines.lock().unwrap().clone();
        let text: String =
            positions.iter().map(|position| lines[position.offset as usize].as_str()).collect();
        if text.contains("gate") {
            let gate = self.gate.lock().unwrap().take().expect("a gate");
            gate.0.send(()).expect("somebody stands at the gate");
            // Closed is open, too.
            let _ = gate.1.recv();
        }
        if text.contains("lost") {
            return Err(Problem::new("partition-stopped", "partition 3 has stopped"));
        }
        Ok(if text.contains("slow") { Waited::TimedOut } else { Waited::Applied })
    }

    fn deltas(&self, partition: u32, from: u64, limit: usize) -> Result<Vec<u8>, Problem> {
        match (partition, from) {
            (0, 1..=4) => Err(Problem::new("sequence-expired", "the first is 5")),
            (0, 0 | 5..=10) => Ok((from.max(5)..10)
                .take(limit)
                .flat_map(|at| format!("{{\"sequence\":{at}}}\n").into_bytes())
                .collect()),
            (0, _) => Err(Problem::new("sequence-ahead", "the next is 10")),
            (1, _) => Err(Problem::new("log-damaged", "a record is damaged")),
            _ => Err(Problem::new("unknown-partition", "there are 2")),
        }
    }

    fn records(&self, topic: &str, partition: u32, from: u64, limit: usize) -> Result<Vec<u8>, Problem> {
        match (topic, partition) {
            ("dead-letters", 0) => Ok(format!("{{\"offset\":{from},\"limit\":{limit}}}\n").into_bytes()),
            ("deltas", 0) => Ok(b"{}\n".to_vec()),
            ("group-status", _) => Err(Problem::new("topic-off", "it is turned off")),
            ("deltas" | "dead-letters", _) => Err(Problem::new("unknown-partition", "there is 1")),
            _ => Err(Problem::new("unknown-topic", "there is no such topic")),
        }
    }

    fn preview(&self, body: &[u8]) -> Result<Vec<u8>, Problem> {
        match body {
            b"bad" => Err(Problem::new("invalid-rule", "this is no rule")),
            b"nobody" => Err(Problem::new("unknown-group", "there is none")),
            b"slow" => Err(Problem::new("unanswered", "a partition does not answer")),
            _ => Ok([body, b"\n"].concat()),
        }
    }

    fn find(&self, body: &[u8]) -> Result<Vec<u8>, Problem> {
        self.preview(body)
    }

    fn values(&self, page: &ValuesPage) -> Result<Vec<u8>, Problem> {
        Ok(format!("{:?}\n", format!("{page:?}")).into_bytes())
    }

    fn license_report(&self, tenant: Option<&str>) -> Result<Vec<u8>, Problem> {
        match tenant {
            Some("off") => Err(Problem::new("licensing-off", "it does none")),
            _ => Ok(format!("{{\"tenant\":{:?}}}\n", tenant.unwrap_or("default")).into_bytes()),
        }
    }

    fn license_explanation(&self, _: Option<&str>, user: &str) -> Result<Vec<u8>, Problem> {
        match user {
            "nobody" => Err(Problem::new("unknown-user", "nothing is known of them")),
            _ => Ok(format!("{{\"userId\":{user:?}}}\n").into_bytes()),
        }
    }
}

/// The service, answering on a port of its own.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) service: Arc<Memory>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Server {
    pub(super) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let service = Arc::new(Memory::default());
        let router = router(Arc::clone(&service) as Arc<dyn Service>, MAX_BODY);
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _ = stopped.await;
        };
        let thread = std::thread::spawn(move || serve(listener, router, shutdown, GRACE));
        Server { address, service, stop: Some(stop), thread: Some(thread) }
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        Answer::of(agent().get(self.url(path)).call())
    }

    pub(super) fn post(&self, path: &str, body: &str) -> Answer {
        Answer::of(agent().post(self.url(path)).send(body))
    }

    pub(super) fn post_from(&self, origin: &str, body: &str) -> Answer {
        Answer::of(agent().post(self.url("/muster/events")).header("origin", origin).send(body))
    }

    /// Begins the end.
    pub(super) fn stop(&mut self) {
        self.stop.take().expect("stopped once").send(()).expect("the server runs");
    }

    /// Waits for the end.
    pub(super) fn join(&mut self) {
        self.thread.take().expect("joined once").join().expect("no panic").expect("no error");
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() && self.stop.is_some() {
            self.stop();
            self.join();
        }
    }
}

#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) allow: Option<String>,
    pub(super) text: String,
}

impl Answer {
    fn of(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
        let mut response = response.expect("an answer");
        let header =
            |name| response.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        Answer {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            allow: header("allow"),
            text: response.body_mut().read_to_string().expect("text"),
        }
    }

    pub(super) fn json(&self) -> Value {
        assert_eq!(self.content_type, "application/json");
        assert!(self.text.ends_with("}\n"), "{self:?}");
        serde_json::from_str(&self.text).expect("JSON")
    }

    pub(super) fn lines(&self) -> Vec<Value> {
        assert_eq!(self.content_type, "application/x-ndjson");
        self.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Status, code and message of an error.
    pub(super) fn error(&self) -> (u16, String, String) {
        let body = self.json();
        let text = |name| body["error"][name].as_str().expect("text").to_owned();
        (self.status, text("code"), text("message"))
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into()
}
