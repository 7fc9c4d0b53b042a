use azure_core::http::Url;

/// `application/x-www-form-urlencoded`, by way of a URL's query, which is written in the same form.
pub(crate) struct Form(Url);

impl Form {
    pub(crate) fn new() -> Self {
        Self(Url::parse("form:/").unwrap_or_else(|_| unreachable!("a constant URL is a URL")))
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.query_pairs_mut().append_pair(name, value);
        self
    }

    pub(crate) fn with_optional(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.query().unwrap_or_default()
    }
}
