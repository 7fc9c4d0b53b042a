use super::*;
use azure_core::cloud::CustomConfiguration;
use std::sync::Arc;

type Options = InteractiveBrowserCredentialOptions;

fn record() -> AuthenticationRecord {
    AuthenticationRecord::deserialize(
        r#"{"authority":"login.microsoftonline.us","clientId":"app","homeAccountId":"a.t",
            "tenantId":"t","username":"ada@contoso.example","version":"1.0"}"#,
    )
    .unwrap()
}

fn in_cloud(cloud: CloudConfiguration) -> Options {
    let mut options = Options::default();
    options.client_options.cloud = Some(Arc::new(cloud));
    options
}

#[test]
fn the_nearest_setting_decides_the_authority() {
    let mut custom = CustomConfiguration::default();
    custom.authority_host = "https://login.sovcloud-identity.fr/".to_owned();
    for (options, environment, authority) in [
        (
            Options::default(),
            None,
            "https://login.microsoftonline.com/organizations",
        ),
        (
            Options::default(),
            Some("login.microsoftonline.us"),
            "https://login.microsoftonline.us/organizations",
        ),
        (
            Options {
                authentication_record: Some(record()),
                ..Default::default()
            },
            Some("login.microsoftonline.com"),
            "https://login.microsoftonline.us/t",
        ),
        (
            in_cloud(CloudConfiguration::AzureChina),
            Some("login.microsoftonline.us"),
            "https://login.chinacloudapi.cn/organizations",
        ),
        (
            in_cloud(custom.into()),
            None,
            "https://login.sovcloud-identity.fr/organizations",
        ),
        (
            Options {
                authority_host: Some("https://localhost:8443".to_owned()),
                tenant_id: Some("Contoso.example".to_owned()),
                ..in_cloud(CloudConfiguration::AzureChina)
            },
            Some("login.microsoftonline.us"),
            "https://localhost:8443/contoso.example",
        ),
    ] {
        assert_eq!(
            options.authority(environment).unwrap().to_string(),
            authority
        );
    }
}

#[test]
fn the_client_is_the_named_one_or_the_records_or_the_azure_cli() {
    let of = |client_id: Option<&str>, authentication_record| {
        let client_id = client_id.map(str::to_owned);
        Options {
            client_id,
            authentication_record,
            ..Default::default()
        }
        .client_id()
        .unwrap()
        .to_string()
    };
    assert_eq!(of(None, None), ClientId::AZURE_CLI);
    assert_eq!(of(None, Some(record())), "app");
    assert_eq!(of(Some("APP"), Some(record())), "app");
    assert_eq!(of(Some("other"), None), "other");
}

#[test]
fn a_wrong_redirect_uri_and_no_time_to_sign_in_are_named_when_the_credential_is_made() {
    let with_uri = |uri: &str| Options {
        redirect_uri: Some(uri.to_owned()),
        ..Default::default()
    };
    let no_time = Options {
        sign_in_timeout: Some(Duration::ZERO),
        ..Default::default()
    };
    for (options, message) in [
        (
            with_uri("https://app.example/cb"),
            "redirect URI 'https://app.example/cb' is not of this machine: its host must be localhost, 127.0.0.1 or [::1]",
        ),
        (
            with_uri("https://localhost:8400"),
            "redirect URI 'https://localhost:8400' is HTTPS, which has no certificate here: write it with http://",
        ),
        (
            with_uri("localhost"),
            "redirect URI 'localhost' is no URL such as http://localhost:8400",
        ),
        (
            no_time,
            "the time for a sign-in is over before it begins: `sign_in_timeout` must be positive",
        ),
    ] {
        let error = crate::InteractiveBrowserCredential::new(Some(options)).unwrap_err();
        let error = Error::find(&error).unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.to_string(), message);
    }
}
