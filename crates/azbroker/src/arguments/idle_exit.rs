use azure_core::time::Duration;
use std::{fmt, num::NonZeroU32, str::FromStr};

/// When a broker ends for want of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdleExit {
    /// Never.
    Never,
    /// After so many seconds.
    After(NonZeroU32),
}

impl IdleExit {
    pub(crate) fn time(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::After(seconds) => Some(Duration::seconds(i64::from(seconds.get()))),
        }
    }
}

impl fmt::Display for IdleExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::After(seconds) => seconds.fmt(f),
        }
    }
}

impl FromStr for IdleExit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "never" => Ok(Self::Never),
            seconds => seconds
                .parse()
                .map(Self::After)
                .map_err(|_| "say how many seconds, or `never`"),
        }
    }
}
