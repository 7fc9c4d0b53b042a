use super::*;

#[test]
fn a_resource_is_the_scope_without_the_permission() {
    for (scopes, resource) in [
        (
            vec!["https://vault.azure.net/.default"],
            "https://vault.azure.net",
        ),
        (
            vec!["https://Vault.azure.net//.default", "offline_access"],
            "https://vault.azure.net",
        ),
        (
            vec!["User.Read", "Mail.Read"],
            "https://graph.microsoft.com",
        ),
        (
            vec!["api://5a6f/x/y.read", "https://a.example/b"],
            "api://5a6f/x https://a.example",
        ),
        (vec!["openid", "profile"], "https://graph.microsoft.com"),
        (
            vec!["00000003-0000-0000-C000-000000000000/.default"],
            "https://graph.microsoft.com",
        ),
        (
            vec!["https://management.core.windows.net//.default"],
            "https://management.azure.com",
        ),
    ] {
        let scopes = Scopes::parse(scopes).unwrap();
        assert_eq!(Resource::of(&scopes).to_string(), resource, "{scopes}");
    }
}

#[test]
fn what_is_typed_is_what_a_request_with_that_scope_is_for() {
    let guid = "5a6f0000-0000-4000-8000-00000000000a";
    for (typed, resource) in [
        ("https://vault.azure.net", "https://vault.azure.net"),
        ("https://vault.azure.net/", "https://vault.azure.net"),
        (
            " https://Vault.azure.net/.default ",
            "https://vault.azure.net",
        ),
        (
            "https://vault.azure.net/user_impersonation",
            "https://vault.azure.net",
        ),
        ("vault.azure.net", "https://vault.azure.net"),
        ("http://vault.azure.net", "https://vault.azure.net"),
        (
            "https://ossrdbms-aad.database.windows.net/.default",
            "https://ossrdbms-aad.database.windows.net",
        ),
        (
            "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
            "https://vault.azure.net",
        ),
        (
            "https://graph.microsoft.com/User.Read",
            "https://graph.microsoft.com",
        ),
        (
            "00000003-0000-0000-c000-000000000000/ags.windows.net/.default",
            "https://graph.microsoft.com",
        ),
        (
            "https://management.core.windows.net//.default",
            "https://management.azure.com",
        ),
        ("https://contoso.example", "https://contoso.example"),
        (
            "https://contoso.example/api/.default",
            "https://contoso.example/api",
        ),
        (
            "https://contoso.example/api/",
            "https://contoso.example/api",
        ),
        ("api://5a6f/.default/.default", "api://5a6f"),
        ("urn:contoso:api/.default", "urn:contoso:api"),
        (guid, guid),
        (&format!("{guid}/access_as_user"), guid),
    ] {
        let read = Resource::typed(typed).unwrap();
        assert_eq!(read.to_string(), resource, "{typed}");
        let scopes = Scopes::parse([typed.trim()]).unwrap();
        assert_eq!(Resource::of(&scopes), read, "{typed}");
        assert_eq!(Resource::written(resource), Some(read), "{typed}");
    }
}

#[test]
fn what_no_request_is_for_is_refused_and_the_error_says_what_to_give() {
    let such = "give one such as https://vault.azure.net";
    for (typed, error) in [
        ("nonsense", such),
        ("contoso.example", such),
        ("vault.azure.net.example", such),
        ("User.Read", such),
        ("openid", such),
        ("foo/.default", such),
        ("https://", such),
        ("https:///.default", such),
        ("a b://c", such),
        ("https://vault.azure.net https://contoso.example", such),
        ("", such),
        (
            "https://demo.vault.azure.net/.default",
            "give https://vault.azure.net, which its tokens are for",
        ),
        (
            "api://5a6f/Access",
            "give api://5a6f/access/.default or api://5a6f/.default",
        ),
    ] {
        let refused = Resource::typed(typed).unwrap_err().to_string();
        assert!(refused.ends_with(error), "{typed}: {refused}");
    }
}

#[test]
fn what_an_earlier_version_wrote_is_understood_where_it_can_be() {
    for (written, resource) in [
        (
            "https://vault.azure.net/.default",
            Some("https://vault.azure.net"),
        ),
        ("vault.azure.net", Some("https://vault.azure.net")),
        ("api://5a6f/x", Some("api://5a6f/x")),
        (
            "api://5a6f/x https://a.example",
            Some("api://5a6f/x https://a.example"),
        ),
        ("https://demo.vault.azure.net", None),
        ("https://graph.microsoft.com/User.Read", None),
        ("nonsense", None),
        ("https://a.example nonsense", None),
        ("", None),
    ] {
        let read = Resource::written(written).map(|read| read.to_string());
        assert_eq!(read.as_deref(), resource, "{written}");
    }
}

#[test]
fn a_denial_of_an_application_holds_by_its_id_and_by_the_address_of_it() {
    const ID: &str = "5a6f0000-0000-4000-8000-00000000000a";
    let by_id = Resource::typed(ID).unwrap();
    let by_address = Resource::typed(&format!("api://{ID}")).unwrap();
    assert!(by_id.is_part_of(&by_address) && by_address.is_part_of(&by_id));
    let other = Resource::typed("api://contoso").unwrap();
    assert!(!by_id.is_part_of(&other));
}
