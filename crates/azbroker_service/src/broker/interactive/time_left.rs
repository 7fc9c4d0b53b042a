use azbroker_entra::Clock;
use azure_core::time::{Duration, OffsetDateTime};

/// What is left of the time for a sign-in.
#[derive(Debug)]
pub(super) struct TimeLeft<'a> {
    clock: &'a dyn Clock,
    whole: Duration,
    began: OffsetDateTime,
}

impl<'a> TimeLeft<'a> {
    pub(super) fn of(whole: Duration, clock: &'a dyn Clock) -> Self {
        Self {
            clock,
            whole,
            began: clock.now(),
        }
    }

    pub(super) fn whole(&self) -> Duration {
        self.whole
    }

    pub(super) fn began(&self) -> OffsetDateTime {
        self.began
    }

    pub(super) fn left(&self) -> Duration {
        let left = self.whole - (self.clock.now() - self.began);
        left.max(Duration::ZERO)
    }

    /// Waits for something, but not longer than is left.
    pub(super) async fn limit<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(self.left().unsigned_abs(), work)
            .await
            .ok()
    }

    /// Waits for something that hangs on other programs: no longer than a tenth of the whole after the beginning, which
    /// leaves the user time enough. What is there already is had in any case.
    pub(super) async fn limit_for_others<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let left: Duration = self.whole / 10 - (self.clock.now() - self.began);
        tokio::time::timeout(left.max(Duration::ZERO).unsigned_abs(), work)
            .await
            .ok()
    }
}
