use azbroker_emulator::{Behavior, Emulator, End, Target, World, default_world::*};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::harness::*;

#[tokio::test]
async fn a_sign_in_ends_at_the_loopback_redirect_in_query_mode() {
    let emulator = emulator().await;
    let mut app = App::listen().await;

    let visited = visit(&emulator, ADA, Behavior::Complete, &app.authorize_url(&[])).await;

    assert_eq!((visited.status, visited.end), (200, End::Loopback));
    assert_eq!(visited.text, "You are signed in to the application.");
    let (method, answer) = app.answer().await;
    assert_eq!(method, "GET");
    assert_eq!(answer["state"], "the state & more");
    let client_info = URL_SAFE_NO_PAD
        .decode(&answer["client_info"])
        .expect("base64url without padding");
    let client_info = json(&String::from_utf8(client_info).expect("UTF-8"));
    assert_eq!(
        client_info,
        serde_json::json!({"uid": ADA_OBJECT_ID, "utid": TENANT_ID})
    );
    assert!(answer.contains_key("session_state"));
    let (status, tokens) = app.redeem(&emulator, &answer["code"], &[]).await;
    assert_eq!(status, 200, "{tokens}");
}

#[tokio::test]
async fn a_sign_in_ends_at_the_loopback_redirect_in_form_post_mode() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let url = app.authorize_url(&[("response_mode", "form_post"), ("prompt", "select_account")]);

    let visited = visit(&emulator, ADA, Behavior::Complete, &url).await;

    assert_eq!((visited.status, visited.end), (200, End::Loopback));
    let (method, answer) = app.answer().await;
    assert_eq!(method, "POST");
    assert_eq!(answer["state"], "the state & more");
    assert_eq!(app.redeem(&emulator, &answer["code"], &[]).await.0, 200);
}

#[tokio::test]
async fn a_second_sign_in_of_the_same_browser_needs_no_password() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let visitor = visitor(&emulator, ADA, Behavior::Complete);
    visitor
        .visit(&app.authorize_url(&[]))
        .await
        .expect("the first");
    app.answer().await;
    let pages = emulator
        .ledger()
        .count(|entry| entry.target == Target::SignIn);
    assert_eq!(pages, 2);

    visitor
        .visit(&app.authorize_url(&[("prompt", "none")]))
        .await
        .expect("the second");

    assert!(app.answer().await.1.contains_key("code"));
    assert_eq!(
        emulator
            .ledger()
            .count(|entry| entry.target == Target::SignIn),
        pages
    );
}

#[tokio::test]
async fn select_account_shows_who_is_signed_in() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let visitor = visitor(&emulator, ADA, Behavior::Complete);
    visitor
        .visit(&app.authorize_url(&[]))
        .await
        .expect("the first");
    app.answer().await;

    visitor
        .visit(&app.authorize_url(&[("prompt", "select_account")]))
        .await
        .expect("the second");

    assert!(app.answer().await.1.contains_key("code"));
    let paths: Vec<_> = emulator
        .ledger()
        .entries()
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    assert!(
        paths.last().expect("an entry").ends_with("/login/account"),
        "{paths:?}"
    );
}

#[tokio::test]
async fn prompt_login_asks_for_the_password_again() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let visitor = visitor(&emulator, ADA, Behavior::Complete);
    visitor
        .visit(&app.authorize_url(&[]))
        .await
        .expect("the first");
    app.answer().await;

    visitor
        .visit(&app.authorize_url(&[("prompt", "login"), ("login_hint", ADA)]))
        .await
        .expect("the second");

    assert!(app.answer().await.1.contains_key("code"));
    assert_eq!(
        emulator
            .ledger()
            .count(|entry| entry.path.ends_with("/login/password")),
        2
    );
    assert_eq!(
        emulator
            .ledger()
            .count(|entry| entry.path.ends_with("/login/username")),
        1
    );
}

#[tokio::test]
async fn a_login_hint_skips_the_username_page() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    visit(
        &emulator,
        ADA,
        Behavior::Complete,
        &app.authorize_url(&[("login_hint", "ADA@contoso.example")]),
    )
    .await;
    assert!(app.answer().await.1.contains_key("code"));
    assert_eq!(
        emulator
            .ledger()
            .count(|entry| entry.path.ends_with("/login/username")),
        0
    );
}

#[tokio::test]
async fn consent_is_asked_once_for_each_user_and_application() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let url = app.authorize_url(&[("client_id", SAMPLE_CLIENT_ID)]);
    let consents = || {
        emulator
            .ledger()
            .count(|entry| entry.path.ends_with("/login/consent"))
    };

    visit(&emulator, ADA, Behavior::Complete, &url).await;
    assert!(app.answer().await.1.contains_key("code"));
    assert_eq!(consents(), 1);

    visit(&emulator, ADA, Behavior::Complete, &url).await;
    assert!(app.answer().await.1.contains_key("code"));
    assert_eq!(consents(), 1);

    visit(&emulator, BOB, Behavior::Complete, &url).await;
    assert!(app.answer().await.1.contains_key("code"));
    assert_eq!(consents(), 2);
}

#[tokio::test]
async fn two_sign_ins_at_once_do_not_mix() {
    let emulator = emulator().await;
    let (mut one, mut other) = (App::listen().await, App::listen().await);
    let (ada, bob) = tokio::join!(
        one.tokens(&emulator, ADA, &[]),
        other.tokens(&emulator, BOB, &[])
    );
    assert_eq!(claims_of(&ada["id_token"])["preferred_username"], ADA);
    assert_eq!(claims_of(&bob["id_token"])["preferred_username"], BOB);
}

#[tokio::test]
async fn two_sign_ins_at_once_in_one_browser_both_end() {
    let emulator = emulator().await;
    let (mut one, mut other) = (App::listen().await, App::listen().await);
    let visitor = visitor(&emulator, ADA, Behavior::Complete);
    // The first visit gives the browser its cookie, as any earlier page would have.
    visitor
        .visit(&one.authorize_url(&[]))
        .await
        .expect("the first");
    one.answer().await;
    let (first, second) = (
        one.authorize_url(&[("prompt", "login")]),
        other.authorize_url(&[("prompt", "login")]),
    );
    let (first, second) = tokio::join!(visitor.visit(&first), visitor.visit(&second));
    assert_eq!(first.expect("one").end, End::Loopback);
    assert_eq!(second.expect("other").end, End::Loopback);
    assert!(one.answer().await.1.contains_key("code"));
    assert!(other.answer().await.1.contains_key("code"));
}

#[tokio::test]
async fn fragment_mode_and_other_redirects_are_followed_as_far_as_the_web_goes() {
    let emulator = emulator().await;
    let app = App::listen().await;
    let native = "https://login.microsoftonline.com/common/oauth2/nativeclient";
    let url = app.authorize_url(&[("redirect_uri", native), ("response_mode", "fragment")]);
    let visited = visit(&emulator, ADA, Behavior::Complete, &url).await;
    assert_eq!((visited.status, visited.end), (200, End::Page));
    assert!(visited.url.starts_with(&format!("{native}#code=")));

    let broker = format!("ms-appx-web://Microsoft.AAD.BrokerPlugin/{AZURE_CLI_CLIENT_ID}");
    let visited = visit(
        &emulator,
        ADA,
        Behavior::Complete,
        &app.authorize_url(&[("redirect_uri", &broker)]),
    )
    .await;
    assert_eq!(visited.end, End::Elsewhere);
    assert!(visited.url.contains("?code="));
}

#[tokio::test]
async fn the_authorize_endpoint_takes_a_form_too() {
    let emulator = emulator().await;
    let app = App::listen().await;
    let url = app.authorize_url(&[]);
    let (endpoint, query) = url.split_once('?').expect("a query");
    let response = emulator
        .http_client()
        .post(endpoint)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(query.to_owned())
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status(), 200);
    assert!(
        response
            .text()
            .await
            .expect("a page")
            .contains("name=\"username\"")
    );
}

#[tokio::test]
async fn pages_are_locked_down_and_escape_what_users_type() {
    let emulator = emulator().await;
    let app = App::listen().await;
    let url = app.authorize_url(&[("login_hint", "\"><script>alert(1)</script>@x.example")]);
    let response = emulator
        .http_client()
        .get(url)
        .send()
        .await
        .expect("an answer");
    let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    let policy = header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(
        policy.contains(&format!("form-action 'self' {}", app.redirect_uri)),
        "{policy}"
    );
    assert!(!policy.contains("script-src"), "{policy}");
    let cookie = header("set-cookie");
    assert!(
        cookie.starts_with("__Host-browser=")
            && cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax")
    );
    let page = response.text().await.expect("a page");
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("&lt;script&gt;"), "{page}");
}

#[tokio::test]
async fn a_user_of_one_tenant_is_unknown_in_another() {
    let mut world = World::default();
    let mut fabrikam = world.tenants[0].clone();
    fabrikam.id = "fab00000-0000-4000-8000-000000000001".into();
    fabrikam.domain = "fabrikam.example".into();
    fabrikam.name = "Fabrikam".into();
    fabrikam.users.clear();
    world.tenants.push(fabrikam);
    let emulator = Emulator::start(world).await.expect("it starts");
    let app = App::listen().await;
    let url = app.authorize_url_at("https://login.microsoftonline.com/fabrikam.example", &[]);
    let visited = visit(&emulator, ADA, Behavior::Complete, &url).await;
    assert_eq!(visited.end, End::Page);
    assert!(visited.text.contains("AADSTS50034"), "{}", visited.text);
}
