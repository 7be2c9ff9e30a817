//! A bar for people who wait: on a terminal alone, and only where there is something to wait for.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What ends sooner needs no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// How far a long piece of work has come. It removes itself from the terminal when it is dropped.
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
    shown: AtomicBool,
}

impl Progress {
    /// Begins a piece of work of so many steps.
    #[must_use]
    pub fn begin(what: &'static str, steps: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self { bar, begun: Instant::now(), shown: AtomicBool::new(false) }
    }

    /// Counts a step.
    pub fn step(&self) {
        self.bar.inc(1);
        if !self.shown.load(Ordering::Relaxed)
            && self.begun.elapsed() > PATIENCE
            && !self.shown.swap(true, Ordering::Relaxed)
        {
            // Where standard error is no terminal, this target draws nothing.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("position", &self.bar.position()).finish_non_exhaustive()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
