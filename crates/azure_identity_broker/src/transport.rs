use azure_core::http::{AsyncRawResponse, Context, HttpClient, Request, Transport};

/// The transport of client options, for a pipeline that takes an HTTP client.
#[derive(Debug)]
pub(crate) struct TransportClient(pub(crate) Transport);

#[async_trait::async_trait]
impl HttpClient for TransportClient {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        self.0.send(&Context::new(), &mut request.clone()).await
    }
}
