use azbroker_emulator::{Behavior, End, Fault, Target, default_world::*};

use crate::harness::*;

#[tokio::test]
async fn a_wrong_password_shows_the_page_again() {
    let emulator = emulator().await;
    let app = App::listen().await;
    let visited = visit(
        &emulator,
        ADA,
        Behavior::WrongPassword,
        &app.authorize_url(&[]),
    )
    .await;
    assert_eq!((visited.status, visited.end), (200, End::Page));
    assert!(visited.text.contains("AADSTS50126"), "{}", visited.text);
    assert!(visited.text.contains("type=\"password\""));
    let entries = emulator.ledger().entries();
    assert_eq!(
        entries.last().and_then(|entry| entry.aadsts()),
        Some(50_126)
    );
    assert_eq!(
        entries
            .last()
            .and_then(|entry| entry.username.clone())
            .as_deref(),
        Some(ADA)
    );
}

#[tokio::test]
async fn an_unknown_user_is_told_so() {
    let emulator = emulator().await;
    let app = App::listen().await;
    let visited = visit(
        &emulator,
        "eve@contoso.example",
        Behavior::Complete,
        &app.authorize_url(&[]),
    )
    .await;
    assert!(visited.text.contains("AADSTS50034"), "{}", visited.text);
}

#[tokio::test]
async fn declining_at_the_first_page_tells_the_application() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let visited = visit(&emulator, ADA, Behavior::Decline, &app.authorize_url(&[])).await;
    assert_eq!(visited.end, End::Loopback);
    assert_declined(&app.answer().await.1);
    assert_eq!(
        emulator
            .ledger()
            .count(|entry| entry.aadsts() == Some(65_004)),
        1
    );
}

#[tokio::test]
async fn declining_the_consent_tells_the_application_and_is_not_remembered() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let url = app.authorize_url(&[
        ("client_id", SAMPLE_CLIENT_ID),
        ("response_mode", "form_post"),
    ]);
    visit(&emulator, ADA, Behavior::DeclineConsent, &url).await;
    assert_declined(&app.answer().await.1);
    visit(&emulator, ADA, Behavior::DeclineConsent, &url).await;
    assert_declined(&app.answer().await.1);
}

fn assert_declined(answer: &Parameters) {
    assert_eq!(answer["error"], "access_denied");
    assert!(
        answer["error_description"].starts_with("AADSTS65004: "),
        "{answer:?}"
    );
    assert_eq!(answer["state"], "the state & more");
    assert!(!answer.contains_key("code"));
}

#[tokio::test]
async fn closing_the_window_stops_at_the_first_page() {
    let emulator = emulator().await;
    let app = App::listen().await;
    let visited = visit(&emulator, ADA, Behavior::Close, &app.authorize_url(&[])).await;
    assert_eq!((visited.status, visited.end), (200, End::Page));
    assert!(visited.text.contains("name=\"username\""));
    assert_eq!(emulator.ledger().entries().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_trusted_ends_on_a_page_and_never_redirects() {
    let emulator = emulator().await;
    let app = App::listen().await;
    for (extra, aadsts) in [
        (("redirect_uri", "https://evil.example/"), "AADSTS50011"),
        (("redirect_uri", "http://localhost:1/other"), "AADSTS50011"),
        (("redirect_uri", ""), "AADSTS900144"),
        (
            ("client_id", "5eed0000-0000-4000-8000-00000000dead"),
            "AADSTS700016",
        ),
        (("client_id", ""), "AADSTS900144"),
    ] {
        let visited = visit(
            &emulator,
            ADA,
            Behavior::Complete,
            &app.authorize_url(&[extra]),
        )
        .await;
        assert_eq!((visited.status, visited.end), (400, End::Page), "{extra:?}");
        assert!(visited.text.contains(aadsts), "{extra:?}: {}", visited.text);
    }
    let url = app.authorize_url_at("https://login.microsoftonline.com/nowhere.example", &[]);
    let visited = visit(&emulator, ADA, Behavior::Complete, &url).await;
    assert!(visited.text.contains("AADSTS90002"), "{}", visited.text);
}

#[tokio::test]
async fn wrong_requests_are_told_to_the_application() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    for (extra, error, aadsts) in [
        (("response_type", ""), "invalid_request", "AADSTS900144"),
        (
            ("response_type", "token"),
            "unsupported_response_type",
            "AADSTS70005",
        ),
        (
            ("response_mode", "cookie"),
            "invalid_request",
            "AADSTS70007",
        ),
        (("scope", ""), "invalid_request", "AADSTS900144"),
        (("scope", "nonsense"), "invalid_scope", "AADSTS70011"),
        (
            ("scope", "https://nothing.example/.default"),
            "invalid_resource",
            "AADSTS500011",
        ),
        (
            ("code_challenge_method", "plain"),
            "invalid_request",
            "AADSTS9002313",
        ),
        (
            ("code_challenge_method", ""),
            "invalid_request",
            "AADSTS9002313",
        ),
        (
            ("code_challenge", "short"),
            "invalid_request",
            "AADSTS50147",
        ),
        (("prompt", "maybe"), "invalid_request", "AADSTS90023"),
        (("prompt", "none"), "login_required", "AADSTS50058"),
        (("claims", "not json"), "invalid_request", "AADSTS9002313"),
    ] {
        let visited = visit(
            &emulator,
            ADA,
            Behavior::Complete,
            &app.authorize_url(&[extra]),
        )
        .await;
        assert_eq!(visited.end, End::Loopback, "{extra:?}: {}", visited.text);
        let (_, answer) = app.answer().await;
        assert_eq!(answer["error"], error, "{extra:?}");
        assert!(
            answer["error_description"].starts_with(&format!("{aadsts}: ")),
            "{extra:?}: {answer:?}"
        );
        assert_eq!(answer["state"], "the state & more");
    }
}

#[tokio::test]
async fn a_silent_sign_in_without_consent_needs_the_user() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let visitor = visitor(&emulator, ADA, Behavior::Complete);
    visitor
        .visit(&app.authorize_url(&[]))
        .await
        .expect("signed in");
    app.answer().await;
    let url = app.authorize_url(&[("client_id", SAMPLE_CLIENT_ID), ("prompt", "none")]);
    visitor.visit(&url).await.expect("answered");
    let (_, answer) = app.answer().await;
    assert_eq!(answer["error"], "interaction_required");
    assert!(answer["error_description"].starts_with("AADSTS65001: "));
}

#[tokio::test]
async fn a_page_of_one_browser_is_worth_nothing_in_another() {
    let emulator = emulator().await;
    let app = App::listen().await;
    let client = emulator.http_client();
    let page = client
        .get(app.authorize_url(&[("login_hint", ADA)]))
        .send()
        .await
        .expect("a page");
    let cookie = page.headers()["set-cookie"]
        .to_str()
        .expect("text")
        .split(';')
        .next()
        .expect("a pair")
        .to_owned();
    let page = page.text().await.expect("a body");
    let sign_in = page
        .split("name=\"sign_in\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let sign_in = sign_in.expect("an ID").to_owned();
    let post = |cookie: String, sign_in: String| {
        let form = [("sign_in", sign_in), ("password", ADA_PASSWORD.to_owned())];
        client
            .post(format!("{AUTHORITY}/login/password"))
            .header("cookie", cookie)
            .form(&form)
            .send()
    };

    for (cookie, sign_in) in [
        (String::new(), sign_in.clone()),
        ("__Host-browser=another".to_owned(), sign_in.clone()),
        (cookie.clone(), "another".to_owned()),
    ] {
        let refused = post(cookie, sign_in).await.expect("an answer");
        assert_eq!(refused.status(), 400);
        assert!(
            refused
                .text()
                .await
                .expect("a page")
                .contains("AADSTS165000")
        );
    }
    let done = post(cookie.clone(), sign_in.clone())
        .await
        .expect("an answer");
    assert_eq!(done.status(), 302);
    // It is over now.
    assert_eq!(
        post(cookie, sign_in).await.expect("an answer").status(),
        400
    );
}

#[tokio::test]
async fn consent_cannot_be_posted_before_the_password() {
    let emulator = emulator().await;
    let app = App::listen().await;
    let client = emulator.http_client();
    let url = app.authorize_url(&[("login_hint", ADA), ("client_id", SAMPLE_CLIENT_ID)]);
    let page = client.get(url).send().await.expect("a page");
    let cookie = page.headers()["set-cookie"]
        .to_str()
        .expect("text")
        .split(';')
        .next()
        .expect("a pair")
        .to_owned();
    let page = page.text().await.expect("a body");
    let sign_in = page
        .split("name=\"sign_in\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    for step in ["consent", "account"] {
        let form = [
            ("sign_in", sign_in.expect("an ID")),
            ("decision", "accept"),
            ("account", ADA),
        ];
        let request = client
            .post(format!("{AUTHORITY}/login/{step}"))
            .header("cookie", &cookie)
            .form(&form);
        let response = request.send().await.expect("an answer");
        assert!(!response.status().is_redirection(), "{step}");
        assert!(
            !response
                .text()
                .await
                .expect("a page")
                .contains("name=\"code\""),
            "{step}"
        );
    }
}

#[tokio::test]
async fn a_planned_refusal_of_a_sign_in_reaches_the_application() {
    let emulator = emulator().await;
    let mut app = App::listen().await;
    let fault = Fault::Oauth {
        error: "server_error".into(),
        aadsts: 90_033,
        suberror: None,
        claims: None,
    };
    emulator.faults().next(1, Target::Authorize, fault);
    visit(&emulator, ADA, Behavior::Complete, &app.authorize_url(&[])).await;
    let (_, answer) = app.answer().await;
    assert_eq!(answer["error"], "server_error");
    assert!(answer["error_description"].starts_with("AADSTS90033: "));
}
