use azbroker_protocol::{
    AccountsReply, AccountsRequest, MalformedMessage, RemoveAccountReply, RemoveAccountRequest,
    TokenReply, TokenRequest, VersionReply,
};

/// Every message of the contract, requests and replies. What was read can be written and read again, and
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

/// Its words are ours: a bound on its length is a bound on what it can quote.
fn quotes_nothing(fault: &MalformedMessage) {
    let text = fault.to_string();
    assert!(text.starts_with("malformed ") && text.len() < 120, "{text}");
}
