//! The pages of a sign-in with a code from another device.

use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};

use super::layout::Page;

/// Asks for the code that the device shows.
pub(in crate::entra) fn device_code(entered: &str, error: Option<&str>) -> Response {
    page(
        "Enter code",
        html! {
            h1 { "Enter code" }
            p { "Enter the code that your application or device shows. Never enter a code that somebody sent you." }
            form method="post" action="/common/oauth2/deviceauth" {
                @if let Some(error) = error { p.error #error role="alert" { (error) } }
                label for="otc" { "Code" }
                input #otc type="text" name="otc" value=(entered) autocomplete="off"
                    aria-describedby=[error.map(|_| "error")] required autofocus;
                div.actions {
                    button.primary type="submit" { "Next" }
                    button name="decision" value="cancel" { "Cancel" }
                }
            }
        },
    )
}

/// Says that the device may go on.
pub(in crate::entra) fn device_signed_in(application: &str) -> Response {
    page(
        "Signed in",
        html! {
            h1 { "Signed in" }
            p { "You have signed in to " strong { (application) } " on your device. You can close this window." }
        },
    )
}

/// Says that the device gets nothing.
pub(in crate::entra) fn device_declined() -> Response {
    page(
        "Declined",
        html! { h1 { "Declined" } p { "The device gets nothing. You can close this window." } },
    )
}

fn page(title: &str, body: Markup) -> Response {
    Page {
        status: StatusCode::OK,
        title,
        form_target: Some("'self'"),
        script: None,
    }
    .render(&body)
}
