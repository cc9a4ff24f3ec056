//! What a benchmark is doing, on stderr, where that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use muster_loadgen::bench::{Step, per_second};
use std::time::Duration;

/// A bar while the clock runs, a spinner before and after.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new() -> Progress {
        let bar = ProgressBar::new_spinner();
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress(bar)
    }

    pub(super) fn show(&mut self, step: Step) {
        let template = match step {
            Step::Preparing(_) | Step::Comparing(_) => "{spinner} {msg}",
            Step::Measuring { .. } => "measuring [{bar:30}] {percent} %  {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style.progress_chars("=> "));
        }
        match step {
            Step::Preparing(what) => self.0.set_message(what),
            Step::Comparing(baseline) => self.0.set_message(format!("measuring the baseline `{baseline}`")),
            Step::Measuring { done, wanted, elapsed } => {
                self.0.set_length(wanted);
                self.0.set_position(done);
                self.0.set_message(format!("{:.0} changes/s", per_second(done, elapsed)));
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
