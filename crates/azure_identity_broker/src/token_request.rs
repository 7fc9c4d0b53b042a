use crate::ProofOfPossession;
use azbroker_entra::{Account, Authority, Claims, ClientId, CorrelationId, Scopes};
use std::fmt;

/// One request for a token, parsed.
#[derive(Clone, Debug)]
pub(crate) struct TokenRequest {
    pub(crate) authority: Authority,
    pub(crate) client_id: ClientId,
    pub(crate) scopes: Scopes,
    /// A claims challenge to meet.
    pub(crate) claims: Option<Claims>,
    /// Whether the program answers claims challenges.
    pub(crate) enable_cae: bool,
    /// The request that the token is to be bound to.
    pub(crate) proof: Option<ProofOfPossession>,
    pub(crate) account: WhichAccount,
    pub(crate) correlation_id: CorrelationId,
}

/// Whose token is asked for.
#[derive(Clone, Debug)]
pub(crate) enum WhichAccount {
    /// Whoever the backend takes for the default account.
    Default,
    /// Whoever has this username.
    Hinted(String),
    /// This account and no other.
    Known(Box<Account>),
}

impl TokenRequest {
    /// What Entra ID is told about the token: the challenge, and what the program is capable of.
    pub(crate) fn claims_parameter(&self) -> Option<Claims> {
        match self.enable_cae {
            true => Some(Claims::with_continuous_access_evaluation(
                self.claims.as_ref(),
            )),
            false => self.claims.clone(),
        }
    }
}

impl WhichAccount {
    /// The account, where it is known.
    pub(crate) fn known(&self) -> Option<&Account> {
        match self {
            Self::Known(account) => Some(account),
            _ => None,
        }
    }

    /// The username, where there is one.
    pub(crate) fn username(&self) -> Option<&str> {
        match self {
            Self::Default => None,
            Self::Hinted(username) => Some(username),
            Self::Known(account) => {
                Some(account.username.as_str()).filter(|username| !username.is_empty())
            }
        }
    }
}

/// What the request is for, as an error names it.
impl fmt::Display for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (client {}, tenant {}",
            self.scopes,
            self.client_id,
            self.authority.tenant()
        )?;
        if let Some(username) = self.account.username() {
            write!(f, ", account {username}")?;
        }
        f.write_str(")")
    }
}
