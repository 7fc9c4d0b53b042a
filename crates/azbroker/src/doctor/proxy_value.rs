use hyper_util::client::proxy::matcher::Matcher;
use std::env;

/// The variable with a proxy for the authority that the HTTP client cannot use, and passes over without a word.
pub(super) fn unusable() -> Option<String> {
    let value = |name: &'static str| Some((name, env::var(name).ok()?));
    // As the client looks: the first that is set, in each pair.
    [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]]
        .into_iter()
        .filter_map(|pair| pair.into_iter().find_map(value))
        .find(|(_, value)| !value.is_empty())
        .filter(|(_, value)| !is_usable(value))
        .map(|(name, value)| format!("{name} is '{}'", without_password(&value)))
}

/// The client's own code decides, but for a port that is none, in whose place it takes the usual one.
fn is_usable(value: &str) -> bool {
    let destination = "https://login.microsoftonline.com/".parse();
    let matcher = Matcher::builder().https(value.to_owned()).build();
    let proxy = destination.ok().and_then(|uri| matcher.intercept(&uri));
    proxy.is_some_and(|proxy| {
        let authority = proxy.uri().authority().map(ToString::to_string);
        let authority = authority.unwrap_or_default();
        let after_host = authority
            .rsplit_once(']')
            .map_or(authority.as_str(), |(_, port)| port);
        let port = after_host.split_once(':').map(|(_, port)| port);
        port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0))
    })
}

fn without_password(value: &str) -> String {
    match value.rsplit_once('@') {
        None => value.to_owned(),
        Some((before, host)) => match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://…@{host}"),
            None => format!("…@{host}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_passes_over_is_not_usable() {
        for value in [
            "http://127.0.0.1:3128",
            "https://proxy.example",
            "proxy.example:8080",
            "http://ada:secret@proxy.example:8080",
            "http://[::1]:3128",
            "http://[::1]",
        ] {
            assert!(is_usable(value), "{value}");
        }
        for value in [
            "ftp://x",
            "http://",
            "http://127.0.0.1:99999",
            "http://[::1]:99999",
            "http://127.0.0.1:0",
            "garbage:garbage",
            "no proxy",
        ] {
            assert!(!is_usable(value), "{value}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let shown = without_password("ftp://ada:se@cret@proxy.example:1");
        assert_eq!(shown, "ftp://…@proxy.example:1");
        assert_eq!(without_password("ada:secret@proxy"), "…@proxy");
        assert_eq!(without_password("ftp://x"), "ftp://x");
    }
}
