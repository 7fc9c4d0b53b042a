use super::{LogEntry, repeated::Repeated};
use azure_core::time::OffsetDateTime;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The lines that wait for the disk.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    lines: Mutex<Lines>,
    /// There is something, where there was nothing.
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
        repeated.take(on, entry, |entry| write_line(text, entry));
        let after = text.len();
        drop(lines);
        if before == 0 && after > 0 {
            self.some.notify_one();
        }
        if before < Self::ENOUGH && after >= Self::ENOUGH {
            self.enough.notify_one();
        }
        true
    }

    /// Waits for a line.
    pub(super) async fn some(&self) {
        while self.lock().text.is_empty() {
            self.some.notified().await;
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
        for entry in lines.repeated.rest() {
            write_line(&mut text, &entry);
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_line(text: &mut Vec<u8>, entry: &LogEntry<'_>) {
    let before = text.len();
    match serde_json::to_writer(&mut *text, entry) {
        Ok(()) => text.push(b'\n'),
        // No entry is such; half of one must not stay.
        Err(_) => text.truncate(before),
    }
}
