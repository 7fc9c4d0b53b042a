//! Sign-in at another device
//! ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)), for whoever names it.
//!
//! It is nobody's fallback: whoever is sent somebody else's code and enters it signs that other one in, so many tenants
//! forbid it.

use crate::{
    Client, DeviceCode, Error, Grant, Refusal, Result, TokenRequest, Tokens, client::post,
    form::Form,
};
use azure_core::{
    http::Url,
    time::{Duration, OffsetDateTime},
};
use serde::Deserialize;

/// A sign-in that waits for the user to enter a code at another device.
#[derive(Clone, Debug)]
pub struct DeviceSignIn {
    request: TokenRequest,
    code: DeviceCode,
    user_code: String,
    verification_uri: Url,
    began: OffsetDateTime,
    lasts: Duration,
    interval: Duration,
}

impl DeviceSignIn {
    /// Asks for a code.
    ///
    /// # Errors
    ///
    /// As [`Client::redeem`].
    pub async fn begin(client: &Client, request: TokenRequest) -> Result<Self> {
        let form = Form::new()
            .with("client_id", request.client_id.as_str())
            .with("scope", &request.scopes.to_parameter());
        let url = request.authority.device_authorization_endpoint();
        let began = client.clock().now();
        let answer = client
            .ask(&request, &mut post(url, &request, &form))
            .await?;
        let answer: DeviceAuthorization = serde_json::from_slice(&answer)
            .map_err(|_| Error::Malformed("the answer has no device code"))?;
        let is_code = !answer.user_code.is_empty()
            && answer.user_code.len() <= 40
            && answer
                .user_code
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-');
        let verification_uri = Url::parse(&answer.verification_uri)
            .ok()
            .filter(|uri| uri.scheme() == "https");
        let (true, Some(verification_uri)) = (is_code, verification_uri) else {
            return Err(Error::Malformed("nobody could enter the device code"));
        };
        Ok(Self {
            code: DeviceCode::new(answer.device_code),
            user_code: answer.user_code,
            verification_uri,
            began,
            lasts: Duration::seconds(answer.expires_in.clamp(1, LONGEST)),
            interval: Duration::seconds(answer.interval.clamp(1, LONGEST)),
            request,
        })
    }

    /// What the user enters.
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Where the user enters it.
    pub fn verification_uri(&self) -> &Url {
        &self.verification_uri
    }

    /// How long the code is good for, from its beginning.
    pub fn lasts(&self) -> Duration {
        self.lasts
    }

    /// When the code expires.
    pub fn expires_on(&self) -> OffsetDateTime {
        self.began + self.lasts
    }

    /// Gives the user no more than this time, where the code is good for longer.
    pub fn lasting_at_most(self, time: Duration) -> Self {
        Self {
            lasts: self.lasts.min(time),
            ..self
        }
    }

    /// Asks again and again, no more often than Entra ID wants, until the user has entered the code.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinished`] when the code has expired; [`Error::Refused`] when the user declined or Entra ID refuses.
    pub async fn wait(self, client: &Client) -> Result<Tokens> {
        let grant = Grant::DeviceCode(self.code.clone());
        let mut interval = self.interval;
        while client.clock().now() - self.began < self.lasts {
            match client.redeem(&self.request, &grant).await {
                Err(Error::Refused(refusal)) if refusal.error() == "authorization_pending" => {}
                // RFC 8628 section 3.5: five seconds more, now and from now on.
                Err(Error::Refused(refusal)) if refusal.error() == "slow_down" => {
                    interval += Duration::seconds(5);
                }
                Err(Error::Refused(refusal)) if has_expired(&refusal) => break,
                // It may work the next time, a bit later.
                Err(
                    Error::Unreachable { .. } | Error::Unavailable { .. } | Error::TimedOut { .. },
                ) => {
                    interval = LONGEST_INTERVAL.min(interval * 2);
                }
                Err(Error::Busy { wait, .. }) => {
                    interval = LONGEST_INTERVAL.min(wait.max(interval * 2));
                }
                result => return result,
            }
            client.clock().wait(interval).await;
        }
        Err(Error::NotFinished { waited: self.lasts })
    }
}

fn has_expired(refusal: &Refusal) -> bool {
    matches!(refusal.error(), "expired_token" | "code_expired")
}

/// An hour: no code lives longer, and no sum with it can overflow.
const LONGEST: i64 = 60 * 60;
const LONGEST_INTERVAL: Duration = Duration::seconds(60);

#[derive(Deserialize)]
struct DeviceAuthorization {
    device_code: String,
    user_code: String,
    verification_uri: String,
    expires_in: i64,
    #[serde(default = "usual_interval")]
    interval: i64,
}

/// RFC 8628 section 3.2.
fn usual_interval() -> i64 {
    5
}
