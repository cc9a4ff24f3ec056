//! The `muster` program as tests run it: built once, in the directory of the running test.

use crate::random::Random;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The root of the repository.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the repository")
}

/// The program, of the same build as this test. Cargo is asked to build it, which is quick where
/// that has been done.
#[must_use]
pub fn executable() -> &'static Path {
    static EXECUTABLE: OnceLock<PathBuf> = OnceLock::new();
    EXECUTABLE.get_or_init(|| {
        let test = std::env::current_exe().expect("the path of this test");
        // …/<target>/<profile>/deps/<test>
        let profile = test.ancestors().nth(2).expect("a target directory");
        let target = profile.parent().expect("a target directory");
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(root()).args([
            "build",
            "--quiet",
            "--locked",
            "--package",
            "muster",
            "--target-dir",
        ]);
        build.arg(target);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let status = build.status().expect("cargo runs");
        assert!(status.success(), "the program does not build");
        profile.join("muster")
    })
}

/// What a run of the program left.
#[derive(Debug)]
pub struct Run {
    /// Its exit status.
    pub status: i32,
    /// What it printed.
    pub stdout: String,
    /// What it told people.
    pub stderr: String,
}

impl Run {
    /// What it printed, as one JSON value.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        Run {
            status: output.status.code().expect("an exit status"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// An empty directory that the program runs in.
pub struct Workshop(TempDir);

impl Default for Workshop {
    fn default() -> Workshop {
        Workshop(tempfile::tempdir().expect("a temporary directory"))
    }
}

impl Workshop {
    /// Where a file of this name is, or would be.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).expect("a file can be written");
    }

    /// A file's bytes.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A file's lines, each as JSON.
    #[must_use]
    pub fn json_lines(&self, name: &str) -> Vec<Value> {
        let text = String::from_utf8(self.bytes(name)).expect("text");
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
            .collect()
    }

    /// The program in this directory, not yet started.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(executable());
        command.current_dir(self.0.path()).args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().expect("the program starts").into()
    }

    /// Runs the program with `input` on its standard input.
    #[must_use]
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Run {
        self.write("stdin", input);
        let stdin = std::fs::File::open(self.path("stdin")).expect("a file can be read");
        self.command(arguments).stdin(stdin).output().expect("the program starts").into()
    }
}

/// Starts the command and kills it: after a random part of `duration`, or when `output` has reached a
/// random length below `length`. Whether it was still running.
pub fn kill_once(
    mut command: Command,
    output: &Path,
    random: &mut Random,
    duration: Duration,
    length: usize,
) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let written = || std::fs::metadata(output).map_or(0, |metadata| metadata.len() as usize);
    if random.below(2) == 0 {
        std::thread::sleep(duration / 1000 * random.below(1000) as u32);
    } else {
        let (before, now) = (written(), Instant::now());
        let target = before + random.below((length.saturating_sub(before) / 2).max(1));
        while written() < target
            && child.try_wait().expect("a child").is_none()
            && now.elapsed() < duration * 4
        {
            std::thread::yield_now();
        }
    }
    let running = child.try_wait().expect("a child").is_none();
    // SIGKILL; no error where it has ended.
    let _ = child.kill();
    child.wait().expect("a child");
    running
}
