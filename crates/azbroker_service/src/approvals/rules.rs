use super::{Lasting, Resource, Rule, RuleResource, RulesFile, Verdict, rules_file::Stamp};
use crate::caller::{RuleProgram, printable};
use azbroker_entra::{Account, ClientId, Clock};
use azure_core::time::{Duration, OffsetDateTime};
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The rules as the broker follows them: those of the file as it is now, and those it could not put there.
#[derive(Debug)]
pub(super) struct Rules {
    file: Option<RulesFile>,
    clock: Arc<dyn Clock>,
    started_on: OffsetDateTime,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    stamp: Option<Stamp>,
    of_file: HashMap<RuleProgram, Vec<Rule>>,
    /// Why there are none of the file, though it is there.
    unread: Option<String>,
    in_memory: HashMap<RuleProgram, Vec<Rule>>,
    /// Rules for one request that requests under way are being answered by.
    set_aside: Vec<Rule>,
}

/// What the rules say of a request.
#[derive(Debug)]
pub(super) enum Said {
    Allow,
    /// By this rule for one request, which is set aside.
    AllowOnce(Rule),
    Deny,
}

impl Rules {
    pub(super) fn new(state_folder: Option<&Path>, clock: Arc<dyn Clock>) -> Self {
        // What is written down has whole seconds.
        let now = clock.now();
        let started_on = now - Duration::nanoseconds(i64::from(now.nanosecond()));
        Self {
            file: state_folder.map(RulesFile::below),
            started_on,
            clock,
            state: Mutex::default(),
        }
    }

    /// Since when rules until the broker's end hold.
    pub(super) fn started_on(&self) -> OffsetDateTime {
        self.started_on
    }

    /// What the rules say, if they say anything; a denial wins. A rule for one request is set aside: it must be used up
    /// or put back.
    pub(super) fn verdict(
        &self,
        program: &RuleProgram,
        client_id: &ClientId,
        account: Option<&Account>,
        resource: &Resource,
    ) -> Option<Said> {
        let mut state = self.fresh();
        let mut once = None;
        let mut allowed = false;
        for rule in self.holding(&state, program) {
            if !rule.is_about(client_id, account, resource) {
                continue;
            }
            match (rule.verdict, rule.lasting) {
                (Verdict::Deny, _) => return Some(Said::Deny),
                (Verdict::Allow, Lasting::Once) if state.set_aside.contains(rule) => {}
                (Verdict::Allow, Lasting::Once) => once = Some(rule.clone()),
                (Verdict::Allow, _) => allowed = true,
            }
        }
        if allowed {
            return Some(Said::Allow);
        }
        let once = once?;
        state.set_aside.push(once.clone());
        Some(Said::AllowOnce(once))
    }

    /// Leaves a rule that was set aside to other requests again, if it is still there.
    pub(super) fn put_back(&self, rule: &Rule) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let place = state.set_aside.iter().position(|aside| aside == rule);
        place.map(|place| state.set_aside.swap_remove(place));
    }

    /// Whether a rule denies it. None is used up by this.
    pub(super) fn denies(
        &self,
        program: &RuleProgram,
        client_id: &ClientId,
        account: Option<&Account>,
        resource: &Resource,
    ) -> bool {
        let state = self.fresh();
        let denies = |rule: &Rule| {
            rule.verdict == Verdict::Deny && rule.is_about(client_id, account, resource)
        };
        self.holding(&state, program).any(denies)
    }

    /// The rules of a program that hold at the moment. None is used up by this.
    pub(super) fn of(&self, program: &RuleProgram) -> Vec<Rule> {
        let state = self.fresh();
        self.holding(&state, program).cloned().collect()
    }

    fn holding<'a>(
        &self,
        state: &'a State,
        program: &RuleProgram,
    ) -> impl Iterator<Item = &'a Rule> {
        let of_file = state.of_file.get(program).into_iter().flatten();
        let in_memory = state.in_memory.get(program).into_iter().flatten();
        let (now, started_on) = (self.clock.now(), self.started_on);
        of_file
            .chain(in_memory)
            .filter(move |rule| rule.holds(now, Some(started_on)))
    }

    /// Keeps a rule in the place of those about the same. Where there is no file, until the broker ends.
    pub(super) fn add(&self, rule: Rule) {
        let mut state = self.fresh();
        let Some(file) = &self.file else {
            state.keep_in_memory(rule);
            return;
        };
        let kept = file.change(|rules| {
            rules.retain(|known| {
                known.holds(self.clock.now(), Some(self.started_on))
                    && !known.is_about_the_same_as(&rule)
            });
            rules.push(rule.clone());
        });
        if let Err(error) = kept {
            tracing::warn!(
                "what was answered is forgotten when the broker ends: {}",
                with_cause(&error)
            );
            state.keep_in_memory(rule);
        }
    }

    /// Whoever takes it out of the file has it; that it is kept nowhere else is what "once" means.
    pub(super) fn use_up(&self, used_up: &Rule) -> bool {
        let mut state = self.fresh();
        let take = |rules: &mut Vec<Rule>| {
            let place = rules.iter().position(|rule| rule == used_up);
            place.map(|place| rules.remove(place)).is_some()
        };
        let in_memory = state.in_memory.get_mut(&used_up.program);
        if in_memory.is_some_and(take) {
            return true;
        }
        let taken = self.file.as_ref().map(|file| file.change(take));
        match taken {
            Some(Ok(taken)) => taken,
            Some(Err(error)) => {
                tracing::warn!(
                    "a rule for one request is not followed: {}",
                    with_cause(&error)
                );
                false
            }
            None => false,
        }
    }

    /// Reads the rules again if the file has changed.
    pub(super) fn look(&self) {
        drop(self.fresh());
    }

    /// Why those of the file are not followed, if they could not be read when they were looked at last.
    pub(super) fn unread(&self) -> Option<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.unread.clone()
    }

    /// The rules, read again if the file has changed: by the command, by hand, by another broker.
    fn fresh(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &self.file else {
            return state;
        };
        let stamp = file.stamp();
        // What could not be read may be for another reason than what is in it.
        if stamp == state.stamp && state.unread.is_none() {
            return state;
        }
        state.stamp = stamp;
        state.of_file.clear();
        let unread_before = state.unread.take();
        match file.load() {
            Ok(rules) => {
                for rule in rules {
                    if let (RuleResource::NotUnderstood(text), true) =
                        (&rule.resource, rule.denies_all())
                    {
                        tracing::warn!(
                            "'{}' is denied every resource: the '{}' that a rule denies it is none; remove the rule \
                             and make it again",
                            rule.program,
                            printable(text)
                        );
                    }
                    let of_program = state.of_file.entry(rule.program.clone());
                    of_program.or_default().push(rule);
                }
            }
            Err(error) => {
                let why = with_cause(&error);
                if unread_before.as_ref() != Some(&why) {
                    tracing::warn!("no rule is followed: {why}");
                }
                state.unread = Some(why);
            }
        }
        state
    }
}

impl State {
    fn keep_in_memory(&mut self, rule: Rule) {
        let of_program = self.in_memory.entry(rule.program.clone()).or_default();
        of_program.retain(|known| !known.is_about_the_same_as(&rule));
        of_program.push(rule);
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
