//! Asks whether a host that is not known here is one of Entra ID's.

use crate::{Authority, Client, CorrelationId, Error, Result, busy};
use azure_core::http::{Method, RawResponse, Request, StatusCode, Url};

impl Client {
    /// Has the public cloud say whether it knows the authority's host. Of hosts that are known here nobody is asked.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownAuthority`] when it does not; [`Error::Unreachable`], [`Error::Unavailable`],
    /// [`Error::Busy`] and [`Error::TimedOut`] when it does not say; [`Error::NothingTrusted`] when it cannot be asked.
    pub async fn check_authority(
        &self,
        authority: &Authority,
        correlation_id: CorrelationId,
    ) -> Result<()> {
        if authority.is_known() {
            return Ok(());
        }
        let known = Authority::public_cloud();
        let mut url = known.origin().clone();
        url.set_path("/common/discovery/instance");
        url.query_pairs_mut()
            .append_pair("api-version", "1.1")
            .append_pair(
                "authorization_endpoint",
                authority.authorization_endpoint().as_str(),
            );
        let host = known.host();
        tracing::debug!(%correlation_id, host = authority.host(), "is this authority's host known?");
        let response = self
            .in_time(&host, self.look_up(url, correlation_id, &host))
            .await?;
        if response.status() == StatusCode::Ok {
            return Ok(());
        }
        let not_now = busy::not_now(&response, &host, self.clock().now());
        Err(not_now.unwrap_or_else(|| Error::UnknownAuthority {
            host: authority.host(),
        }))
    }

    async fn look_up(
        &self,
        url: Url,
        correlation_id: CorrelationId,
        host: &str,
    ) -> Result<RawResponse> {
        let mut http = Request::new(url, Method::Get);
        http.insert_header("client-request-id", correlation_id.to_string());
        self.exchange(host, &mut http).await
    }
}
