//! An authority that asks to be left alone for longer than anybody waits.

use crate::{Clock, Error};
use async_trait::async_trait;
use azure_core::{
    error::ErrorKind,
    http::{
        Context, RawResponse, Request, StatusCode, headers,
        policies::{Policy, PolicyResult},
    },
    time::{self, Duration, OffsetDateTime},
};
use std::sync::Arc;

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
