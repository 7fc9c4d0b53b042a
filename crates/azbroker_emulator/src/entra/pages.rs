//! What the user sees.

mod device;
mod layout;

use axum::{http::StatusCode, response::Response};
use maud::html;

use super::{
    Entra, Refusal,
    authorize_request::{Addressee, AuthorizeRequest},
    redirect_uri::RedirectUri,
};
use crate::{cloud::Cloud, exchange::Notes, world::User};
pub(super) use device::{device_code, device_declined, device_signed_in};
use layout::Page;

/// What the pages of one sign-in have in common.
pub(super) struct View {
    /// The path that the pages post below.
    base: String,
    sign_in: String,
    application: String,
    policy_source: String,
}

impl View {
    pub(super) fn new(entra: &Entra, sign_in: &str, request: &AuthorizeRequest) -> Self {
        Self {
            base: format!("/{}/login", request.authority.segment(&entra.cloud)),
            sign_in: sign_in.to_owned(),
            application: request.application_name.clone(),
            policy_source: match &request.answer_to {
                Addressee::Application(to) => to.redirect_uri.policy_source(),
                // The answer goes to a page of the service's own.
                Addressee::Device(_) => "'self'".to_owned(),
            },
        }
    }

    fn page(&self, title: &str, body: maud::Markup) -> Response {
        Page {
            status: StatusCode::OK,
            title,
            form_target: Some(&self.policy_source),
            script: None,
        }
        .render(&body)
    }
}

/// Lets the user choose among those this browser is signed in with.
pub(super) fn accounts(view: &View, users: &[&User]) -> Response {
    view.page(
        "Pick an account",
        html! {
            h1 { "Pick an account" }
            p { "to continue to " strong { (view.application) } }
            form method="post" action={ (view.base) "/account" } {
                input type="hidden" name="sign_in" value=(view.sign_in);
                ul.accounts {
                    @for user in users {
                        li {
                            button.account name="account" value=(user.username) {
                                strong { (user.name) } span { (user.username) }
                            }
                        }
                    }
                    li { button.account name="other" value="1" { "Use another account" } }
                }
                div.actions { button name="decision" value="cancel" { "Cancel" } }
            }
        },
    )
}

/// Asks who the user is.
pub(super) fn username(view: &View, hint: &str, error: Option<&str>) -> Response {
    view.page(
        "Sign in",
        html! {
            h1 { "Sign in" }
            p { "to continue to " strong { (view.application) } }
            form method="post" action={ (view.base) "/username" } {
                input type="hidden" name="sign_in" value=(view.sign_in);
                @if let Some(error) = error { p.error #error role="alert" { (error) } }
                label for="username" { "Username" }
                input #username type="email" name="username" value=(hint) autocomplete="username"
                    aria-describedby=[error.map(|_| "error")] required autofocus;
                div.actions {
                    // The first button is the one that the Enter key presses.
                    button.primary type="submit" { "Next" }
                    button name="decision" value="cancel" formnovalidate { "Cancel" }
                }
            }
        },
    )
}

/// Asks for the password.
pub(super) fn password(view: &View, username: &str, error: Option<&str>) -> Response {
    view.page(
        "Enter password",
        html! {
            h1 { "Enter password" }
            p { strong { (username) } }
            form method="post" action={ (view.base) "/password" } {
                input type="hidden" name="sign_in" value=(view.sign_in);
                @if let Some(error) = error { p.error #error role="alert" { (error) } }
                label for="password" { "Password" }
                input #password type="password" name="password" autocomplete="current-password"
                    aria-describedby=[error.map(|_| "error")] required autofocus;
                div.actions {
                    button.primary type="submit" { "Sign in" }
                    button name="decision" value="cancel" formnovalidate { "Cancel" }
                }
            }
        },
    )
}

/// Asks whether the application may act for the user.
pub(super) fn consent(view: &View, user: &User, scopes: &[String]) -> Response {
    view.page(
        "Permissions requested",
        html! {
            h1 { "Permissions requested" }
            p { strong { (view.application) } " wants to act for " strong { (user.username) } " with these permissions:" }
            ul.scopes { @for scope in scopes { li { code { (scope) } } } }
            form method="post" action={ (view.base) "/consent" } {
                input type="hidden" name="sign_in" value=(view.sign_in);
                div.actions {
                    button.primary name="decision" value="accept" { "Accept" }
                    button name="decision" value="cancel" { "Cancel" }
                }
            }
        },
    )
}

/// Says why the sign-in cannot go on.
pub(super) fn refused(cloud: &Cloud, notes: &Notes, refusal: &Refusal) -> Response {
    let written = refusal.written(cloud, notes);
    let body = html! {
        h1 { "Sign-in is not possible" }
        p.error role="alert" { (refusal.sentence(notes)) }
        dl {
            dt { "Error" } dd { code { (written.error) } }
            dt { "Trace ID" } dd { code { (written.trace_id) } }
            dt { "Correlation ID" } dd { code { (written.correlation_id) } }
            dt { "Timestamp" } dd { code { (written.timestamp) } }
        }
    };
    Page {
        status: refusal.status(),
        title: "Sign-in is not possible",
        form_target: None,
        script: None,
    }
    .render(&body)
}

/// Brings the answer to the application in a form that posts itself.
///
/// See [OAuth 2.0 Form Post Response Mode section 2](https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html#FormPostResponseMode).
pub(super) fn form_post(to: &RedirectUri, parameters: &[(&str, String)]) -> Response {
    let body = html! {
        h1 { "Back to the application" }
        form method="post" action=(to.as_str()) {
            @for (name, value) in parameters { input type="hidden" name=(name) value=(value); }
            noscript {
                p { "Your browser runs no scripts, so please continue yourself." }
                div.actions { button.primary type="submit" { "Continue" } }
            }
        }
    };
    Page {
        status: StatusCode::OK,
        title: "Working",
        form_target: Some(&to.policy_source()),
        script: Some("document.forms[0].submit();"),
    }
    .render(&body)
}

/// Stands where an application without a listener reads the address.
pub(super) fn native_client() -> Response {
    let body = html! { h1 { "Signed in" } p { "You can close this window." } };
    Page {
        status: StatusCode::OK,
        title: "Signed in",
        form_target: None,
        script: None,
    }
    .render(&body)
}
