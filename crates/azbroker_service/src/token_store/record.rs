use super::StoredGrant;
use azbroker_entra::{ClientId, RefreshToken, WrittenAccount};
use azure_core::time::OffsetDateTime;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The form in which a grant is kept. Version 1 is the only one so far.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    client_id: String,
    /// Empty where Entra ID refused the one that was there: the account is known and must sign in.
    refresh_token: Zeroizing<String>,
    /// In nanoseconds since 1970: of two sign-ins within a second the later one is still the default.
    signed_in_on: i128,
    #[serde(flatten)]
    account: WrittenAccount,
}

impl Record {
    const VERSION: u32 = 1;

    pub(super) fn of(grant: &StoredGrant) -> Self {
        let refresh_token = grant.refresh_token.as_ref().map(RefreshToken::expose);
        Self {
            version: Self::VERSION,
            client_id: grant.client_id.to_string(),
            refresh_token: Zeroizing::new(refresh_token.unwrap_or_default().to_owned()),
            signed_in_on: grant.signed_in_on.unix_timestamp_nanos(),
            account: WrittenAccount::of(&grant.account),
        }
    }

    /// The grant; `None` where it is of another version or makes no sense.
    pub(super) fn into_grant(self) -> Option<StoredGrant> {
        if self.version != Self::VERSION {
            return None;
        }
        let refresh_token = Some(self.refresh_token.as_str()).filter(|token| !token.is_empty());
        Some(StoredGrant {
            account: self.account.into_account()?.into(),
            client_id: ClientId::parse(&self.client_id).ok()?,
            refresh_token: refresh_token.map(|token| RefreshToken::new(token.to_owned())),
            signed_in_on: OffsetDateTime::from_unix_timestamp_nanos(self.signed_in_on).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use azbroker_entra::{Account, HomeAccountId};

    /// As the first version wrote it, which brokers before and after this one read.
    const WRITTEN: &str = concat!(
        r#"{"version":1,"client_id":"04b07795-8ddb-461a-bbee-02f9e1bf7b46","#,
        r#""refresh_token":"what nobody \"sees\"","signed_in_on":1767225600123456789,"#,
        r#""environment":"login.microsoftonline.com","#,
        r#""home_account_id":"ada00000-0000-4000-8000-000000000001.72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10","#,
        r#""local_account_id":"ada00000-0000-4000-8000-00000000000f","#,
        r#""tenant_id":"0fab0000-0000-4000-8000-000000000000","username":"ada@contoso.example","#,
        r#""name":"Ada Lovelace","given_name":"Ada","family_name":"Lovelace"}"#
    );

    fn read(json: &str) -> Option<StoredGrant> {
        serde_json::from_str::<Record>(json).unwrap().into_grant()
    }

    #[test]
    fn what_is_kept_is_read_and_written_to_the_letter() {
        let grant = read(WRITTEN).unwrap();
        let account = Account {
            environment: "login.microsoftonline.com".to_owned(),
            home_account_id: HomeAccountId::new(
                "ada00000-0000-4000-8000-000000000001",
                "72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10",
            ),
            local_account_id: "ada00000-0000-4000-8000-00000000000f".to_owned(),
            tenant_id: "0fab0000-0000-4000-8000-000000000000".to_owned(),
            username: "ada@contoso.example".to_owned(),
            name: "Ada Lovelace".to_owned(),
            given_name: "Ada".to_owned(),
            family_name: "Lovelace".to_owned(),
        };
        assert_eq!(*grant.account, account);
        assert_eq!(grant.client_id, ClientId::azure_cli());
        let token = RefreshToken::new("what nobody \"sees\"".to_owned());
        assert!(grant.refresh_token.as_ref() == Some(&token));
        let signed_in_on = grant.signed_in_on.unix_timestamp_nanos();
        assert_eq!(signed_in_on, 1_767_225_600_123_456_789);

        let record: Record = serde_json::from_str(WRITTEN).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap(), WRITTEN);
        let anew = serde_json::to_string(&Record::of(&grant)).unwrap();
        assert_eq!(anew, WRITTEN);
    }

    /// The keyring leaves such an item alone.
    #[test]
    fn what_makes_no_sense_is_no_grant_and_what_is_more_than_known_is_let_be() {
        for (known, other, is_read) in [
            (r#""version":1"#, r#""version":2"#, false),
            ("ada00000-0000-4000-8000-000000000001.", "", false),
            (
                "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
                "no client ID",
                false,
            ),
            (
                r#""version":1"#,
                r#""version":1,"more":{"than":["known"]}"#,
                true,
            ),
        ] {
            assert!(WRITTEN.contains(known), "{known}");
            let grant = read(&WRITTEN.replacen(known, other, 1));
            assert_eq!(grant.is_some(), is_read, "{other}");
        }
    }
}
