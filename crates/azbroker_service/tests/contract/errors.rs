use crate::setup::{Setup, SharedStore, context, request, status};
use azbroker_emulator::{Behavior, Fault, Target, World, default_world};
use azbroker_service::{AuthorityHost, Configuration};
use azure_core::time::Duration;
use serde_json::json;

#[tokio::test]
async fn requests_that_cannot_work_say_why() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    let before = setup.emulator.ledger().entries().len();
    for (changed, number, text) in [
        (
            json!({ "authority": "http://login.microsoftonline.com/common" }),
            11,
            "authority 'http://login.microsoftonline.com/common' is not HTTPS: write it with https://",
        ),
        (
            json!({ "authority": "https://login.evil.example/common" }),
            11,
            "'login.evil.example' is no authority host of a known cloud; to trust it, list it under `authority-hosts` in config.toml and start the broker again, or start it with `--authority-host login.evil.example`",
        ),
        (
            json!({ "authority": "not an authority" }),
            11,
            "authority 'not an authority' is no URL such as https://login.microsoftonline.com/contoso.example",
        ),
        (
            json!({ "requestedScopes": ["not a scope"] }),
            6,
            "scope 'not a scope' has white space in it: name each scope by itself",
        ),
        (
            json!({ "requestedScopes": [] }),
            6,
            "no scope was asked for: name one, such as https://vault.azure.net/.default",
        ),
        (
            json!({ "clientId": "no client" }),
            6,
            "'no client' is no client ID: copy the application (client) ID from the app registration",
        ),
        (
            json!({ "decodedClaims": "no claims" }),
            6,
            "the claims are no JSON object: hand on the challenge of the service as it came",
        ),
    ] {
        for method in ["acquireTokenSilently", "acquireTokenInteractively"] {
            let answer = setup.call(method, request(changed.clone())).await;
            assert_eq!(
                (status(&answer), context(&answer)),
                (Some(number), text),
                "{changed}"
            );
        }
    }
    assert_eq!(
        setup.emulator.ledger().entries().len(),
        before,
        "nobody was asked"
    );
    assert_eq!(setup.user.opened().len(), 1, "nothing was opened");
}

#[tokio::test]
async fn a_host_is_trusted_where_it_is_configured() {
    let configuration = Configuration {
        further_authority_hosts: vec![AuthorityHost::parse("LOGIN.contoso.example").unwrap()],
        ..Configuration::default()
    };
    let setup = Setup::with(World::default(), configuration, SharedStore::default()).await;
    let authority = json!({ "authority": "https://login.contoso.example/common" });
    let answer = setup.call("acquireTokenSilently", request(authority)).await;
    assert_eq!(status(&answer), Some(2));
}

#[tokio::test]
async fn a_revoked_sign_in_is_dropped_and_asked_for_once() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup
        .emulator
        .faults()
        .revoke_refresh_tokens(default_world::ADA);
    setup.let_pass(56);
    let answer = setup.silent().await;
    assert_eq!(
        (
            status(&answer),
            context(&answer),
            &answer["error"]["errorCode"]
        ),
        (
            Some(2),
            "Entra ID refused: the sign-in was revoked, as after a change of password (AADSTS50173); sign in again",
            &json!(50173)
        )
    );
    let asked = setup.emulator.ledger().token_requests();
    assert_eq!(status(&setup.silent().await), Some(2));
    assert_eq!(
        setup.emulator.ledger().token_requests(),
        asked,
        "not asked again"
    );
    let kept = setup.store.grants.lock().unwrap().clone();
    assert!(kept.iter().all(|grant| grant.refresh_token.is_none()));
    setup.sign_in(default_world::ADA).await;
}

#[tokio::test]
async fn failures_of_the_moment_keep_the_account() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.let_pass(56);
    let unavailable = Fault::Status {
        code: 503,
        retry_after: None,
    };
    setup.emulator.faults().next(20, Target::Token, unavailable);
    let answer = setup.silent().await;
    assert_eq!(
        (status(&answer), context(&answer)),
        (
            Some(5),
            "login.microsoftonline.com cannot serve for now (HTTP 503); try again later"
        )
    );
    setup.emulator.faults().clear();
    assert_eq!(status(&setup.silent().await), None);
}

#[tokio::test]
async fn an_authority_that_asked_to_be_left_alone_is() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.let_pass(56);
    let busy = Fault::Status {
        code: 429,
        retry_after: Some(std::time::Duration::from_secs(60)),
    };
    setup.emulator.faults().next(20, Target::Token, busy);
    let before = setup.emulator.ledger().token_requests();
    let (first, second) = tokio::join!(setup.silent(), setup.silent());
    for answer in [first, second, setup.silent().await] {
        assert_eq!(status(&answer), Some(5), "{answer}");
        let said = context(&answer);
        assert!(
            said.contains(" is busy (HTTP 429) and asked to wait "),
            "{said}"
        );
    }
    assert_eq!(setup.emulator.ledger().token_requests(), before + 1);
    // Another tenant has said nothing.
    let elsewhere = json!({ "authority": "https://login.microsoftonline.com/contoso.example" });
    setup.call("acquireTokenSilently", request(elsewhere)).await;
    assert_eq!(setup.emulator.ledger().token_requests(), before + 2);

    setup.emulator.faults().clear();
    setup.let_pass(2);
    assert_eq!(status(&setup.silent().await), None);
}

#[tokio::test]
async fn a_policy_is_named_with_who_must_act() {
    let setup = Setup::new().await;
    setup.sign_in(default_world::ADA).await;
    setup.let_pass(56);
    setup
        .emulator
        .faults()
        .next(1, Target::Token, blocked(53000));
    let answer = setup.silent().await;
    assert_eq!(
        (status(&answer), context(&answer)),
        (
            Some(2),
            "Entra ID refused: the tenant's policy wants a compliant device (AADSTS53000); use a device that your organisation manages; this broker cannot make one compliant"
        )
    );
    // The account that is chosen is tried silently, then at Entra ID's page.
    setup
        .emulator
        .faults()
        .next(2, Target::Token, blocked(53003));
    let answer = setup.interactive().await;
    assert_eq!(status(&answer), Some(13));
    assert!(context(&answer).contains("Conditional Access"), "{answer}");
}

#[tokio::test]
async fn a_user_who_declines_is_a_cancel() {
    let setup = Setup::new().await;
    setup.user.is(default_world::ADA, Behavior::Decline);
    let answer = setup.interactive().await;
    assert_eq!(
        (status(&answer), context(&answer)),
        (
            Some(7),
            "Entra ID refused: the user declined to consent (AADSTS65004); sign in again and accept, or use another account"
        )
    );
    assert!(setup.accounts().await.is_empty());
}

#[tokio::test]
async fn what_a_policy_denies_at_the_page_is_not_the_users_no() {
    let setup = Setup::new().await;
    for (aadsts, expected) in [
        (
            530003,
            "Entra ID refused: the tenant's policy wants a device that it manages (AADSTS530003); use a device that your organisation manages; this broker cannot make one compliant",
        ),
        (
            99999,
            "Entra ID refused: The emulator was told to refuse this request (AADSTS99999)",
        ),
    ] {
        let denied = Fault::Oauth {
            error: "access_denied".to_owned(),
            aadsts,
            suberror: None,
            claims: None,
        };
        setup.emulator.faults().next(1, Target::Authorize, denied);
        let answer = setup.interactive().await;
        assert_eq!((status(&answer), context(&answer)), (Some(13), expected));
    }
}

#[tokio::test]
async fn a_refresh_token_that_entra_id_calls_bad_is_dropped_whatever_the_number() {
    for (aadsts, suberror) in [(50133, None), (99999, Some("bad_token".to_owned()))] {
        let setup = Setup::new().await;
        setup.sign_in(default_world::ADA).await;
        setup.let_pass(56);
        let refused = Fault::Oauth {
            error: "invalid_grant".to_owned(),
            aadsts,
            suberror,
            claims: None,
        };
        setup.emulator.faults().next(1, Target::Token, refused);
        assert_eq!(status(&setup.silent().await), Some(2));
        let answer = setup.silent().await;
        assert_eq!(
            context(&answer),
            "Entra ID has ended the sign-in of ada@contoso.example; sign in"
        );
    }
}

#[tokio::test]
async fn what_a_guest_is_refused_in_one_tenant_ends_nothing_at_home() {
    for aadsts in [50034, 50057, 500341, 700003, 530036] {
        let setup = Setup::new().await;
        setup.sign_in(default_world::ADA).await;
        setup.let_pass(56);
        let refused = Fault::Oauth {
            error: "invalid_grant".to_owned(),
            aadsts,
            suberror: None,
            claims: None,
        };
        let elsewhere = "https://login.microsoftonline.com/0fab0000-0000-4000-8000-000000000000";
        let elsewhere = json!({ "authority": elsewhere });
        setup
            .emulator
            .faults()
            .next(1, Target::Token, refused.clone());
        let answer = setup.call("acquireTokenSilently", request(elsewhere)).await;
        assert!(context(&answer).contains(&aadsts.to_string()), "{answer}");
        assert_eq!(status(&setup.silent().await), None, "{aadsts} elsewhere");

        setup.let_pass(56);
        setup.emulator.faults().next(1, Target::Token, refused);
        let answer = setup.silent().await;
        assert!(context(&answer).contains(&aadsts.to_string()), "{answer}");
        let answer = setup.silent().await;
        assert_eq!(
            context(&answer),
            "Entra ID has ended the sign-in of ada@contoso.example; sign in",
            "{aadsts} at home"
        );
    }
}

#[tokio::test]
async fn a_sign_in_that_is_never_finished_ends_by_itself() {
    for behavior in [Behavior::Close, Behavior::WrongPassword] {
        let configuration = Configuration {
            sign_in_deadline: Duration::seconds(5),
            ..Configuration::default()
        };
        let setup = Setup::with(World::default(), configuration, SharedStore::default()).await;
        setup.user.is(default_world::ADA, behavior);
        let answer = setup.interactive().await;
        assert_eq!(
            (status(&answer), context(&answer)),
            (
                Some(7),
                "the sign-in was not finished within 5 s; try again"
            )
        );
        setup.sign_in(default_world::ADA).await;
    }
}

#[tokio::test]
async fn an_application_without_the_redirect_uri_ends_on_entra_ids_page() {
    let mut world = World::default();
    for application in &mut world.tenants[0].applications {
        application
            .redirect_uris
            .retain(|uri| !uri.starts_with("http://"));
    }
    let configuration = Configuration {
        sign_in_deadline: Duration::seconds(5),
        ..Configuration::default()
    };
    let setup = Setup::with(world, configuration, SharedStore::default()).await;
    assert_eq!(status(&setup.interactive().await), Some(7));
    let refused = setup
        .emulator
        .ledger()
        .count(|entry| entry.aadsts() == Some(50011));
    assert_eq!(refused, 1);
}

#[tokio::test]
async fn a_cancel_ends_the_sign_in_of_its_caller() {
    let setup = Setup::new().await;
    setup.user.is(default_world::ADA, Behavior::Close);
    let sign_in = setup.interactive();
    let cancel = async {
        setup
            .emulator
            .ledger()
            .wait_for(|entries| !entries.is_empty())
            .await;
        setup.call_raw("cancelInteractiveFlow", "{}").await
    };
    let (answer, canceled) = tokio::join!(sign_in, cancel);
    assert_eq!(canceled, "{}");
    assert_eq!(
        (status(&answer), context(&answer)),
        (Some(8), "the application ended the sign-in")
    );
}

fn blocked(aadsts: u32) -> Fault {
    Fault::Oauth {
        error: "interaction_required".to_owned(),
        aadsts,
        suberror: None,
        claims: None,
    }
}
