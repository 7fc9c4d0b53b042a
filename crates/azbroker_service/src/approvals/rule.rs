use super::Resource;
use crate::caller::RuleProgram;
use azbroker_entra::{Account, Authority, ClientId, HomeAccountId, Tenant};
use azure_core::time::{Duration, OffsetDateTime};

/// What the user has said about a program's requests for tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which program.
    pub program: RuleProgram,
    /// As which application; any where none is named.
    pub client_id: Option<ClientId>,
    /// Of which account; any where none is named.
    pub account: Option<RuleAccount>,
    /// For which resource.
    pub resource: RuleResource,
    /// How long it holds.
    pub lasting: Lasting,
    /// When it was made.
    pub made_on: OffsetDateTime,
    /// What it says.
    pub verdict: Verdict,
}

/// An account as a rule names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleAccount {
    /// The cloud, by its one name: the same IDs and usernames may be somebody else's in another one.
    pub environment: String,
    /// The stable key, where the rule was made by an answer.
    pub home_account_id: Option<HomeAccountId>,
    /// The username: all there is in a rule that somebody typed.
    pub username: String,
}

/// A resource as a rule names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleResource {
    /// Whatever a request is for.
    Any,
    /// This one.
    Named(Resource),
    /// What a file of rules has and no request can be told to be for, such as `nonsense`. A denial of it is one of any:
    /// somebody wanted something denied. What it allows is a request for just that.
    NotUnderstood(String),
}

/// How long an answer or a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// For one request.
    Once,
    /// Until the broker ends.
    Session,
    /// For 24 hours.
    Day,
    /// Until it is removed.
    Always,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The program gets the token.
    Allow,
    /// It gets none, whatever other rules allow.
    Deny,
}

impl Rule {
    /// Whether it is about the same as another one, which it then replaces.
    pub fn is_about_the_same_as(&self, other: &Self) -> bool {
        let account = |rule: &Self| {
            let account = rule.account.as_ref()?;
            Some((account.environment.clone(), account.username.to_lowercase()))
        };
        self.program == other.program
            && self.client_id == other.client_id
            && account(self) == account(other)
            && self.resource == other.resource
    }

    /// Whether it still holds, under a broker that started then, or under none. What is until the broker ends, ends with
    /// the broker it was made under.
    pub fn holds(&self, now: OffsetDateTime, broker_started_on: Option<OffsetDateTime>) -> bool {
        match self.lasting {
            Lasting::Once | Lasting::Always => true,
            Lasting::Session => {
                broker_started_on.is_some_and(|started_on| self.made_on >= started_on)
            }
            // A clock that was set back must not make it last.
            Lasting::Day => (self.made_on..self.made_on + Duration::DAY).contains(&now),
        }
    }

    pub(super) fn is_about(
        &self,
        client_id: &ClientId,
        account: Option<&Account>,
        resource: &Resource,
    ) -> bool {
        self.is_of(Some(client_id), account)
            && match (&self.resource, self.verdict) {
                (RuleResource::Any, _) => true,
                (RuleResource::Named(named), Verdict::Allow) => named == resource,
                // Another one that is asked for with it must not hide it.
                (RuleResource::Named(named), Verdict::Deny) => named.is_part_of(resource),
                (RuleResource::NotUnderstood(text), Verdict::Allow) => {
                    *text == resource.to_string()
                }
                (RuleResource::NotUnderstood(_), Verdict::Deny) => true,
            }
    }

    /// Whether it denies whatever a request is for.
    pub(super) fn denies_all(&self) -> bool {
        self.verdict == Verdict::Deny && !matches!(self.resource, RuleResource::Named(_))
    }

    /// Whether it is about an account and an application, for whatever resource.
    pub(super) fn is_of(&self, client_id: Option<&ClientId>, account: Option<&Account>) -> bool {
        let same_account = match (&self.account, account) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(named), Some(account)) => named.is(account),
        };
        let same_client = self.client_id.is_none() || self.client_id.as_ref() == client_id;
        same_account && same_client
    }
}

impl RuleResource {
    /// Reads what somebody typed and what stands in a file.
    pub(super) fn written(text: String) -> Self {
        Resource::written(&text).map_or(Self::NotUnderstood(text), Self::Named)
    }

    /// Reads what stands in a file and was what a request was for, however odd.
    pub(super) fn of_request(text: &str) -> Self {
        Self::Named(Resource::of_request(text))
    }

    /// What stands in a file, where anything does.
    pub(super) fn to_written(&self) -> Option<String> {
        match self {
            Self::Any => None,
            Self::Named(resource) => Some(resource.to_string()),
            Self::NotUnderstood(text) => Some(text.clone()),
        }
    }
}

impl RuleAccount {
    /// An account that somebody typed, by its username or home account ID: of the cloud with this authority host, or
    /// of the public one.
    ///
    /// # Errors
    ///
    /// When the account or the host is none.
    pub fn typed(account: &str, host: Option<&str>) -> Result<Self, RuleAccountError> {
        let home_account_id = match is_a_username(account) {
            true => None,
            false => Some(
                typed_id(account).ok_or_else(|| RuleAccountError::Account(shortened(account)))?,
            ),
        };
        Ok(Self {
            environment: match host {
                Some(host) => Self::environment(host)?,
                None => public_environment(),
            },
            home_account_id,
            username: account.to_owned(),
        })
    }

    /// The one name of the cloud with this authority host.
    ///
    /// # Errors
    ///
    /// When the host is none.
    pub fn environment(host: &str) -> Result<String, RuleAccountError> {
        environment_of(host).ok_or_else(|| RuleAccountError::Host(shortened(host)))
    }

    /// Whether it is of the public cloud, which need not be named.
    pub fn is_public(&self) -> bool {
        self.environment == public_environment()
    }

    pub(super) fn of(account: &Account) -> Self {
        Self {
            environment: account.environment.clone(),
            home_account_id: Some(account.home_account_id.clone()),
            username: account.username.clone(),
        }
    }

    /// A username may come to be somebody else's; a home account ID does not.
    fn is(&self, account: &Account) -> bool {
        let same_id = match &self.home_account_id {
            Some(id) => *id == account.home_account_id,
            None => self.username.eq_ignore_ascii_case(&account.username),
        };
        same_id && self.environment == account.environment
    }
}

/// A text that names no account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleAccountError {
    /// It is neither a username nor a home account ID.
    #[error(
        "'{0}' is no account: give a username such as ada@contoso.example, or a home account ID"
    )]
    Account(String),
    /// The host of its cloud is none.
    #[error("'{0}' is no authority host: give one such as login.microsoftonline.us")]
    Host(String),
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

fn is_a_username(text: &str) -> bool {
    let fits = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    text.rsplit_once('@')
        .is_some_and(|(user, domain)| fits(user) && fits(domain))
}

/// Both parts of a home account ID are GUIDs. They may be typed in any of a GUID's forms, and accounts have the one.
fn typed_id(text: &str) -> Option<HomeAccountId> {
    let (object_id, tenant_id) = text.split_once('.')?;
    let id = |text| Some(azure_core::Uuid::parse_str(text).ok()?.to_string());
    Some(HomeAccountId::new(&id(object_id)?, &id(tenant_id)?))
}

/// The one name of the cloud that a host belongs to.
pub(super) fn environment_of(host: &str) -> Option<String> {
    let authority = Authority::of_host(host, Tenant::organizations()).ok()?;
    Some(authority.environment().to_owned())
}

/// What is meant where no cloud is named.
pub(super) fn public_environment() -> String {
    Authority::public_cloud().environment().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use azbroker_entra::Scopes;

    #[test]
    fn a_denial_of_what_is_not_understood_denies_all_and_such_an_allowance_nothing_else() {
        let rule = |resource: &str, verdict| Rule {
            program: RuleProgram::parse("flatpak:org.example.App").unwrap(),
            client_id: None,
            account: None,
            resource: RuleResource::written(resource.to_owned()),
            lasting: Lasting::Always,
            made_on: OffsetDateTime::UNIX_EPOCH,
            verdict,
        };
        let vault = &["https://vault.azure.net/.default"][..];
        let odd = &["odd/.default"][..];
        let both = &["https://vault.azure.net/.default", "User.Read"][..];
        for (written, scopes, denied, allowed) in [
            ("https://vault.azure.net/.default", vault, true, true),
            ("vault.azure.net", vault, true, true),
            ("https://vault.azure.net", both, true, false),
            ("https://storage.azure.com", vault, false, false),
            (
                "https://graph.microsoft.com https://vault.azure.net",
                vault,
                false,
                false,
            ),
            ("odd", vault, true, false),
            ("odd", odd, true, true),
        ] {
            let resource = Resource::of(&Scopes::parse(scopes).unwrap());
            let is_about =
                |verdict| rule(written, verdict).is_about(&ClientId::azure_cli(), None, &resource);
            assert_eq!(is_about(Verdict::Deny), denied, "{written} {scopes:?}");
            assert_eq!(is_about(Verdict::Allow), allowed, "{written} {scopes:?}");
        }
        assert!(rule("odd", Verdict::Deny).denies_all());
        assert!(!rule("odd", Verdict::Allow).denies_all());
        assert!(!rule("vault.azure.net", Verdict::Deny).denies_all());
    }

    const OBJECT: &str = "a0a0a0a0-0000-4000-8000-000000000001";
    const TENANT: &str = "b0b0b0b0-0000-4000-8000-000000000002";

    fn account(host: &str) -> Account {
        Account {
            environment: environment_of(host).unwrap(),
            home_account_id: HomeAccountId::new(OBJECT, TENANT),
            local_account_id: OBJECT.to_owned(),
            tenant_id: TENANT.to_owned(),
            username: "ada@contoso.example".to_owned(),
            name: String::new(),
            given_name: String::new(),
            family_name: String::new(),
        }
    }

    #[test]
    fn a_rule_for_an_account_of_one_cloud_is_not_about_that_of_another() {
        let by_answer = RuleAccount::of(&account("login.windows.net"));
        let typed = |host| RuleAccount::typed("Ada@contoso.example", host).unwrap();
        for (named, host) in [
            (&by_answer, "login.microsoftonline.com"),
            (&typed(None), "login.microsoftonline.com"),
            (
                &typed(Some("login.usgovcloudapi.net")),
                "login.microsoftonline.us",
            ),
        ] {
            assert!(named.is(&account(host)), "{named:?}");
            let elsewhere = account("login.partner.microsoftonline.cn");
            assert!(!named.is(&elsewhere), "{named:?}");
        }
    }

    #[test]
    fn an_account_is_typed_by_its_username_or_home_account_id() {
        let by_id = RuleAccount::typed(&format!("{OBJECT}.{TENANT}").to_uppercase(), None).unwrap();
        let ada = account("login.microsoftonline.com");
        assert!(by_id.is(&ada));
        // A denial holds in whatever form of a GUID it is typed.
        let plain = |id: &str| id.replace('-', "");
        for typed in [
            format!("{}.{}", plain(OBJECT), plain(TENANT)),
            format!("{{{OBJECT}}}.urn:uuid:{TENANT}"),
        ] {
            let typed = RuleAccount::typed(&typed, None).unwrap();
            assert!(typed.is(&ada), "{typed:?}");
        }
        let home_account_id = HomeAccountId::new(TENANT, TENANT);
        assert!(!by_id.is(&Account {
            home_account_id,
            ..ada
        }));
        let wrong = |account, host| RuleAccount::typed(account, host).unwrap_err().to_string();
        assert_eq!(
            wrong("ada@contoso.example", Some("no host")),
            "'no host' is no authority host: give one such as login.microsoftonline.us"
        );
        for none in [
            "nobody",
            "",
            "@contoso.example",
            "ada@",
            "a.b",
            "ada lovelace@contoso.example",
        ] {
            assert_eq!(
                wrong(none, None),
                format!(
                    "'{none}' is no account: give a username such as ada@contoso.example, or a home account ID"
                )
            );
        }
    }
}
