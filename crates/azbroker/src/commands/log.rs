use crate::{
    arguments::{ListOutput, LogArguments},
    failure::{Exit, Failure},
    folders,
    output::{line, tell},
    regular_file,
};
use azbroker_service::{LogEntry, Outcome, Source};
use rustix::{
    fs::{Access, access, statvfs},
    io::Errno,
};
use std::{
    io::{self, Read},
    path::Path,
    process::ExitCode,
};

/// Shows which program was given or refused which token, the oldest first.
pub(crate) fn run(arguments: &LogArguments) -> Result<ExitCode, Failure> {
    let folder = folders::state().ok_or_else(super::rules::no_state_folder)?;
    let mut shown = 0;
    for name in ["log.old.jsonl", "log.jsonl"] {
        let path = folder.join(name);
        let text = match read(&path) {
            Ok(text) => text,
            // A link to nothing is there, and nobody writes through it.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => continue,
            Err(error) => {
                return Err(Failure::new(
                    Exit::UserMustAct,
                    format!("the log {} cannot be read: {error}", path.display()),
                )
                .with_hint("move away what is there; the broker begins a new one"));
            }
        };
        for entry in String::from_utf8_lossy(&text).lines() {
            // A line that was cut off by a full disk is not worth failing for.
            let Ok(entry) = serde_json::from_str::<LogEntry<'_>>(entry) else {
                continue;
            };
            shown += 1;
            match arguments.output {
                ListOutput::Text => line(text_of(&entry))?,
                ListOutput::Json => line(serde_json::json!(entry))?,
            }
        }
    }
    // Tokens are given all the same, and whoever reads this is not to take silence for peace.
    if let Some(fault) = cannot_be_written(&folder) {
        let failure = Failure::new(
            Exit::UserMustAct,
            format!(
                "the log in {} cannot be written ({fault}), so what is asked for now is not in it",
                folder.display()
            ),
        );
        return Err(
            failure.with_hint("make room there, or make the folder and its files yours to write")
        );
    }
    if shown == 0 && arguments.output == ListOutput::Text {
        tell("no token was asked for yet, as far as the log goes back");
    }
    Ok(ExitCode::SUCCESS)
}

/// Why the broker, which runs as the same user, can write nothing there.
fn cannot_be_written(folder: &Path) -> Option<io::Error> {
    // What is not there yet is made below what is.
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let file = folder.join("log.jsonl");
    let writable = |path: &Path| access(path, Access::WRITE_OK);
    let checked = writable(there).and_then(|()| match file.exists() {
        true => writable(&file),
        false => Ok(()),
    });
    let room = || match statvfs(there) {
        // Some file systems count no blocks.
        Ok(disk) if disk.f_blocks > 0 && disk.f_bavail == 0 => Err(Errno::NOSPC),
        _ => Ok(()),
    };
    checked.and_then(|()| room()).err().map(io::Error::from)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    regular_file::open(path)?.read_to_end(&mut text)?;
    Ok(text)
}

fn text_of(entry: &LogEntry<'_>) -> String {
    let LogEntry {
        time,
        program,
        client_id,
        resource,
        correlation_id,
        ..
    } = entry;
    let process = entry
        .process
        .map_or_else(String::new, |process| format!(" ({process})"));
    let client_id = client_id.as_deref().unwrap_or("-");
    let resource = resource.as_deref().unwrap_or("-");
    let account = entry.account.as_deref().unwrap_or("-");
    let (word, more) = match &entry.outcome {
        Outcome::Given { source } => (
            "given  ",
            match source {
                Source::Held => "it was held".to_owned(),
                Source::Redeemed => "by a refresh token".to_owned(),
                Source::SignedIn => "by a sign-in".to_owned(),
            },
        ),
        Outcome::Refused {
            status,
            reason,
            times,
            several_kinds,
        } => {
            let more = match (several_kinds, times) {
                (true, times) => format!(
                    "{times} refusals of several kinds, too many to be named one by one; the last one: status {status}: \
                     {reason}"
                ),
                (false, 1) => format!("status {status}: {reason}"),
                (false, times) => {
                    format!("status {status}: {reason} ({times} times since the last such line)")
                }
            };
            ("refused", more)
        }
    };
    let text = format!(
        "{time}  {word}  {program}{process}  {account}  {resource}  application {client_id}  \
         correlation {correlation_id}  {more}"
    );
    // The file is the user's own, and so may be anything by now.
    text.replace(char::is_control, "\u{fffd}")
}
