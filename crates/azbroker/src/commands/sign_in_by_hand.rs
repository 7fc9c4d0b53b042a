//! Sign-ins that need no browser on this machine. The broker begins and finishes them; this only tells the person
//! what to do, and hands over what they paste.

use super::broker_failure::login_command;
use crate::{
    arguments::{LoginArguments, Redirect, USUAL_SCOPE},
    failure::{Exit, Failure},
    folders::is_emulated,
    output::tell,
};
use azbroker_service::{
    BUS_NAME,
    sign_in_messages::{
        BeginReply, PasteReply, SIGN_IN_INTERFACE, SignInFailure, SignInWay, SignedIn, Turn,
        USUAL_CLIENT_ID,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use std::{env, io::BufRead};
use tokio::sync::mpsc;
use zbus::{Connection, zvariant::DynamicType};
use zeroize::Zeroizing;

/// What came of it.
#[derive(Debug)]
pub(crate) enum ByHand {
    /// Somebody has signed in; the home account ID.
    SignedIn(String),
    /// An ordinary interactive request does it.
    NotNeeded,
}

/// Asks the broker whether the person has to do something by hand, and has them do it.
pub(crate) async fn run(arguments: &LoginArguments) -> Result<ByHand, Failure> {
    let way = match (arguments.device_code, arguments.redirect) {
        (true, _) => SignInWay::DeviceCode,
        (false, Some(Redirect::Loopback)) => SignInWay::Loopback,
        (false, Some(Redirect::Nativeclient)) => SignInWay::NativeClient,
        (false, Some(Redirect::Paste)) => SignInWay::Paste,
        (false, None) => SignInWay::Auto,
    };
    let broker = Broker {
        connection: Connection::session()
            .await
            .map_err(|error| Failure::of(Exit::UserMustAct, &error))?,
    };
    let correlation_id = azure_core::Uuid::new_v4().to_string();
    let begin = (correlation_id, word(way), request(arguments));
    let reply: BeginReply = match broker.call("begin", &begin).await {
        // Another broker than ours signs in as it does.
        Err(Fault::NoSuchInterface) if way == SignInWay::Auto => return Ok(ByHand::NotNeeded),
        reply => reply.map_err(|fault| naming_application(fault.into(), arguments))?,
    };
    let signed_in = match reply {
        BeginReply::Paste {
            reason,
            url,
            redirect_uri,
            lasts,
        } => {
            if let Some(reason) = reason {
                tell(format_args!("{reason}, so you sign in by hand"));
            }
            tell(format_args!(
                "open this address in a browser on any machine, and sign in there within {} minutes:\n\n{url}\n\n\
                 then copy the whole address that the browser ends on, which begins with {redirect_uri},\n\
                 whatever page it shows; paste it here and press Enter:",
                lasts / 60
            ));
            tell_emulated(&url);
            broker.take_pastes().await?
        }
        BeginReply::DeviceCode {
            verification_uri,
            user_code,
            lasts,
        } => {
            tell(format_args!(
                "open {verification_uri} on any device, enter the code {user_code} and sign in within {} minutes;\n\
                 never enter a code that somebody else sent you",
                lasts / 60
            ));
            tell_emulated(&verification_uri);
            broker.call("wait", &()).await?
        }
        _ => return Ok(ByHand::NotNeeded),
    };
    Ok(ByHand::SignedIn(signed_in.home_account_id))
}

/// The broker knows the command that helps, and nothing of what was typed with this one: as it stands there, it would
/// sign in to another application.
fn naming_application(failure: Failure, arguments: &LoginArguments) -> Failure {
    failure.with_words_of_hint(BY_HAND, &by_hand(arguments))
}

/// The command that signs in the same without a browser on this machine.
pub(super) fn by_hand(arguments: &LoginArguments) -> String {
    let is_usual = arguments.scope == [USUAL_SCOPE];
    let login = login_command(
        &arguments.application,
        arguments.username.as_deref(),
        if is_usual { &[] } else { &arguments.scope },
    );
    format!("{login} --redirect paste")
}

const BY_HAND: &str = "azbroker login --redirect paste";

/// The addresses are the real ones, and so would be whoever answers at them.
fn tell_emulated(url: &str) {
    if is_emulated() {
        tell(format_args!(
            "in this emulation `\"$BROWSER\" '{url}'` opens it; any other browser asks the real Entra ID, which knows \
             nothing of it"
        ));
    }
}

/// The broker on the bus.
struct Broker {
    connection: Connection,
}

impl Broker {
    /// Hands over each line until the sign-in is over.
    async fn take_pastes(&self) -> Result<SignedIn, Failure> {
        let mut lines = lines_of_input();
        let mut over = std::pin::pin!(self.call::<SignedIn>("wait", &()));
        loop {
            let line = tokio::select! {
                signed_in = &mut over => return Ok(signed_in?),
                line = lines.recv() => line,
            };
            let Some(line) = line else {
                return Err(Failure::new(
                    Exit::UserMustAct,
                    "nothing was pasted, so nobody is signed in",
                )
                .with_hint(
                    "run it in a terminal, and paste the address that the browser ends on",
                ));
            };
            if line.trim().is_empty() {
                continue;
            }
            let reply: PasteReply = self.call("paste", &(line.as_str(),)).await?;
            match reply.fault {
                None => return Ok(over.await?),
                Some(fault) => tell(fault),
            }
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        arguments: &(impl Serialize + DynamicType),
    ) -> Result<T, Fault> {
        let reply = self
            .connection
            .call_method(
                Some(BUS_NAME),
                "/com/microsoft/identity/broker1",
                Some(SIGN_IN_INTERFACE),
                method,
                arguments,
            )
            .await
            .map_err(Fault::of_call)?;
        let json: String = reply.body().deserialize().map_err(Fault::of_call)?;
        match serde_json::from_str::<SignInFailure>(&json) {
            Ok(failure) => Err(Fault::Denied(Box::new(failure))),
            Err(_) => serde_json::from_str(&json).map_err(|_| Fault::Malformed),
        }
    }
}

/// Why the broker gave no answer.
enum Fault {
    NoSuchInterface,
    Denied(Box<SignInFailure>),
    Malformed,
    Bus(zbus::Error),
}

impl Fault {
    fn of_call(error: zbus::Error) -> Self {
        let unknown = match &error {
            zbus::Error::MethodError(name, _, _) => ["UnknownMethod", "UnknownInterface"]
                .iter()
                .any(|word| name.as_str() == format!("org.freedesktop.DBus.Error.{word}")),
            _ => false,
        };
        match unknown {
            true => Self::NoSuchInterface,
            false => Self::Bus(error),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NoSuchInterface => Self::new(
                Exit::UserMustAct,
                "the broker on this bus is none of azbroker's, and signs in with a window of its own only",
            )
            .with_hint("leave out --redirect and --device-code"),
            Fault::Malformed => Self::new(Exit::Failed, "the broker's answer makes no sense"),
            Fault::Bus(error) => Self::of(Exit::Failed, &error),
            Fault::Denied(failure) => {
                let exit = match failure.turn() {
                    Turn::User => Exit::UserMustAct,
                    Turn::Asker => Exit::WrongUsage,
                    Turn::Later => Exit::TryAgainLater,
                    _ => Exit::Failed,
                };
                let told = Self::new(exit, failure.message());
                match failure.next_step() {
                    Some(step) => told.with_hint(step),
                    None => told,
                }
            }
        }
    }
}

/// The word of the way, as it is written in JSON.
fn word(way: SignInWay) -> String {
    match serde_json::to_value(way) {
        Ok(serde_json::Value::String(word)) => word,
        _ => unreachable!("a way is a word"),
    }
}

/// A token request of the contract.
fn request(arguments: &LoginArguments) -> String {
    let application = &arguments.application;
    let host = application
        .authority_host
        .clone()
        .or_else(|| env::var("AZURE_AUTHORITY_HOST").ok())
        .filter(|host| !host.is_empty())
        .unwrap_or_else(|| "login.microsoftonline.com".to_owned());
    let host = host.trim_end_matches('/');
    let scheme = if host.contains("://") { "" } else { "https://" };
    let tenant = application.tenant.as_deref().unwrap_or("organizations");
    serde_json::json!({ "authParameters": {
        "clientId": application.client_id.as_deref().unwrap_or(USUAL_CLIENT_ID),
        "authority": format!("{scheme}{host}/{tenant}"),
        "requestedScopes": arguments.scope,
        "username": arguments.username.as_deref().unwrap_or_default(),
    }})
    .to_string()
}

/// Reads in a thread of its own, which may outlive the sign-in: nothing ends a read of the terminal.
fn lines_of_input() -> mpsc::Receiver<Zeroizing<String>> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else {
                return;
            };
            if sender.blocking_send(Zeroizing::new(line)).is_err() {
                return;
            }
        }
    });
    lines
}
