//! The broker's configuration file, `$XDG_CONFIG_HOME/azbroker/config.toml`.

#[cfg(test)]
mod tests;

use crate::{
    failure::{Exit, Failure},
    regular_file,
};
use azbroker_service::{ApprovalMode, AuthorityHost, StoreChoice};
use serde::{Deserialize, Deserializer, de::Error};
use std::{
    fmt::Display,
    fs::Metadata,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// What can stand in the file; all of it may be left out, and options of the command win over it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub(crate) struct ConfigFile {
    /// Where refresh tokens rest.
    #[serde(deserialize_with = "parsed")]
    pub(crate) store: Option<StoreChoice>,
    /// A file with the passphrase of the encrypted store.
    #[serde(deserialize_with = "absolute_path")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Authority hosts to trust besides those of the known clouds.
    #[serde(deserialize_with = "authority_hosts")]
    pub(crate) authority_hosts: Vec<AuthorityHost>,
    /// What becomes of programs that no rule is about.
    #[serde(deserialize_with = "parsed")]
    pub(crate) approvals: Option<ApprovalMode>,
    /// How long a sign-in may take, in seconds.
    #[serde(deserialize_with = "sign_in_deadline")]
    pub(crate) sign_in_deadline: Option<u16>,
    /// The command that opens web pages, in the place of the environment variable `BROWSER`.
    pub(crate) browser: Option<String>,
}

impl ConfigFile {
    /// Reads the file of the user, where there is one, and tells which it was.
    ///
    /// # Errors
    ///
    /// Names the file, the line and what is allowed there.
    pub(crate) fn of_user() -> Result<(Self, Option<PathBuf>), Failure> {
        let Some(path) = crate::folders::config().map(|folder| folder.join("config.toml")) else {
            return Ok((Self::default(), None));
        };
        match read(&path) {
            // It says what is run for the user, and who is asked.
            Ok((metadata, _)) if !is_users_alone(&metadata) => {
                let faults = "other users may write it; take their rights away";
                Err(wrong(&path, faults))
            }
            Ok((_, text)) => Ok((Self::parse(&text, &path)?, Some(path))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((Self::default(), None)),
            Err(error) => Err(wrong(&path, &format!("it cannot be read: {error}"))),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| {
                let before = text.get(..span.start).unwrap_or_default();
                1 + before.matches('\n').count()
            });
            let place = line.map_or(String::new(), |line| format!("line {line}: "));
            let message = in_plain_words(error.message());
            wrong(path, &format!("{place}{message}"))
        })
    }
}

/// The TOML library's message in the words of whoever writes the file.
fn in_plain_words(message: &str) -> String {
    // It takes what begins with t or f for `true` or `false`, and what begins with i or n for a number.
    let taken_for = [
        "invalid boolean",
        "invalid float",
        "string values must be quoted",
    ];
    if taken_for.iter().any(|words| message.starts_with(words)) {
        return "a value in letters stands in quotes, as in store = \"file\"".to_owned();
    }
    const WORDS: [(&str, &str); 6] = [
        ("\n", ", "),
        ("`", "'"),
        ("unknown field", "unknown key"),
        ("expected a sequence", "expected a list in [ ]"),
        ("expected i64", "expected a whole number"),
        ("expected path string", "expected a string"),
    ];
    let replaced = |text: String, (from, to): &(&str, &str)| text.replace(from, to);
    WORDS.iter().fold(message.to_owned(), replaced)
}

fn read(path: &Path) -> io::Result<(Metadata, String)> {
    let mut file = regular_file::open(path)?;
    let metadata = file.metadata()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok((metadata, text))
}

/// The system's own files are believed too: some systems keep a user's configuration there.
fn is_users_alone(metadata: &Metadata) -> bool {
    let owner = metadata.uid();
    let is_known = owner == rustix::process::geteuid().as_raw() || owner == 0;
    is_known && metadata.mode() & 0o022 == 0
}

fn wrong(path: &Path, what: &str) -> Failure {
    Failure::new(Exit::WrongUsage, format!("{}: {what}", path.display()))
        .with_hint("mend the file, or move it away to do without")
}

/// Reads a text as what it stands for.
fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

/// The broker is started from anywhere, so a relative path would mean another file each time.
fn absolute_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    if !path.is_absolute() {
        let path = path.display();
        return Err(D::Error::custom(format!(
            "'{path}' is no absolute path: begin it with /"
        )));
    }
    Ok(Some(path))
}

fn authority_hosts<'de, D>(deserializer: D) -> Result<Vec<AuthorityHost>, D::Error>
where
    D: Deserializer<'de>,
{
    let hosts = Vec::<String>::deserialize(deserializer)?;
    let host = |host: &String| AuthorityHost::parse(host).map_err(D::Error::custom);
    hosts.iter().map(host).collect()
}

fn sign_in_deadline<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let seconds = i64::deserialize(deserializer)?;
    u16::try_from(seconds)
        .ok()
        .filter(|seconds| (1..300).contains(seconds))
        .map(Some)
        .ok_or_else(|| {
            D::Error::custom(format!(
                "a sign-in deadline of {seconds} s is none: it is 1 to 299, as clients give up at 300"
            ))
        })
}
