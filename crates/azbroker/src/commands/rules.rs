use crate::{
    arguments::{
        ListOutput, RemoveRuleArguments, RuleArguments, RuleTime, RulesAction, RulesArguments,
    },
    failure::{Exit, Failure},
    folders,
    installation::{name_owner, session_bus},
    output::{line, tell},
    regular_file::is_program,
};
use azbroker_service::{
    ClientId, Clock, Lasting, Resource, Rule, RuleAccount, RuleProgram, RuleResource, RulesError,
    RulesFile, SystemClock, Verdict,
};
use azure_core::time::OffsetDateTime;
use azure_identity_broker::{BrokerClient, Error, ErrorKind};
use std::{
    env,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Lists or changes the rules. The broker need not run; one that does follows them at its next request.
pub(crate) async fn run(arguments: &RulesArguments) -> Result<ExitCode, Failure> {
    let file = RulesFile::below(&folders::state().ok_or_else(no_state_folder)?);
    match &arguments.action {
        None => {
            let rules = file.load().map_err(|error| failure(&error))?;
            let broker = Broker::of(&rules).await;
            list(&rules, broker, arguments.output)?;
        }
        Some(RulesAction::Allow(rule)) => add(&file, rule, Verdict::Allow).await?,
        Some(RulesAction::Deny(rule)) => add(&file, rule, Verdict::Deny).await?,
        Some(RulesAction::Remove(which)) => remove(&file, which)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Where nothing can be kept.
pub(super) fn no_state_folder() -> Failure {
    Failure::new(
        Exit::UserMustAct,
        "there is no folder for rules and log: neither XDG_STATE_HOME nor HOME is set",
    )
}

/// The broker whose end a rule may wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broker {
    /// It has run since then.
    Since(OffsetDateTime),
    /// None runs here, or another than azbroker, which follows no rules.
    None,
    /// It does not say, or no rule depends on it.
    Unknown,
}

impl Broker {
    /// Looked for where one of these rules depends on it.
    async fn of(rules: &[Rule]) -> Self {
        let depends = |rule: &Rule| rule.lasting == Lasting::Session;
        match rules.iter().any(depends) {
            true => Self::find().await,
            false => Self::Unknown,
        }
    }

    /// The one on the session bus, if there is one: none is started.
    async fn find() -> Self {
        let Ok((_connection, bus)) = session_bus().await else {
            return Self::None;
        };
        match name_owner(&bus).await {
            Ok(Some(_)) => {}
            Ok(None) => return Self::None,
            Err(_) => return Self::Unknown,
        }
        let status = async { BrokerClient::new()?.status().await };
        match status.await {
            Ok(status) => status.started_on.map_or(Self::Unknown, Self::Since),
            Err(error) if Error::find(&error).is_some_and(|e| e.kind() == ErrorKind::Malformed) => {
                Self::None
            }
            Err(_) => Self::Unknown,
        }
    }

    /// Whether a rule holds under it, where that can be told.
    fn follows(self, rule: &Rule) -> Option<bool> {
        let started_on = match self {
            Self::Since(started_on) => Some(started_on),
            Self::None => None,
            Self::Unknown if rule.lasting == Lasting::Session => return None,
            Self::Unknown => None,
        };
        Some(rule.holds(SystemClock.now(), started_on))
    }
}

fn list(rules: &[Rule], broker: Broker, output: ListOutput) -> Result<(), Failure> {
    match output {
        ListOutput::Json => {
            let rules: Vec<_> = rules.iter().map(|rule| json(rule, broker)).collect();
            line(serde_json::json!({ "rules": rules }))
        }
        ListOutput::Text if rules.is_empty() => {
            tell("there are no rules");
            Ok(())
        }
        ListOutput::Text => {
            let numbered = rules.iter().enumerate();
            numbered
                .map(|(index, rule)| (index + 1, rule))
                .try_for_each(|(number, rule)| {
                    line(format_args!("{number:>3}  {}", text(rule, broker)))
                })
        }
    }
}

async fn add(file: &RulesFile, arguments: &RuleArguments, verdict: Verdict) -> Result<(), Failure> {
    let usage = |message: String| Failure::new(Exit::WrongUsage, message);
    let client_id = arguments.client_id.as_deref().map(ClientId::typed);
    let client_id = client_id
        .transpose()
        .map_err(|error| usage(error.to_string()))?;
    let resource = match arguments.resource.as_deref().map(Resource::typed) {
        None => RuleResource::Any,
        Some(Ok(resource)) => RuleResource::Named(resource),
        Some(Err(error)) => {
            return Err(usage(error.to_string())
                .with_hint("a resource is a URI or an application ID, without a permission"));
        }
    };
    let host = arguments.authority_host.as_deref();
    let account = arguments
        .account
        .as_deref()
        .map(|account| RuleAccount::typed(account, host).map_err(|error| usage(error.to_string())));
    let mut rule = Rule {
        program: program(&arguments.program)?,
        client_id,
        account: account.transpose()?,
        resource,
        lasting: match arguments.lasting {
            RuleTime::Once => Lasting::Once,
            RuleTime::Session => Lasting::Session,
            RuleTime::Day => Lasting::Day,
            RuleTime::Always => Lasting::Always,
        },
        made_on: SystemClock.now(),
        verdict,
    };
    let broker = Broker::of(std::slice::from_ref(&rule)).await;
    if rule.lasting == Lasting::Session && broker == Broker::None {
        return Err(Failure::new(
            Exit::UserMustAct,
            "no azbroker runs here whose end the rule could last until",
        )
        .with_hint("start one with `azbroker serve`, or give --for day"));
    }
    // One that just started counts from its start.
    rule.made_on = SystemClock.now();
    let denial = file.change(|rules| {
        rules.retain(|known| !known.is_about_the_same_as(&rule));
        rules.push(rule.clone());
        let denies =
            |known: &&Rule| known.program == rule.program && known.verdict == Verdict::Deny;
        rules.iter().find(denies).cloned()
    });
    let denial = denial.map_err(|error| failure(&error))?;
    tell(text(&rule, broker));
    if let (Verdict::Allow, Some(denial)) = (verdict, denial) {
        tell(format_args!(
            "where both are about a request, this one wins: {}",
            text(&denial, broker)
        ));
    }
    Ok(())
}

fn remove(file: &RulesFile, which: &RemoveRuleArguments) -> Result<(), Failure> {
    let removed = file.change(|rules| match which.number {
        None => std::mem::take(rules),
        Some(number) if (1..=rules.len()).contains(&number) => vec![rules.remove(number - 1)],
        Some(_) => Vec::new(),
    });
    let removed = removed.map_err(|error| failure(&error))?;
    if let (Some(number), true) = (which.number, removed.is_empty()) {
        return Err(
            Failure::new(Exit::Failed, format!("there is no rule {number}"))
                .with_hint("see `azbroker rules`"),
        );
    }
    for rule in removed {
        tell(format_args!("removed: {}", text(&rule, Broker::Unknown)));
    }
    Ok(())
}

/// The program that somebody means: the file behind a name or a link, as the kernel will name it.
fn program(typed: &str) -> Result<RuleProgram, Failure> {
    let usage = |message: String| Failure::new(Exit::WrongUsage, message);
    if let Ok(program) = RuleProgram::parse(typed)
        && !typed.starts_with('/')
    {
        return Ok(program);
    }
    let path = match typed.contains('/') {
        true => Some(PathBuf::from(typed)),
        false => in_search_path(typed),
    };
    let path = path.and_then(|path| path.canonicalize().ok());
    let Some(path) = path.filter(|path| is_program(path)) else {
        return Err(usage(format!("there is no program '{typed}'"))
            .with_hint("give its path, or flatpak:ID, snap:NAME or container:ID"));
    };
    if let Some(interpreter) = interpreter(&path) {
        return Err(usage(format!(
            "{} is a script: the program that runs is {interpreter}",
            path.display()
        ))
        .with_hint(
            "name by its path the program that asks in the end, as `azbroker log` shows it: that one, or another that \
             the script starts; a rule for an interpreter is one for every script that it runs",
        ));
    }
    let text = path
        .to_str()
        .ok_or_else(|| usage(format!("the path {} is not plain text", path.display())))?;
    RuleProgram::parse(text).map_err(|error| usage(error.to_string()))
}

fn in_search_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| is_program(path))
}

fn interpreter(path: &Path) -> Option<String> {
    let mut beginning = Vec::new();
    let file = File::open(path).ok()?;
    file.take(256).read_to_end(&mut beginning).ok()?;
    let text = String::from_utf8_lossy(&beginning);
    let line = text.strip_prefix("#!")?.lines().next()?.trim();
    Some(line.replace(char::is_control, ""))
}

fn text(rule: &Rule, broker: Broker) -> String {
    let verdict = match rule.verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
    };
    let client_id = rule.client_id.as_ref().map_or("any", |id| id.as_str());
    let account = match &rule.account {
        Some(account) if account.is_public() => account.username.clone(),
        Some(account) => format!("{} at {}", account.username, account.environment),
        None => "any".to_owned(),
    };
    let resource = match (&rule.resource, rule.verdict) {
        (RuleResource::Any, _) => "any resource".to_owned(),
        (RuleResource::Named(resource), _) => resource.to_string(),
        (RuleResource::NotUnderstood(text), Verdict::Deny) => {
            format!("any resource, as '{text}' is none")
        }
        (RuleResource::NotUnderstood(text), Verdict::Allow) => {
            format!("'{text}', which is no resource")
        }
    };
    let is_over = broker.follows(rule) == Some(false);
    let lasting = match rule.lasting {
        Lasting::Once => "once",
        Lasting::Session if is_over => "ended with the broker",
        Lasting::Session => "until the broker ends",
        Lasting::Day if is_over => "ended after its day",
        Lasting::Day => "for a day",
        Lasting::Always => "always",
    };
    format!(
        "{verdict}  {}  account {account}  {resource}  application {client_id}  {lasting}",
        rule.program
    )
    .replace(char::is_control, "\u{fffd}")
}

fn json(rule: &Rule, broker: Broker) -> serde_json::Value {
    let account = rule.account.as_ref();
    serde_json::json!({
        "verdict": match rule.verdict {
            Verdict::Allow => "allow",
            Verdict::Deny => "deny",
        },
        "program": rule.program.as_str(),
        "client_id": rule.client_id.as_ref().map(|id| id.as_str()),
        "account": account.map(|account| &account.username),
        "environment": account.map(|account| &account.environment),
        "home_account_id": account
            .and_then(|account| account.home_account_id.as_ref())
            .map(ToString::to_string),
        "resource": match &rule.resource {
            RuleResource::Any => None,
            RuleResource::Named(resource) => Some(resource.to_string()),
            RuleResource::NotUnderstood(text) => Some(text.clone()),
        },
        "for": match rule.lasting {
            Lasting::Once => "once",
            Lasting::Session => "session",
            Lasting::Day => "day",
            Lasting::Always => "always",
        },
        "made_on": rule.made_on.unix_timestamp(),
        "holds": broker.follows(rule),
    })
}

fn failure(error: &RulesError) -> Failure {
    match error {
        RulesError::Write { source, .. } if is_full(source) => {
            Failure::of(Exit::UserMustAct, error).with_hint("make room there, then try again")
        }
        RulesError::Read { .. } | RulesError::Write { .. } => Failure::of(Exit::Failed, error),
        _ => Failure::of(Exit::UserMustAct, error),
    }
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_for_the_user_to_mend() {
        let write = |kind: io::ErrorKind| RulesError::Write {
            path: "/state/rules.json".into(),
            source: kind.into(),
        };
        let full = failure(&write(io::ErrorKind::StorageFull));
        assert_eq!(full.code(), ExitCode::from(3));
        let (_, hint) = full.into_parts();
        assert_eq!(hint.as_deref(), Some("make room there, then try again"));
        let other = failure(&write(io::ErrorKind::PermissionDenied));
        assert_eq!(other.code(), ExitCode::from(1));
    }
}
