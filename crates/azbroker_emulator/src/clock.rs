//! The one place that reads time and waits for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The emulator's clock: this machine's, moved by an offset.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    offset_seconds: Arc<AtomicI64>,
}

impl Clock {
    pub(crate) fn new(offset_seconds: i64) -> Self {
        Self {
            offset_seconds: Arc::new(AtomicI64::new(offset_seconds)),
        }
    }

    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    pub(crate) fn now(&self) -> SystemTime {
        let offset = self.offset_seconds.load(Ordering::Relaxed);
        let distance = Duration::from_secs(offset.unsigned_abs());
        let now = SystemTime::now();
        // The offset is checked when the world is, so neither way leaves what the type can hold.
        if offset < 0 {
            now.checked_sub(distance)
        } else {
            now.checked_add(distance)
        }
        .unwrap_or(now)
    }

    /// Whole seconds since 1970, as tokens and vaults write time.
    pub(crate) fn unix(&self) -> i64 {
        match self.now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
        }
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.offset_seconds.fetch_add(
            i64::try_from(by.as_secs()).unwrap_or(i64::MAX),
            Ordering::Relaxed,
        );
    }

    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    pub(crate) async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
