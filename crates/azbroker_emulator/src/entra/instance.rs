//! The clouds: the public one and the national ones, each an Entra ID of its own.

/// One cloud's Entra ID.
///
/// In the emulator all clouds have the same tenants and people, with the same IDs. That is harder on a client than the
/// real world: only the host tells whose account it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Instance {
    /// All the same service; the first is the one that issues tokens.
    pub(crate) hosts: &'static [&'static str],
    /// The name that clients keep accounts under.
    pub(super) preferred_cache: &'static str,
    /// The host in the issuer of access tokens of the first version. Those of the national clouds but China's are not
    /// documented; they are their own here, so that no cloud's tokens are good in another.
    access_token_issuer: &'static str,
    /// Whether the others say that they know it. The hosts of a private cloud are known to its own people alone.
    pub(super) is_public_knowledge: bool,
}

impl Instance {
    /// The issuer of access tokens.
    ///
    /// They have the first version's form, which the real service uses for Key Vault and Resource Manager too.
    pub(crate) fn access_token_issuer(&self, tenant_id: &str) -> String {
        format!("https://{}/{tenant_id}/", self.access_token_issuer)
    }

    /// The issuer of ID tokens.
    pub(super) fn id_token_issuer(&self, tenant_id: &str) -> String {
        format!("https://{}/{tenant_id}/v2.0", self.hosts[0])
    }

    /// The domain of the cloud's sign-in.
    pub(super) fn name(&self) -> &'static str {
        self.hosts[0]
            .strip_prefix("login.")
            .unwrap_or(self.hosts[0])
    }

    /// The cloud that a host belongs to.
    pub(super) fn of_host(host: &str) -> Option<&'static Self> {
        INSTANCES
            .iter()
            .find(|instance| instance.hosts.contains(&host))
    }
}

/// The public cloud, which vaults belong to.
pub(crate) static PUBLIC: &Instance = &INSTANCES[0];

/// The public cloud, US Government, China, Bleu (France), Delos (Germany) and GovSG (Singapore), and a private cloud.
pub(crate) static INSTANCES: [Instance; 7] = [
    Instance {
        hosts: &[
            "login.microsoftonline.com",
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ],
        preferred_cache: "login.windows.net",
        access_token_issuer: "sts.windows.net",
        is_public_knowledge: true,
    },
    Instance {
        hosts: &[
            "login.microsoftonline.us",
            "login.usgovcloudapi.net",
            "login-us.microsoftonline.com",
        ],
        preferred_cache: "login.microsoftonline.us",
        access_token_issuer: "login.microsoftonline.us",
        is_public_knowledge: true,
    },
    Instance {
        hosts: &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
        preferred_cache: "login.partner.microsoftonline.cn",
        access_token_issuer: "sts.chinacloudapi.cn",
        is_public_knowledge: true,
    },
    own_host(&["login.sovcloud-identity.fr"]),
    own_host(&["login.sovcloud-identity.de"]),
    own_host(&["login.sovcloud-identity.sg"]),
    Instance {
        is_public_knowledge: false,
        ..own_host(&["login.private.example"])
    },
];

const fn own_host(hosts: &'static [&'static str; 1]) -> Instance {
    Instance {
        hosts,
        preferred_cache: hosts[0],
        access_token_issuer: hosts[0],
        is_public_knowledge: true,
    }
}
