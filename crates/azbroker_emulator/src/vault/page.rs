//! Lists, page by page.

use axum::http::Uri;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{ApiVersion, Site, VaultRefusal};

/// Which part of a list is wanted.
pub(super) struct PageRequest {
    path: String,
    version: ApiVersion,
    max_results: Option<usize>,
    after: Option<String>,
}

impl PageRequest {
    pub(super) fn of(uri: &Uri, version: ApiVersion) -> Result<Self, VaultRefusal> {
        let mut request = Self {
            path: uri.path().trim_end_matches('/').to_owned(),
            version,
            max_results: None,
            after: None,
        };
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "maxresults" => {
                    let number = value
                        .parse()
                        .ok()
                        .filter(|number| (1..=LARGEST_PAGE).contains(number));
                    request.max_results = Some(number.ok_or_else(|| {
                        VaultRefusal::bad_parameter(format!(
                            "maxresults must be from 1 to {LARGEST_PAGE}."
                        ))
                    })?);
                }
                "$skiptoken" => {
                    let bytes = URL_SAFE_NO_PAD.decode(value.as_bytes()).ok();
                    let key = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                    request.after =
                        Some(key.ok_or_else(|| {
                            VaultRefusal::bad_parameter("$skiptoken is not valid.")
                        })?);
                }
                _ => {}
            }
        }
        Ok(request)
    }

    /// Cuts the page out of items sorted by their key, and links to the next.
    pub(super) fn cut(&self, site: &Site, items: impl Iterator<Item = (String, Value)>) -> Value {
        let size = self.max_results.unwrap_or(LARGEST_PAGE);
        // By key and not by number: a secret that goes or comes between two pages moves no other.
        let mut items = items
            .skip_while(|(key, _)| self.after.as_ref().is_some_and(|after| key <= after))
            .peekable();
        let mut values = Vec::new();
        let mut last = String::new();
        for (key, value) in items.by_ref().take(size) {
            values.push(value);
            last = key;
        }
        let next = items.peek().map(|_| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("api-version", self.version.as_str());
            // The service leaves the dollar sign as it is.
            let mut link = format!(
                "{}{}?{}&$skiptoken={}",
                site.url(),
                self.path,
                query.finish(),
                URL_SAFE_NO_PAD.encode(&last)
            );
            if let Some(max) = self.max_results {
                link.push_str(&format!("&maxresults={max}"));
            }
            link
        });
        json!({"value": values, "nextLink": next})
    }
}

const LARGEST_PAGE: usize = 25;
