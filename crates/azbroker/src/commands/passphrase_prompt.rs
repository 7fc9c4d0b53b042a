use super::stop::Stops;
use crate::{
    failure::{Exit, Failure},
    output::tell,
};
use azbroker_service::{KeyFit, KeySource, Passphrase};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// Asks at the terminal for the passphrase of the encrypted file: twice for a new file, three times where it does
/// not fit.
pub(super) async fn ask(stops: &mut Stops, state_folder: &Path) -> Result<Passphrase, Failure> {
    for _ in 0..TRIES {
        let Some(passphrase) = hidden_line(stops, "passphrase of the encrypted file:").await?
        else {
            tell("a passphrase has one character or more");
            continue;
        };
        let fit = KeySource::Passphrase(passphrase.clone()).fit(state_folder);
        match fit.map_err(|error| Failure::of(Exit::UserMustAct, &error))? {
            KeyFit::Fits => return Ok(passphrase),
            KeyFit::NewFile => {
                let again = hidden_line(stops, "the file is new; the same again:").await?;
                if again.as_ref() == Some(&passphrase) {
                    return Ok(passphrase);
                }
                tell("the two differ");
            }
            _ => tell("the file was encrypted under another passphrase"),
        }
    }
    Err(Failure::new(
        Exit::UserMustAct,
        "no passphrase for the encrypted file was given",
    )
    .with_hint(format!(
        "start again, or give up what the file holds: {GIVE_UP_THE_FILE}"
    )))
}

/// What is typed in one line, which the terminal does not show. `None` for an empty one.
async fn hidden_line(stops: &mut Stops, prompt: &str) -> Result<Option<Passphrase>, Failure> {
    let failed = |error: io::Error| {
        Failure::new(
            Exit::Failed,
            format!("the terminal cannot be read: {error}"),
        )
    };
    let terminal = File::open("/dev/tty").map_err(failed)?;
    let keyboard = terminal.try_clone().map_err(failed)?;
    let hidden = Hidden::begin(terminal).map_err(failed)?;
    tell(prompt);
    let (send, typed) = oneshot::channel();
    // Nothing waits for this thread: reading a terminal cannot be ended from outside.
    std::thread::spawn(move || send.send(read_line(keyboard)));
    let line = tokio::select! {
        line = typed => line.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into())),
        _ = stops.asked() => return Err(Failure::quiet()),
    };
    drop(hidden);
    Ok(Passphrase::new(line.map_err(failed)?))
}

/// Reads past every buffer that would keep a copy. A terminal gives one line at a time.
fn read_line(mut keyboard: File) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(vec![0; LONGEST_LINE]);
    let length = keyboard.read(&mut bytes)?;
    if length == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let text = std::str::from_utf8(&bytes[..length])
        .map_err(|_| io::Error::other("what was typed is no text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden {
    terminal: File,
    before: Termios,
}

impl Hidden {
    fn begin(terminal: File) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        // What was typed before the question is no answer to it.
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

/// What gives up a file whose passphrase is forgotten: without a key no broker serves that wants the file alone, and
/// without a broker nobody erases it.
pub(super) const GIVE_UP_THE_FILE: &str =
    "`azbroker serve --store auto`, then `azbroker logout --all` in another terminal";

const TRIES: usize = 3;

/// Linux gives no longer one.
const LONGEST_LINE: usize = 4096;
