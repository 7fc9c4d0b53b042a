//! The frame around every page, and its headers.

use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::random;

/// A page without its content.
pub(super) struct Page<'a> {
    pub(super) status: StatusCode,
    pub(super) title: &'a str,
    /// Where a form may lead besides this host.
    pub(super) form_target: Option<&'a str>,
    pub(super) script: Option<&'static str>,
}

impl Page<'_> {
    pub(super) fn render(self, body: &Markup) -> Response {
        let nonce = random::token();
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    // None, so that browsers do not ask for one.
                    link rel="icon" href="data:,";
                    title { (self.title) " - azbroker emulator" }
                    style nonce=(nonce) { (PreEscaped(STYLE)) }
                }
                body {
                    main { (body) }
                    footer { "Emulated sign-in on this machine. Real passwords do not belong here." }
                    @if let Some(script) = self.script { script nonce=(nonce) { (PreEscaped(script)) } }
                }
            }
        };
        let headers = [
            (header::CONTENT_SECURITY_POLICY, self.policy(&nonce)),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
            (header::X_FRAME_OPTIONS, "DENY".to_owned()),
        ];
        (self.status, headers, Html(page.into_string())).into_response()
    }

    fn policy(&self, nonce: &str) -> String {
        let script = self
            .script
            .map(|_| format!(" script-src 'nonce-{nonce}';"))
            .unwrap_or_default();
        let form = self
            .form_target
            .map(|target| format!("'self' {target}"))
            .unwrap_or_else(|| "'none'".to_owned());
        format!(
            "default-src 'none'; img-src data:; style-src 'nonce-{nonce}';{script} form-action {form}; base-uri 'none'; \
             frame-ancestors 'none'"
        )
    }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--text:#1b1b1f;--quiet:#5c5c66;--page:#eef0f4;--card:#fff;--line:#c9ccd4;--accent:#0b5cad;\
--on-accent:#fff;--error:#a4161a}\
@media(prefers-color-scheme:dark){:root{--text:#ececf1;--quiet:#a9abb8;--page:#15161a;--card:#212329;--line:#474a55;\
--accent:#8ab8f0;--on-accent:#10233b;--error:#ffb3ad}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;justify-content:center;padding:1.5rem;\
background:var(--page);color:var(--text);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\
main{width:100%;max-width:28rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem}\
h1{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25}\
p{margin:.5rem 0 1rem}\
label{display:block;margin-bottom:.25rem;font-weight:600}\
input:not([type=hidden]){width:100%;padding:.6rem .75rem;font:inherit;color:inherit;background:transparent;\
border:1px solid var(--quiet);border-radius:.4rem}\
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem;flex-direction:row-reverse;justify-content:flex-start}\
button{padding:.6rem 1.25rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--quiet);\
border-radius:.4rem;cursor:pointer}\
.actions button{white-space:nowrap}\
button.primary{background:var(--accent);border-color:var(--accent);color:var(--on-accent);font-weight:600}\
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}\
ul.accounts{list-style:none;margin:1rem 0;padding:0}\
button.account{display:flex;flex-direction:column;width:100%;margin-top:.5rem;text-align:left}\
button.account span{color:var(--quiet)}\
ul.scopes{padding-left:1.25rem}\
.error{color:var(--error)}\
dl{margin:1rem 0 0;font-size:.875rem}dt{color:var(--quiet)}dd{margin:0 0 .5rem}\
footer{margin-top:1rem;color:var(--quiet);font-size:.875rem;text-align:center}\
@media(max-width:24rem){body{padding:1rem}main{padding:1.25rem}}";
