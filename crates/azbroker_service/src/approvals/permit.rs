use super::{Rule, rules::Rules};
use crate::denial::Denial;
use std::sync::Arc;

/// That a program may have a token. One that a rule for one request gave keeps that rule from all others; dropped
/// without a token, it leaves the rule as it was.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Permit {
    // Most have none, and are carried through each call.
    once: Option<Box<Once>>,
}

#[derive(Debug)]
struct Once {
    rules: Arc<Rules>,
    rule: Rule,
}

impl Permit {
    /// One that holds by itself.
    pub(crate) fn lasting() -> Self {
        Self::default()
    }

    /// One that uses up a rule, which is set aside.
    pub(super) fn once(rules: Arc<Rules>, rule: Rule) -> Self {
        Self {
            once: Some(Box::new(Once { rules, rule })),
        }
    }

    pub(super) fn is_for_one_request(&self) -> bool {
        self.once.is_some()
    }

    /// Notes that there is a token to be given.
    ///
    /// # Errors
    ///
    /// Where the rule has gone meanwhile: by the user's hand, or to another broker.
    pub(crate) fn use_up(self) -> Result<(), Denial> {
        match &self.once {
            Some(once) if !once.rules.use_up(&once.rule) => Err(Denial::interaction_required(
                "the rule that allowed this one request is not there any more; ask again",
            )),
            _ => Ok(()),
        }
    }
}

impl Drop for Once {
    fn drop(&mut self) {
        self.rules.put_back(&self.rule);
    }
}
