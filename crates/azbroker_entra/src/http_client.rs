//! The HTTP client of the platform.

use azure_core::http::HttpClient;
use std::{error::Error, sync::Arc, time::Duration};

/// Makes the client that `azure_core` would make, which panics where this fails.
///
/// Proxy and trust store are read now. It fails where not a single certificate authority is trusted.
pub(crate) fn http_client() -> Result<Arc<dyn HttpClient>, reqwest::Error> {
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(20))
        .read_timeout(Duration::from_secs(60))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .inspect_err(|error| {
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            tracing::debug!("there is no HTTP client: {error}: {cause}");
        })?;
    Ok(Arc::new(client))
}
