//! The one place that reads the time, and waits for it to pass.

use async_trait::async_trait;
use azure_core::time::{Duration, OffsetDateTime};
use std::{
    fmt::Debug,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// Where the time comes from.
#[async_trait]
pub trait Clock: Send + Sync + Debug {
    /// The time now.
    fn now(&self) -> OffsetDateTime;

    /// Waits until the time has passed.
    async fn wait(&self, time: Duration);
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the Clock")]
    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time.unsigned_abs()).await;
    }
}

/// A clock that is moved by hand; tests let time pass with it.
#[derive(Debug)]
pub struct ManualClock {
    time: watch::Sender<OffsetDateTime>,
    waited_for: Mutex<Vec<OffsetDateTime>>,
}

impl ManualClock {
    /// A clock that stands at `time`.
    pub fn new(time: OffsetDateTime) -> Self {
        Self {
            time: watch::Sender::new(time),
            waited_for: Mutex::default(),
        }
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        self.time.send_modify(|time| *time += by);
    }

    /// The next time that somebody waits for; `None` when nobody waits.
    pub fn next_waited_for(&self) -> Option<OffsetDateTime> {
        self.waited_for().iter().min().copied()
    }

    fn waited_for(&self) -> MutexGuard<'_, Vec<OffsetDateTime>> {
        self.waited_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        *self.time.borrow()
    }

    async fn wait(&self, time: Duration) {
        let waiting = Waiting::on(self, self.now() + time);
        // The sender lives as long as the clock, so this ends with the time alone.
        let mut time = self.time.subscribe();
        let _ = time.wait_for(|now| *now >= waiting.until).await;
    }
}

/// Somebody who waits for time to pass, until it has or they give up.
struct Waiting<'a> {
    clock: &'a ManualClock,
    until: OffsetDateTime,
}

impl<'a> Waiting<'a> {
    fn on(clock: &'a ManualClock, until: OffsetDateTime) -> Self {
        clock.waited_for().push(until);
        Self { clock, until }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waited_for = self.clock.waited_for();
        if let Some(index) = waited_for.iter().position(|until| *until == self.until) {
            waited_for.swap_remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clock_moved_by_hand_ends_the_waiting() {
        let clock = std::sync::Arc::new(ManualClock::new(OffsetDateTime::UNIX_EPOCH));
        let (waits, one_minute) = (clock.clone(), Duration::minutes(1));
        let waiting = tokio::spawn(async move { waits.wait(one_minute).await });
        tokio::task::yield_now().await;
        clock.advance(Duration::seconds(59));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        let until = OffsetDateTime::UNIX_EPOCH + one_minute;
        assert_eq!(clock.next_waited_for(), Some(until));
        clock.advance(Duration::minutes(1));
        waiting.await.unwrap();
        assert_eq!(clock.next_waited_for(), None);
    }
}
