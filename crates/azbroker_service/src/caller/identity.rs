use std::{borrow::Cow, fmt, path::PathBuf};

/// What a program is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    /// The file it runs, as this machine sees it.
    Executable(PathBuf),
    /// A Flatpak's application ID.
    Flatpak(String),
    /// A Snap's name.
    Snap(String),
    /// A container's ID.
    Container(String),
    /// It cannot be told, and why.
    Unknown(&'static str),
}

/// A program as rules name it: an absolute path, or `flatpak:`, `snap:` or `container:` with an ID.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleProgram(String);

/// A text that names no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' names no program: give an absolute path, or flatpak:, snap: or container: with an ID"
)]
pub struct RuleProgramError(String);

impl RuleProgram {
    /// Reads what [`Display`](fmt::Display) wrote.
    ///
    /// # Errors
    ///
    /// When it is neither an absolute path nor the ID of something in a sandbox.
    pub fn parse(text: &str) -> Result<Self, RuleProgramError> {
        let error = || RuleProgramError(printable(text).into_owned());
        let named = || {
            let (kind, id) = text.split_once(':')?;
            let known = matches!(kind, "flatpak" | "snap" | "container");
            (known && is_id(id)).then_some(())
        };
        let plain = text.len() <= 4096 && printable(text) == text;
        if plain && (text.starts_with('/') || named().is_some()) {
            return Ok(Self(text.to_owned()));
        }
        Err(error())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Identity {
    /// As rules name it. What cannot be told, or written down letter by letter, cannot have a rule.
    pub(crate) fn rule_program(&self) -> Option<RuleProgram> {
        let text = match self {
            Self::Executable(path) => path.to_str()?.to_owned(),
            Self::Unknown(_) => return None,
            _ => self.to_string(),
        };
        RuleProgram::parse(&text).ok()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Executable(path) => f.write_str(&printable(&path.to_string_lossy())),
            Self::Flatpak(name) => write!(f, "flatpak:{name}"),
            Self::Snap(name) => write!(f, "snap:{name}"),
            Self::Container(id) => write!(f, "container:{id}"),
            Self::Unknown(why) => f.write_str(why),
        }
    }
}

/// An ID has nothing in it that could be taken for more.
pub(super) fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !text.is_empty() && text.len() <= 255 && text.chars().all(plain)
}

/// A program chooses its file's name: nothing of it may move the cursor, or turn the text around.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let deceives = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    // Nearly all texts are plain.
    let plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if text.bytes().all(plain) || !text.contains(deceives) {
        return text.into();
    }
    text.replace(deceives, "\u{fffd}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rules_name_is_read_as_it_was_written() {
        for text in [
            "/usr/bin/node",
            "flatpak:org.example.App",
            "snap:code",
            "container:0123abc",
        ] {
            assert_eq!(RuleProgram::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "node",
            "",
            "flatpak:",
            "flatpak:a b",
            "other:x",
            "/usr/bin/\u{202e}edon",
        ] {
            assert!(RuleProgram::parse(text).is_err(), "{text}");
        }
        assert_eq!(
            RuleProgram::parse("node").unwrap_err().to_string(),
            "'node' names no program: give an absolute path, or flatpak:, snap: or container: with an ID"
        );
    }

    #[test]
    fn a_name_that_would_deceive_has_no_rule_and_is_shown_without_its_tricks() {
        let identity = Identity::Executable("/tmp/a\u{1b}[2Jb".into());
        assert_eq!(identity.rule_program(), None);
        assert_eq!(identity.to_string(), "/tmp/a\u{fffd}[2Jb");
    }
}
