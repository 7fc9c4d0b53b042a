use super::{Asked, Ending, OpenPage, Others, Picker, Purpose, server};
use crate::{
    approvals::{Choice, Question, Resource},
    caller::Caller,
};
use azbroker_entra::{Account, ClientId, CorrelationId, HomeAccountId, Scopes, Tenant};
use std::sync::Arc;
use tokio::io::DuplexStream;

/// An account page that is at no port. Only its fuzz target has use for it: a port leaves every connection behind in the
/// kernel's table for a minute, and that table is read for each that knows the page's address.
#[doc(hidden)]
#[derive(Debug)]
pub struct AccountPageInMemory {
    page: Arc<OpenPage>,
}

/// Whoever waits for its answer.
#[doc(hidden)]
#[derive(Debug)]
pub struct AccountPageAnswer {
    picker: Picker,
}

impl AccountPageInMemory {
    /// As if it was this port.
    pub const PORT: u16 = 40124;

    /// A page that offers two accounts, another one, and to deny.
    pub fn new() -> (Self, AccountPageAnswer) {
        let (page, picker) = Picker::at(Self::PORT, asked(Purpose::Approve, Others::Welcome));
        (Self { page }, AccountPageAnswer { picker })
    }

    /// Its address on this machine, without the slash.
    pub fn path(&self) -> &str {
        self.page.path.as_str()
    }

    /// What its form brings back.
    pub fn token(&self) -> &str {
        self.page.token.as_str()
    }

    /// Serves one connection.
    pub async fn converse(&self, stream: DuplexStream) {
        server::converse(stream, ThisProcess, self.page.clone(), Arc::default()).await;
    }
}

impl AccountPageAnswer {
    /// Waits for the answer, ends the page, and tells which it was.
    pub async fn end(mut self) -> String {
        let answer = self.picker.answer().await;
        let choice = match answer.choice {
            Choice::Account(account) => account.username.clone(),
            Choice::AnotherAccount => "another account".to_owned(),
            Choice::Denied => "denied".to_owned(),
        };
        self.picker.end(Ending::Denied);
        format!("{choice} {:?}", answer.lasting)
    }
}

/// Nobody else has the other end of what is in memory.
#[derive(Clone)]
struct ThisProcess;

impl server::Peer for ThisProcess {
    async fn may_answer(&self) -> bool {
        true
    }
}

/// What a page asks about Ada and Carol.
pub(super) fn asked(purpose: Purpose, others: Others) -> Asked {
    let scopes = Scopes::parse(["https://vault.azure.net/.default"]);
    let scopes = scopes.unwrap_or_else(|_| unreachable!("it is a scope"));
    Asked {
        question: Question {
            environment: "login.microsoftonline.com".to_owned(),
            caller: Caller::unknown(None, "the bus was not asked"),
            client_id: ClientId::azure_cli(),
            resource: Resource::of(&scopes),
            scopes,
            tenant: Tenant::organizations(),
            accounts: vec![account("ada"), account("carol")],
            login_hint: None,
            correlation_id: CorrelationId::nil(),
        },
        purpose,
        others,
    }
}

/// An account whose name would be markup.
pub(super) fn account(name: &str) -> Arc<Account> {
    Arc::new(Account {
        environment: "login.microsoftonline.com".to_owned(),
        home_account_id: HomeAccountId::new(name, "72f9"),
        local_account_id: name.to_owned(),
        tenant_id: "72f9".to_owned(),
        username: format!("{name}@contoso.example"),
        name: format!("<b>{name}</b>"),
        given_name: String::new(),
        family_name: String::new(),
    })
}
