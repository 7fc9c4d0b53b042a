//! The `api-version` parameter.

use axum::http::Uri;
use url::form_urlencoded;

use super::VaultRefusal;

/// A well-formed API version; every one is accepted, because clients raise theirs with each release.
#[derive(Clone, Debug)]
pub(super) struct ApiVersion(String);

impl ApiVersion {
    pub(super) fn of(uri: &Uri) -> Result<Self, VaultRefusal> {
        let query = uri.query().unwrap_or_default();
        let Some((_, version)) =
            form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "api-version")
        else {
            let message =
                "The api-version query parameter (?api-version=) is required for all requests.";
            return Err(VaultRefusal::bad_parameter(message));
        };
        if is_well_formed(&version) {
            return Ok(Self(version.into_owned()));
        }
        Err(VaultRefusal::bad_parameter(format!(
            "The specified version ({version}) is not recognized."
        )))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// `7.4`, `2025-07-01` and either with `-preview` or `-preview.1` after it.
fn is_well_formed(text: &str) -> bool {
    let (version, preview) = match text.split_once("-preview") {
        Some((version, preview)) => (version, preview),
        None => (text, ""),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = || {
        let parts: Vec<&str> = version.split('-').collect();
        parts.iter().all(|part| digits(part)) && parts.iter().map(|part| part.len()).eq([4, 2, 2])
    };
    let is_number = || {
        version
            .split_once('.')
            .is_some_and(|(major, minor)| digits(major) && digits(minor))
    };
    let is_preview = preview.is_empty() || preview.strip_prefix('.').is_some_and(digits);
    is_preview && (is_number() || is_date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_or_dates() {
        for text in [
            "7.4",
            "7.6-preview",
            "7.6-preview.2",
            "2025-07-01",
            "2026-04-01-preview",
        ] {
            assert!(is_well_formed(text), "{text}");
        }
        for text in [
            "",
            "7",
            "7.",
            "v7.4",
            "2025-7-1",
            "2025-07-01-01",
            "latest",
            "7.4-previewx",
            "7.4 ",
        ] {
            assert!(!is_well_formed(text), "{text}");
        }
    }
}
