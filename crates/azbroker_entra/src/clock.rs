//! The one place that reads the time.

use azure_core::time::{Duration, OffsetDateTime};
use std::{
    fmt::Debug,
    sync::{Mutex, PoisonError},
};

/// Where the time comes from.
pub trait Clock: Send + Sync + Debug {
    /// The time now.
    fn now(&self) -> OffsetDateTime;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// A clock that is moved by hand; tests let time pass with it.
#[derive(Debug)]
pub struct ManualClock(Mutex<OffsetDateTime>);

impl ManualClock {
    /// A clock that stands at `time`.
    pub fn new(time: OffsetDateTime) -> Self {
        Self(Mutex::new(time))
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        let mut time = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *time += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
