//! An authority that asks to be left alone for longer than anybody waits.

use crate::{Clock, Error, Grant, TokenRequest};
use async_trait::async_trait;
use aws_lc_rs::digest::{Context as Hash, SHA256};
use azure_core::{
    error::ErrorKind,
    http::{
        Context, RawResponse, Request, StatusCode, headers,
        policies::{Policy, PolicyResult},
    },
    time::{self, Duration, OffsetDateTime},
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Until when an answer is waited for; stands in the context of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(pub(crate) OffsetDateTime);

/// Ends a request whose answer asks to wait for longer than there is time, where the retry policy would wait all the
/// same. It comes below that one, so what it says is final.
#[derive(Debug)]
pub(crate) struct NoVainWaiting(pub(crate) Arc<dyn Clock>);

#[async_trait]
impl Policy for NoVainWaiting {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let response = next[0].send(context, request, &next[1..]).await?;
        let now = self.0.now();
        let Some(wait) = wait(response.status(), response.headers(), now) else {
            return Ok(response);
        };
        let in_time = |Deadline(deadline): &Deadline| now + wait <= *deadline;
        if context.value().is_none_or(in_time) {
            return Ok(response);
        }
        let response = response.try_into_raw_response().await?;
        let status = response.status();
        Err(ErrorKind::HttpResponse {
            status,
            error_code: None,
            raw_response: Some(Box::new(response)),
        }
        .into_error())
    }
}

/// The answer with which [`NoVainWaiting`] ended a request.
pub(crate) fn last_answer(error: &azure_core::Error) -> Option<RawResponse> {
    match error.kind() {
        ErrorKind::HttpResponse {
            raw_response: Some(response),
            ..
        } => Some(response.as_ref().clone()),
        _ => None,
    }
}

/// What an answer without tokens says of the authority, if it is that trying again later may help.
pub(crate) fn not_now(response: &RawResponse, host: &str, now: OffsetDateTime) -> Option<Error> {
    let (status, host) = (response.status(), host.to_owned());
    if let Some(wait) = wait(status, response.headers(), now) {
        let status = status.into();
        return Some(Error::Busy { host, status, wait });
    }
    let is_not_now = status.is_server_error() || status == StatusCode::TooManyRequests;
    let status = status.into();
    is_not_now.then_some(Error::Unavailable { host, status })
}

/// For which refresh tokens an authority asked to be left alone. Programs ask again at once, and it counts each request
/// against the user.
#[derive(Debug, Default)]
pub(crate) struct LeftAlone(Mutex<Vec<Asked>>);

/// A refresh token at an authority, so that it is known again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whom([u8; 32]);

/// What tells one refresh token from another is shown no more than it is.
impl fmt::Debug for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Whom")
    }
}

#[derive(Debug)]
struct Asked {
    whom: Whom,
    on: OffsetDateTime,
    wait: Duration,
    status: u16,
}

impl LeftAlone {
    /// The longest time without a look whether it is over.
    const LONGEST: Duration = Duration::minutes(5);
    /// More than there are users and programs on a machine; the oldest is forgotten.
    const MOST: usize = 256;

    /// What to answer while the authority is left alone.
    pub(crate) fn error(&self, whom: Whom, host: &str, on: OffsetDateTime) -> Option<Error> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = all.iter().find(|asked| asked.whom == whom)?;
        asked.is_heeded(on).then(|| Error::Busy {
            host: host.to_owned(),
            status: asked.status,
            // Who comes a moment too early would come in vain.
            wait: Duration::seconds((asked.on + asked.wait - on).whole_seconds() + 1),
        })
    }

    /// Takes note of an answer that says so.
    pub(crate) fn note(&self, whom: Whom, error: &Error, on: OffsetDateTime) {
        let Error::Busy { status, wait, .. } = *error else {
            return;
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|asked| asked.whom != whom && asked.is_heeded(on));
        if all.len() >= Self::MOST {
            all.remove(0);
        }
        all.push(Asked {
            whom,
            on,
            wait,
            status,
        });
    }
}

impl Asked {
    /// Whether it is to be left alone still; a clock that was set back must not make it last.
    fn is_heeded(&self, on: OffsetDateTime) -> bool {
        let until = self.on + self.wait.min(LeftAlone::LONGEST);
        (self.on..until).contains(&on)
    }
}

impl Whom {
    /// The refresh token of a request, if that is what is redeemed: everything else a user does by hand.
    pub(crate) fn of(request: &TokenRequest, grant: &Grant) -> Option<Self> {
        let Grant::RefreshToken(refresh_token) = grant else {
            return None;
        };
        let authority = &request.authority;
        let mut hash = Hash::new(&SHA256);
        for part in [
            authority.host().as_str(),
            authority.tenant().as_str(),
            request.client_id.as_str(),
            refresh_token.expose(),
        ] {
            hash.update(part.as_bytes());
            hash.update(&[0]);
        }
        hash.finish().as_ref().try_into().ok().map(Self)
    }
}

/// How long an answer asks to wait ([RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)),
/// if it is one that asks to.
fn wait(status: StatusCode, headers: &headers::Headers, now: OffsetDateTime) -> Option<Duration> {
    /// Nobody waits for longer, and no sum with it can overflow.
    const LONGEST: Duration = Duration::days(1);
    let asks = [StatusCode::TooManyRequests, StatusCode::ServiceUnavailable];
    let text = headers.get_optional_str(&headers::RETRY_AFTER)?;
    if !asks.contains(&status) {
        return None;
    }
    let wait = match text.parse() {
        Ok(seconds) => Duration::seconds(seconds),
        Err(_) => time::parse_rfc7231(text).ok()? - now,
    };
    wait.is_positive().then(|| wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_left_alone_for_as_long_as_it_asked_but_for_minutes_at_the_most() {
        let (one, other) = (Whom([1; 32]), Whom([2; 32]));
        let asked_on = OffsetDateTime::UNIX_EPOCH;
        let busy = |wait| Error::Busy {
            host: "login.example".to_owned(),
            status: 429,
            wait,
        };
        let left_alone = LeftAlone::default();
        let said = |whom, after| {
            let error = left_alone.error(whom, "login.example", asked_on + after);
            error.map(|error| error.to_string())
        };
        left_alone.note(one, &busy(Duration::seconds(60)), asked_on);
        let expected = "login.example is busy (HTTP 429) and asked to wait 31 s";
        let half = Duration::seconds(30);
        assert_eq!(said(one, half).as_deref(), Some(expected));
        assert_eq!(said(other, half), None);
        assert_eq!(said(one, Duration::seconds(60)), None);
        assert_eq!(
            said(one, Duration::seconds(-1)),
            None,
            "the clock was set back"
        );

        left_alone.note(other, &busy(Duration::HOUR), asked_on);
        let expected = "login.example is busy (HTTP 429) and asked to wait 3541 s";
        assert_eq!(said(other, Duration::MINUTE).as_deref(), Some(expected));
        assert_eq!(said(other, Duration::minutes(5)), None, "it is asked again");

        for number in 0..1_000_u16 {
            let mut whom = [3; 32];
            whom[..2].copy_from_slice(&number.to_be_bytes());
            left_alone.note(Whom(whom), &busy(Duration::HOUR), asked_on);
        }
        assert_eq!(left_alone.0.lock().unwrap().len(), LeftAlone::MOST);
        assert_eq!(format!("{one:?}"), "Whom");
    }

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_until_a_date() {
        let now = time::parse_rfc7231("Fri, 01 Jan 2021 00:00:00 GMT").unwrap();
        let asked = |status, text: &'static str| {
            let mut headers = headers::Headers::new();
            headers.insert(headers::RETRY_AFTER, text);
            wait(status, &headers, now).map(Duration::whole_seconds)
        };
        let busy = StatusCode::TooManyRequests;
        assert_eq!(asked(busy, "30"), Some(30));
        assert_eq!(asked(StatusCode::ServiceUnavailable, "30"), Some(30));
        assert_eq!(asked(busy, "Fri, 01 Jan 2021 00:01:00 GMT"), Some(60));
        assert_eq!(asked(busy, "9223372036854775807"), Some(86_400));
        for none in ["0", "-1", "soon", "", "Thu, 31 Dec 2020 23:59:00 GMT"] {
            assert_eq!(asked(busy, none), None, "{none}");
        }
        assert_eq!(asked(StatusCode::BadGateway, "30"), None);
    }
}
