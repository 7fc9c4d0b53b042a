use super::waiting::Waiting;
use crate::{state_file::open_at_once, state_folder::make_folder};
use azbroker_entra::Clock;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout};

/// Writes lines to the disk, many at a time.
#[derive(Debug)]
pub(super) struct Writer {
    file: File,
    waiting: Arc<Waiting>,
    clock: Arc<dyn Clock>,
}

/// `log.jsonl`, and `log.old.jsonl` for what was before.
#[derive(Clone, Debug)]
struct File {
    folder: PathBuf,
    largest: u64,
    /// Who writes: two at a time would both put the old log away.
    turn: Arc<Mutex<()>>,
}

impl Writer {
    const LARGEST_FILE: u64 = 1024 * 1024;

    pub(super) fn new(folder: &Path, waiting: Arc<Waiting>, clock: Arc<dyn Clock>) -> Self {
        Self {
            file: File {
                folder: folder.to_owned(),
                largest: Self::LARGEST_FILE,
                turn: Arc::default(),
            },
            waiting,
            clock,
        }
    }

    /// Writes until the program ends.
    pub(super) async fn run(self) {
        let mut written_on: Option<Instant> = None;
        loop {
            self.waiting.some(&*self.clock).await;
            let patience = patience(written_on.map(|on| on.elapsed()));
            let _ = timeout(patience, self.waiting.enough()).await;
            let lines = Unwritten {
                file: self.file.clone(),
                text: self.waiting.take(),
            };
            let written = tokio::task::spawn_blocking(move || lines.write()).await;
            written_on = Some(Instant::now());
            match written {
                Ok(Ok(text)) => self.waiting.give_back(text),
                Ok(Err(error)) => tracing::warn!("the log of tokens is not written: {error}"),
                Err(_) => {}
            }
        }
    }
}

/// How long a line waits for others: what a program that is killed loses. The first one for a while is written at once, as
/// somebody may look for it; it is a stream of them that waits.
fn patience(passed_since_one_was_written: Option<Duration>) -> Duration {
    const LONGEST: Duration = Duration::from_millis(250);
    passed_since_one_was_written.map_or(Duration::ZERO, |passed| LONGEST.saturating_sub(passed))
}

/// A broker that ends in order loses nothing, or says so.
impl Drop for Writer {
    fn drop(&mut self) {
        drop(Unwritten {
            file: self.file.clone(),
            text: self.waiting.take_last(),
        });
    }
}

/// Lines that are written at the latest when they are dropped, as by a runtime that ends before their turn came.
struct Unwritten {
    file: File,
    text: Vec<u8>,
}

impl Unwritten {
    fn write(mut self) -> io::Result<Vec<u8>> {
        let text = std::mem::take(&mut self.text);
        self.file.append(&text)?;
        Ok(text)
    }
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        if let Err(error) = self.file.append(&self.text) {
            tracing::warn!(
                "the last lines of the log of tokens are lost, {} of them, as {} cannot be written: {error}",
                self.text.iter().filter(|byte| **byte == b'\n').count(),
                self.file.path().display(),
            );
        }
    }
}

impl File {
    fn path(&self) -> PathBuf {
        self.folder.join("log.jsonl")
    }

    fn append(&self, text: &[u8]) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        make_folder(&self.folder)?;
        let path = self.path();
        let size = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if size > 0 && size + text.len() as u64 > self.largest {
            fs::rename(&path, self.folder.join("log.old.jsonl"))?;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true).mode(0o600);
        open_at_once(&mut options, &path)?.write_all(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token_log::{LogEntry, Outcome, Source};
    use azbroker_entra::SystemClock;
    use azure_core::time::OffsetDateTime;
    use std::{os::unix::fs::PermissionsExt, sync::Mutex};

    #[test]
    fn the_log_is_the_users_alone_and_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = File {
            folder: folder.path().join("state"),
            largest: 100,
            turn: Arc::default(),
        };
        for line in ["first\n", "second\n"] {
            file.append(line.repeat(10).as_bytes()).unwrap();
        }
        let read = |name| fs::read_to_string(file.folder.join(name)).unwrap();
        assert_eq!(read("log.old.jsonl"), "first\n".repeat(10));
        assert_eq!(read("log.jsonl"), "second\n".repeat(10));
        for _ in 0..100 {
            file.append(&[b'x'; 90]).unwrap();
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file.folder), 0o700);
        let mut files = 0;
        for entry in fs::read_dir(&file.folder).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(mode(&entry.path()), 0o600);
            assert!(entry.metadata().unwrap().len() <= 100);
            files += 1;
        }
        assert_eq!(files, 2);
    }

    #[test]
    fn the_first_line_for_a_while_is_written_at_once() {
        let milliseconds = Duration::from_millis;
        assert_eq!(patience(None), Duration::ZERO);
        assert_eq!(patience(Some(milliseconds(50))), milliseconds(200));
        assert_eq!(patience(Some(milliseconds(300))), Duration::ZERO);
    }

    #[test]
    fn a_pipe_in_the_place_of_the_log_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = File {
            folder: folder.path().to_owned(),
            largest: 100,
            turn: Arc::default(),
        };
        let pipe = folder.path().join("log.jsonl");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert!(file.append(b"one\n").is_err());
        // With somebody at its other end, too.
        let _reader = open_reader(&pipe);
        let error = file.append(b"one\n").unwrap_err();
        assert_eq!(error.to_string(), "it is no file");
    }

    #[test]
    fn lines_that_cannot_be_written_in_the_end_are_warned_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let ends_with = |lines: usize| {
            let waiting = Arc::new(Waiting::default());
            for line in 0..lines {
                assert!(waiting.put(OffsetDateTime::UNIX_EPOCH, given(line)));
            }
            let said = Said::default();
            let writer = said.clone();
            let subscriber = tracing_subscriber::fmt()
                .without_time()
                .with_ansi(false)
                .with_writer(move || writer.clone())
                .finish();
            tracing::subscriber::with_default(subscriber, || {
                drop(Writer::new(folder.path(), waiting, Arc::new(SystemClock)));
            });
            said.text()
        };
        assert_eq!(ends_with(3), "");
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);

        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(ends_with(0), "", "there is nothing to lose");
        let said = ends_with(2);
        let expected = format!(
            "the last lines of the log of tokens are lost, 2 of them, as {} cannot be written: ",
            path.display()
        );
        assert!(said.contains("WARN") && said.contains(&expected), "{said}");
    }

    #[test]
    fn lines_whose_turn_to_be_written_never_came_are_written_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let file = File {
            folder: folder.path().to_owned(),
            largest: 100,
            turn: Arc::default(),
        };
        let text = b"one\n".to_vec();
        let lines = Unwritten { file, text };
        drop(move || lines.write());
        let path = folder.path().join("log.jsonl");
        assert_eq!(fs::read_to_string(path).unwrap(), "one\n");
    }

    fn given(line: usize) -> LogEntry<'static> {
        let source = Source::Held;
        LogEntry {
            correlation_id: line.to_string().into(),
            ..LogEntry::of(Outcome::Given { source })
        }
    }

    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<u8>>>);

    impl Said {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Said {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(text)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn open_reader(pipe: &Path) -> fs::File {
        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(flags).open(pipe).unwrap()
    }
}
