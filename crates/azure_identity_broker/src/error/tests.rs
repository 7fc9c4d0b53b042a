use super::*;

#[derive(Debug, thiserror::Error)]
#[error("outer: {0}")]
struct Repeats(#[source] std::io::Error);

#[test]
fn no_text_stands_twice_in_the_chain() {
    let cause = Repeats(std::io::Error::other("inner\nsentence."));
    let error = Error::new(ErrorKind::Unavailable, "the host cannot be reached")
        .with_cause(&cause)
        .into_azure("no token for x");
    let chain: Vec<_> = std::iter::successors(
        Some(&error as &(dyn std::error::Error + 'static)),
        |error| error.source(),
    )
    .map(ToString::to_string)
    .collect();
    assert_eq!(
        chain,
        [
            "no token for x",
            "the host cannot be reached",
            "outer: inner sentence"
        ]
    );
}

#[test]
fn it_is_found_however_deep_it_lies() {
    let inner = Error::new(ErrorKind::Canceled, "the user declined");
    let error = inner
        .into_azure("no token for x")
        .with_context("getting the secret");
    assert_eq!(Error::find(&error).unwrap().kind(), ErrorKind::Canceled);
    assert!(Error::find(&std::io::Error::other("x")).is_none());
}

#[test]
fn the_credential_error_holds_it_directly() {
    let error = Error::new(ErrorKind::Refused, "no").into_azure("no token");
    assert_eq!(error.kind(), &AzureErrorKind::Credential);
    assert!(error.downcast_ref::<Error>().is_some());
}
