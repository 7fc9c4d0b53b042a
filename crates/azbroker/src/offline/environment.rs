//! The environment that leads an unmodified program to the emulator.

#[cfg(test)]
mod tests;

use crate::folders::EMULATION;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Variables of a process, by name.
pub(crate) type Variables = BTreeMap<OsString, OsString>;

/// Where the parts of the emulation are that a program must find.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Emulation<'a> {
    /// The emulator's proxy, as `http://127.0.0.1:<port>`.
    pub(crate) proxy_url: &'a str,
    /// The emulator's certificate authority alone, as PEM.
    pub(crate) ca: &'a Path,
    /// The system's certificate authorities and the emulator's, as PEM.
    pub(crate) bundle: &'a Path,
    /// The script that teaches Node's `fetch` the proxy.
    pub(crate) preload: &'a Path,
    /// The session bus with the broker on it.
    pub(crate) bus_address: &'a str,
    /// The emulation's own folder, in which its broker has its state.
    pub(crate) folder: &'a Path,
    /// A folder for Azure CLI, apart from the user's.
    pub(crate) azure_config: &'a Path,
    /// Whether the emulated world has one tenant only.
    pub(crate) single_tenant: bool,
    /// The program that is called in place of a browser. `None` leaves the user's browser.
    ///
    /// Its path must have no space and no colon: there is no way to quote them in `BROWSER`.
    pub(crate) browser: Option<&'a Path>,
}

/// What to change in a program's environment.
///
/// Set are the proxies and certificates of each network library (in both spellings where two are in use), Node's
/// preload, the session bus, the folder in which our own command finds the broker's rules and log, Azure CLI's folder
/// and telemetry, and the browser.
///
/// In a world of one tenant the JavaScript and Python libraries are told so. Otherwise they refuse a credential
/// that was made without a tenant, as how-to pages make it, when a vault names its own.
///
/// Removed is what would lead the program past the emulator: `SSL_CERT_DIR`, because the folder does not have our
/// certificate authority, `AZURE_AUTHORITY_HOST`, and the endpoints of a managed identity, which are local and so
/// never meet the proxy: with them a program would get tokens of the real cloud.
///
/// Kept is everything else. That goes for `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET` and their
/// kin: they are the program's configuration, a user may set them for the emulator on purpose, and what they hold
/// is sent to the emulator only. `PIP_CERT`, `GIT_SSL_CAINFO` and the like belong to other tools and keep their
/// meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Environment {
    set: Vec<(&'static str, OsString)>,
}

impl Environment {
    /// Works out the changes for a child of a process which has the variables `parent`.
    pub(crate) fn new(emulation: &Emulation<'_>, parent: &Variables) -> Self {
        let mut set: Vec<(&'static str, OsString)> = Vec::new();
        for name in PROXY {
            set.push((name, emulation.proxy_url.into()));
        }
        for name in NO_PROXY {
            set.push((name, DIRECT.into()));
        }
        for name in REPLACING_BUNDLE {
            set.push((name, emulation.bundle.into()));
        }
        // Node adds to its own authorities, so it gets ours alone.
        set.push(("NODE_EXTRA_CA_CERTS", emulation.ca.into()));
        set.push((
            NODE_OPTIONS,
            node_options(parent.get(OsStr::new(NODE_OPTIONS)), emulation.preload),
        ));
        set.push(("AZURE_CORE_COLLECT_TELEMETRY", "0".into()));
        set.push(("AZURE_CONFIG_DIR", emulation.azure_config.into()));
        set.push(("DBUS_SESSION_BUS_ADDRESS", emulation.bus_address.into()));
        set.push((EMULATION, emulation.folder.into()));
        let known = parent.contains_key(OsStr::new(SINGLE_TENANT));
        if emulation.single_tenant && !known {
            set.push((SINGLE_TENANT, "1".into()));
        }
        if let Some(browser) = emulation.browser {
            set.push(("BROWSER", browser.into()));
        }
        Self { set }
    }

    /// The variables to set, in a stable order.
    pub(crate) fn set(&self) -> impl Iterator<Item = (&'static str, &OsStr)> {
        self.set
            .iter()
            .map(|(name, value)| (*name, value.as_os_str()))
    }

    /// The variables to remove, in a stable order.
    pub(crate) fn removed(&self) -> impl Iterator<Item = &'static str> {
        REMOVED.into_iter()
    }

    /// The changes as lines of a POSIX shell, for `eval`.
    ///
    /// Not a `String`, since a path need not be text.
    pub(crate) fn export_lines(&self) -> OsString {
        let mut lines = Vec::new();
        for name in self.removed() {
            lines.extend_from_slice(format!("unset {name}\n").as_bytes());
        }
        for (name, value) in self.set() {
            lines.extend_from_slice(format!("export {name}=").as_bytes());
            lines.extend_from_slice(&shell_quoted(value.as_bytes()));
            lines.push(b'\n');
        }
        OsString::from_vec(lines)
    }
}

/// Quotes a word for a POSIX shell, whatever is in it.
pub(super) fn shell_quoted(word: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for byte in word {
        match byte {
            // Nothing is special between single quotes but their end.
            b'\'' => quoted.extend_from_slice(br"'\''"),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

/// Adds the preload to the options that are there, once.
fn node_options(present: Option<&OsString>, preload: &Path) -> OsString {
    let mut require = b"--require ".to_vec();
    require.extend_from_slice(&node_quoted(preload.as_os_str().as_bytes()));

    let present = present
        .map(|options| options.as_bytes())
        .unwrap_or_default();
    if present.is_empty() {
        return OsString::from_vec(require);
    }
    if present.windows(require.len()).any(|part| part == require) {
        return OsStr::from_bytes(present).to_owned();
    }
    OsString::from_vec([present, b" ", &require].concat())
}

/// Quotes a word as Node splits its options: at spaces, with double quotes and backslashes in them.
///
/// See [`NODE_OPTIONS`](https://nodejs.org/api/cli.html#node_optionsoptions).
fn node_quoted(word: &[u8]) -> Vec<u8> {
    if !word.iter().any(|byte| matches!(byte, b' ' | b'"')) {
        return word.to_vec();
    }
    let mut quoted = vec![b'"'];
    for byte in word {
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    quoted
}

/// Where the proxy is read. Tools differ in which spelling wins, so all say the same.
const PROXY: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// Where the exceptions from the proxy are read.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The loopback redirect of a browser sign-in must not go through the proxy.
const DIRECT: &str = "localhost,127.0.0.1,::1";

/// Each of these replaces a library's authorities, so they name the bundle with the system's in it.
const REPLACING_BUNDLE: [&str; 3] = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

const NODE_OPTIONS: &str = "NODE_OPTIONS";

/// Has `@azure/identity` and `azure-identity` keep to the credential's tenant, whatever a challenge names.
const SINGLE_TENANT: &str = "AZURE_IDENTITY_DISABLE_MULTITENANTAUTH";

/// What would lead a program past the emulator; see [`Environment`].
const REMOVED: [&str; 8] = [
    "SSL_CERT_DIR",
    "AZURE_AUTHORITY_HOST",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
];
