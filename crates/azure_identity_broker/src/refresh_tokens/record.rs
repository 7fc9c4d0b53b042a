use super::{HeldToken, TokenKind};
use azbroker_entra::{ClientId, RefreshToken, WrittenAccount};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How a refresh token is written down. Version 1 is the only one so far.
#[derive(Deserialize, Serialize)]
pub(super) struct Record {
    version: u32,
    client_id: String,
    continuous_access_evaluation: bool,
    refresh_token: Zeroizing<String>,
    #[serde(flatten)]
    account: WrittenAccount,
    /// Seconds since 1970, to tell which account signed in last.
    pub(super) kept_on: i64,
}

impl Record {
    const VERSION: u32 = 1;

    pub(super) fn of(held: &HeldToken, kept_on: i64) -> Self {
        Self {
            version: Self::VERSION,
            client_id: held.client_id.to_string(),
            continuous_access_evaluation: held.kind == TokenKind::ContinuousAccessEvaluation,
            refresh_token: Zeroizing::new(held.refresh_token.expose().to_owned()),
            account: WrittenAccount::of(&held.account),
            kept_on,
        }
    }

    /// Whether it is of the same account, application and kind.
    pub(super) fn is_of_same(&self, held: &HeldToken) -> bool {
        self.client_id == held.client_id.as_str()
            && self.account.is_of(&held.account)
            && self.continuous_access_evaluation
                == (held.kind == TokenKind::ContinuousAccessEvaluation)
    }

    /// Whether it is this refresh token, and no newer one.
    pub(super) fn holds(&self, held: &HeldToken) -> bool {
        self.refresh_token.as_str() == held.refresh_token.expose()
    }

    /// `None` where it is of another version or makes no sense.
    pub(super) fn into_held(self) -> Option<HeldToken> {
        if self.version != Self::VERSION {
            return None;
        }
        Some(HeldToken {
            client_id: ClientId::parse(&self.client_id).ok()?,
            account: self.account.into_account()?,
            refresh_token: RefreshToken::new(self.refresh_token.as_str().to_owned()),
            kind: match self.continuous_access_evaluation {
                true => TokenKind::ContinuousAccessEvaluation,
                false => TokenKind::Plain,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use azbroker_entra::{Account, HomeAccountId};

    /// As the first version wrote it. Programs of the user with other versions of the library read it and write it.
    const WRITTEN: &str = concat!(
        r#"{"version":1,"client_id":"04b07795-8ddb-461a-bbee-02f9e1bf7b46","#,
        r#""continuous_access_evaluation":true,"refresh_token":"what nobody \"sees\"","#,
        r#""environment":"login.microsoftonline.com","#,
        r#""home_account_id":"ada00000-0000-4000-8000-000000000001.72f9a1c4-6d0b-4e53-9c1e-0d5a4b7c2e10","#,
        r#""local_account_id":"ada00000-0000-4000-8000-00000000000f","#,
        r#""tenant_id":"0fab0000-0000-4000-8000-000000000000","username":"ada@contoso.example","#,
        r#""name":"Ada Lovelace","given_name":"Ada","family_name":"Lovelace","kept_on":1767225600}"#
    );

    fn read(json: &str) -> Option<HeldToken> {
        serde_json::from_str::<Record>(json).unwrap().into_held()
    }

    #[test]
    fn what_is_kept_is_read_and_written_to_the_letter() {
        let held = read(WRITTEN).unwrap();
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
        assert_eq!(held.account, account);
        assert_eq!(held.client_id, ClientId::azure_cli());
        assert_eq!(held.refresh_token.expose(), "what nobody \"sees\"");
        assert_eq!(held.kind, TokenKind::ContinuousAccessEvaluation);

        let record: Record = serde_json::from_str(WRITTEN).unwrap();
        assert!(record.is_of_same(&held) && record.holds(&held));
        assert_eq!(record.kept_on, 1_767_225_600);
        assert_eq!(serde_json::to_string(&record).unwrap(), WRITTEN);
        let anew = Record::of(&held, 1_767_225_600);
        assert_eq!(serde_json::to_string(&anew).unwrap(), WRITTEN);
    }

    /// One of them must not make a whole file unreadable.
    #[test]
    fn what_makes_no_sense_is_no_token_and_what_is_more_than_known_is_let_be() {
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
            let held = read(&WRITTEN.replacen(known, other, 1));
            assert_eq!(held.is_some(), is_read, "{other}");
        }
    }
}
