use crate::{Account, HomeAccountId};
use serde::{Deserialize, Serialize};

/// An account as it is written down among other fields, with `#[serde(flatten)]`.
///
/// What brokers and programs have kept has these fields in this order, so a change is a new version of each form
/// that they are in. No secret may be among them: what is flattened is copied on its way, and copies are not wiped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WrittenAccount {
    environment: String,
    home_account_id: String,
    local_account_id: String,
    tenant_id: String,
    username: String,
    name: String,
    given_name: String,
    family_name: String,
}

impl WrittenAccount {
    /// Writes an account.
    pub fn of(account: &Account) -> Self {
        let account = account.clone();
        Self {
            environment: account.environment,
            home_account_id: account.home_account_id.to_string(),
            local_account_id: account.local_account_id,
            tenant_id: account.tenant_id,
            username: account.username,
            name: account.name,
            given_name: account.given_name,
            family_name: account.family_name,
        }
    }

    /// Whether it is of this account, whatever else is said of it.
    pub fn is_of(&self, account: &Account) -> bool {
        self.environment == account.environment
            && self.home_account_id == account.home_account_id.as_str()
    }

    /// Reads the account; `None` where its home account ID is none. That is told only here, so that one account
    /// that makes no sense is no reason to read nothing of what it stands among.
    pub fn into_account(self) -> Option<Account> {
        Some(Account {
            environment: self.environment,
            home_account_id: HomeAccountId::parse(&self.home_account_id)?,
            local_account_id: self.local_account_id,
            tenant_id: self.tenant_id,
            username: self.username,
            name: self.name,
            given_name: self.given_name,
            family_name: self.family_name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = r#"{"environment":"e","home_account_id":"o.h","local_account_id":"l","tenant_id":"t","username":"u","name":"n","given_name":"g","family_name":"f"}"#;

    fn read(json: &str) -> WrittenAccount {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_account_is_read_and_written_to_the_letter() {
        let account = Account {
            environment: "e".to_owned(),
            home_account_id: HomeAccountId::new("o", "h"),
            local_account_id: "l".to_owned(),
            tenant_id: "t".to_owned(),
            username: "u".to_owned(),
            name: "n".to_owned(),
            given_name: "g".to_owned(),
            family_name: "f".to_owned(),
        };
        assert_eq!(read(WRITTEN).into_account().as_ref(), Some(&account));
        let written = serde_json::to_string(&WrittenAccount::of(&account)).unwrap();
        assert_eq!(written, WRITTEN);
    }

    #[test]
    fn an_account_of_nobody_is_none() {
        assert!(read(&WRITTEN.replace("o.h", "o")).into_account().is_none());
    }

    #[test]
    fn it_is_of_the_same_account_by_environment_and_home_account_id_alone() {
        let account = read(WRITTEN).into_account().unwrap();
        for (known, other, is_same) in [
            (r#""u""#, r#""another""#, true),
            (r#""t""#, r#""another""#, true),
            (r#""e""#, r#""another""#, false),
            ("o.h", "o.another", false),
        ] {
            let written = read(&WRITTEN.replace(known, other));
            assert_eq!(written.is_of(&account), is_same, "{known}");
        }
    }
}
