//! What the user sees.

use super::{
    Asked, Ending, Others, Purpose,
    form::{ACCOUNT, ANOTHER, DECISION, DENY, LASTING, LASTINGS, TOKEN, USUAL},
    one_time_token::OneTimeToken,
    words,
};
use crate::caller::{Identity, Program, printable};
use azbroker_entra::{Account, Mark, Page};
use http_body_util::Full;
use hyper::{Response, StatusCode, body::Bytes};
use maud::{Markup, html};

type Answer = Response<Full<Bytes>>;

/// The page that asks.
pub(super) fn question(asked: &Asked, token: &OneTimeToken) -> Answer {
    let question = &asked.question;
    let program = at_beginning(&question.caller.program);
    let resource = words::resource(&question.resource.to_string());
    let (title, list) = match asked.purpose {
        Purpose::Approve => (format!("Allow access to {resource}?"), "Allow with"),
        Purpose::Choose => ("Choose an account".to_owned(), "Continue with"),
    };
    let body = html! {
        p.brand { (mark()) "azbroker" }
        h1 { (title) }
        p.lead {
            @match asked.purpose {
                Purpose::Approve => { strong { (program) } " asks for it, to act in your name." }
                Purpose::Choose => { strong { (program) } " asks for access to " strong { (resource) } "." }
            }
        }
        (facts(asked))
        form method="post" {
            input type="hidden" name=(TOKEN) value=(token.as_str());
            h2 #accounts { (list) }
            ul.accounts aria-labelledby="accounts" {
                @for (place, account) in question.accounts.iter().enumerate() {
                    li { (account_button(place, account)) }
                }
                @if asked.others == Others::Welcome {
                    li {
                        button.account name=(DECISION) value=(ANOTHER) {
                            span.letter aria-hidden="true" { "+" }
                            span.who {
                                strong { @if question.accounts.is_empty() { "Sign in with an account" } @else { "Use another account" } }
                            }
                        }
                    }
                }
            }
            @if asked.purpose == Purpose::Approve { (remember(&resource)) }
            div.actions { button.deny name=(DECISION) value=(DENY) { "Deny" } }
        }
    };
    Page::new(StatusCode::OK, title, body)
        .with_forms()
        .with_footer(html! {
            p { "This page comes from azbroker, the broker on this machine. It never asks for a password; only the \
                 sign-in page of Entra ID or your organisation does." }
        })
        .into_response()
}

/// What the browser that answered shows.
pub(super) fn outcome(asked: &Asked, ending: &Ending) -> Answer {
    let program = at_beginning(&asked.question.caller.program);
    let (mark, title, text) = match ending {
        Ending::Given { username } => (
            Mark::Done,
            "Done",
            format!(
                "{program} has its token of {username}. You can close this window and go back to it."
            ),
        ),
        Ending::Denied => (
            Mark::Ended,
            "Denied",
            format!("{program} was given nothing. You can close this window."),
        ),
        Ending::Failed(reason) => (
            Mark::Failed,
            "That did not work",
            format!("{reason}. You can close this window."),
        ),
        Ending::TooLate | Ending::NobodyWaits => return ended(asked, ending),
    };
    Page::notice(StatusCode::OK, mark, title, &text).into_response()
}

/// What whoever asks for the page after its end is told.
pub(super) fn ended(asked: &Asked, ending: &Ending) -> Answer {
    let program = at_beginning(&asked.question.caller.program);
    let text = match ending {
        Ending::Given { .. } => "It was answered, and the program has its token.".to_owned(),
        Ending::Denied => "It was denied: the program was given nothing.".to_owned(),
        Ending::Failed(reason) => format!("It was answered, but failed: {reason}."),
        Ending::TooLate => "It was not answered in time. Start again from your program.".to_owned(),
        Ending::NobodyWaits => format!("{program} is not waiting for it any more."),
    };
    let text = format!("{text} You can close this window.");
    Page::notice(
        StatusCode::GONE,
        Mark::Ended,
        "This request has ended",
        &text,
    )
    .into_response()
}

/// The answer has come, and something is done about it.
pub(super) fn answered() -> Answer {
    Page::notice(
        StatusCode::CONFLICT,
        Mark::Ended,
        "Already answered",
        "Go on in the window where you answered. You can close this one.",
    )
    .into_response()
}

/// Entra ID's page follows, in this window or another.
pub(super) fn going_on() -> Answer {
    Page::notice(
        StatusCode::OK,
        Mark::Done,
        "Going on to sign in",
        "Your browser opens the sign-in page. If it is in another window, you can close this one.",
    )
    .with_forms()
    .into_response()
}

/// This is no address of ours, or no request that the page makes.
pub(super) fn nothing_here(status: StatusCode) -> Answer {
    Page::notice(
        status,
        Mark::Ended,
        "Nothing to do here",
        "No program is waiting for this answer. Start again from your program.",
    )
    .into_response()
}

/// A program's name as the first word of a sentence.
fn at_beginning(program: &Program) -> String {
    match program.identity {
        Identity::Unknown(_) => "An unknown program".to_owned(),
        _ => program.short_name(),
    }
}

fn account_button(place: usize, account: &Account) -> Markup {
    let name = match account.name.trim() {
        "" => &account.username,
        name => name,
    };
    let letter: String = name
        .chars()
        .find(|letter| letter.is_alphanumeric())
        .map(|letter| letter.to_uppercase().collect())
        .unwrap_or_default();
    html! {
        button.account name=(ACCOUNT) value=(place) {
            span.letter aria-hidden="true" { (letter) }
            span.who {
                strong { (name) }
                @if name != account.username { span { (account.username) } }
                span.tenant { "Tenant " (account.tenant_id) }
            }
        }
    }
}

/// Who asks for what, as the bus and the request say.
fn facts(asked: &Asked) -> Markup {
    let question = &asked.question;
    let program = &question.caller.program;
    let application = words::application(question.client_id.as_str());
    html! {
        dl.facts {
            div {
                dt { "Program" }
                dd { (program.short_name()) small { (whereabouts(program)) } }
            }
            @if !program.command_line.trim().is_empty() {
                div { dt { "Started as" } dd { code { (shortened(&program.command_line)) } } }
            }
            div {
                dt { "Application" }
                @match application {
                    Some(name) => dd { (name) small { (question.client_id) } },
                    None => dd { (question.client_id) },
                }
            }
            div {
                dt { "Access to" }
                dd { (words::resource(&question.resource.to_string())) small { (question.scopes) } }
            }
            @if !question.tenant.is_multi_tenant() {
                div { dt { "Tenant" } dd { (question.tenant.as_str()) } }
            }
            div { dt { "Request" } dd { small { (question.correlation_id) } } }
        }
    }
}

fn whereabouts(program: &Program) -> String {
    let place = match &program.identity {
        Identity::Executable(path) => printable(&path.to_string_lossy()).into_owned(),
        Identity::Flatpak(name) => format!("Flatpak {}", printable(name)),
        Identity::Snap(name) => format!("Snap {}", printable(name)),
        Identity::Container(id) => format!("container {}", printable(id)),
        Identity::Unknown(why) => (*why).to_owned(),
    };
    match program.process {
        Some(process) => format!("{place}, process {process}"),
        None => place,
    }
}

fn shortened(command_line: &str) -> String {
    const LONGEST: usize = 160;
    let text = printable(command_line.trim());
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

fn remember(resource: &str) -> Markup {
    html! {
        div.remember {
            label for="lasting" { "Remember this answer" }
            select #lasting name=(LASTING) aria-describedby="remembered" {
                @for (name, _, words) in LASTINGS {
                    option value=(name) selected[name == USUAL] { (words) }
                }
            }
            p #remembered {
                "For this program, application, account and " (resource) ". Take it back with " code { "azbroker rules" } "."
            }
        }
    }
}

/// A keyhole in a shield.
fn mark() -> Markup {
    html! {
        svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linejoin="round"
            stroke-linecap="round" aria-hidden="true" {
            path d="M12 2.75 4.75 5.5v5.75c0 4.6 3 8.3 7.25 10 4.25-1.7 7.25-5.4 7.25-10V5.5z" {}
            circle cx="12" cy="10" r="2" {}
            path d="M12 12v3.5" {}
        }
    }
}
