//! What clients ask before they sign anybody in.

use axum::{
    Json,
    extract::{Extension, Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use url::Url;

use super::{Entra, Instance, Refusal, authority::Authority, form::Form};
use crate::exchange::Notes;

/// Says whether an authority is one of this service.
pub(super) async fn instance(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    RawQuery(query): RawQuery,
) -> Response {
    let answer =
        Form::parse(query.unwrap_or_default().as_bytes()).and_then(|form| instance_of(&form));
    answer.map_or_else(
        |refusal| refusal.into_json(&entra.cloud, &notes),
        |document| Json(document).into_response(),
    )
}

fn instance_of(form: &Form) -> Result<Value, Refusal> {
    let version = form.required("api-version")?;
    if version != "1.0" && version != "1.1" {
        return Err(Refusal::malformed());
    }
    let endpoint = Url::parse(form.required("authorization_endpoint")?).ok();
    let host = endpoint
        .as_ref()
        .filter(|url| url.scheme() == "https" && url.port().is_none())
        .and_then(Url::host_str);
    let tenant = endpoint
        .as_ref()
        .and_then(|url| url.path_segments()?.next().filter(|name| !name.is_empty()));
    let instance = host
        .and_then(Instance::of_host)
        .filter(|instance| instance.is_public_knowledge);
    let (Some(host), Some(instance), Some(tenant)) = (host, instance, tenant) else {
        let message = "Unknown or invalid instance.";
        return Err(Refusal::bad_request("invalid_instance", 50_049, message));
    };
    let mut document = json!({
        "tenant_discovery_endpoint": format!("https://{host}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": version,
    });
    if version == "1.1" {
        document["metadata"] = json!([{
            "preferred_network": instance.hosts[0],
            "preferred_cache": instance.preferred_cache,
            "aliases": instance.hosts,
        }]);
    }
    Ok(document)
}

/// The document of [OpenID Connect Discovery section 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig).
pub(super) async fn document(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    Path(tenant): Path<String>,
) -> Response {
    let authority = match Authority::parse(&entra.cloud, &tenant) {
        Ok(authority) => authority,
        Err(refusal) => return refusal.into_json(&entra.cloud, &notes),
    };
    let segment = authority.segment(&entra.cloud);
    let base = format!("https://{}/{segment}", entra.host);
    let issuer = match authority {
        Authority::Tenant(_) => segment,
        // The real service leaves this for the client to fill in.
        Authority::AnyTenant(_) => "{tenantid}",
    };
    Json(json!({
        "issuer": entra.instance.id_token_issuer(issuer),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["none"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "oid", "ver"],
        "request_uri_parameter_supported": false,
        "cloud_instance_name": entra.instance.name(),
        "tenant_region_scope": null,
    }))
    .into_response()
}

/// The keys that verify tokens, see [RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5).
pub(super) async fn keys(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    Path(tenant): Path<String>,
) -> Response {
    match Authority::parse(&entra.cloud, &tenant) {
        Ok(_) => Json(json!({"keys": [entra.cloud.signing_key.jwk()]})).into_response(),
        Err(refusal) => refusal.into_json(&entra.cloud, &notes),
    }
}
