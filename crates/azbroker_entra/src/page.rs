//! The pages that a user sees from this machine: plain HTML without script, in one look.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{self, HeaderValue},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::sync::LazyLock;

/// A page with all that protects it.
#[derive(Clone, Debug)]
pub struct Page {
    status: StatusCode,
    title: String,
    main: Markup,
    footer: Option<Markup>,
    forms: Forms,
}

/// Where the forms of a page may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forms {
    Nowhere,
    ToSignIn,
}

impl Page {
    /// A page of a title and what stands below it.
    pub fn new(status: StatusCode, title: impl Into<String>, main: Markup) -> Self {
        Self {
            status,
            title: title.into(),
            main,
            footer: None,
            forms: Forms::Nowhere,
        }
    }

    /// A page that says one thing and asks for nothing.
    pub fn notice(status: StatusCode, mark: Mark, title: &str, text: &str) -> Self {
        let main = html! {
            div.notice {
                p.mark.(mark.class()) aria-hidden="true" { (mark.sign()) }
                h1 { (title) }
                p { (text) }
            }
        };
        Self::new(status, title, main)
    }

    /// Adds a line at the foot.
    pub fn with_footer(mut self, footer: Markup) -> Self {
        self.footer = Some(footer);
        self
    }

    /// Lets its forms lead to this page's own address and on to a sign-in.
    pub fn with_forms(mut self) -> Self {
        self.forms = Forms::ToSignIn;
        self
    }

    /// The answer that brings the page to a browser.
    pub fn into_response(self) -> Response<Full<Bytes>> {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    // None, so that browsers do not ask for one.
                    link rel="icon" href="data:,";
                    title { (self.title) " · azbroker" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main { (self.main) }
                    @if let Some(footer) = self.footer { footer { (footer) } }
                }
            }
        };
        let mut response = Response::new(Full::new(Bytes::from(page.into_string())));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for (name, value) in PROTECTION {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(header::CONTENT_SECURITY_POLICY, self.forms.policy());
        response
    }
}

/// An application's own page. It is no page of ours, so it has its styles in it, and they are not known here.
pub(crate) fn own(html: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(html)));
    let headers = response.headers_mut();
    for (name, value) in PROTECTION {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(OWN_POLICY),
    );
    response
}

impl Forms {
    fn policy(self) -> HeaderValue {
        let policy = match self {
            Self::Nowhere => &*WITHOUT_FORMS,
            Self::ToSignIn => &*WITH_FORMS,
        };
        HeaderValue::from_static(policy)
    }
}

/// What stands beside the title of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mark {
    /// It went well.
    Done,
    /// It ended, and nothing went wrong.
    Ended,
    /// It failed.
    Failed,
}

impl Mark {
    fn sign(self) -> &'static str {
        match self {
            Self::Done => "✓",
            Self::Ended => "–",
            Self::Failed => "!",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }
}

const PROTECTION: [(header::HeaderName, &str); 5] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    // Not `no-referrer`: with that, browsers say `Origin: null` when a form is sent, and the origin of an answer
    // could not be checked. Other origins are told nothing by either.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

static WITHOUT_FORMS: LazyLock<String> = LazyLock::new(|| policy("form-action 'none'"));

// Chromium holds every hop after a form to this: from here to Entra ID, on to an organisation's own page, and
// back to the port that waits for the redirect.
static WITH_FORMS: LazyLock<String> =
    LazyLock::new(|| policy("form-action 'self' https: http://localhost:* http://127.0.0.1:*"));

/// The address of the page has the code in it, so nothing may be loaded, let alone run.
const OWN_POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
     form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

fn policy(forms: &str) -> String {
    let style = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{style}'; {forms}; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

const STYLE: &str = include_str!("page/style.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_load_nothing_and_run_nothing() {
        let page = Page::notice(
            StatusCode::OK,
            Mark::Done,
            "Done",
            "<script>alert(1)</script>",
        );
        let response = page.into_response();
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.starts_with("default-src 'none'; img-src data:; style-src 'sha256-"));
        for part in [
            "form-action 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(
            response.headers()[header::X_CONTENT_TYPE_OPTIONS],
            "nosniff"
        );
    }

    #[tokio::test]
    async fn text_is_escaped() {
        use http_body_util::BodyExt;
        let page = Page::notice(StatusCode::OK, Mark::Failed, "a<b", "\"<script>\" & co");
        let body = page.into_response().into_body().collect().await.unwrap();
        let text = String::from_utf8(body.to_bytes().to_vec()).unwrap();
        assert!(text.contains("<title>a&lt;b · azbroker</title>"), "{text}");
        assert!(text.contains("&lt;script&gt;"), "{text}");
        assert!(!text.contains("<script"), "{text}");
    }
}
