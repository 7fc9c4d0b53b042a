use super::{LogEntry, repeated::Repeated};
use azbroker_entra::Clock;
use azure_core::time::OffsetDateTime;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The lines that wait for the disk.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    lines: Mutex<Lines>,
    /// There is something, where there was nothing, or something that is only counted begins to wait.
    some: Notify,
    /// There is as much as is worth a write.
    enough: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    text: Vec<u8>,
    /// What was written and is empty again: a heap in which large pieces come and go has ever more holes.
    spare: Vec<u8>,
    repeated: Repeated,
}

impl Waiting {
    /// What is written at a time, at the least while more comes, in bytes.
    const ENOUGH: usize = 32 * 1024;
    /// What is held while the disk keeps up, in bytes. No page of it is touched before it is written to.
    const USUAL: usize = 2 * Self::ENOUGH;
    /// More than the disk can be behind with, unless it hangs, in bytes.
    const MOST: usize = 1024 * 1024;

    /// Puts an entry behind the others. Tells whether there was room.
    pub(super) fn put(&self, on: OffsetDateTime, entry: LogEntry<'_>) -> bool {
        let mut lines = self.lock();
        let before = lines.text.len();
        if before >= Self::MOST {
            return false;
        }
        let Lines { text, repeated, .. } = &mut *lines;
        if text.capacity() == 0 {
            text.reserve_exact(Self::USUAL);
        }
        let counted = repeated.take(on, entry, |entry| write_line(text, entry));
        let after = text.len();
        drop(lines);
        if (before == 0 && after > 0) || counted {
            self.some.notify_one();
        }
        if before < Self::ENOUGH && after >= Self::ENOUGH {
            self.enough.notify_one();
        }
        true
    }

    /// Waits for a line, be it that of refusals that were counted for as long as they may be. Where there are none, no time
    /// is waited for.
    pub(super) async fn some(&self, clock: &dyn Clock) {
        loop {
            let on = clock.now();
            let wait = {
                let Lines { text, repeated, .. } = &mut *self.lock();
                repeated.write_due(on, &mut |entry| write_line(text, entry));
                if !text.is_empty() {
                    return;
                }
                repeated.wait(on)
            };
            match wait {
                Some(wait) => tokio::select! {
                    () = self.some.notified() => {}
                    () = clock.wait(wait) => {}
                },
                None => self.some.notified().await,
            }
        }
    }

    /// Waits until a write is worth it.
    pub(super) async fn enough(&self) {
        while self.lock().text.len() < Self::ENOUGH {
            self.enough.notified().await;
        }
    }

    /// Takes all lines.
    pub(super) fn take(&self) -> Vec<u8> {
        let mut lines = self.lock();
        let spare = std::mem::take(&mut lines.spare);
        std::mem::replace(&mut lines.text, spare)
    }

    /// Takes back the room of lines that were written, but no more than is needed while the disk keeps up.
    pub(super) fn give_back(&self, mut written: Vec<u8>) {
        written.clear();
        written.shrink_to(Self::USUAL);
        self.lock().spare = written;
    }

    /// Takes all lines, and of the refusals that were counted what was not written.
    pub(super) fn take_last(&self) -> Vec<u8> {
        let mut lines = self.lock();
        let mut text = std::mem::take(&mut lines.text);
        let write = &mut |entry: &LogEntry<'_>| write_line(&mut text, entry);
        lines.repeated.write_rest(write);
        text
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells how many bytes the line has.
fn write_line(text: &mut Vec<u8>, entry: &LogEntry<'_>) -> usize {
    let before = text.len();
    match serde_json::to_writer(&mut *text, entry) {
        Ok(()) => text.push(b'\n'),
        // No entry is such; half of one must not stay.
        Err(_) => text.truncate(before),
    }
    text.len() - before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token_log::Outcome;
    use azbroker_entra::ManualClock;
    use azure_core::time::Duration;
    use std::pin::pin;

    #[tokio::test]
    async fn a_loop_shows_while_the_broker_runs_and_no_time_is_waited_for_otherwise() {
        let clock = ManualClock::new(OffsetDateTime::UNIX_EPOCH);
        let waiting = Waiting::default();
        let mut some = pin!(waiting.some(&clock));
        assert_waits(&mut some).await;
        assert_eq!(clock.next_waited_for(), None);
        for _ in 0..5 {
            assert!(waiting.put(clock.now(), refused()));
        }
        some.await;
        assert_eq!(times(&waiting.take()), [1, 1, 1]);

        let mut some = pin!(waiting.some(&clock));
        assert_waits(&mut some).await;
        let due = clock.now() + Duration::MINUTE;
        assert_eq!(clock.next_waited_for(), Some(due));
        clock.advance(Duration::MINUTE);
        some.await;
        assert_eq!(times(&waiting.take()), [2]);

        // What is counted from now on wakes it, and nothing did before.
        let mut some = pin!(waiting.some(&clock));
        assert_waits(&mut some).await;
        assert_eq!(clock.next_waited_for(), None);
        assert!(waiting.put(clock.now(), refused()));
        assert_waits(&mut some).await;
        let due = clock.now() + Duration::MINUTE;
        assert_eq!(clock.next_waited_for(), Some(due));
    }

    async fn assert_waits(some: &mut (impl Future<Output = ()> + Unpin)) {
        tokio::select! {
            biased;
            () = some => panic!("there is nothing"),
            () = std::future::ready(()) => {}
        }
    }

    fn refused() -> LogEntry<'static> {
        LogEntry::of(Outcome::Refused {
            status: 2,
            reason: "nobody has signed in".to_owned(),
            times: 1,
            several_kinds: false,
        })
    }

    fn times(lines: &[u8]) -> Vec<u64> {
        let lines = std::str::from_utf8(lines).unwrap().lines();
        let entries = lines.map(|line| serde_json::from_str::<LogEntry<'_>>(line).unwrap());
        let times = entries.map(|entry| match entry.outcome {
            Outcome::Refused { times, .. } => times,
            Outcome::Given { .. } => 0,
        });
        times.collect()
    }
}
