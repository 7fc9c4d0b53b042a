//! What can be typed after `azbroker rules`.

use super::ListOutput;
use clap::{Args, Subcommand, ValueEnum};

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RulesArguments {
    #[command(subcommand)]
    pub(crate) action: Option<RulesAction>,
    /// How they are printed.
    #[arg(long, value_enum, default_value_t = ListOutput::Text)]
    pub(crate) output: ListOutput,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesAction {
    /// Lets a program have tokens without being asked about.
    Allow(RuleArguments),
    /// Gives a program no token, whatever other rules allow, below `azbroker run` too.
    Deny(RuleArguments),
    /// Takes a rule away.
    Remove(RemoveRuleArguments),
}

/// What a rule is about.
#[derive(Args, Debug)]
pub(crate) struct RuleArguments {
    /// A program's path or name, or flatpak:ID, snap:NAME or container:ID.
    pub(crate) program: String,
    /// As this application alone.
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Of this account alone, by its username or home account ID.
    #[arg(long, value_name = "USER")]
    pub(crate) account: Option<String>,
    /// The authority host of that account's cloud, such as `login.microsoftonline.us`; the public cloud's if none.
    #[arg(long, value_name = "HOST", requires = "account")]
    pub(crate) authority_host: Option<String>,
    /// For this resource alone, such as `https://vault.azure.net`; one of its scopes names it, too.
    #[arg(long, value_name = "RESOURCE")]
    pub(crate) resource: Option<String>,
    /// How long it holds: for one request, until the broker that runs now ends, for 24 hours, or until it is removed.
    #[arg(long = "for", value_enum, value_name = "TIME", default_value_t = RuleTime::Always)]
    pub(crate) lasting: RuleTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuleTime {
    Once,
    Session,
    Day,
    Always,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct RemoveRuleArguments {
    /// Its number in `azbroker rules`.
    #[arg(value_name = "NUMBER")]
    pub(crate) number: Option<usize>,
    /// Takes all rules away.
    #[arg(long)]
    pub(crate) all: bool,
}
