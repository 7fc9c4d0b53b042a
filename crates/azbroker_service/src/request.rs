mod additional;
mod recent;

use crate::{
    accounts::Subject,
    approvals::{Named, Resource},
    configuration::Configuration,
    denial::Denial,
    proof_of_possession::{HttpRequest, ProofOfPossession},
};
use additional::Additional;
use azbroker_entra::{
    Account, Authority, AuthorityHost, Claims, ClientId, CorrelationId, HomeAccountId, KeyId,
    Scopes, Tenant,
};
use azbroker_protocol::{
    CookieRequest, RemoveAccountRequest, SignedHttpRequestRequest, Status, TokenRequest, WireSecret,
};
pub(crate) use recent::RecentRequests;

/// A token request that makes sense.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) correlation_id: CorrelationId,
    pub(crate) authority: Authority,
    pub(crate) client_id: ClientId,
    pub(crate) scopes: Scopes,
    /// What the scopes are of.
    pub(crate) resource: Resource,
    pub(crate) claims: Option<Claims>,
    pub(crate) subject: Subject,
    /// What the program says of the sign-in page.
    pub(crate) additional: Additional,
    /// How the program proves that it may use the token; a bearer token needs no proof.
    pub(crate) proof: Option<ProofOfPossession>,
    /// The key that proof is made with, once the broker has named it.
    pub(crate) bound_to: Option<KeyId>,
    /// A token that must not be the answer: the resource refused it.
    pub(crate) renew: Option<WireSecret>,
}

impl Request {
    /// Reads a request that came over the bus.
    ///
    /// # Errors
    ///
    /// A denial that says what is wrong with it.
    pub(crate) fn read(
        json: &str,
        correlation_id: CorrelationId,
        configuration: &Configuration,
    ) -> Result<Self, Denial> {
        check_size(json)?;
        let message = TokenRequest::from_json(json)?;
        let subject = subject(&message)?;
        let parameters = message.auth_parameters;
        let authority = Authority::parse(&parameters.authority)
            .map_err(|fault| Denial::new(Status::AuthorityUntrusted, fault.to_string()))?;
        check_authority(&authority, configuration)?;
        let malformed = |fault: String| Denial::malformed(fault);
        let scopes = Scopes::parse(&parameters.requested_scopes)
            .map_err(|fault| malformed(fault.to_string()))?;
        let claims = parameters.decoded_claims.trim();
        Ok(Self {
            correlation_id,
            authority,
            client_id: ClientId::parse(&parameters.client_id)
                .map_err(|fault| malformed(fault.to_string()))?,
            resource: Resource::of(&scopes),
            scopes,
            claims: match claims {
                "" => None,
                claims => {
                    Some(Claims::parse(claims).map_err(|fault| malformed(fault.to_string()))?)
                }
            },
            subject,
            additional: Additional::read(
                &parameters.additional_query_parameters_for_authorization,
            )?,
            proof: ProofOfPossession::read(parameters.pop_params)?,
            bound_to: None,
            renew: Some(parameters.access_token_to_renew).filter(|token| !token.is_empty()),
        })
    }
}

impl Request {
    /// Whom Entra ID's page offers.
    pub(crate) fn login_hint(&self) -> Option<String> {
        let named = self.subject.username().map(str::to_owned);
        named.or_else(|| self.additional.login_hint.clone())
    }

    /// Whether the user must be seen at the page, however good the token is that is held.
    pub(crate) fn wants_the_page(&self) -> bool {
        self.additional.further.max_age.is_some()
    }
}

/// A request to sign an HTTP request that makes sense.
#[derive(Clone, Debug)]
pub(crate) struct SigningRequest {
    /// As which application; clients may leave it out.
    pub(crate) client_id: Option<ClientId>,
    pub(crate) home_account_id: HomeAccountId,
    pub(crate) http_request: HttpRequest,
}

impl SigningRequest {
    /// Reads a request that came over the bus.
    ///
    /// # Errors
    ///
    /// A denial that says what is wrong with it.
    pub(crate) fn read(json: &str) -> Result<Self, Denial> {
        check_size(json)?;
        let message = SignedHttpRequestRequest::from_json(json)?;
        let parameters = message.pop_params;
        if !parameters.kid.is_empty() {
            return Err(Denial::malformed(
                "the broker signs with its own key only: leave the key ID out",
            ));
        }
        let home_account_id = HomeAccountId::parse(&parameters.home_account_id)
            .ok_or_else(|| Denial::malformed("the request has no home account ID"))?;
        Ok(Self {
            client_id: ClientId::parse(&message.client_id).ok(),
            home_account_id,
            http_request: HttpRequest::read(parameters)?,
        })
    }
}

/// The accounts that are to be forgotten. Clients say little about them.
#[derive(Clone, Debug)]
pub(crate) struct Removal {
    /// As which application; clients may leave it out.
    pub(crate) client_id: Option<ClientId>,
    /// Whose environment is known is looked for in that one only.
    environment: Option<String>,
    home_account_id: Option<HomeAccountId>,
    username: String,
}

impl Removal {
    /// Reads a request that came over the bus.
    ///
    /// # Errors
    ///
    /// When it does not say which account.
    pub(crate) fn read(json: &str) -> Result<Self, Denial> {
        check_size(json)?;
        let message = RemoveAccountRequest::from_json(json)?;
        let account = message.account;
        let home_account_id = match account.home_account_id.as_str() {
            "" => None,
            text => Some(HomeAccountId::parse(text).ok_or_else(two_parts)?),
        };
        let username = account.username.trim().to_owned();
        if home_account_id.is_none() && username.is_empty() {
            return Err(Denial::malformed(
                "the account has neither a home account ID nor a username",
            ));
        }
        let environment = match account.environment.as_str() {
            "" => None,
            // Clients name a cloud by any of its names.
            host => Some(
                Authority::of_host(host, Tenant::organizations())
                    .map_or(account.environment, |authority| {
                        authority.environment().to_owned()
                    }),
            ),
        };
        Ok(Self {
            client_id: ClientId::parse(&message.client_id).ok(),
            environment,
            home_account_id,
            username,
        })
    }

    /// The one account, where it is named so that nobody has to look.
    pub(crate) fn exact(&self) -> Option<(&str, &HomeAccountId)> {
        Some((self.environment.as_deref()?, self.home_account_id.as_ref()?))
    }

    /// Whether it is named by its username, beside its ID or alone.
    pub(crate) fn names(&self, account: &Account) -> Named {
        match account.username.eq_ignore_ascii_case(&self.username) {
            true => Named::ByUsername,
            false => Named::Otherwise,
        }
    }

    /// Whether this account is meant.
    pub(crate) fn means(&self, account: &Account) -> bool {
        let here = self.environment.as_ref();
        let is_it = match &self.home_account_id {
            Some(id) => account.home_account_id == *id,
            None => account.username.eq_ignore_ascii_case(&self.username),
        };
        is_it && here.is_none_or(|environment| account.environment == *environment)
    }
}

/// What a request for a browser's cookie is answered with: only a registered device has what cookies are made from.
pub(crate) fn refuse_cookie(json: &str) -> Denial {
    let request = check_size(json).and_then(|()| Ok(CookieRequest::from_json(json)?));
    match request {
        Err(denial) => denial,
        Ok(request) => {
            tracing::debug!(
                for_account = request.account().is_some(),
                "no cookie to give"
            );
            Denial::new(
                Status::DeviceNotRegistered,
                "this machine is not registered with Entra ID, so the broker has no SSO cookie to give",
            )
        }
    }
}

/// Refuses what is larger than any request could be, before it is read.
pub(crate) fn check_size(json: &str) -> Result<(), Denial> {
    if json == TOO_LARGE {
        return Err(larger_than_any_call());
    }
    if json.len() > LARGEST {
        return Err(Denial::malformed(format!(
            "a request of {} bytes is larger than any could be",
            json.len()
        )));
    }
    Ok(())
}

/// Refuses a call for what is in it beside the request. `body` is the length of all of it.
pub(crate) fn check_call_size(body: u32) -> Result<(), Denial> {
    match body as usize > LARGEST_CALL {
        true => Err(larger_than_any_call()),
        false => Ok(()),
    }
}

fn larger_than_any_call() -> Denial {
    Denial::malformed("the call is larger than any could be; send less")
}

/// Stands for a request that came in a call too large to be kept. It is none.
pub(crate) const TOO_LARGE: &str = "too large";

const LARGEST: usize = 256 * 1024;

/// A request with all that comes along with it.
pub(crate) const LARGEST_CALL: usize = LARGEST + 16 * 1024;

/// Clients pass any host through, so this is where it is decided whom refresh tokens may be sent to.
fn check_authority(authority: &Authority, configuration: &Configuration) -> Result<(), Denial> {
    let host = AuthorityHost::of(authority);
    if authority.is_known() || configuration.further_authority_hosts.contains(&host) {
        return Ok(());
    }
    Err(Denial::new(
        Status::AuthorityUntrusted,
        format!(
            "'{host}' is no authority host of a known cloud; to trust it, list it under `authority-hosts` in config.toml and start the broker again, or start it with `--authority-host {host}`"
        ),
    ))
}

/// Usernames are waited with, shown and logged, so they have an end.
fn is_a_username(text: &str) -> bool {
    text.len() <= 1024
}

/// An account that is named in a way that says nothing is never taken for the default one.
fn subject(message: &TokenRequest) -> Result<Subject, Denial> {
    let hint = message.auth_parameters.username.trim();
    let named = match message.account() {
        Some(account) => account,
        None if hint.is_empty() => return Ok(Subject::Default),
        None => {
            check_username(hint)?;
            return Ok(Subject::Username(hint.to_owned()));
        }
    };
    let username = match named.username.trim() {
        "" => hint,
        username => username,
    };
    check_username(username)?;
    if named.home_account_id.is_empty() {
        let anything = [&named.local_account_id, &named.realm, &named.client_info];
        return match username {
            "" if anything.iter().all(|field| field.is_empty()) => Ok(Subject::Default),
            "" => Err(Denial::malformed(
                "the account has neither a home account ID nor a username",
            )),
            username => Ok(Subject::Username(username.to_owned())),
        };
    }
    let home_account_id = HomeAccountId::parse(&named.home_account_id).ok_or_else(two_parts)?;
    Ok(Subject::Account {
        home_account_id,
        username: username.to_owned(),
    })
}

fn check_username(username: &str) -> Result<(), Denial> {
    match is_a_username(username) {
        true => Ok(()),
        false => Err(Denial::malformed(format!(
            "a username of {} bytes is longer than any could be",
            username.len()
        ))),
    }
}

fn two_parts() -> Denial {
    Denial::malformed("the account's home account ID has not two parts")
}
