use crate::{Error, ErrorKind, Result};
use azbroker_protocol::PopParameters;
use azure_core::http::{Method, Url};

/// Asks for a token that is good for one HTTP request alone, because only this machine's broker can sign it.
///
/// Reach for this where a service wants proof that whoever shows a token is the one it was issued to: a token
/// that is stolen on its way is of no use then. The token that comes is the finished signed request; it goes
/// into the `Authorization` header with the scheme `PoP`, and no cache keeps it. Without a broker there is
/// none.
///
/// ```no_run
/// use azure_core::http::{Method, Url};
/// use azure_identity_broker::{AcquireOptions, InteractiveBrowserCredential, ProofOfPossession};
///
/// # async fn ask(credential: &InteractiveBrowserCredential) -> azure_core::Result<()> {
/// let url = Url::parse("https://graph.microsoft.com/v1.0/me")?;
/// let options = AcquireOptions {
///     proof_of_possession: Some(ProofOfPossession {
///         nonce: Some("what the service said".into()),
///         ..ProofOfPossession::new(Method::Get, url)
///     }),
///     ..Default::default()
/// };
/// let token = credential.acquire_token(&["https://graph.microsoft.com/.default"], options).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`ErrorKind::BrokerMissing`] where no broker serves the credential, [`ErrorKind::InvalidRequest`] where the
/// request cannot be signed.
///
/// See the draft on [signed HTTP requests](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-signed-http-request-03#section-3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofOfPossession {
    /// The method of the request that the token is for.
    pub method: Method,
    /// The address of the request; of its query nothing is signed.
    pub url: Url,
    /// What the service wants in the signature, from its `WWW-Authenticate` or `Authentication-Info` header.
    pub nonce: Option<String>,
}

impl ProofOfPossession {
    /// Names the request that the token is for.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            nonce: None,
        }
    }

    /// Checks that there is something to sign.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |message: &'static str| Err(Error::new(ErrorKind::InvalidRequest, message));
        if !matches!(self.url.scheme(), "https" | "http") || self.url.host_str().is_none() {
            return wrong(
                "proof of possession is of a request to a web address: give it with https://",
            );
        }
        let fits =
            |nonce: &String| !nonce.is_empty() && nonce.bytes().all(|b| b.is_ascii_graphic());
        if !self.nonce.iter().all(fits) {
            return wrong(
                "the nonce of the proof of possession has a character that none has, or is empty",
            );
        }
        Ok(())
    }

    /// As it is on the bus.
    pub(crate) fn to_wire(&self) -> PopParameters {
        let host = self.url.host_str().unwrap_or_default();
        PopParameters {
            http_method: self.method.as_str().to_owned(),
            uri_host: match self.url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            },
            uri_path: self.url.path().to_owned(),
            nonce: self.nonce.clone().unwrap_or_default(),
            ..Default::default()
        }
    }

    /// What those say who cannot ask a broker.
    pub(crate) fn needs_broker() -> Error {
        Error::new(
            ErrorKind::BrokerMissing,
            "a proof of possession needs a broker, and none serves this credential",
        )
        .with_next_step(
            "start a broker, as with `azbroker serve`, or ask for a token without a proof",
        )
    }
}

#[cfg(test)]
mod tests;
