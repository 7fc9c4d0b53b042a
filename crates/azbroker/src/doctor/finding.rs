use crate::failure::Exit;
use serde::Serialize;

/// What was found at one hop.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) hop: &'static str,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It works.
    Fine { found: String },
    /// It works, or is not needed, but somebody may want to know.
    Notice { found: String, cure: String },
    /// It does not work.
    Broken {
        found: String,
        cure: String,
        #[serde(skip)]
        exit: Exit,
    },
    /// The hop before it is broken.
    NotTried,
}

impl Finding {
    pub(crate) fn fine(hop: &'static str, found: impl Into<String>) -> Self {
        let found = found.into();
        Self {
            hop,
            outcome: Outcome::Fine { found },
        }
    }

    pub(crate) fn notice(
        hop: &'static str,
        found: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self {
            hop,
            outcome: Outcome::Notice {
                found: found.into(),
                cure: cure.into(),
            },
        }
    }

    /// A hop that the user can mend.
    pub(crate) fn broken(
        hop: &'static str,
        found: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self {
            hop,
            outcome: Outcome::Broken {
                found: found.into(),
                cure: cure.into(),
                exit: Exit::UserMustAct,
            },
        }
    }

    /// A hop that may mend itself.
    pub(crate) fn down(
        hop: &'static str,
        found: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self {
            hop,
            outcome: Outcome::Broken {
                found: found.into(),
                cure: cure.into(),
                exit: Exit::TryAgainLater,
            },
        }
    }

    pub(crate) fn not_tried(hop: &'static str) -> Self {
        Self {
            hop,
            outcome: Outcome::NotTried,
        }
    }

    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.outcome, Outcome::Broken { .. })
    }
}

/// A chain of hops, each of which needs the one before it.
pub(crate) struct Chain<'a> {
    left: std::slice::Iter<'static, &'static str>,
    tell: &'a mut dyn FnMut(Finding),
}

impl<'a> Chain<'a> {
    pub(crate) fn new(hops: &'static [&'static str], tell: &'a mut dyn FnMut(Finding)) -> Self {
        Self {
            left: hops.iter(),
            tell,
        }
    }

    /// The hop to try next. All of them are in the list.
    pub(crate) fn next(&mut self) -> &'static str {
        self.left.next().copied().unwrap_or_default()
    }

    /// Tells a finding. Returns nothing when the chain ends here.
    pub(crate) fn found(&mut self, finding: Finding) -> Option<()> {
        let broken = finding.is_broken();
        (self.tell)(finding);
        if !broken {
            return Some(());
        }
        self.give_up();
        None
    }

    /// Ends the chain here: none of the hops that are left can work.
    pub(crate) fn give_up(&mut self) {
        for hop in self.left.by_ref() {
            (self.tell)(Finding::not_tried(hop));
        }
    }
}
