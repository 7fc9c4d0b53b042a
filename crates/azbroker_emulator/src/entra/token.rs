//! The token endpoint.

use aws_lc_rs::digest;
use axum::{
    Json,
    body::Bytes,
    extract::{Extension, Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::{
    Entra, Instance, Refusal,
    authority::Authority,
    claims::Claims,
    confirmation,
    form::Form,
    grants::{CodePresented, RefreshGrant},
    scopes::Scopes,
    tokens,
};
use crate::{
    cloud::{Account, Cloud},
    exchange::{Notes, correlation_id},
    ledger::SecretKind,
    random,
};

/// Redeems a grant, see [RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2).
pub(super) async fn redeem(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match answer(&entra, &notes, &tenant, &headers, &body) {
        Ok(tokens) => {
            let correlation = notes
                .facts()
                .client_request_id
                .clone()
                .unwrap_or_else(random::guid);
            let headers = [
                (
                    header::CACHE_CONTROL.as_str(),
                    "no-store, no-cache".to_owned(),
                ),
                (header::PRAGMA.as_str(), "no-cache".to_owned()),
                ("x-ms-request-id", random::guid()),
                ("client-request-id", correlation),
            ];
            (headers, Json(tokens)).into_response()
        }
        Err(refusal) => refusal.into_json(&entra.cloud, &notes),
    }
}

/// The successful answer, see [RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1).
#[derive(Serialize)]
struct Tokens {
    token_type: &'static str,
    scope: String,
    expires_in: u32,
    ext_expires_in: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_in: Option<u32>,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_info: Option<String>,
}

/// What a grant turned out to stand for.
struct Redeemed {
    instance: &'static Instance,
    account: Account,
    scopes: Scopes,
    claims: Claims,
    nonce: Option<String>,
    /// The key that the access token is bound to.
    key: Option<String>,
}

fn answer(
    entra: &Entra,
    notes: &Notes,
    tenant: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Tokens, Refusal> {
    let cloud = &*entra.cloud;
    let form = if is_form(headers) {
        Form::parse(body)?
    } else {
        Form::default()
    };
    {
        let mut facts = notes.facts();
        facts.grant_type = form.value("grant_type").map(str::to_owned);
        facts.redeemed = form
            .value("refresh_token")
            .or(form.value("code"))
            .map(fingerprint);
        facts.client_id = form.value("client_id").map(str::to_owned);
        facts.scopes = form
            .value("scope")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        if facts.client_request_id.is_none() {
            facts.client_request_id = form.value("client-request-id").and_then(correlation_id);
        }
    }
    if let Some(verifier) = form.value("code_verifier") {
        cloud.ledger.knows(SecretKind::CodeVerifier, verifier);
    }

    let authority = Authority::parse(cloud, tenant)?;
    let grant_type = form.required("grant_type")?;
    let is_device_code = DEVICE_CODE_GRANTS.contains(&grant_type);
    if !is_device_code && !["authorization_code", "refresh_token"].contains(&grant_type) {
        let message = format!("The app requested an unsupported grant type '{grant_type}'.");
        return Err(Refusal::bad_request(
            "unsupported_grant_type",
            70_003,
            message,
        ));
    }
    let client_id = authority
        .application(cloud, form.required("client_id")?)?
        .client_id
        .as_str();
    if form
        .value("client_secret")
        .or(form.value("client_assertion"))
        .is_some()
    {
        let message = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            700_025,
            message,
        ));
    }
    let asked = form.value("scope").map(Scopes::parse).transpose()?;
    let claims = Claims::parse(form.value("claims"))?;
    let key = confirmation::asked_key(&form)?;

    let redeemed = if grant_type == "authorization_code" {
        redeem_code(entra, &form, client_id, asked, claims)?
    } else if is_device_code {
        redeem_device_code(entra, &form, client_id, asked, claims)?
    } else {
        redeem_refresh_token(entra, &form, client_id, asked, claims)?
    };
    let redeemed = Redeemed { key, ..redeemed };
    notes.facts().username = Some(cloud.user(redeemed.account).username.clone());
    if !authority.admits(redeemed.account) {
        let message = format!("The grant was issued in another tenant than '{tenant}'.");
        return Err(Refusal::bad_request("invalid_grant", 700_005, message));
    }
    let wants_client_info = form.value("client_info") == Some("1");
    let client_info = wants_client_info.then(|| tokens::client_info(cloud, redeemed.account));
    Ok(Tokens {
        client_info,
        ..issue(cloud, client_id, redeemed)
    })
}

fn redeem_code(
    entra: &Entra,
    form: &Form,
    client_id: &str,
    asked: Option<Scopes>,
    claims: Claims,
) -> Result<Redeemed, Refusal> {
    let cloud = &*entra.cloud;
    let presented = CodePresented {
        instance: entra.instance,
        code: form.required("code")?,
        client_id,
        redirect_uri: form.required("redirect_uri")?,
        verifier: form.value("code_verifier"),
    };
    let grant = cloud.grants.redeem_code(cloud, &presented)?;
    Ok(Redeemed {
        account: grant.account,
        scopes: asked.unwrap_or(grant.scopes),
        claims: if claims == Claims::default() {
            grant.claims
        } else {
            claims
        },
        nonce: grant.nonce,
        instance: grant.instance,
        key: None,
    })
}

fn redeem_device_code(
    entra: &Entra,
    form: &Form,
    client_id: &str,
    asked: Option<Scopes>,
    claims: Claims,
) -> Result<Redeemed, Refusal> {
    // Some clients name it as the grant of a redirect.
    let code = match form.value("code") {
        Some(code) => code,
        None => form.required("device_code")?,
    };
    let cloud = &*entra.cloud;
    let (account, grant) = cloud
        .device_codes
        .redeem(cloud, entra.instance, code, client_id)?;
    Ok(Redeemed {
        account,
        scopes: asked.unwrap_or(grant.scopes),
        claims,
        nonce: None,
        instance: grant.instance,
        key: None,
    })
}

fn redeem_refresh_token(
    entra: &Entra,
    form: &Form,
    client_id: &str,
    asked: Option<Scopes>,
    claims: Claims,
) -> Result<Redeemed, Refusal> {
    let cloud = &*entra.cloud;
    let token = form.required("refresh_token")?;
    let grant = cloud
        .grants
        .redeem_refresh_token(cloud, entra.instance, token, client_id)?;
    Ok(Redeemed {
        account: grant.account,
        scopes: asked.unwrap_or(grant.scopes),
        claims,
        nonce: None,
        instance: grant.instance,
        key: None,
    })
}

fn issue(cloud: &Cloud, client_id: &str, redeemed: Redeemed) -> Tokens {
    let Redeemed {
        instance,
        account,
        scopes,
        claims,
        nonce,
        key,
    } = redeemed;
    let issue = tokens::Issue {
        instance,
        account,
        client_id,
    };
    let lifetime = cloud.world.access_token_lifetime_seconds;
    Tokens {
        token_type: match key {
            Some(_) => "pop",
            None => "Bearer",
        },
        scope: scopes.granted(),
        expires_in: lifetime,
        ext_expires_in: lifetime,
        refresh_in: (lifetime >= SHORTEST_LIFETIME_TO_REFRESH_IN).then_some(lifetime / 2),
        access_token: tokens::access_token(cloud, issue, &scopes, &claims, key.as_deref()),
        id_token: scopes
            .openid
            .then(|| tokens::id_token(cloud, issue, nonce.as_deref())),
        refresh_token: scopes.offline_access.then(|| {
            let grant = RefreshGrant {
                instance,
                account,
                client_id: client_id.to_owned(),
                scopes,
            };
            cloud.grants.issue_refresh_token(cloud, grant)
        }),
        client_info: None,
    }
}

/// Tells one grant from another and says nothing of either.
fn fingerprint(grant: &str) -> String {
    let digest = digest::digest(&digest::SHA256, grant.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest.as_ref()[..12])
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

/// As [RFC 8628 section 3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4) has it, and as Node's client writes it.
const DEVICE_CODE_GRANTS: [&str; 2] = [
    "urn:ietf:params:oauth:grant-type:device_code",
    "device_code",
];

const SHORTEST_LIFETIME_TO_REFRESH_IN: u32 = 7200;
