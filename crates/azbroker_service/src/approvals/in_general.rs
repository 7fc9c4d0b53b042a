use super::{Approvals, Decision, Lasting, Permit, Rule, Verdict};
use crate::caller::{Caller, Standing};
use azbroker_entra::{Account, ClientId};

/// Whether a program may know of accounts and use them for something: what is decided where no token is asked for.
/// Nothing is used up, and nobody is asked.
#[derive(Debug)]
pub(crate) struct InGeneral<'a> {
    approvals: &'a Approvals,
    caller: &'a Caller,
    /// What is said of the program, looked up once for all accounts.
    rules: Vec<Rule>,
}

/// How a request names an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    ByUsername,
    Otherwise,
}

impl<'a> InGeneral<'a> {
    pub(super) fn new(approvals: &'a Approvals, caller: &'a Caller) -> Self {
        let program = &caller.program;
        let rules = match (program.standing, &program.rule_program) {
            (Standing::Run | Standing::Other, Some(named)) => approvals.rules.of(named),
            _ => {
                approvals.rules.look();
                Vec::new()
            }
        };
        Self {
            approvals,
            caller,
            rules,
        }
    }

    /// `named` says whether the program knows the account's username: a denial tells it to nobody else.
    pub(crate) fn decide(
        &self,
        client_id: Option<&ClientId>,
        account: &Account,
        named: Named,
    ) -> Decision {
        if let Err(denial) = self.caller.check_user() {
            return Decision::Denied(denial);
        }
        let said = match (self.caller.program.standing, self.said(client_id, account)) {
            (Standing::Own, _) => return Decision::Allowed(Permit::lasting()),
            (_, said) => said,
        };
        let what = || match named {
            Named::ByUsername => format!("tokens of {}", account.username),
            Named::Otherwise => "tokens of that account".to_owned(),
        };
        self.approvals.by(said, self.caller, what)
    }

    /// A denial of all that an account has wins; a rule for one request is about that request alone.
    fn said(&self, client_id: Option<&ClientId>, account: &Account) -> Option<Verdict> {
        let mut about_it = self
            .rules
            .iter()
            .filter(|rule| rule.is_of(client_id, Some(account)));
        if about_it.clone().any(Rule::denies_all) {
            return Some(Verdict::Deny);
        }
        about_it
            .any(|rule| rule.verdict == Verdict::Allow && rule.lasting != Lasting::Once)
            .then_some(Verdict::Allow)
    }
}
