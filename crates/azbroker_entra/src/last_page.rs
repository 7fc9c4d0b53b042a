//! The last page of a sign-in: what the user's browser shows when the redirect has come.

/// How the sign-in ended, as far as the page tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastPage {
    /// The user is signed in.
    SignedIn,
    /// The user declined.
    Declined,
    /// It failed; the number is Entra ID's, where there is one.
    Failed(Option<u32>),
    /// This is no redirect of a sign-in that is under way.
    NotExpected,
}

impl LastPage {
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::NotExpected => 400,
            _ => 200,
        }
    }

    /// The page. Nothing in it comes from the request but a number.
    pub(crate) fn html(self) -> String {
        let (mark, title, text) = match self {
            Self::SignedIn => (
                "✓",
                "You are signed in",
                "You can close this window and go back to your program.".to_owned(),
            ),
            Self::Declined => (
                "–",
                "Sign-in declined",
                "Nothing was given to the program. You can close this window.".to_owned(),
            ),
            Self::Failed(code) => (
                "!",
                "Sign-in failed",
                match code {
                    Some(code) => format!(
                        "Entra ID answered AADSTS{code}. The program says what it means; you can close this window."
                    ),
                    None => "The program says why. You can close this window.".to_owned(),
                },
            ),
            Self::NotExpected => (
                "?",
                "Nothing to do here",
                "No sign-in is waiting for this answer. Start it again from your program."
                    .to_owned(),
            ),
        };
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\"><title>{title}</title>\
             <style>{STYLE}</style></head><body><main><p class=\"mark\" aria-hidden=\"true\">{mark}</p>\
             <h1>{title}</h1><p>{text}</p></main></body></html>"
        )
    }
}

const STYLE: &str = ":root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-items:center;\
font:1.05rem/1.5 system-ui,sans-serif;background:light-dark(#f3f4f6,#16181d);color:light-dark(#1b1f24,#e6e8eb)}\
main{max-width:26rem;padding:2.5rem;margin:1rem;border-radius:.75rem;text-align:center;\
background:light-dark(#fff,#20242b);box-shadow:0 1px 6px #0003}\
h1{font-size:1.35rem;margin:0 0 .5rem}p{margin:0}\
.mark{font-size:2rem;line-height:3.5rem;width:3.5rem;margin:0 auto 1rem;border-radius:50%;\
background:light-dark(#e3efff,#26354a);color:light-dark(#0b57b7,#8fbcff)}";
