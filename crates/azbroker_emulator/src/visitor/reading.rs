//! What a user makes of a page.

use url::Url;

use super::{
    Behavior, SignIn,
    forms::{Button, Form, Input, Submission},
};

/// A user in the middle of a visit.
pub(super) struct Reader<'a> {
    sign_in: &'a SignIn,
    typed_username: bool,
    typed_password: bool,
    /// What another device shows, until it is typed.
    code: Option<&'a str>,
}

/// What a user does about a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    Submit(Submission),
    /// There is nothing to do here, or nothing they want to do.
    Stop,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sign_in: &'a SignIn) -> Self {
        Self {
            sign_in,
            typed_username: false,
            typed_password: false,
            code: None,
        }
    }

    pub(super) fn with_code(sign_in: &'a SignIn, code: &'a str) -> Self {
        Self {
            code: Some(code),
            ..Self::new(sign_in)
        }
    }

    pub(super) fn react(&mut self, page: &str, url: &Url) -> Reaction {
        let forms = Form::all_in(page);
        let Some(form) = forms.first() else {
            return Reaction::Stop;
        };
        self.fill(form, url)
            .map_or(Reaction::Stop, Reaction::Submit)
    }

    fn fill(&mut self, form: &Form, url: &Url) -> Option<Submission> {
        let as_it_is = |input: &Input| input.value.clone();
        let asks_password = form.inputs.iter().any(is_password);
        let asks_username = form.inputs.iter().any(is_username);
        let has_choice = form.buttons.iter().any(|button| button.name.is_some());
        if !asks_password && !asks_username && !has_choice {
            // Nothing to see: the page sends itself on.
            return form.submit(url, as_it_is, None);
        }
        let behavior = self.sign_in.behavior;
        if behavior == Behavior::Close {
            return None;
        }
        let cancel = form.buttons.iter().find(|button| is_cancel(button));
        let asks_code = form.inputs.iter().any(is_code);
        if behavior == Behavior::Decline && cancel.is_some() && !asks_code {
            return form.submit(url, as_it_is, cancel);
        }
        let go_on = form.buttons.iter().find(|button| !is_cancel(button));

        if asks_code {
            let code = self.code.take()?;
            let typed = |input: &Input| {
                if is_code(input) {
                    code.to_owned()
                } else {
                    input.value.clone()
                }
            };
            let pressed = if behavior == Behavior::Decline {
                cancel
            } else {
                go_on
            };
            return form.submit(url, typed, pressed);
        }
        if asks_password {
            // A page that asks again did not like the answer.
            if std::mem::replace(&mut self.typed_password, true) {
                return None;
            }
            let password = match behavior {
                Behavior::WrongPassword => format!("not-{}", self.sign_in.password),
                _ => self.sign_in.password.clone(),
            };
            let typed = |input: &Input| {
                if is_password(input) {
                    password.clone()
                } else {
                    input.value.clone()
                }
            };
            return form.submit(url, typed, go_on);
        }
        if asks_username {
            if std::mem::replace(&mut self.typed_username, true) {
                return None;
            }
            let username = &self.sign_in.username;
            let typed = |input: &Input| {
                if is_username(input) {
                    username.clone()
                } else {
                    input.value.clone()
                }
            };
            return form.submit(url, typed, go_on);
        }
        let username = self.sign_in.username.to_lowercase();
        let account = form
            .buttons
            .iter()
            .find(|button| button.text.to_lowercase().contains(&username));
        let another = form.buttons.iter().find(|button| {
            let text = button.text.to_lowercase();
            text.contains("another account") || text.contains("sign in with an account")
        });
        if account.is_some() || another.is_some() {
            return form.submit(url, as_it_is, account.or(another));
        }
        let decision = if behavior == Behavior::DeclineConsent {
            cancel.or(go_on)
        } else {
            go_on
        };
        form.submit(url, as_it_is, decision)
    }
}

fn is_code(input: &Input) -> bool {
    input.name == "otc"
}

fn is_password(input: &Input) -> bool {
    input.kind == "password"
}

fn is_username(input: &Input) -> bool {
    matches!(&*input.kind, "text" | "email")
}

fn is_cancel(button: &Button) -> bool {
    ["cancel", "decline", "deny"].iter().any(|word| {
        button.text.eq_ignore_ascii_case(word) || button.value.eq_ignore_ascii_case(word)
    })
}
