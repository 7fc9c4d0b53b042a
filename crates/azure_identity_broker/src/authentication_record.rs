use crate::{Error, ErrorKind, Result};
use azbroker_entra::{Account, Authority, ClientId, HomeAccountId, Tenant};
use serde::{Deserialize, Serialize};

/// Finds the account of an earlier sign-in again; holds no secret.
///
/// Save it after [`authenticate`](crate::InteractiveBrowserCredential::authenticate), and hand it to a
/// credential of the next run: that signs in the same account silently where the backend still holds it.
/// The JSON is the one that Azure Identity libraries of other languages write.
///
/// ```
/// use azure_identity_broker::AuthenticationRecord;
///
/// let record = AuthenticationRecord::deserialize(
///     r#"{
///         "authority": "login.microsoftonline.com",
///         "clientId": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
///         "homeAccountId": "11111111-1111-1111-1111-111111111111.22222222-2222-2222-2222-222222222222",
///         "tenantId": "22222222-2222-2222-2222-222222222222",
///         "username": "ada@contoso.example",
///         "version": "1.0"
///     }"#,
/// )?;
/// assert_eq!(record.username(), "ada@contoso.example");
/// assert_eq!(AuthenticationRecord::deserialize(&record.serialize()?)?, record);
/// # Ok::<(), azure_core::Error>(())
/// ```
///
/// See Microsoft's
/// [page on records](https://learn.microsoft.com/dotnet/api/azure.identity.authenticationrecord).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SharedForm", into = "SharedForm")]
pub struct AuthenticationRecord {
    authority: String,
    client_id: ClientId,
    home_account_id: HomeAccountId,
    tenant_id: Tenant,
    username: String,
}

impl AuthenticationRecord {
    /// Reads a record from JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] when it is no record, or one of a version that is not known here;
    /// authenticate again then.
    pub fn deserialize(json: &str) -> azure_core::Result<Self> {
        Self::from_json(json)
            .map_err(|error| error.into_azure("the authentication record cannot be read"))
    }

    /// Writes the record as JSON.
    ///
    /// # Errors
    ///
    /// None that is known.
    pub fn serialize(&self) -> azure_core::Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// Gives the host of the cloud, such as `login.microsoftonline.com`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Gives the application (client) ID that the sign-in was for.
    pub fn client_id(&self) -> &str {
        self.client_id.as_str()
    }

    /// Gives the stable key of the account: `<object ID in the home tenant>.<home tenant ID>`.
    pub fn home_account_id(&self) -> &str {
        self.home_account_id.as_str()
    }

    /// Gives the tenant that was signed in to.
    pub fn tenant_id(&self) -> &str {
        self.tenant_id.as_str()
    }

    /// Gives the user principal name.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The record of an account that signed in.
    pub(crate) fn new(
        account: &Account,
        authority: &Authority,
        client_id: &ClientId,
    ) -> Result<Self> {
        let tenant_id = Tenant::parse(&account.tenant_id)
            .map_err(|error| Error::new(ErrorKind::Malformed, error.to_string()))?;
        Ok(Self {
            authority: if authority.is_same_environment(&account.environment) {
                authority.environment().to_owned()
            } else {
                account.environment.clone()
            },
            client_id: client_id.clone(),
            home_account_id: account.home_account_id.clone(),
            tenant_id,
            username: account.username.clone(),
        })
    }

    /// The account as far as the record knows it.
    pub(crate) fn to_account(&self) -> Account {
        let home = self.home_account_id.as_str().split_once('.');
        let local_account_id = match home {
            // In its home tenant an account has one object ID for both.
            Some((object_id, tenant)) if tenant == self.tenant_id.as_str() => object_id.to_owned(),
            _ => String::new(),
        };
        Account {
            environment: self.authority.clone(),
            home_account_id: self.home_account_id.clone(),
            local_account_id,
            tenant_id: self.tenant_id.to_string(),
            username: self.username.clone(),
            name: String::new(),
            given_name: String::new(),
            family_name: String::new(),
        }
    }

    pub(crate) fn from_json(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(|error| {
            Error::new(ErrorKind::InvalidRequest, "it is no authentication record")
                .with_cause(&error)
                .with_next_step("call `authenticate` and save the record that it gives")
        })
    }
}

/// The form that libraries of other languages share.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an authentication record")]
struct SharedForm {
    authority: String,
    client_id: String,
    home_account_id: String,
    tenant_id: String,
    username: String,
    version: String,
}

const VERSION: &str = "1.0";

impl From<AuthenticationRecord> for SharedForm {
    fn from(record: AuthenticationRecord) -> Self {
        Self {
            authority: record.authority,
            client_id: record.client_id.to_string(),
            home_account_id: record.home_account_id.to_string(),
            tenant_id: record.tenant_id.to_string(),
            username: record.username,
            version: VERSION.to_owned(),
        }
    }
}

impl TryFrom<SharedForm> for AuthenticationRecord {
    type Error = String;

    fn try_from(form: SharedForm) -> std::result::Result<Self, String> {
        if form.version != VERSION {
            return Err(format!("version '{}' is not {VERSION}", form.version));
        }
        let tenant_id = Tenant::parse(&form.tenant_id).map_err(|error| error.to_string())?;
        Authority::of_host(&form.authority, tenant_id.clone())
            .map_err(|error| error.to_string())?;
        let home_account_id = HomeAccountId::parse(&form.home_account_id).ok_or_else(|| {
            format!(
                "home account ID '{}' is not of two parts with a dot between",
                form.home_account_id
            )
        })?;
        Ok(Self {
            authority: form.authority,
            client_id: ClientId::parse(&form.client_id).map_err(|error| error.to_string())?,
            home_account_id,
            tenant_id,
            username: form.username,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"authority":"login.microsoftonline.com","clientId":"04b07795-8ddb-461a-bbee-02f9e1bf7b46","homeAccountId":"11111111-1111-1111-1111-111111111111.22222222-2222-2222-2222-222222222222","tenantId":"22222222-2222-2222-2222-222222222222","username":"ada@contoso.example","version":"1.0"}"#;

    #[test]
    fn a_record_of_another_language_round_trips() {
        let record = AuthenticationRecord::deserialize(RECORD).unwrap();
        assert_eq!(record.serialize().unwrap(), RECORD);
    }

    /// What a sign-in of Ada with the default world's Azure CLI leaves, in each language's words. The interoperability
    /// suite holds the first two against the real libraries, and has them read the last.
    const OF_ALL: [(&str, &str); 4] = [
        (
            "Python",
            include_str!("../../../tests/interop/records/python.json"),
        ),
        (
            "JavaScript",
            include_str!("../../../tests/interop/records/javascript.json"),
        ),
        (
            ".NET",
            include_str!("../../../tests/interop/records/dotnet.json"),
        ),
        (
            "Rust",
            include_str!("../../../tests/interop/records/rust.json"),
        ),
    ];

    #[test]
    fn the_records_of_all_languages_are_of_one_account() {
        for (language, json) in OF_ALL {
            let record = AuthenticationRecord::deserialize(json).unwrap();
            assert_eq!(record.username(), "ada@contoso.example", "{language}");
            assert_eq!(record.client_id(), ClientId::AZURE_CLI, "{language}");
            let account = record.to_account();
            let home = "ada00000-0000-4000-8000-000000000001.72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10";
            assert_eq!(account.home_account_id.as_str(), home, "{language}");
            // JavaScript names the cloud's host by another of its names.
            let authority = Authority::public_cloud();
            assert!(
                authority.is_same_environment(record.authority()),
                "{language}"
            );
            let again = AuthenticationRecord::new(&account, &authority, &record.client_id).unwrap();
            assert_eq!(again.serialize().unwrap(), OF_ALL[3].1, "{language}");
        }
    }

    #[test]
    fn the_account_of_a_record_gives_the_same_record() {
        let record = AuthenticationRecord::deserialize(RECORD).unwrap();
        let account = record.to_account();
        assert_eq!(
            account.local_account_id,
            "11111111-1111-1111-1111-111111111111"
        );
        let authority = Authority::public_cloud();
        let again = AuthenticationRecord::new(&account, &authority, &record.client_id).unwrap();
        assert_eq!(again, record);
    }

    #[test]
    fn what_is_no_record_says_why() {
        for (json, why) in [
            ("", "EOF while parsing"),
            ("[]", "expected an authentication record"),
            ("{}", "missing field `authority`"),
            (&RECORD.replace("1.0", "2.0"), "version '2.0' is not 1.0"),
            (&RECORD.replace("login.", "http://login."), "is not HTTPS"),
            (&RECORD.replace("111.222", "111222"), "not of two parts"),
            (&RECORD.replace("04b07795", "04b 7795"), "is no client ID"),
        ] {
            let error = AuthenticationRecord::deserialize(json).unwrap_err();
            assert_eq!(
                Error::find(&error).unwrap().kind(),
                ErrorKind::InvalidRequest
            );
            let last =
                std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source())
                    .last()
                    .unwrap()
                    .to_string();
            assert!(last.contains(why), "{last}");
        }
    }
}
