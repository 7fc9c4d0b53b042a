//! What can be typed.

mod idle_exit;
mod rules;

pub(crate) use idle_exit::IdleExit;
pub(crate) use rules::{RemoveRuleArguments, RuleArguments, RuleTime, RulesAction, RulesArguments};

use crate::logs::Shown;
use azbroker_service::{ApprovalMode, StoreChoice};
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use std::{convert::Infallible, ffi::OsString, path::PathBuf};

/// Brokered sign-in for Azure during local development.
#[derive(Debug, Parser)]
#[command(
    name = "azbroker",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the user must act, 4 try again later;\n\
                  of `run` and `emulate`, what the program they run ends with, 126 if it cannot be executed, 127 if it is not found.\n\
                  The broker makes no unmanaged machine compliant: policies that want a managed device still refuse."
)]
pub(crate) struct Arguments {
    /// Shows each hop; twice and three times for the libraries' own logs.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[cfg(feature = "emulator")]
    /// Shows the whole way of a token and a secret on this machine alone.
    Try(TryArguments),
    #[cfg(feature = "emulator")]
    /// Runs a program against an emulated Entra ID and Key Vault under their real URLs.
    Emulate(EmulateArguments),
    /// Runs the broker on the session bus.
    Serve(ServeArguments),
    /// Runs a program with a broker, on the session bus that is there or, without one, on a private one.
    ///
    /// Where a session bus answers, the program runs in your own session, with your own keyring; a broker is
    /// started for as long as it runs, unless there is one. In a container or over SSH, where there is none,
    /// it gets a private session bus with a broker and a secret service that forgets; accounts rest in the encrypted
    /// file if one is set up, else in memory. Browser, network and all else stay as they are. Signals and the exit
    /// code are passed through.
    ///
    /// You are not asked which of the programs below it may have tokens: they may, but for those that a rule denies.
    Run(RunArguments),
    /// Has the session bus start the broker when a program asks for it. Needs no root.
    Install(InstallArguments),
    /// Takes back what `install` did. The accounts stay.
    Uninstall(UninstallArguments),
    /// Tries each hop from this machine to Entra ID, and says how to mend the broken one.
    Doctor(DoctorArguments),
    /// Signs in through the broker.
    Login(LoginArguments),
    /// Lists the accounts of the broker, and where they rest.
    Accounts(AccountsArguments),
    /// Says what the broker is, what keeps its accounts, and why.
    Status(StatusArguments),
    /// Chooses among the accounts of the broker.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Prints an access token.
    Token(TokenArguments),
    /// Makes the broker forget accounts.
    Logout(LogoutArguments),
    /// Lists the rules about which program may have which token, and changes them.
    Rules(RulesArguments),
    /// Shows which program was given or refused which token.
    Log(LogArguments),
    #[cfg(feature = "emulator")]
    /// The program that `try` runs.
    #[command(hide = true)]
    KeyVaultSecret,
    #[cfg(feature = "emulator")]
    /// Hands a sign-in page to the process that waits for it; stands in for a browser.
    #[command(hide = true)]
    HandOver { socket: PathBuf, url: String },
}

#[cfg(feature = "emulator")]
#[derive(Args, Debug)]
pub(crate) struct TryArguments {
    /// Lets you sign in by hand in your own browser.
    #[arg(long)]
    pub(crate) browser: bool,
}

#[cfg(feature = "emulator")]
#[derive(Args, Debug)]
pub(crate) struct EmulateArguments {
    /// Has the broker hold this user's account from the start. May be repeated; the last one is the default.
    #[arg(long, value_name = "USER", value_parser = username)]
    pub(crate) signed_in: Vec<String>,
    /// Completes sign-in pages as this user. Without it they open in your own browser, from this machine.
    #[arg(long, value_name = "USER", value_parser = username)]
    pub(crate) user: Option<String>,
    /// Opens sign-in pages under their real URLs, in a browser named by BROWSER that uses the proxy.
    #[arg(long, conflicts_with = "user")]
    pub(crate) real_urls: bool,
    /// Tenants, users, applications and vaults from a JSON file.
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<PathBuf>,
    /// Listens on this port of the loopback, not on one that is free.
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// The program and its arguments. Without one, the lines for a shell are printed and Ctrl-C ends it.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Args, Debug)]
pub(crate) struct ServeArguments {
    /// Trusts an authority host besides those of the known clouds. May be repeated.
    #[arg(long, value_name = "HOST")]
    pub(crate) authority_host: Vec<String>,
    /// How long a sign-in may take, in seconds; clients give up at 300, and the broker at 270 where nothing is said.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..300))]
    pub(crate) sign_in_deadline: Option<u16>,
    /// Where refresh tokens rest: auto, secret-service, file or memory.
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<StoreChoice>,
    /// The store that the user wants, on a bus whose secret service is the one of `azbroker run`.
    #[arg(long, value_name = "STORE", hide = true, requires = "store")]
    pub(crate) in_place_of: Option<StoreChoice>,
    /// What becomes of programs that no rule is about: ask, same-user or deny.
    #[arg(long, value_name = "MODE")]
    pub(crate) approvals: Option<ApprovalMode>,
    /// Asks at this terminal whether a program may have a token.
    #[arg(long)]
    pub(crate) foreground: bool,
    /// Reads the passphrase of the encrypted file from this file descriptor, once.
    #[arg(long, value_name = "FD")]
    pub(crate) passphrase_fd: Option<u32>,
    /// Ends after so many seconds without a request, if no account is in memory alone; `install` asks for it.
    #[arg(long, value_name = "SECONDS|never", default_value = "never")]
    pub(crate) idle_exit: IdleExit,
    /// Has your systemd start browsers, outside the unit of the broker; `install` asks for it.
    #[arg(long)]
    pub(crate) browser_by_systemd: bool,
    /// Logs from this level on, whatever -v says; `systemctl --user service-log-level` changes it later.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) log: Option<Shown>,
    /// Opens Entra ID's page in a window of its own: the emulation gives addresses another meaning.
    #[arg(long, hide = true)]
    pub(crate) new_sign_in_window: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RunArguments {
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Args, Debug)]
pub(crate) struct InstallArguments {
    /// Says what would be written, and writes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// After how many seconds without a request the broker ends; the next request starts it again.
    #[arg(long, value_name = "SECONDS|never", default_value = "600")]
    pub(crate) idle_exit: IdleExit,
}

#[derive(Args, Debug)]
pub(crate) struct UninstallArguments {
    /// Says what would be removed, and removes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DoctorArguments {
    /// Authority host of another cloud, such as login.microsoftonline.us.
    #[arg(long, value_name = "HOST")]
    pub(crate) authority_host: Option<String>,
    /// How the findings are printed.
    #[arg(long, value_enum, default_value_t = ListOutput::Text)]
    pub(crate) output: ListOutput,
}

/// Which application asks whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct ApplicationArguments {
    /// Application (client) ID; the Azure CLI's where none is given.
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Tenant ID or domain; the account's own where none is given.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// Authority host of another cloud, such as login.microsoftonline.us.
    #[arg(long, value_name = "HOST")]
    pub(crate) authority_host: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct LoginArguments {
    #[command(flatten)]
    pub(crate) application: ApplicationArguments,
    /// Offers this username on the sign-in page.
    #[arg(long, value_name = "USER", value_parser = username)]
    pub(crate) username: Option<String>,
    /// What the first token is for.
    #[arg(
        long,
        value_name = "SCOPE",
        default_value = USUAL_SCOPE
    )]
    pub(crate) scope: Vec<String>,
    /// How the redirect comes back, where that is not for the broker to find out.
    #[arg(long, value_enum, value_name = "WAY")]
    pub(crate) redirect: Option<Redirect>,
    /// Signs in at another device, by a code. Many tenants forbid it, because such codes are used for phishing.
    #[arg(long, conflicts_with = "redirect")]
    pub(crate) device_code: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = ListOutput::Text)]
    pub(crate) output: ListOutput,
}

/// What a sign-in is for where nothing is said: most accounts may have it.
pub(crate) const USUAL_SCOPE: &str = "https://management.azure.com/.default";

/// How a redirect comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Redirect {
    /// To `http://localhost`, from your browser.
    Loopback,
    /// Read off a window of Chromium, Chrome or Edge, for applications that registered nothing else.
    Nativeclient,
    /// You sign in in any browser anywhere, and paste the address that it ends on.
    Paste,
}

#[derive(Args, Debug)]
pub(crate) struct AccountsArguments {
    /// How they are printed.
    #[arg(long, value_enum, default_value_t = ListOutput::Text)]
    pub(crate) output: ListOutput,
}

#[derive(Args, Debug)]
pub(crate) struct StatusArguments {
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = ListOutput::Text)]
    pub(crate) output: ListOutput,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Shows the default account, or pins another one.
    Default(DefaultArguments),
}

#[derive(Args, Debug)]
pub(crate) struct DefaultArguments {
    /// The account that is the default from now on.
    #[arg(value_name = "USER", value_parser = username)]
    pub(crate) username: Option<String>,
    /// Tenant of that account, where the user is in several: its ID, or the username's domain for the one at home.
    #[arg(long, value_name = "TENANT", requires = "username")]
    pub(crate) tenant: Option<String>,
    /// Authority host of that account's cloud, such as login.microsoftonline.us, where the user is in several clouds.
    #[arg(long, value_name = "HOST", requires = "username")]
    pub(crate) authority_host: Option<String>,
    /// Pins none.
    #[arg(long, conflicts_with = "username")]
    pub(crate) unset: bool,
    /// How the default account is printed.
    #[arg(long, value_enum, default_value_t = ListOutput::Text)]
    pub(crate) output: ListOutput,
}

#[derive(Args, Debug)]
pub(crate) struct TokenArguments {
    #[command(flatten)]
    pub(crate) application: ApplicationArguments,
    /// What the token is for, such as `https://vault.azure.net/.default`. May be repeated.
    #[arg(long, value_name = "SCOPE", required = true)]
    pub(crate) scope: Vec<String>,
    /// Whose token; the default account's where none is given.
    #[arg(long, value_name = "USER", value_parser = username)]
    pub(crate) username: Option<String>,
    /// Signs in when the broker cannot answer silently.
    #[arg(long)]
    pub(crate) interactive: bool,
    /// What is printed: the token alone, or JSON with its expiry.
    #[arg(long, value_enum, default_value_t = TokenOutput::Token)]
    pub(crate) output: TokenOutput,
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("whose").required(true).args(["username", "all"]))]
pub(crate) struct LogoutArguments {
    /// The account to forget: in every tenant and cloud, unless one is named.
    #[arg(long, value_name = "USER", value_parser = username)]
    pub(crate) username: Option<String>,
    /// Tenant ID of the account to forget, or the domain of its username where it is at home there.
    #[arg(long, value_name = "TENANT", requires = "username")]
    pub(crate) tenant: Option<String>,
    /// Authority host of the cloud of the account to forget, such as login.microsoftonline.us.
    #[arg(long, value_name = "HOST", requires = "username")]
    pub(crate) authority_host: Option<String>,
    /// Forgets every account, also those that the broker could not read.
    #[arg(long, conflicts_with_all = ["username", "tenant", "authority_host"])]
    pub(crate) all: bool,
}

#[derive(Args, Debug)]
pub(crate) struct LogArguments {
    /// How it is printed: JSON is one object a line.
    #[arg(long, value_enum, default_value_t = ListOutput::Text)]
    pub(crate) output: ListOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListOutput {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

/// A username as it was meant: what is copied brings blanks along, and no username has one at its ends.
fn username(typed: &str) -> Result<String, Infallible> {
    Ok(typed.trim().to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenOutput {
    /// The token and a line break.
    #[value(alias = "text")]
    Token,
    /// `{"token":…,"expires_on":…}`, seconds since 1970.
    Json,
}
