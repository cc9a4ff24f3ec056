//! The end of the service: asked for once, known to every thread and every task.
//!
//! SIGTERM or SIGINT asks for an orderly end. Another one ends the process at once, within the signal
//! handler, whatever hangs: what is committed is safe at any moment. What an orderly end consists of, this
//! does not know.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::Notify;

/// Whether the end was asked for. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Shutdown(Arc<Inner>);

#[derive(Default)]
struct Inner {
    requested: Mutex<bool>,
    threads: Condvar,
    tasks: Notify,
}

impl Shutdown {
    /// Asks for the end at the first SIGTERM or SIGINT from now on, and ends the process at the second,
    /// with the status that shells know it by (128 and the signal's number).
    ///
    /// # Errors
    /// When the handlers cannot be installed, or no thread can be made.
    pub(crate) fn on_signals(&self) -> io::Result<()> {
        const SIGNALS: [i32; 2] = [SIGTERM, SIGINT];
        let second = Arc::new(AtomicBool::new(false));
        for signal in SIGNALS {
            // In this order: a signal must not find what it set itself.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&second))?;
            flag::register(signal, Arc::clone(&second))?;
        }
        let mut signals = Signals::new(SIGNALS)?;
        let shutdown = self.clone();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            if let Some(signal) = signals.forever().next() {
                let name = signal_hook::low_level::signal_name(signal).unwrap_or_default();
                tracing::info!("{name}: ending in order; another signal ends at once");
                shutdown.request();
            }
        })?;
        Ok(())
    }

    /// Asks for the end.
    pub(crate) fn request(&self) {
        *self.0.requested.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.threads.notify_all();
        self.0.tasks.notify_waiters();
    }

    /// Whether the end was asked for.
    pub(crate) fn is_requested(&self) -> bool {
        *self.0.requested.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks until the end is asked for, or for as long as `timeout`; whether it was asked for.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        let requested = self.0.requested.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.threads.wait_timeout_while(requested, timeout, |requested| !*requested);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Is complete when the end is asked for, or was.
    pub(crate) fn requested(&self) -> impl Future<Output = ()> + Send + 'static {
        let shutdown = self.clone();
        async move {
            let mut notified = pin!(shutdown.0.tasks.notified());
            // From here on no request is missed; one before it is seen.
            notified.as_mut().enable();
            if !shutdown.is_requested() {
                notified.await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Pid, Signal, kill_process};
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};

    #[test]
    fn a_request_wakes_threads_and_tasks() {
        let shutdown = Shutdown::default();
        assert!(!shutdown.is_requested());
        assert!(!shutdown.wait(Duration::ZERO));
        let waiting = thread::spawn({
            let shutdown = shutdown.clone();
            move || shutdown.wait(Duration::MAX)
        });
        let awaiting = thread::spawn({
            let requested = shutdown.requested();
            move || tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(requested)
        });
        shutdown.request();
        assert!(waiting.join().unwrap());
        awaiting.join().unwrap();

        shutdown.request();
        assert!(shutdown.is_requested() && shutdown.wait(Duration::ZERO));
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(shutdown.requested());
    }

    /// Set where this test runs again, in a process of its own that may be killed.
    const CHILD: &str = "MUSTER_TEST_SHUTDOWN_CHILD";

    #[test]
    fn the_first_signal_asks_and_the_second_ends_at_once() {
        if std::env::var_os(CHILD).is_some() {
            hang_when_asked();
        }
        for (first, second, status) in [(Signal::TERM, Signal::TERM, 143), (Signal::TERM, Signal::INT, 130)] {
            let test = "shutdown::tests::the_first_signal_asks_and_the_second_ends_at_once";
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", test, "--nocapture"]).env(CHILD, "1");
            let mut child = Killed(command.stdout(Stdio::piped()).spawn().unwrap());
            let pid = Pid::from_child(&child.0);
            let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);

            assert!(lines.any(|line| line == "running"));
            kill_process(pid, first).unwrap();
            assert!(lines.any(|line| line == "asked"));
            kill_process(pid, second).unwrap();
            assert_eq!(child.0.wait().unwrap().code(), Some(status));
        }
    }

    fn hang_when_asked() -> ! {
        let shutdown = Shutdown::default();
        shutdown.on_signals().unwrap();
        println!("\nrunning");
        assert!(shutdown.wait(Duration::MAX));
        println!("asked");
        loop {
            thread::park();
        }
    }

    struct Killed(Child);

    impl Drop for Killed {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}
