use super::{Broker, Issued, tenant_for};
use crate::{
    accounts::Subject, approvals::Decision, caller::Caller, denial::Denial, request::Request,
    token_log::Source,
};
use azbroker_entra::{Account, Claims, Error, Grant, RefreshToken, TokenRequest};
use std::sync::Arc;

impl Broker {
    /// Answers without showing anything, if the caller may have the token.
    pub(crate) async fn acquire_token_silently(
        &self,
        request: &Request,
        caller: &Caller,
    ) -> Result<Issued, Denial> {
        let account = self.account(request).await?;
        let about = account.clone();
        let issued = self.silently_of(request, caller, account).await;
        issued.map_err(|denial| denial.about(Some(&about)))
    }

    async fn silently_of(
        &self,
        request: &Request,
        caller: &Caller,
        account: Arc<Account>,
    ) -> Result<Issued, Denial> {
        let decision = self.approvals.decide(
            caller,
            &request.client_id,
            Some(&account),
            &request.resource,
        );
        let permit = match decision {
            Decision::Allowed(permit) => permit,
            Decision::Ask => return Err(not_approved(caller, &account, request)),
            Decision::Denied(denial) => return Err(denial),
        };
        let issued = self.answer_silently(request, account).await?;
        permit.use_up()?;
        // Who named nobody chose nobody.
        if request.subject != Subject::Default {
            self.note_use(request, &issued.account).await;
        }
        Ok(issued)
    }

    /// The account that a request means.
    pub(super) async fn account(&self, request: &Request) -> Result<Arc<Account>, Denial> {
        self.accounts
            .find(
                &request.subject,
                request.authority.environment(),
                request.authority.tenant(),
            )
            .await
            .ok_or_else(|| not_signed_in(&request.subject))
    }

    /// Answers a caller that may have it: from a token that is still good, else by a refresh token.
    pub(super) async fn answer_silently(
        &self,
        request: &Request,
        account: Arc<Account>,
    ) -> Result<Issued, Denial> {
        // However the account was come by: what one cloud gave is never shown to another.
        if account.environment != request.authority.environment() {
            return Err(not_signed_in_here(&account, request));
        }
        match self.held(request, &account) {
            Some(issued) => Ok(issued),
            // What most requests do not need is not carried along by each.
            None => Box::pin(self.answer_anew(request, account)).await,
        }
    }

    /// Answers by a refresh token, one request at a time for each account and application.
    async fn answer_anew(
        &self,
        request: &Request,
        account: Arc<Account>,
    ) -> Result<Issued, Denial> {
        let (_one_at_a_time, _) = self
            .redemptions
            .lock((
                account.environment.clone(),
                account.home_account_id.clone(),
                request.client_id.clone(),
            ))
            .await;
        // Whoever was first may have brought what is needed here.
        if let Some(issued) = self.held(request, &account) {
            return Ok(issued);
        }
        let refresh_token = self
            .accounts
            .refresh_token(&account, &request.client_id)
            .ok_or_else(
                || match self.accounts.is_refused(&account, &request.client_id) {
                    true => sign_in_ended(&account),
                    false if self.accounts.is_leaving(&account) => signed_out(&account),
                    false => not_signed_in_here(&account, request),
                },
            )?;
        self.redeem(request, &account, refresh_token).await
    }

    /// A held token, unless it was refused or must satisfy a challenge.
    fn held(&self, request: &Request, account: &Arc<Account>) -> Option<Issued> {
        if request.claims.as_ref().is_some_and(Claims::is_challenge) {
            return None;
        }
        let token = self.access_tokens.get(&self.key(request, account))?;
        // Another text than the token that would be the answer is no reason to ask for a new one: it may be one that this
        // took the place of, one for other scopes or capabilities, or anything that a program made up. Were each
        // redeemed, a program could have the broker ask Entra ID as often as it likes.
        if request
            .renew
            .as_ref()
            .is_some_and(|refused| refused.expose() == token.access_token.secret())
        {
            return None;
        }
        Some(Issued {
            account: account.clone(),
            token,
            source: Source::Held,
        })
    }

    async fn redeem(
        &self,
        request: &Request,
        account: &Account,
        refresh_token: RefreshToken,
    ) -> Result<Issued, Denial> {
        let _under_way = self.activity.redemption();
        let token_request = TokenRequest {
            authority: request
                .authority
                .clone()
                .with_tenant(tenant_for(request, account)),
            client_id: request.client_id.clone(),
            scopes: request.scopes.clone(),
            claims: request.claims.clone(),
            bound_to: request.bound_to.clone(),
            correlation_id: request.correlation_id,
        };
        let grant = Grant::RefreshToken(refresh_token.clone());
        match self.client.redeem(&token_request, &grant).await {
            Ok(tokens) if tokens.account.home_account_id != account.home_account_id => {
                tracing::error!("a refresh token brought another account's tokens; dropped");
                Err(Denial::of_silent(&Error::Malformed(
                    "the tokens are another account's",
                )))
            }
            Ok(tokens) => self
                .renew(request, &tokens, &refresh_token)
                .await
                .ok_or_else(|| signed_out_meanwhile(account)),
            Err(error) => {
                let tenant = token_request.authority.tenant();
                if error
                    .refusal()
                    .is_some_and(|refusal| refusal.ends_refresh_token(account, tenant))
                {
                    self.forget_grant(request, account, &refresh_token).await;
                }
                Err(Denial::of_silent(&error))
            }
        }
    }

    /// Drops a refresh token that Entra ID does not take any more.
    async fn forget_grant(&self, request: &Request, account: &Account, refused: &RefreshToken) {
        let mut change = self.accounts.change().await;
        if change.forget(account, &request.client_id, refused).await {
            self.access_tokens.remove(
                &account.environment,
                &account.home_account_id,
                Some(&request.client_id),
            );
        }
    }
}

/// Clients go on to an interactive call by themselves; that one asks the user.
fn not_approved(caller: &Caller, account: &Account, request: &Request) -> Denial {
    Denial::interaction_required(format!(
        "'{}' has no approval yet for tokens of {} for {}; ask interactively, or {}",
        caller.program.short_name(),
        account.username,
        request.resource,
        caller.program.how_to_allow(),
    ))
}

fn not_signed_in(subject: &Subject) -> Denial {
    Denial::interaction_required(match subject {
        Subject::Account { username, .. } | Subject::Username(username) if !username.is_empty() => {
            format!("{username} is not signed in to this broker; sign in")
        }
        _ => "no account is signed in to this broker; sign in".to_owned(),
    })
}

fn not_signed_in_here(account: &Account, request: &Request) -> Denial {
    Denial::interaction_required(format!(
        "{} has not signed in to application {} with this broker; sign in",
        account.username, request.client_id
    ))
}

fn sign_in_ended(account: &Account) -> Denial {
    Denial::interaction_required(format!(
        "Entra ID has ended the sign-in of {}; sign in",
        account.username
    ))
}

fn signed_out(account: &Account) -> Denial {
    Denial::interaction_required(format!("{} is signed out; sign in", account.username))
}

fn signed_out_meanwhile(account: &Account) -> Denial {
    Denial::interaction_required(format!(
        "{} was signed out meanwhile; sign in",
        account.username
    ))
}
