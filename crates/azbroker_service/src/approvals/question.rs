use super::{Lasting, Resource};
use crate::caller::{Caller, printable};
use azbroker_entra::{Account, ClientId, CorrelationId, Scopes, Tenant};
use std::sync::Arc;

/// What the user is asked: whether a program may have a token, and of which account.
#[derive(Clone, Debug)]
pub struct Question {
    pub(crate) caller: Caller,
    pub(crate) client_id: ClientId,
    pub(crate) resource: Resource,
    pub(crate) scopes: Scopes,
    pub(crate) tenant: Tenant,
    /// The cloud that is asked, by its one name.
    pub(crate) environment: String,
    /// The accounts held that could answer, the default one first. Without any a sign-in follows.
    pub(crate) accounts: Vec<Arc<Account>>,
    pub(crate) login_hint: Option<String>,
    pub(crate) correlation_id: CorrelationId,
}

/// What the user said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) choice: Choice,
    /// How long it holds.
    pub(crate) lasting: Lasting,
}

/// What the user chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The program may have a token of this account.
    Account(Arc<Account>),
    /// The program may have one of the account that signs in next.
    AnotherAccount,
    /// The program may have none.
    Denied,
}

impl Question {
    /// The question in one line, such as "May node have a token?".
    pub fn title(&self) -> String {
        format!("May {} have a token?", self.caller.program.short_name())
    }

    /// What the user should know to answer: a label and what it says, the most important first. Nothing in
    /// it can move a cursor; it is not escaped for markup.
    pub fn details(&self) -> Vec<(&'static str, String)> {
        let program = &self.caller.program;
        let process = program
            .process
            .map_or_else(String::new, |process| format!(", process {process}"));
        let account = match (self.accounts.first(), &self.login_hint) {
            (Some(account), _) => account.username.clone(),
            (None, Some(hint)) => format!("{hint}, who signs in next"),
            (None, None) => "whoever signs in next".to_owned(),
        };
        let mut details = vec![
            ("Program", format!("{}{process}", program.identity)),
            ("For", self.resource.to_string()),
            ("Account", account),
            ("Application", self.client_id.as_str().to_owned()),
            ("Tenant", self.tenant.as_str().to_owned()),
            (
                "Scopes",
                self.scopes.to_string().chars().take(200).collect(),
            ),
        ];
        if !program.command_line.is_empty() {
            let line: String = program.command_line.chars().take(120).collect();
            details.push(("It calls itself", line));
        }
        details
            .into_iter()
            .map(|(label, text)| (label, printable(&text).into_owned()))
            .collect()
    }
}
