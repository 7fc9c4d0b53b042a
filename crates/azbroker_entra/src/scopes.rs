use std::fmt;

/// The scopes of one request: at least one, each well formed, in the order asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Reads scopes such as `https://vault.azure.net/.default`.
    ///
    /// Repeated ones are taken once.
    ///
    /// # Errors
    ///
    /// When there is none, or one is not a scope by
    /// [RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3).
    pub fn parse<T: AsRef<str>>(scopes: impl IntoIterator<Item = T>) -> Result<Self, ScopesError> {
        /// All of them are in an address that browsers open, and in what is shown and kept of a request.
        const LONGEST: usize = 8 * 1024;
        let mut parsed: Vec<String> = Vec::new();
        let mut length = 0;
        for scope in scopes {
            let scope = scope.as_ref();
            check(scope)?;
            if !parsed.iter().any(|known| known == scope) {
                length += scope.len();
                parsed.push(scope.to_owned());
            }
        }
        if length > LONGEST {
            return Err(ScopesError::Together(length));
        }
        if parsed.is_empty() {
            return Err(ScopesError::None);
        }
        Ok(Self(parsed))
    }

    /// The scopes in the order asked for.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The scopes as one text that does not depend on their order or case, to tell tokens apart by.
    pub fn sorted(&self) -> String {
        let mut sorted: Vec<_> = self.0.iter().map(|s| s.to_ascii_lowercase()).collect();
        sorted.sort_unstable();
        sorted.join(" ")
    }

    /// The `scope` parameter: what was asked, and what it takes to keep the user signed in and to know who it is.
    pub(crate) fn to_parameter(&self) -> String {
        let mut text = self.to_string();
        for reserved in ["openid", "profile", "offline_access"] {
            if !self.0.iter().any(|scope| scope == reserved) {
                text.push(' ');
                text.push_str(reserved);
            }
        }
        text
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// What is wrong with a set of scopes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopesError {
    /// Nothing was asked for.
    #[error("no scope was asked for: name one, such as https://vault.azure.net/.default")]
    None,
    /// One is empty.
    #[error("a scope is empty: name one, such as https://vault.azure.net/.default")]
    Empty,
    /// One has white space in it.
    #[error("scope '{0}' has white space in it: name each scope by itself")]
    WhiteSpace(String),
    /// One has a character that no scope has.
    #[error("scope '{0}' has a character that no scope has")]
    Character(String),
    /// One is longer than any scope.
    #[error("a scope of {0} characters is longer than any scope")]
    Length(usize),
    /// All together are longer than any request's.
    #[error(
        "scopes of {0} characters together are more than a request can have: ask for less at once"
    )]
    Together(usize),
}

fn check(scope: &str) -> Result<(), ScopesError> {
    const LONGEST: usize = 1024;
    let shown = || {
        scope
            .chars()
            .filter(|c| !c.is_control())
            .take(120)
            .collect()
    };
    match scope {
        "" => Err(ScopesError::Empty),
        _ if scope.len() > LONGEST => Err(ScopesError::Length(scope.len())),
        _ if scope.contains(char::is_whitespace) => Err(ScopesError::WhiteSpace(shown())),
        _ if scope
            .bytes()
            .all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) =>
        {
            Ok(())
        }
        _ => Err(ScopesError::Character(shown())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_asked_for_is_kept_and_repeats_are_dropped() {
        let scopes = Scopes::parse(["b/.default", "a", "b/.default"]).unwrap();
        assert_eq!(scopes.to_string(), "b/.default a");
        assert_eq!(scopes.sorted(), "a b/.default");
        assert_eq!(
            scopes.to_parameter(),
            "b/.default a openid profile offline_access"
        );
    }

    #[test]
    fn wrong_scopes_say_what_is_wrong() {
        for (scopes, message) in [
            (
                vec![],
                "no scope was asked for: name one, such as https://vault.azure.net/.default",
            ),
            (
                vec![""],
                "a scope is empty: name one, such as https://vault.azure.net/.default",
            ),
            (
                vec!["not a scope"],
                "scope 'not a scope' has white space in it: name each scope by itself",
            ),
            (
                vec!["ex\"it"],
                "scope 'ex\"it' has a character that no scope has",
            ),
            (vec!["é"], "scope 'é' has a character that no scope has"),
        ] {
            assert_eq!(Scopes::parse(scopes).unwrap_err().to_string(), message);
        }
        let many = (0..1_000).map(|number| format!("api://a/{number:04}"));
        assert_eq!(
            Scopes::parse(many).unwrap_err().to_string(),
            "scopes of 12000 characters together are more than a request can have: ask for less at once"
        );
    }
}
