//! Sign-ins that show nothing on this machine: the user is told where to go, by whoever asked.

use super::{Broker, redirect_choice::token_request};
use crate::{
    accounts::Subject,
    approvals::{Decision, Permit, Resource},
    caller::Caller,
    denial::Denial,
    request::Request,
    sign_in_messages::SignedIn,
};
use async_trait::async_trait;
use azbroker_entra::{
    DeviceSignIn, OwnPages, Paste, Prompt, PromptBehavior, PromptError, RedirectUri, RedirectWay,
    SignIn, Tokens,
};
use azbroker_protocol::Status;
use azure_core::{http::Url, time::Duration};
use std::sync::{Mutex, PoisonError};
use tokio::sync::{mpsc::Receiver, oneshot};

/// What is told to the user, and what is waited for then.
#[derive(Debug)]
pub(crate) struct ByHand {
    pub(crate) request: Request,
    pub(crate) redirect_uri: RedirectUri,
    /// That the program may have the user sign in.
    pub(crate) permit: Permit,
    /// Gets the page to open.
    pub(crate) page: oneshot::Sender<Url>,
    pub(crate) pastes: Receiver<Paste>,
    /// Ends the waiting when its other end is dropped.
    pub(crate) wanted: oneshot::Receiver<()>,
}

impl Broker {
    /// How long a sign-in by hand may take: nobody else's time limit hangs on it.
    pub(crate) const BY_HAND: Duration = Duration::minutes(15);

    /// Refuses programs that are not allowed already: such a sign-in shows nothing here, so nobody could be
    /// asked, and a program could leave an account of its own choice with the broker.
    pub(crate) fn may_sign_in_by_hand(
        &self,
        request: &Request,
        caller: &Caller,
    ) -> Result<Permit, Denial> {
        let resource = Resource::of(&request.scopes);
        match self
            .approvals
            .decide(caller, &request.client_id, None, &resource)
        {
            Decision::Allowed(permit) => Ok(permit),
            Decision::Denied(denial) => Err(denial),
            Decision::Ask => Err(Denial::new(
                Status::UserCanceled,
                format!(
                    "'{}' has no approval, and a sign-in by hand asks nobody for one; use `azbroker login`",
                    caller.program.short_name()
                ),
            )),
        }
    }

    /// Waits until the address is pasted, or the redirect comes by itself, and keeps the account.
    pub(crate) async fn sign_in_by_hand(&self, mut by_hand: ByHand) -> Result<SignedIn, Denial> {
        let _under_way = self.activity.call();
        let request = &by_hand.request;
        let login_hint = login_hint(request);
        let sign_in = SignIn {
            request: token_request(request),
            prompt_behavior: match login_hint {
                Some(_) => PromptBehavior::Unspecified,
                None => PromptBehavior::SelectAccount,
            },
            login_hint,
            further: request.additional.further.clone(),
            redirect_way: RedirectWay::Loopback,
            own_pages: OwnPages::default(),
        };
        let shown = Told(Mutex::new(Some(by_hand.page)));
        let waiting = sign_in.wait_by_hand(
            by_hand.redirect_uri,
            &shown,
            &mut by_hand.pastes,
            Self::BY_HAND,
        );
        let redirected = tokio::select! {
            redirected = waiting => redirected.map_err(|error| Denial::of_interactive(&error))?,
            _ = by_hand.wanted => return Err(Denial::given_up()),
        };
        // From here on nothing is given up: the user has done their part.
        let _in_flight = self.activity.redemption();
        let tokens = redirected
            .redeem(&self.client)
            .await
            .map_err(|error| Denial::of_interactive(&error))?;
        self.redirects
            .learn(&request.authority, &request.client_id, by_hand.redirect_uri);
        by_hand.permit.use_up()?;
        Ok(self.keep_signed_in(request, &tokens).await)
    }

    /// Asks Entra ID for a code that is entered at another device.
    pub(crate) async fn begin_device_sign_in(
        &self,
        request: &Request,
    ) -> Result<DeviceSignIn, Denial> {
        DeviceSignIn::begin(&self.client, token_request(request))
            .await
            .map_err(|error| Denial::of_interactive(&error))
    }

    /// Waits until the code was entered, and keeps the account.
    pub(crate) async fn finish_device_sign_in(
        &self,
        request: &Request,
        device: DeviceSignIn,
        permit: Permit,
        wanted: oneshot::Receiver<()>,
    ) -> Result<SignedIn, Denial> {
        let _under_way = self.activity.call();
        let tokens = tokio::select! {
            tokens = device.wait(&self.client) => {
                tokens.map_err(|error| Denial::of_interactive(&error))?
            }
            _ = wanted => return Err(Denial::given_up()),
        };
        let _in_flight = self.activity.redemption();
        permit.use_up()?;
        Ok(self.keep_signed_in(request, &tokens).await)
    }

    async fn keep_signed_in(&self, request: &Request, tokens: &Tokens) -> SignedIn {
        let account = self.keep(request, tokens).await.account;
        SignedIn {
            home_account_id: account.home_account_id.to_string(),
            username: account.username.clone(),
        }
    }
}

fn login_hint(request: &Request) -> Option<String> {
    match &request.subject {
        Subject::Account { username, .. } | Subject::Username(username) if !username.is_empty() => {
            Some(username.clone())
        }
        Subject::Default => request.additional.login_hint.clone(),
        _ => None,
    }
}

/// Tells the page to whoever began the sign-in.
#[derive(Debug)]
struct Told(Mutex<Option<oneshot::Sender<Url>>>);

#[async_trait]
impl Prompt for Told {
    async fn open(&self, url: &Url) -> Result<(), PromptError> {
        let page = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match page.map(|page| page.send(url.clone())) {
            Some(Ok(())) => Ok(()),
            _ => Err(PromptError::new("the program that asked has gone")),
        }
    }
}
