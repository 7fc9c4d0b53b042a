use std::{error::Error, fmt, io};

/// Why a request got no answer, in one short phrase.
///
/// Each library between a request and the network puts words of its own around the cause, and addresses of pages that
/// are about programming; the cause alone tells the user something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportFailure(String);

impl From<azure_core::Error> for TransportFailure {
    fn from(error: azure_core::Error) -> Self {
        Self::of(&error)
    }
}

impl TransportFailure {
    fn of(error: &(dyn Error + 'static)) -> Self {
        let mut cause = "there was no answer".to_owned();
        let mut next = Some(error);
        while let Some(error) = next {
            // In its own words: what it is made of may be an answer.
            tracing::debug!("no answer: {error}");
            if is_closed_connection(error) {
                return Self("the connection was closed before the answer came".to_owned());
            }
            let text = without_addresses(&error.to_string());
            if !text.is_empty() {
                cause = text;
            }
            next = error.source();
        }
        Self(cause)
    }
}

impl fmt::Display for TransportFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for TransportFailure {}

fn is_closed_connection(error: &(dyn Error + 'static)) -> bool {
    match error.downcast_ref::<io::Error>() {
        Some(error) => matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
        ),
        None => error
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_incomplete_message),
    }
}

fn without_addresses(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !word.contains("://"));
    let text = words.collect::<Vec<_>>().join(" ");
    text.trim_end_matches([':', ',', ';', '.', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::error::ErrorKind;

    fn said(cause: impl Into<Box<dyn Error + Send + Sync>>) -> String {
        let error = azure_core::Error::with_error(ErrorKind::Io, cause, "failed to send");
        TransportFailure::from(error.with_context("retry policy expired")).to_string()
    }

    #[test]
    fn the_cause_alone_is_told() {
        let closed = "the connection was closed before the answer came";
        let eof = io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/latest/",
        );
        assert_eq!(said(eof), closed);
        assert_eq!(
            said(io::Error::from(io::ErrorKind::ConnectionReset)),
            closed
        );
        assert_eq!(
            said(io::Error::from_raw_os_error(111)),
            "Connection refused (os error 111)"
        );
        assert_eq!(
            said("no such thing: see https://docs.example/a (https://b.example/)"),
            "no such thing: see"
        );
        assert_eq!(said("https://docs.example/a"), "failed to send");
    }
}
