use crate::{
    arguments::{DoctorArguments, ListOutput},
    doctor::{Finding, Outcome, examine},
    failure::{Exit, Failure},
    output::line,
};
use azbroker_service::AuthorityHost;
use std::process::ExitCode;

/// Tries each hop and names the broken one.
pub(crate) async fn run(arguments: &DoctorArguments) -> Result<ExitCode, Failure> {
    let host = arguments
        .authority_host
        .as_deref()
        .unwrap_or("login.microsoftonline.com");
    let host = AuthorityHost::parse(host)
        .map_err(|error| Failure::new(Exit::WrongUsage, error.to_string()))?;
    let mut findings = Vec::new();
    let mut written = Ok(());
    examine(&host, |finding| {
        // Each line as soon as it is known: the next hop may take seconds.
        if arguments.output == ListOutput::Text && written.is_ok() {
            written = show(&finding);
        }
        findings.push(finding);
    })
    .await;
    written?;
    if arguments.output == ListOutput::Json {
        line(serde_json::json!({ "findings": findings }))?;
    }
    let broken = |wanted: Exit| {
        findings.iter().any(
            |finding| matches!(finding.outcome, Outcome::Broken { exit, .. } if exit == wanted),
        )
    };
    let code = [Exit::UserMustAct, Exit::TryAgainLater]
        .into_iter()
        .find(|exit| broken(*exit));
    Ok(code.map_or(ExitCode::SUCCESS, |exit| ExitCode::from(exit as u8)))
}

fn show(finding: &Finding) -> Result<(), Failure> {
    let (mark, found, cure) = match &finding.outcome {
        Outcome::Fine { found } => ("✓", found.as_str(), None),
        Outcome::Notice { found, cure } => ("!", found.as_str(), Some(cure)),
        Outcome::Broken { found, cure, .. } => ("✗", found.as_str(), Some(cure)),
        Outcome::NotTried => ("-", "not tried", None),
    };
    line(format_args!("{mark} {:14}  {found}", finding.hop))?;
    match cure {
        Some(cure) => line(format_args!("                  → {cure}")),
        None => Ok(()),
    }
}
