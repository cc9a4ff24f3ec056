//! A progress bar on stderr while something long is read, where stderr is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// The bar. Nothing is shown elsewhere than at a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    shown: Instant,
}

const INTERVAL: Duration = Duration::from_millis(100);

impl Progress {
    /// A bar over `bytes` of input, or a spinner where their number is unknown.
    pub(crate) fn over_bytes(what: &'static str, bytes: u64) -> Progress {
        let bar = if bytes == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(bytes) };
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let template = if bytes == 0 {
            "{prefix} {spinner} {bytes}  {msg}"
        } else {
            "{prefix} [{bar:30}] {bytes}/{total_bytes}, {eta} left  {msg}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what);
        Progress { bar, shown: Instant::now() }
    }

    /// Whether it is time to tell it something new.
    pub(crate) fn is_due(&mut self) -> bool {
        let due = !self.bar.is_hidden() && self.shown.elapsed() >= INTERVAL;
        if due {
            self.shown = Instant::now();
        }
        due
    }

    /// So many bytes are read, and `message` behind the bar.
    pub(crate) fn set(&self, bytes: u64, message: String) {
        self.bar.set_position(bytes);
        self.bar.set_message(message);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
