//! The cookies of the emulated user's browser.

use std::collections::{BTreeMap, HashMap};

/// Cookies by host; none is shared between hosts.
#[derive(Default)]
pub(super) struct Cookies(HashMap<String, BTreeMap<String, String>>);

impl Cookies {
    /// Keeps what a `Set-Cookie` header says, until the visitor is gone.
    pub(super) fn store(&mut self, host: &str, set_cookie: &str) {
        let pair = set_cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.trim().split_once('=') {
            self.0
                .entry(host.to_owned())
                .or_default()
                .insert(name.to_owned(), value.to_owned());
        }
    }

    /// The `Cookie` header for a host.
    pub(super) fn header(&self, host: &str) -> Option<String> {
        let cookies = self.0.get(host)?;
        Some(
            cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join("; "),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_gets_its_own_cookies_back() {
        let mut cookies = Cookies::default();
        cookies.store("a.example", "x=1; Path=/; Secure");
        cookies.store("a.example", "y=2");
        cookies.store("a.example", "x=3; Path=/");
        assert_eq!(cookies.header("a.example"), Some("x=3; y=2".to_owned()));
        assert_eq!(cookies.header("b.example"), None);
    }
}
