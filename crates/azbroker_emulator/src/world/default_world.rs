//! The world that exists when no other is given.
//!
//! One tenant, Contoso, with three people and four applications, and the vault `demo`, in which Ada is an
//! officer, Carol a reader and Bob nobody.

use std::collections::BTreeMap;

use super::{
    Application, Consent, DEFAULT_ACCESS_TOKEN_LIFETIME_SECONDS, Role, Tenant, User, Vault, World,
};

/// The ID of the tenant Contoso.
pub const TENANT_ID: &str = "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
/// The domain of the tenant.
pub const TENANT_DOMAIN: &str = "contoso.example";
/// The name of the tenant.
pub const TENANT_NAME: &str = "Contoso";

/// Ada Lovelace, officer of the vault.
pub const ADA: &str = "ada@contoso.example";
/// Ada's object ID.
pub const ADA_OBJECT_ID: &str = "ada00000-0000-4000-8000-000000000001";
/// Ada's password.
pub const ADA_PASSWORD: &str = "ada-Analytical-Engine-1843-note-G-7Qw4Zx";
/// Bob Babbage, who may do nothing in the vault.
pub const BOB: &str = "bob@contoso.example";
/// Bob's object ID.
pub const BOB_OBJECT_ID: &str = "b0b00000-0000-4000-8000-000000000002";
/// Bob's password.
pub const BOB_PASSWORD: &str = "bob-Difference-Engine-1822-crank-9Lm2Kd";
/// Carol Shaw, reader of the vault.
pub const CAROL: &str = "carol@contoso.example";
/// Carol's object ID.
pub const CAROL_OBJECT_ID: &str = "ca401000-0000-4000-8000-000000000003";
/// Carol's password.
pub const CAROL_PASSWORD: &str = "carol-River-Raid-1982-fuel-depot-3Vb8Np";

/// The Azure CLI: everybody's consent was given beforehand.
pub const AZURE_CLI_CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
/// The Azure Resources extension of Visual Studio Code, which is in every tenant like the Azure CLI.
pub const VISUAL_STUDIO_CODE_CLIENT_ID: &str = "aebc6443-996d-45c2-90f0-388ff96faa56";
/// The sample application, which asks for consent.
pub const SAMPLE_CLIENT_ID: &str = "5eed0000-0000-4000-8000-000000000001";
/// An application with the redirect URI of Microsoft's Linux broker alone; an administrator agreed for everybody.
pub const NATIVE_CLIENT_ID: &str = "5eed0000-0000-4000-8000-000000000002";

/// The name of the vault.
pub const VAULT_NAME: &str = "demo";
/// The URL of the vault.
pub const VAULT_URL: &str = "https://demo.vault.azure.net";
/// The name of the secret in the vault.
pub const SECRET_NAME: &str = "MySecret";
/// The value of the secret in the vault.
pub const SECRET_VALUE: &str = "the-answer-from-the-emulated-vault-5Tg6Yh";

pub(super) fn world() -> World {
    World {
        tenants: vec![Tenant {
            id: TENANT_ID.into(),
            domain: TENANT_DOMAIN.into(),
            name: TENANT_NAME.into(),
            users: vec![
                user(ADA, ADA_PASSWORD, "Ada Lovelace", ADA_OBJECT_ID),
                user(BOB, BOB_PASSWORD, "Bob Babbage", BOB_OBJECT_ID),
                user(CAROL, CAROL_PASSWORD, "Carol Shaw", CAROL_OBJECT_ID),
            ],
            applications: vec![
                application(AZURE_CLI_CLIENT_ID, "Microsoft Azure CLI", Consent::Granted),
                application(
                    VISUAL_STUDIO_CODE_CLIENT_ID,
                    "Visual Studio Code",
                    Consent::Granted,
                ),
                application(SAMPLE_CLIENT_ID, "azbroker sample", Consent::Asked),
                Application {
                    redirect_uris: vec![NATIVE_CLIENT.into()],
                    ..application(NATIVE_CLIENT_ID, "Linux sample", Consent::Granted)
                },
            ],
        }],
        vaults: vec![Vault {
            name: VAULT_NAME.into(),
            tenant: TENANT_ID.into(),
            secrets: BTreeMap::from([(SECRET_NAME.into(), SECRET_VALUE.into())]),
            roles: BTreeMap::from([(ADA.into(), Role::Officer), (CAROL.into(), Role::Reader)]),
        }],
        clock_offset_seconds: 0,
        access_token_lifetime_seconds: DEFAULT_ACCESS_TOKEN_LIFETIME_SECONDS,
    }
}

fn user(username: &str, password: &str, name: &str, object_id: &str) -> User {
    User {
        username: username.into(),
        password: password.into(),
        name: name.into(),
        object_id: object_id.into(),
    }
}

fn application(client_id: &str, name: &str, consent: Consent) -> Application {
    Application {
        client_id: client_id.into(),
        name: name.into(),
        redirect_uris: vec![
            "http://localhost".into(),
            "http://127.0.0.1".into(),
            NATIVE_CLIENT.into(),
            format!("ms-appx-web://Microsoft.AAD.BrokerPlugin/{client_id}"),
        ],
        consent,
    }
}

const NATIVE_CLIENT: &str = "https://login.microsoftonline.com/common/oauth2/nativeclient";
