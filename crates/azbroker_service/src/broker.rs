mod by_hand;
mod interactive;
mod proof;
mod redirect_choice;
mod silent;

pub(crate) use by_hand::ByHand;
pub(crate) use redirect_choice::RedirectChoice;

use crate::{
    access_tokens::{AccessTokens, Held, Key},
    accounts::{Accounts, Change, Erased, Renewed, StoreReport, still_kept},
    activity::Activity,
    approvals::{Approvals, Decision, Named},
    caller::Caller,
    configuration::Configuration,
    denial::Denial,
    keyed_locks::KeyedLocks,
    picker::Pickers,
    proof_of_possession::ProofKey,
    redirects::Redirects,
    request::{Removal, Request},
    token_log::{Source, TokenLog},
    token_store::TokenStore,
};
use azbroker_entra::{
    Account, Client, ClientId, Clock, HomeAccountId, Prompt, RefreshToken, Tokens,
};
use azbroker_protocol::Status;
use interactive::Turns;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Holds accounts and answers requests for tokens. It knows no bus.
#[derive(Debug)]
pub struct Broker {
    configuration: Configuration,
    accounts: Accounts,
    access_tokens: AccessTokens,
    activity: Arc<Activity>,
    approvals: Approvals,
    log: TokenLog,
    client: Client,
    prompt: Arc<dyn Prompt>,
    clock: Arc<dyn Clock>,
    /// Made when first asked for: it takes long.
    proof_key: OnceCell<ProofKey>,
    /// One redemption in flight for each account and application.
    redemptions: KeyedLocks<(String, HomeAccountId, ClientId)>,
    turns: Turns,
    pickers: Pickers,
    redirects: Redirects,
}

/// A token with whose it is.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) account: Arc<Account>,
    pub(crate) token: Arc<Held>,
    pub(crate) source: Source,
}

impl Broker {
    /// A broker that asks Entra ID through `client` and users through `prompt`.
    ///
    /// Without a `store` it keeps refresh tokens in the one that the configuration chooses.
    /// Nothing is opened before the first request.
    pub fn new(
        configuration: Configuration,
        client: Client,
        prompt: Arc<dyn Prompt>,
        clock: Arc<dyn Clock>,
        store: Option<Box<dyn TokenStore>>,
    ) -> Self {
        Self {
            approvals: Approvals::new(&configuration, clock.clone()),
            log: TokenLog::new(configuration.state_folder.as_deref(), clock.clone()),
            accounts: Accounts::new(&configuration, clock.clone(), store),
            redirects: Redirects::new(configuration.state_folder.clone()),
            configuration,
            access_tokens: AccessTokens::new(clock.clone()),
            activity: Arc::new(Activity::new(clock.clone())),
            client,
            prompt,
            clock,
            proof_key: OnceCell::new(),
            redemptions: KeyedLocks::new(),
            turns: Turns::new(),
            pickers: Pickers::new(),
        }
    }

    pub(crate) fn approvals(&self) -> &Approvals {
        &self.approvals
    }

    pub(crate) fn log(&self) -> &TokenLog {
        &self.log
    }

    pub(crate) fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The accounts held, the default one first.
    pub(crate) async fn accounts(&self) -> Vec<Arc<Account>> {
        self.accounts.list().await
    }

    /// The accounts that a program may know of: it may list what it has no approval for yet, so that it knows what to
    /// ask for, but not what it was denied.
    pub(crate) async fn accounts_for(
        &self,
        caller: &Caller,
        client_id: Option<&ClientId>,
    ) -> Vec<Arc<Account>> {
        let mut accounts = self.accounts().await;
        let in_general = self.approvals.in_general(caller);
        accounts.retain(|account| {
            let decision = in_general.decide(client_id, account, Named::Otherwise);
            !matches!(decision, Decision::Denied(_))
        });
        accounts
    }

    /// What keeps the refresh tokens, and why.
    pub(crate) async fn store_report(&self) -> StoreReport {
        let report = self.accounts.store_report().await;
        match &self.configuration.store_in_place_of {
            Some(in_place_of) => report.in_place_of(in_place_of, self.configuration.store),
            None => report,
        }
    }

    /// The account that the user pinned as the default.
    pub(crate) async fn pinned_account(&self) -> Option<Arc<Account>> {
        self.accounts.pinned().await
    }

    /// Makes an account that is held the default from now on, or none.
    pub(crate) async fn pin_account(
        &self,
        account: Option<(&str, &HomeAccountId)>,
    ) -> Result<(), Denial> {
        let account = match account {
            Some((environment, home_account_id)) => {
                let held = self.accounts().await.into_iter().find(|held| {
                    held.environment == environment && held.home_account_id == *home_account_id
                });
                Some(held.ok_or_else(|| {
                    Denial::new(
                        Status::AccountNotFound,
                        "the broker does not hold that account; sign in with it first",
                    )
                })?)
            }
            None => None,
        };
        self.accounts.pin(account.as_deref()).await.map_err(|error| {
            Denial::new(
                Status::TransientError,
                format!("it cannot be written down in the broker's state folder: {error}; mend that, then try again"),
            )
        })
    }

    /// Forgets every account. Says how many were held, and what became of the stores.
    pub(crate) async fn remove_all_accounts(&self) -> (usize, Erased) {
        let mut change = self.accounts.change().await;
        self.access_tokens.clear();
        change.remove_all().await
    }

    /// Notes whose token was asked for: the default account is the one last used with a tenant.
    async fn note_use(&self, request: &Request, account: &Account) {
        let tenant = request.authority.tenant();
        self.accounts.used(account, tenant).await;
    }

    /// Forgets the accounts that a request means. Tells whether any was held. What a program was denied it may not
    /// take from the others either.
    pub(crate) async fn remove_accounts(
        &self,
        removal: &Removal,
        caller: &Caller,
    ) -> Result<bool, Denial> {
        let mut held = self.accounts.list().await;
        held.retain(|account| removal.means(account));
        let in_general = self.approvals.in_general(caller);
        for account in &held {
            let client_id = removal.client_id.as_ref();
            if let Decision::Denied(denial) =
                in_general.decide(client_id, account, removal.names(account))
            {
                return Err(denial);
            }
        }
        if let Some((environment, home_account_id)) = removal.exact() {
            let removed = self.remove_account(environment, home_account_id).await?;
            return Ok(removed || !held.is_empty());
        }
        for account in &held {
            self.remove_account(&account.environment, &account.home_account_id)
                .await?;
        }
        Ok(!held.is_empty())
    }

    /// What is under way.
    pub(crate) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Whether nothing would be lost if the broker ended. Access tokens are none: a refresh token brings them again.
    pub(crate) fn rests_in_the_store(&self) -> bool {
        self.accounts.rest_in_the_store()
    }

    /// Tries again what a sign-out could not do in the store.
    pub(crate) async fn finish_sign_outs(&self) {
        self.accounts.finish_sign_outs().await;
    }

    /// Waits until what is looked up or saved just now has ended.
    pub(crate) async fn settled(&self) {
        self.accounts.settled().await;
    }

    /// Opens the store anew: what it was opened with went away with the bus.
    pub(crate) async fn reopen_store(&self) {
        self.accounts.reopen_store().await;
    }

    /// Forgets an account for every application. Tells whether it was held.
    pub(crate) async fn remove_account(
        &self,
        environment: &str,
        home_account_id: &HomeAccountId,
    ) -> Result<bool, Denial> {
        let mut change = self.accounts.change().await;
        self.access_tokens
            .remove(environment, home_account_id, None);
        change
            .remove(environment, home_account_id)
            .await
            .map_err(|fault| Denial::interaction_required(still_kept(&fault)))
    }

    /// Keeps what a sign-in brought; the refresh token is safe before the caller is answered.
    async fn keep(&self, request: &Request, tokens: &Tokens) -> Issued {
        let mut change = self.accounts.change().await;
        change.keep(tokens, &request.client_id).await;
        self.issue(&change, request, tokens, Source::SignedIn)
    }

    /// Keeps what a redeemed refresh token brought, unless the account was removed meanwhile.
    async fn renew(
        &self,
        request: &Request,
        tokens: &Tokens,
        redeemed: &RefreshToken,
    ) -> Option<Issued> {
        let mut change = self.accounts.change().await;
        match change.renew(tokens, &request.client_id, redeemed).await {
            Renewed::Kept | Renewed::Superseded => {
                Some(self.issue(&change, request, tokens, Source::Redeemed))
            }
            Renewed::Gone => {
                let account = &tokens.account;
                self.access_tokens.remove(
                    &account.environment,
                    &account.home_account_id,
                    Some(&request.client_id),
                );
                None
            }
        }
    }

    /// Holds the access token of an answer: while nobody can remove the account, who would miss it here.
    fn issue(
        &self,
        _change: &Change<'_>,
        request: &Request,
        tokens: &Tokens,
        source: Source,
    ) -> Issued {
        let account = Arc::new(tokens.account.clone());
        let token = self.access_tokens.put(self.key(request, &account), tokens);
        Issued {
            account,
            token,
            source,
        }
    }

    fn key(&self, request: &Request, account: &Account) -> Key {
        Key::new(request, account, tenant_for(request, account))
    }
}

/// The tenant a token is asked of: where many would do, the account's own.
fn tenant_for(request: &Request, account: &Account) -> azbroker_entra::Tenant {
    let asked = request.authority.tenant();
    if asked.is_multi_tenant() {
        azbroker_entra::Tenant::parse(&account.tenant_id).unwrap_or_else(|_| asked.clone())
    } else {
        asked.clone()
    }
}
