//! Who is in the cloud of a stage, and what is asked about them.

use serde_json::{Value, json};

/// A world with one tenant, one application that needs no consent, and users `user0@…`, `user1@…`.
pub(super) fn of(users: usize) -> Value {
    let users: Vec<_> = (0..users)
        .map(|number| {
            json!({
                "username": format!("user{number}@contoso.example"),
                "password": "a password of the bench",
                "name": format!("User {number}"),
                "object_id": format!("00000000-0000-4000-8000-{number:012}"),
            })
        })
        .collect();
    json!({
        "tenants": [{
            "id": "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10",
            "domain": "contoso.example",
            "name": "Contoso",
            "users": users,
            "applications": [{
                "client_id": CLIENT_ID,
                "name": "Azure CLI",
                "redirect_uris": ["http://localhost"],
                "consent": "granted",
            }],
        }],
        "vaults": [],
    })
}

/// Files with requests, by their names.
pub(super) fn requests() -> impl Iterator<Item = (&'static str, Value)> {
    REQUESTS
        .iter()
        .map(|(file, changed)| (*file, request_of(changed)))
}

/// What a client of the contract sends, with some parameters of its own.
fn request_of(changed: &[(&str, &str)]) -> Value {
    let mut parameters = json!({
        "clientId": CLIENT_ID,
        "authority": "https://login.microsoftonline.com/organizations",
        "redirectUri": "https://login.microsoftonline.com/common/oauth2/nativeclient",
        "requestedScopes": ["https://vault.azure.net/.default"],
    });
    for (name, value) in changed {
        parameters[*name] = match *name {
            "requestedScopes" => json!([value]),
            "additionalQueryParametersForAuthorization" => json!({ "max_age": value }),
            _ => json!(value),
        };
    }
    json!({ "authParameters": parameters, "clientId": CLIENT_ID })
}

const CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Files with requests, and what is particular in each.
const REQUESTS: &[(&str, &[(&str, &str)])] = &[
    ("silent.json", &[]),
    ("accounts.json", &[]),
    ("sign-in.json", &[("username", "user{n}@contoso.example")]),
    (
        // Shows the page, whatever is held.
        "sign-in-again.json",
        &[
            ("username", "user0@contoso.example"),
            ("additionalQueryParametersForAuthorization", "0"),
        ],
    ),
    ("of-first.json", &[("username", "user0@contoso.example")]),
    (
        "of-many.json",
        &[
            ("username", "user{n}@contoso.example"),
            (
                "requestedScopes",
                "https://service{m}.contoso.example/.default",
            ),
        ],
    ),
    (
        "other-resource.json",
        &[("requestedScopes", "https://management.azure.com/.default")],
    ),
];
