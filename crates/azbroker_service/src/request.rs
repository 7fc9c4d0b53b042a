use crate::{accounts::Subject, configuration::Configuration, denial::Denial};
use azbroker_entra::{
    Authority, AuthorityHost, Claims, ClientId, CorrelationId, HomeAccountId, Scopes,
};
use azbroker_protocol::{Status, TokenRequest, WireSecret};

/// A token request that makes sense.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) correlation_id: CorrelationId,
    pub(crate) authority: Authority,
    pub(crate) client_id: ClientId,
    pub(crate) scopes: Scopes,
    pub(crate) claims: Option<Claims>,
    pub(crate) subject: Subject,
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
        if parameters.pop_params.is_some() {
            return Err(Denial::new(
                Status::IncorrectConfiguration,
                "this broker gives no proof-of-possession tokens yet; ask for a bearer token",
            ));
        }
        let authority = Authority::parse(&parameters.authority)
            .map_err(|fault| Denial::new(Status::AuthorityUntrusted, fault.to_string()))?;
        check_authority(&authority, configuration)?;
        let malformed = |fault: String| Denial::malformed(fault);
        let claims = parameters.decoded_claims.trim();
        Ok(Self {
            correlation_id,
            authority,
            client_id: ClientId::parse(&parameters.client_id)
                .map_err(|fault| malformed(fault.to_string()))?,
            scopes: Scopes::parse(&parameters.requested_scopes)
                .map_err(|fault| malformed(fault.to_string()))?,
            claims: match claims {
                "" => None,
                claims => {
                    Some(Claims::parse(claims).map_err(|fault| malformed(fault.to_string()))?)
                }
            },
            subject,
            renew: Some(parameters.access_token_to_renew).filter(|token| !token.is_empty()),
        })
    }
}

/// Refuses what is larger than any request could be, before it is read.
pub(crate) fn check_size(json: &str) -> Result<(), Denial> {
    const LARGEST: usize = 256 * 1024;
    if json.len() > LARGEST {
        return Err(Denial::malformed(format!(
            "a request of {} bytes is larger than any could be",
            json.len()
        )));
    }
    Ok(())
}

/// Clients pass any host through, so this is where it is decided whom refresh tokens may be sent to.
fn check_authority(authority: &Authority, configuration: &Configuration) -> Result<(), Denial> {
    let host = AuthorityHost::of(authority);
    if authority.is_known() || configuration.further_authority_hosts.contains(&host) {
        return Ok(());
    }
    Err(Denial::new(
        Status::AuthorityUntrusted,
        format!(
            "'{host}' is no authority host of a known cloud; start the broker with `--authority-host {host}` to trust it"
        ),
    ))
}

/// An account that is named in a way that says nothing is never taken for the default one.
fn subject(message: &TokenRequest) -> Result<Subject, Denial> {
    let hint = message.auth_parameters.username.trim();
    let named = match message.account() {
        Some(account) => account,
        None if hint.is_empty() => return Ok(Subject::Default),
        None => return Ok(Subject::Username(hint.to_owned())),
    };
    let username = match named.username.trim() {
        "" => hint,
        username => username,
    };
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
    let home_account_id = HomeAccountId::parse(&named.home_account_id)
        .ok_or_else(|| Denial::malformed("the account's home account ID has not two parts"))?;
    Ok(Subject::Account {
        home_account_id,
        username: username.to_owned(),
    })
}
