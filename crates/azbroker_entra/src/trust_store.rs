use std::{ffi::OsString, fmt};

/// Where the certificate authorities are that this process trusts.
///
/// The TLS library reads the same variables; here they are for messages alone. They are read once, by whoever starts;
/// nothing here reads the environment.
///
/// ```
/// use azbroker_entra::TrustStore;
///
/// let named = |name: &str| (name == "SSL_CERT_FILE").then(|| "/etc/ca.pem".into());
/// assert_eq!(TrustStore::from_variables(named).to_string(), "SSL_CERT_FILE=/etc/ca.pem");
/// assert_eq!(TrustStore::default().to_string(), "the system's store");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustStore {
    /// What takes the place of the system's store.
    named: Vec<(&'static str, String)>,
}

impl TrustStore {
    /// Reads the variables that matter through `variable`.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let value = |name| Some((name, variable(name)?.to_string_lossy().into_owned()));
        Self {
            // One that is set to nothing takes the system's place all the same.
            named: [FILE, FOLDERS].into_iter().filter_map(value).collect(),
        }
    }

    /// What to do where nothing in it can be trusted.
    pub fn cure(&self) -> &'static str {
        let is_named = |name| self.named.iter().any(|(named, _)| *named == name);
        match (is_named(FILE), is_named(FOLDERS)) {
            (false, false) => "install the system's certificates (package ca-certificates)",
            (true, false) => {
                "correct or unset SSL_CERT_FILE, or install the system's certificates (package \
                 ca-certificates)"
            }
            (false, true) => {
                "correct or unset SSL_CERT_DIR, or install the system's certificates (package \
                 ca-certificates)"
            }
            (true, true) => {
                "correct or unset SSL_CERT_FILE and SSL_CERT_DIR, or install the system's certificates \
                 (package ca-certificates)"
            }
        }
    }
}

/// As the variables are set.
impl fmt::Display for TrustStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.named.is_empty() {
            return f.write_str("the system's store");
        }
        for (index, (name, value)) in self.named.iter().enumerate() {
            let and = if index == 0 { "" } else { " and " };
            write!(f, "{and}{name}={value}")?;
        }
        Ok(())
    }
}

const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_that_are_set_are_named_and_are_what_to_correct() {
        for (set, told, cure) in [
            (&[][..], "the system's store", "install the system's "),
            (
                &[(FILE, "")],
                "SSL_CERT_FILE=",
                "correct or unset SSL_CERT_FILE, ",
            ),
            (
                &[(FOLDERS, "/a:/b")],
                "SSL_CERT_DIR=/a:/b",
                "correct or unset SSL_CERT_DIR, ",
            ),
            (
                &[(FILE, "/c"), (FOLDERS, "/a")],
                "SSL_CERT_FILE=/c and SSL_CERT_DIR=/a",
                "correct or unset SSL_CERT_FILE and SSL_CERT_DIR, ",
            ),
        ] {
            let store = TrustStore::from_variables(|name| {
                let value = set.iter().find(|(known, _)| *known == name);
                value.map(|(_, value)| value.into())
            });
            assert_eq!(store.to_string(), told);
            assert!(store.cure().starts_with(cure), "{}", store.cure());
        }
    }
}
