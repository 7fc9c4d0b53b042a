use azbroker_entra::{Authority, AuthorityHost, Claims, ClientId, HomeAccountId, Scopes, Tenant};

/// The values that callers hand in. What is taken must mean the same when it is written and read again, and
/// must not lead a refresh token anywhere but to the host it names.
pub fn entra_values(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    authority(text);
    if let Ok(host) = AuthorityHost::parse(text) {
        let again = AuthorityHost::parse(&host.to_string()).expect("what is shown can be read");
        assert_eq!(again, host);
    }
    if let Ok(tenant) = Tenant::parse(text) {
        assert_eq!(Tenant::parse(tenant.as_str()), Ok(tenant.clone()));
        let authority = Authority::public_cloud().with_tenant(tenant.clone());
        let expected = format!("/{tenant}/oauth2/v2.0/token");
        assert_eq!(authority.token_endpoint().path(), expected);
    }
    if let Ok(client_id) = ClientId::parse(text) {
        assert_eq!(ClientId::parse(client_id.as_str()), Ok(client_id));
    }
    if let Ok(scopes) = Scopes::parse(text.split(' ')) {
        let again = Scopes::parse(scopes.iter()).expect("a scope is a scope");
        assert_eq!(again, scopes);
        assert!(!scopes.to_string().contains(['\n', '\r', '"']));
    }
    if let Ok(claims) = Claims::parse(text) {
        assert_eq!(claims.as_str(), text);
        assert_eq!(format!("{claims:?}"), "Claims");
    }
    if let Some(id) = HomeAccountId::parse(text) {
        assert_eq!(HomeAccountId::parse(id.as_str()), Some(id.clone()));
        assert!(!id.to_client_info().contains('='));
    }
}

fn authority(text: &str) {
    let authority = match Authority::parse(text) {
        Ok(authority) => authority,
        Err(error) => {
            assert!(!error.to_string().contains('\n'), "{error}");
            return;
        }
    };
    let again = Authority::parse(&authority.to_string()).expect("what is shown can be read");
    assert_eq!(again, authority);
    for endpoint in [
        authority.token_endpoint(),
        authority.authorization_endpoint(),
    ] {
        let host = endpoint.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host == "localhost"
            || bare
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback());
        assert!(endpoint.scheme() == "https" || loopback, "{endpoint}");
        assert!(endpoint.username().is_empty() && endpoint.password().is_none());
        assert!(endpoint.query().is_none() && endpoint.fragment().is_none());
        let tenant = format!("/{}/oauth2/v2.0/", authority.tenant());
        assert!(endpoint.path().starts_with(&tenant), "{endpoint}");
    }
    if authority.is_known() {
        assert_eq!(authority.token_endpoint().scheme(), "https");
        assert_eq!(authority.token_endpoint().port(), None);
    }
}
