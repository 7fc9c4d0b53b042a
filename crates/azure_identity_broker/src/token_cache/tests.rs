use super::*;
use azbroker_entra::{Account, CorrelationId, ManualClock, Scopes, Tenant};
use std::sync::atomic::AtomicUsize;

fn request(scopes: &[&str]) -> TokenRequest {
    TokenRequest {
        authority: Authority::public_cloud(),
        client_id: ClientId::azure_cli(),
        scopes: Scopes::parse(scopes).unwrap(),
        claims: None,
        enable_cae: false,
        proof: None,
        account: WhichAccount::Default,
        correlation_id: CorrelationId::new_v4(),
    }
}

fn known(object_id: &str) -> WhichAccount {
    WhichAccount::Known(Box::new(Account {
        environment: String::new(),
        home_account_id: HomeAccountId::new(object_id, "t"),
        local_account_id: String::new(),
        tenant_id: String::new(),
        username: String::new(),
        name: String::new(),
        given_name: String::new(),
        family_name: String::new(),
    }))
}

fn held(expires_on: OffsetDateTime) -> CachedToken {
    CachedToken {
        token: AccessToken::new("t", expires_on),
        refresh_on: None,
    }
}

#[test]
fn keys_are_equal_when_one_token_serves_both() {
    let key = |request: &TokenRequest| CacheKey::of(request);
    let base = request(&["a/.default", "b"]);
    let same = [
        request(&["b", "a/.default"]),
        request(&["B", "A/.default", "B"]),
        TokenRequest {
            authority: Authority::parse("https://login.windows.net/organizations").unwrap(),
            ..base.clone()
        },
    ];
    for same in &same {
        assert_eq!(key(same), key(&base));
    }
    let other = [
        request(&["a/.default"]),
        TokenRequest {
            authority: base
                .authority
                .clone()
                .with_tenant(Tenant::parse("t").unwrap()),
            ..base.clone()
        },
        TokenRequest {
            client_id: ClientId::parse("other").unwrap(),
            ..base.clone()
        },
        TokenRequest {
            claims: Some(Claims::parse("{}").unwrap()),
            ..base.clone()
        },
        TokenRequest {
            enable_cae: true,
            ..base.clone()
        },
        TokenRequest {
            account: WhichAccount::Hinted("ada@contoso.example".to_owned()),
            ..base.clone()
        },
        TokenRequest {
            account: known("a"),
            ..base.clone()
        },
        TokenRequest {
            account: known("b"),
            ..base.clone()
        },
    ];
    for (index, one) in other.iter().enumerate() {
        assert_ne!(key(one), key(&base));
        for another in &other[index + 1..] {
            assert_ne!(key(one), key(another));
        }
    }
}

#[tokio::test]
async fn a_short_lived_token_serves_those_who_waited_and_nobody_later() {
    let noon = OffsetDateTime::from_unix_timestamp(1_795_435_200).unwrap();
    let cache = TokenCache::new(Arc::new(ManualClock::new(noon)));
    let made = AtomicUsize::new(0);
    let acquire = || async {
        made.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        Ok(held(noon + Duration::minutes(1)))
    };
    let key = CacheKey::of(&request(&["a"]));
    let (first, second) = tokio::join!(
        cache.get_or_acquire(key.clone(), acquire),
        cache.get_or_acquire(key.clone(), acquire)
    );
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(made.load(Ordering::Relaxed), 1);
    cache.get_or_acquire(key, acquire).await.unwrap();
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_nobody_can_use_any_more_is_dropped() {
    let noon = OffsetDateTime::from_unix_timestamp(1_795_435_200).unwrap();
    let clock = Arc::new(ManualClock::new(noon));
    let cache = TokenCache::new(clock.clone());
    for scope in ["a", "b", "c"] {
        cache.put(
            CacheKey::of(&request(&[scope])),
            held(clock.now() + Duration::hours(1)),
        );
    }
    assert_eq!(cache.slots.lock().unwrap().len(), 3);
    clock.advance(Duration::hours(1));
    cache.slot(CacheKey::of(&request(&["d"])));
    assert_eq!(cache.slots.lock().unwrap().len(), 1);
}
