use azbroker_emulator::{Consent, Role, World, WorldError};
use serde_json::{Value, json};

#[test]
fn the_default_world_survives_a_round_trip() {
    let world = World::default();
    let text = serde_json::to_string(&world).expect("it is written");
    assert_eq!(World::from_json(&text).expect("it is read"), world);
}

#[test]
fn a_small_world_needs_little() {
    let world = World::from_json(&small().to_string()).expect("it is possible");
    assert_eq!(world.access_token_lifetime_seconds, 3599);
    assert_eq!(world.clock_offset_seconds, 0);
    assert_eq!(world.tenants[0].applications[0].consent, Consent::Asked);
    assert_eq!(world.vaults[0].roles["ada@small.example"], Role::Officer);
}

/// Changes a value of the small world and returns what is wrong with it then.
fn problem(pointer: &str, value: Value) -> String {
    let mut world = small();
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    let parent = world.pointer_mut(parent).expect("it exists");
    match parent {
        Value::Array(items) => items.push(value),
        other => other[field] = value,
    }
    World::from_json(&world.to_string())
        .expect_err("it is impossible")
        .to_string()
}

fn small() -> Value {
    json!({
        "tenants": [{
            "id": "11111111-2222-4333-8444-555555555555",
            "domain": "small.example",
            "name": "Small",
            "users": [{
                "username": "ada@small.example",
                "password": "a password",
                "name": "Ada",
                "object_id": "11111111-2222-4333-8444-666666666666",
            }],
            "applications": [{
                "client_id": "11111111-2222-4333-8444-777777777777",
                "name": "App",
                "redirect_uris": ["http://localhost"],
            }],
        }],
        "vaults": [{
            "name": "small",
            "tenant": "small.example",
            "secrets": {"one": "1"},
            "roles": {"ada@small.example": "officer"},
        }],
    })
}

#[test]
fn text_that_is_not_json_is_told_with_its_place() {
    let error = World::from_json("{\n  \"tenants\": [,]\n}").expect_err("it is not JSON");
    assert!(
        matches!(
            error,
            WorldError::Json {
                line: 2,
                column: 15,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "line 2, column 15: expected value");
}

#[test]
fn a_missing_field_is_told() {
    let error = World::from_json("{\"tenants\": [{}]}").expect_err("it is incomplete");
    assert_eq!(error.to_string(), "line 1, column 15: missing field `id`");
}

#[test]
fn an_unknown_field_is_told() {
    assert!(problem("/tenants/0/users/0/pasword", json!("x")).contains("unknown field `pasword`"));
}

#[test]
fn a_password_in_a_wrong_type_is_not_shown() {
    let problem = problem("/tenants/0/users/0/password", json!(12_345_678));
    assert!(
        problem.contains("the password must be a string") && !problem.contains("12345678"),
        "{problem}"
    );
}

#[test]
fn a_secret_in_a_wrong_type_is_not_shown() {
    let problem = problem("/vaults/0/secrets/one", json!(12_345_678));
    assert!(
        problem.contains("the value of secret `one` must be a string"),
        "{problem}"
    );
    assert!(!problem.contains("12345678"), "{problem}");
}

#[test]
fn a_world_without_tenants_is_refused() {
    let error = World::from_json("{\"tenants\": []}").expect_err("it is empty");
    assert_eq!(error.to_string(), "tenants: at least one is needed");
}

#[test]
fn a_tenant_id_must_be_a_guid() {
    let expected = "tenants[0].id: `small` is not a GUID";
    assert_eq!(problem("/tenants/0/id", json!("small")), expected);
    assert!(
        problem("/tenants/0/id", json!("11111111222243338444555555555555"))
            .ends_with("is not a GUID")
    );
}

#[test]
fn a_domain_must_be_one() {
    let expected = "tenants[0].domain: `not a domain` is not a domain such as contoso.example";
    assert_eq!(
        problem("/tenants/0/domain", json!("not a domain")),
        expected
    );
    // These have a meaning of their own in URLs.
    assert!(problem("/tenants/0/domain", json!("common")).contains("is not a domain"));
}

#[test]
fn a_tenant_stands_once() {
    let mut tenant = small()["tenants"][0].clone();
    tenant["id"] = json!("11111111-2222-4333-8444-55555555AAAA");
    tenant["domain"] = json!("Small.example");
    assert_eq!(
        problem("/tenants/-", tenant),
        "tenants[1].domain: tenant `Small.example` stands twice"
    );
}

#[test]
fn a_username_must_be_one() {
    let expected =
        "tenants[0].users[0].username: `ada` is not a username such as ada@contoso.example";
    assert_eq!(
        problem("/tenants/0/users/0/username", json!("ada")),
        expected
    );
}

#[test]
fn a_user_stands_once() {
    let mut user = small()["tenants"][0]["users"][0].clone();
    user["username"] = json!("ADA@small.example");
    let expected = "tenants[0].users[1].username: user `ADA@small.example` stands twice";
    assert_eq!(problem("/tenants/0/users/-", user), expected);
}

#[test]
fn an_object_id_stands_once() {
    let mut user = small()["tenants"][0]["users"][0].clone();
    user["username"] = json!("bob@small.example");
    assert!(
        problem("/tenants/0/users/-", user)
            .starts_with("tenants[0].users[1].object_id: object ID `")
    );
}

#[test]
fn a_password_must_not_be_empty() {
    let expected = "tenants[0].users[0].password: must not be empty";
    assert_eq!(problem("/tenants/0/users/0/password", json!("")), expected);
}

#[test]
fn a_client_id_must_be_a_guid() {
    let expected = "tenants[0].applications[0].client_id: `x` is not a GUID";
    assert_eq!(
        problem("/tenants/0/applications/0/client_id", json!("x")),
        expected
    );
}

#[test]
fn a_redirect_uri_must_be_absolute() {
    let expected = "tenants[0].applications[0].redirect_uris[0]: `/back` is not an absolute URI without a fragment";
    assert_eq!(
        problem("/tenants/0/applications/0/redirect_uris", json!(["/back"])),
        expected
    );
}

#[test]
fn a_vault_name_must_be_one() {
    let problem = problem("/vaults/0/name", json!("evil.example"));
    assert!(
        problem.starts_with("vaults[0].name: `evil.example` is not a vault name"),
        "{problem}"
    );
}

#[test]
fn a_vault_stands_once() {
    let vault = small()["vaults"][0].clone();
    assert_eq!(
        problem("/vaults/-", vault),
        "vaults[1].name: vault `small` stands twice"
    );
}

#[test]
fn the_tenant_of_a_vault_must_exist() {
    let expected = "vaults[0].tenant: no tenant has the ID or domain `fabrikam.example`";
    assert_eq!(
        problem("/vaults/0/tenant", json!("fabrikam.example")),
        expected
    );
}

#[test]
fn a_secret_name_must_be_one() {
    let expected =
        "vaults[0].secrets.under_score: a secret's name has 1 to 127 letters, digits and hyphens";
    assert_eq!(
        problem("/vaults/0/secrets/under_score", json!("x")),
        expected
    );
}

#[test]
fn a_role_belongs_to_a_user_of_the_tenant() {
    let expected = "vaults[0].roles.eve@small.example: tenant small.example has no such user";
    assert_eq!(
        problem("/vaults/0/roles/eve@small.example", json!("reader")),
        expected
    );
}

#[test]
fn a_role_must_exist() {
    let problem = problem("/vaults/0/roles/ada@small.example", json!("king"));
    assert!(
        problem.contains("unknown variant `king`, expected `reader` or `officer`"),
        "{problem}"
    );
}

#[test]
fn lifetimes_and_offsets_have_limits() {
    let expected = "access_token_lifetime_seconds: must be from 1 to 86400";
    assert_eq!(
        problem("/access_token_lifetime_seconds", json!(0)),
        expected
    );
    let expected = "clock_offset_seconds: must be within ten years";
    assert_eq!(problem("/clock_offset_seconds", json!(i64::MIN)), expected);
}
