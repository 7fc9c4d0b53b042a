use super::{Lasting, Rule, RuleAccount, RuleResource, Verdict, rule::public_environment};
use crate::{
    caller::RuleProgram,
    state_file::{StateFile, read_all},
};
use azbroker_entra::{ClientId, HomeAccountId};
use azure_core::time::OffsetDateTime;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    ops::RangeInclusive,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

/// The file that rules are kept in, `rules.json` in the state folder. Broker and command both change it.
#[derive(Clone, Debug)]
pub struct RulesFile {
    file: StateFile,
}

/// Why rules were not read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// It cannot be opened.
    #[error("the rules in {path} cannot be read")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be written.
    #[error("the rules cannot be kept in {path}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A later version wrote it.
    #[error(
        "the rules in {path} are of version {version}, which this azbroker does not know; update it"
    )]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// It is no file of rules.
    #[error("the rules in {path} make no sense: {fault}; mend the file or remove it")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// Others could have written it.
    #[error(
        "the rules in {path} are not yours alone: other users may write them; take their rights away"
    )]
    NotPrivate {
        /// Which file.
        path: PathBuf,
    },
}

/// Tells one state of the file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl RulesFile {
    /// The file below a state folder. It need not be there.
    pub fn below(state_folder: &Path) -> Self {
        Self {
            file: StateFile::new(state_folder, "rules.json"),
        }
    }

    /// The rules in the file; none where there is no file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is of another version, makes no sense, or is not the user's alone.
    pub fn load(&self) -> Result<Vec<Rule>, RulesError> {
        let read = |source| RulesError::Read {
            path: self.file.path().to_owned(),
            source,
        };
        let Some(file) = self.file.open().map_err(read)? else {
            return match fs::symlink_metadata(self.file.path()) {
                Ok(_) => Err(read(io::Error::other(
                    "it is a link to nothing; mend or remove it",
                ))),
                Err(_) => Ok(Vec::new()),
            };
        };
        let metadata = file.metadata().map_err(read)?;
        if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
            return Err(RulesError::NotPrivate {
                path: self.file.path().to_owned(),
            });
        }
        let text = read_all(file, LARGEST).map_err(read)?;
        let text = String::from_utf8(text).map_err(|error| read(io::Error::other(error)))?;
        self.parse(&text)
    }

    /// Changes the rules, while nobody else does. What `change` returns is passed on.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, then it is left alone; or cannot be written, then the old one stays.
    pub fn change<T>(&self, change: impl FnOnce(&mut Vec<Rule>) -> T) -> Result<T, RulesError> {
        let write = |source| RulesError::Write {
            path: self.file.path().to_owned(),
            source,
        };
        let lock = self.file.lock(PATIENCE).map_err(write)?;
        let mut rules = self.load()?;
        let result = change(&mut rules);
        let records = Records {
            version: VERSION,
            rules: rules.iter().map(Record::of).collect(),
        };
        let mut text = serde_json::to_vec_pretty(&records).map_err(|error| write(error.into()))?;
        text.push(b'\n');
        lock.replace(&text).map_err(write)?;
        Ok(result)
    }

    /// The file's present state, or none where there is no file.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let path = self.file.path();
        let metadata = fs::metadata(path)
            .or_else(|_| fs::symlink_metadata(path))
            .ok()?;
        // Who may write it changes, too.
        Some(Stamp {
            inode: metadata.ino(),
            size: metadata.size(),
            seconds: metadata.ctime(),
            nanoseconds: metadata.ctime_nsec(),
        })
    }

    fn parse(&self, text: &str) -> Result<Vec<Rule>, RulesError> {
        let malformed = |fault: String| RulesError::Malformed {
            path: self.file.path().to_owned(),
            fault,
        };
        let version: Version =
            serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        if !READ.contains(&version.version) {
            return Err(RulesError::Version {
                path: self.file.path().to_owned(),
                version: version.version,
            });
        }
        let records: Records =
            serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        records
            .rules
            .into_iter()
            .enumerate()
            .map(|(index, record)| {
                record
                    .read()
                    .map_err(|fault| malformed(format!("rule {}: {fault}", index + 1)))
            })
            .collect()
    }
}

const VERSION: u64 = 2;
/// The first one named no clouds: its accounts are of the public one.
const READ: RangeInclusive<u64> = 1..=VERSION;

/// Some ten thousand rules.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The broker changes rules while others wait for it.
const PATIENCE: Duration = Duration::from_millis(200);

#[derive(Deserialize)]
struct Version {
    version: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Records {
    version: u64,
    rules: Vec<Record>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Record {
    program: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    home_account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(rename = "for")]
    lasting: WireLasting,
    /// Seconds since 1970.
    made_on: i64,
    verdict: WireVerdict,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum WireLasting {
    Once,
    Session,
    Day,
    Always,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum WireVerdict {
    Allow,
    Deny,
}

impl Record {
    fn of(rule: &Rule) -> Self {
        let account = rule.account.as_ref();
        let id = account.and_then(|account| account.home_account_id.as_ref());
        Self {
            program: rule.program.to_string(),
            client_id: rule.client_id.as_ref().map(|id| id.as_str().to_owned()),
            environment: account.map(|account| account.environment.clone()),
            home_account_id: id.map(HomeAccountId::to_string),
            username: account.map(|account| account.username.clone()),
            resource: rule.resource.to_written(),
            lasting: match rule.lasting {
                Lasting::Once => WireLasting::Once,
                Lasting::Session => WireLasting::Session,
                Lasting::Day => WireLasting::Day,
                Lasting::Always => WireLasting::Always,
            },
            made_on: rule.made_on.unix_timestamp(),
            verdict: match rule.verdict {
                Verdict::Allow => WireVerdict::Allow,
                Verdict::Deny => WireVerdict::Deny,
            },
        }
    }

    fn read(self) -> Result<Rule, String> {
        let home_account_id = self
            .home_account_id
            .map(|id| HomeAccountId::parse(&id).ok_or("its home account ID has not two parts"))
            .transpose()?;
        let account = match (home_account_id, self.username) {
            (None, None) => None,
            (home_account_id, username) => Some(RuleAccount {
                environment: self.environment.unwrap_or_else(public_environment),
                home_account_id,
                username: username.unwrap_or_default(),
            }),
        };
        // Only what the user answered to a question names an account by its ID.
        let was_answered = account
            .as_ref()
            .is_some_and(|account| account.home_account_id.is_some());
        let resource = match self.resource {
            None => RuleResource::Any,
            Some(text) if was_answered => RuleResource::of_request(&text),
            Some(text) => RuleResource::written(text),
        };
        Ok(Rule {
            program: RuleProgram::parse(&self.program).map_err(|error| error.to_string())?,
            client_id: self
                .client_id
                .map(|id| ClientId::parse(&id).map_err(|error| error.to_string()))
                .transpose()?,
            account,
            resource,
            lasting: match self.lasting {
                WireLasting::Once => Lasting::Once,
                WireLasting::Session => Lasting::Session,
                WireLasting::Day => Lasting::Day,
                WireLasting::Always => Lasting::Always,
            },
            made_on: OffsetDateTime::from_unix_timestamp(self.made_on)
                .map_err(|error| error.to_string())?,
            verdict: match self.verdict {
                WireVerdict::Allow => Verdict::Allow,
                WireVerdict::Deny => Verdict::Deny,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request may be for something that nobody who writes rules should name.
    #[test]
    fn what_was_answered_is_about_what_was_asked_for_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let file = RulesFile::below(folder.path());
        let rule = |resource: &str| Rule {
            program: RuleProgram::parse("/usr/bin/python3").unwrap(),
            client_id: Some(ClientId::azure_cli()),
            account: Some(RuleAccount {
                environment: public_environment(),
                home_account_id: Some(HomeAccountId::new("ada", "contoso")),
                username: "ada@contoso.example".to_owned(),
            }),
            resource: RuleResource::of_request(resource),
            lasting: Lasting::Always,
            made_on: OffsetDateTime::UNIX_EPOCH,
            verdict: Verdict::Deny,
        };
        let odd = ["https://demo.vault.azure.net", "odd", "api://contoso/read"];
        let answered = odd.map(rule);
        file.change(|rules| rules.extend(answered.clone())).unwrap();
        let read = file.load().unwrap();
        assert_eq!(read, answered);
        assert!(read.iter().all(|rule| !rule.denies_all()));
    }
}
