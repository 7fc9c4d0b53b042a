use azbroker_protocol::{
    AccountsReply, AccountsRequest, CookieRequest, DefaultAccountRequest, MalformedMessage,
    RemoveAccountReply, RemoveAccountRequest, RemoveAllReply, SignedHttpRequestRequest,
    StatusReply, TokenReply, TokenRequest, VersionReply,
};
use azbroker_service::sign_in_messages::{BeginReply, PasteReply, SignInFailure, SignedIn};
use serde::{Serialize, de::DeserializeOwned};

/// Every message of the contract and of our own interfaces, requests and replies. What was read can be written and read again, and
/// means the same; a fault quotes nothing.
pub fn messages(bytes: &[u8]) {
    let Ok(json) = std::str::from_utf8(bytes) else {
        return;
    };
    both_ways(json, TokenRequest::from_json, TokenRequest::to_json);
    both_ways(json, AccountsRequest::from_json, AccountsRequest::to_json);
    both_ways(
        json,
        RemoveAccountRequest::from_json,
        RemoveAccountRequest::to_json,
    );
    both_ways(json, AccountsReply::from_json, AccountsReply::to_json);
    both_ways(json, VersionReply::from_json, VersionReply::to_json);
    both_ways(
        json,
        RemoveAccountReply::from_json,
        RemoveAccountReply::to_json,
    );
    both_ways(
        json,
        DefaultAccountRequest::from_json,
        DefaultAccountRequest::to_json,
    );
    both_ways(json, StatusReply::from_json, StatusReply::to_json);
    both_ways(json, RemoveAllReply::from_json, RemoveAllReply::to_json);
    read_alone(CookieRequest::from_json(json));
    read_alone(SignedHttpRequestRequest::from_json(json));
    of_a_sign_in::<BeginReply>(json);
    of_a_sign_in::<PasteReply>(json);
    of_a_sign_in::<SignedIn>(json);
    if let Ok(failure) = serde_json::from_str::<SignInFailure>(json) {
        let _ = (failure.turn(), failure.message(), failure.next_step());
    }
    if let Ok(request) = TokenRequest::from_json(json) {
        let secrets = [
            request.auth_parameters.access_token_to_renew.expose(),
            request.auth_parameters.password.expose(),
        ];
        let shown = format!("{request:?}");
        // A shorter one may stand there by chance.
        for secret in secrets.iter().filter(|secret| secret.len() > 16) {
            let elsewhere = json.matches(*secret).count() > 1;
            assert!(
                elsewhere || !shown.contains(*secret),
                "Debug shows a secret"
            );
        }
    }
    match TokenReply::from_json(json) {
        Ok(TokenReply::Token(token)) => {
            let _ = token.expires_on_seconds();
            let again = TokenReply::from_json(&token.to_json());
            let Ok(TokenReply::Token(again)) = again else {
                panic!("a token reply cannot be read again: {again:?}");
            };
            assert_eq!(again.to_json(), token.to_json());
        }
        Ok(TokenReply::Error(error)) => drop(error.status()),
        Ok(_) => {}
        Err(fault) => quotes_nothing(&fault),
    }
}

fn both_ways<T>(
    json: &str,
    read: impl Fn(&str) -> Result<T, MalformedMessage>,
    write: impl Fn(&T) -> String,
) {
    match read(json) {
        Ok(message) => {
            let written = write(&message);
            let again = read(&written).unwrap_or_else(|fault| panic!("{fault}"));
            assert_eq!(write(&again), written);
        }
        Err(fault) => quotes_nothing(&fault),
    }
}

/// One that is never written here.
fn read_alone<T>(read: Result<T, MalformedMessage>) {
    if let Err(fault) = read {
        quotes_nothing(&fault);
    }
}

fn of_a_sign_in<T: Serialize + DeserializeOwned + PartialEq>(json: &str) {
    if let Ok(message) = serde_json::from_str::<T>(json) {
        let written = serde_json::to_string(&message).expect("texts and numbers");
        let again = serde_json::from_str::<T>(&written);
        assert!(again.is_ok_and(|again| again == message), "{written}");
    }
}

/// Its words are ours: a bound on its length is a bound on what it can quote.
fn quotes_nothing(fault: &MalformedMessage) {
    let text = fault.to_string();
    assert!(text.starts_with("malformed ") && text.len() < 120, "{text}");
}
