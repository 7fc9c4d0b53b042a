//! The one place that reads the time, and waits for it to pass.

use async_trait::async_trait;
use azure_core::time::{Duration, OffsetDateTime};
use std::fmt::Debug;
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
pub struct ManualClock(watch::Sender<OffsetDateTime>);

impl ManualClock {
    /// A clock that stands at `time`.
    pub fn new(time: OffsetDateTime) -> Self {
        Self(watch::Sender::new(time))
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|time| *time += by);
    }

    /// How many wait for time to pass.
    pub fn waiters(&self) -> usize {
        self.0.receiver_count()
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.borrow()
    }

    async fn wait(&self, time: Duration) {
        let until = self.now() + time;
        // The sender lives as long as the clock, so this ends with the time alone.
        let _ = self.0.subscribe().wait_for(|now| *now >= until).await;
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
        clock.advance(Duration::seconds(59));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(Duration::minutes(1));
        waiting.await.unwrap();
    }
}
