//! `muster serve` as tests run it: in a workshop, on a free loopback port, ended whatever happens.
//!
//! What it says on stderr is read all the time, so that it never waits for its reader, and is printed
//! where a test fails. Nothing here waits by sleeping.

use crate::program::Workshop;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// So long something may take before a test fails: long, as machines of tests are slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running service. Its data is in the workshop, where the next one finds it.
pub struct Service {
    child: Mutex<Child>,
    pid: Pid,
    stderr: Arc<Stderr>,
    reader: Option<JoinHandle<()>>,
    agent: ureq::Agent,
    url: String,
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub text: String,
}

impl Service {
    /// Starts `muster serve` with this configuration, in TOML, and waits until it is ready. The data
    /// directory is `data` in the workshop; other defaults are those of the program.
    #[must_use]
    pub fn start(workshop: &Workshop, configuration: &str) -> Service {
        Service::of(Service::command(workshop, configuration)).ready()
    }

    /// The same for a service that will not be ready: waits until it says something.
    #[must_use]
    pub fn start_unready(workshop: &Workshop, configuration: &str, wanted: impl Fn(&str) -> bool) -> Service {
        let mut service = Service::of(Service::command(workshop, configuration));
        let _ = service.wait_for_line(wanted);
        let address = String::from_utf8(workshop.bytes("data/http-address")).expect("text");
        service.url = address.trim().to_owned();
        service
    }

    /// Starts `muster licensing serve` with this configuration, its data directory of this name in the workshop;
    /// see [`until_ready`](Self::until_ready).
    #[must_use]
    pub fn start_licensing(workshop: &Workshop, configuration: &str, directory: &str) -> Service {
        let mut command = Service::program(workshop, configuration, &["licensing", "serve"]);
        command.env("MUSTER__LICENSING__DIR", workshop.path(directory));
        command.env("MUSTER__LICENSING__LISTEN", "127.0.0.1:0");
        Service::of(command)
    }

    /// Waits until it is ready.
    #[must_use]
    pub fn until_ready(self) -> Service {
        self.ready()
    }

    /// Starts it with more in its environment, and waits for nothing: see [`until_ready`](Self::until_ready)
    /// and [`wait_for_end`](Self::wait_for_end).
    #[must_use]
    pub fn spawn(workshop: &Workshop, configuration: &str, environment: &[(&str, &str)]) -> Service {
        let mut command = Service::command(workshop, configuration);
        command.envs(environment.iter().copied());
        Service::of(command)
    }

    fn command(workshop: &Workshop, configuration: &str) -> Command {
        let mut command = Service::program(workshop, configuration, &["serve"]);
        command.env("MUSTER__DATA__DIR", workshop.path("data")).env("MUSTER__HTTP__LISTEN", "127.0.0.1:0");
        command
    }

    /// The program with this configuration, and with nothing from the environment.
    fn program(workshop: &Workshop, configuration: &str, arguments: &[&str]) -> Command {
        workshop.write("muster.toml", configuration);
        let mut command = workshop.command(&[arguments, &["--config", "muster.toml"]].concat());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MUSTER__") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Starts this program, whose address is not known yet.
    fn of(mut command: Command) -> Service {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let pid = Pid::from_child(&child);
        let pipe = child.stderr.take().expect("a pipe");
        let stderr = Arc::new(Stderr::default());
        let reader = std::thread::spawn({
            let stderr = Arc::clone(&stderr);
            move || stderr.read(pipe)
        });
        let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
        let agent = config.timeout_global(Some(PATIENCE)).build().into();
        let child = Mutex::new(child);
        // From here on the process is ended with it.
        Service { child, pid, stderr, reader: Some(reader), agent, url: String::new() }
    }

    /// Waits until it says `ready` and its address.
    fn ready(mut self) -> Service {
        let ready = self.wait_for_line(|line| line.starts_with("ready "));
        let url = ready.split(' ').find(|word| word.starts_with("http://")).expect("an address");
        self.url = url.trim_end_matches('/').to_owned();
        self
    }

    /// Its address, like `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When there is no answer, as from a service that was killed.
    pub fn try_get(&self, path: &str) -> Result<Answer, ureq::Error> {
        answer(self.agent.get(format!("{}{path}", self.url)).call()?)
    }

    /// Sends event lines, with a query like `wait=applied` or none.
    ///
    /// # Errors
    /// When there is no answer, as from a service that was killed; whether it took the lines is not known.
    pub fn try_post_events(&self, query: &str, lines: &str) -> Result<Answer, ureq::Error> {
        answer(self.agent.post(format!("{}/muster/events?{query}", self.url)).send(lines)?)
    }

    /// Sends a request with a body and takes the answer, whatever its status.
    #[must_use]
    pub fn post(&self, path: &str, body: &str) -> Answer {
        let sent = self.agent.post(format!("{}{path}", self.url)).send(body);
        sent.and_then(answer).unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Sends a request and takes the answer, whatever its status.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.try_get(path).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Sends event lines, which all have to be taken; where they lie.
    pub fn post_events(&self, lines: &str) -> Vec<Value> {
        self.taken("", lines)
    }

    /// Sends event lines, and returns when they are applied and their groups current.
    pub fn apply_events(&self, lines: &str) -> Vec<Value> {
        self.taken(&format!("wait=applied&timeout={}", PATIENCE.as_secs()), lines)
    }

    fn taken(&self, query: &str, lines: &str) -> Vec<Value> {
        let answer = self.try_post_events(query, lines).unwrap_or_else(|error| panic!("POST: {error}"));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.lines()
    }

    /// All deltas of a partition from this sequence on.
    #[must_use]
    pub fn get_deltas(&self, partition: u32, mut from: u64) -> Vec<Value> {
        let mut deltas = Vec::new();
        loop {
            let answer = self.get(&format!("/muster/deltas?partition={partition}&from={from}&limit=1000"));
            assert_eq!(answer.status, 200, "{}", answer.text);
            let lines = answer.lines();
            let Some(last) = lines.last() else { return deltas };
            from = last["sequence"].as_u64().expect("a sequence") + 1;
            deltas.extend(lines);
        }
    }

    /// Waits for a line on stderr, which may have come already, and returns it.
    #[must_use]
    pub fn wait_for_line(&self, wanted: impl Fn(&str) -> bool) -> String {
        let found = self.stderr.wait(|said| {
            let line = said.lines.iter().find(|line| wanted(line)).cloned();
            line.map(Some).or(said.ended.then_some(None))
        });
        match found {
            Some(Some(line)) => line,
            Some(None) => panic!("it ended without saying so"),
            None => panic!("it did not say so within {PATIENCE:?}"),
        }
    }

    /// Waits until it ends by itself.
    pub fn wait_for_end(&self) {
        let ended = self.stderr.wait(|said| said.ended.then_some(()));
        assert!(ended.is_some(), "it did not end within {PATIENCE:?}");
        self.child.lock().expect("the child").wait().expect("it ends");
    }

    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.child.lock().expect("the child").try_wait().expect("a process").is_some()
    }

    /// Sends it a signal, such as one that stops it and one that lets it go on.
    pub fn signal(&self, signal: Signal) {
        // Nobody has waited for it yet, so its number is still its own.
        kill_process(self.pid, signal).expect("a signal can be sent");
    }

    /// How much memory it has, in KiB.
    #[must_use]
    pub fn resident_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid.as_raw_nonzero());
        let status = std::fs::read_to_string(path).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("every process has some");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }

    /// What it said on stderr, so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.stderr.said.lock().expect("lines").lines.join("\n")
    }

    /// Ends it as a power failure would: SIGKILL.
    pub fn kill(&self) {
        let mut child = self.child.lock().expect("the child");
        child.kill().expect("a signal can be sent");
        child.wait().expect("it ends");
    }

    /// Stops it where it is, by SIGSTOP: to others it is as good as dead.
    pub fn freeze(&self) {
        kill_process(self.pid, Signal::STOP).expect("a signal can be sent");
    }

    /// Lets it go on after [`freeze`](Self::freeze), by SIGCONT: it does not know that time has passed.
    pub fn thaw(&self) {
        kill_process(self.pid, Signal::CONT).expect("a signal can be sent");
    }

    /// Asks it to end, by SIGTERM, and returns its exit status.
    #[must_use]
    pub fn terminate(&self) -> i32 {
        let mut child = self.child.lock().expect("the child");
        if child.try_wait().expect("a process").is_none() {
            // Nobody else waits for it, so its number is still its own.
            kill_process(self.pid, Signal::TERM).expect("a signal can be sent");
        }
        let ended = self.stderr.wait(|said| said.ended.then_some(()));
        assert!(ended.is_some(), "it did not end within {PATIENCE:?}");
        child.wait().expect("it ends").code().expect("an exit status")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Errors would say that it has ended.
        let _ = child.kill();
        let _ = child.wait();
        let _ = self.reader.take().map(JoinHandle::join);
        if std::thread::panicking() {
            let said = self.stderr.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            eprintln!("the service said:\n{}", said.lines.join("\n"));
        }
    }
}

impl Answer {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body's lines, each as JSON.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        let json = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.text.lines().map(json).collect()
    }
}

/// A configuration for a broker, with topics of its own: `kafka` is more lines of `[kafka]`, with the brokers.
#[must_use]
pub fn kafka_configuration(kafka: &str, name: &str, partitions: u32) -> String {
    let names = [
        "requests",
        "definitions",
        "deltas",
        "memberships",
        "group_status",
        "changelog",
        "dead_letters",
        "licenses",
        "licenses_changelog",
    ];
    let topics: String = names.map(|topic| format!("{topic} = \"{name}.{topic}\"\n")).concat();
    format!(
        "[topics]\npartitions = {partitions}\nchanges = [\"{name}.changes\"]\n{topics}\n\
         [log]\nkind = \"kafka\"\n[kafka]\napplication = \"{name}\"\n{kafka}\n"
    )
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let body = response.body_mut().with_config().limit(u64::MAX);
    let text = body.read_to_string()?;
    Ok(Answer { status: response.status().as_u16(), text })
}

/// What the service says.
#[derive(Default)]
struct Stderr {
    said: Mutex<Said>,
    more: Condvar,
}

#[derive(Default)]
struct Said {
    lines: Vec<String>,
    /// The process has ended.
    ended: bool,
}

impl Stderr {
    fn read(&self, pipe: ChildStderr) {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            self.said.lock().expect("lines").lines.push(line);
            self.more.notify_all();
        }
        self.said.lock().expect("lines").ended = true;
        self.more.notify_all();
    }

    /// Waits until `look` sees something; `None` when it does not for too long.
    fn wait<T>(&self, look: impl Fn(&Said) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + PATIENCE;
        let mut said = self.said.lock().expect("lines");
        loop {
            if let Some(seen) = look(&said) {
                return Some(seen);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            said = self.more.wait_timeout(said, left).expect("lines").0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// A program that says what a service does, and does nothing.
    fn pretender(script: &str) -> Service {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Service::of(command).ready()
    }

    const READY: &str = "echo starting >&2; echo ready http://127.0.0.1:1/ >&2;";

    fn runs(pid: Pid) -> bool {
        rustix::process::test_kill_process(pid).is_ok()
    }

    #[test]
    fn it_is_ended_by_either_signal() {
        let trap = "trap 'echo ending >&2; kill $!; exit 7' TERM; sleep 1000 2>/dev/null &";
        let service = pretender(&format!("{trap} {READY} wait"));
        assert_eq!(service.url(), "http://127.0.0.1:1");
        assert_eq!(service.terminate(), 7);
        assert_eq!(service.wait_for_line(|line| line.starts_with("end")), "ending");
        let service = pretender(&format!("{READY} exec sleep 1000"));
        service.kill();
        assert!(!runs(service.pid));
    }

    #[test]
    fn it_does_not_outlive_its_test() {
        let service = pretender(&format!("{READY} exec sleep 1000"));
        let pid = service.pid;
        assert!(runs(pid));
        let failed = catch_unwind(AssertUnwindSafe(move || {
            let _service = service;
            panic!("the failure that this test wants");
        }));
        assert!(failed.is_err() && !runs(pid));
    }

    #[test]
    fn one_that_never_gets_ready_fails_the_test() {
        assert!(catch_unwind(|| pretender("echo error >&2; exit 2")).is_err());
    }
}
