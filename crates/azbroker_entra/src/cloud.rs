//! The clouds whose authority hosts are known, each with the names it also goes by.

/// A cloud's authority host, first, and its other names.
type Hosts = &'static [&'static str];

/// Hosts that Microsoft's own libraries trust without asking, grouped into environments.
const CLOUDS: &[Hosts] = &[
    &[
        "login.microsoftonline.com",
        "login.windows.net",
        "login.microsoft.com",
        "sts.windows.net",
    ],
    &[
        "login.microsoftonline.us",
        "login.usgovcloudapi.net",
        "login-us.microsoftonline.com",
    ],
    &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    &["login.sovcloud-identity.fr"],
    &["login.sovcloud-identity.de"],
    &["login.sovcloud-identity.sg"],
];

/// All names of the cloud that `host` belongs to, the preferred one first.
pub(crate) fn aliases(host: &str) -> Option<Hosts> {
    CLOUDS.iter().copied().find(|hosts| hosts.contains(&host))
}
