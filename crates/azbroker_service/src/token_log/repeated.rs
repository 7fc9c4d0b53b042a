use super::{
    LogEntry, Outcome,
    program::{Program, Write},
};
use azure_core::time::{Duration, OffsetDateTime};
use std::collections::HashMap;

/// The refusals of the last day, so that each that is new has a line, and one that repeats is counted: a program that
/// asks in a loop must not push out of the log what was before.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    programs: HashMap<String, Program>,
}

impl Repeated {
    /// How many programs are known again.
    const MOST: usize = 32;

    /// Passes on what is to be written of an entry that came: a token, a refusal that is new, and what there is to say of
    /// one that repeats. Tells whether a refusal waits now where none like it did.
    pub(super) fn take(
        &mut self,
        on: OffsetDateTime,
        entry: LogEntry<'_>,
        mut write: impl FnMut(&LogEntry<'_>) -> usize,
    ) -> bool {
        match entry.outcome {
            Outcome::Given { .. } => {
                write(&entry);
                false
            }
            Outcome::Refused { .. } => self.take_refused(on, entry, &mut write),
        }
    }

    /// Passes on what has waited for as long as it may.
    pub(super) fn write_due(&mut self, on: OffsetDateTime, write: Write<'_>) {
        for program in self.programs.values_mut() {
            program.write_due(on, write);
        }
    }

    /// How long there is nothing to write; `None` where nothing waits.
    pub(super) fn wait(&self, on: OffsetDateTime) -> Option<Duration> {
        let programs = self.programs.values();
        programs.filter_map(|program| program.wait(on)).min()
    }

    /// Passes on what was counted and not written.
    pub(super) fn write_rest(&mut self, write: Write<'_>) {
        for (_, program) in self.programs.drain() {
            program.write_rest(write);
        }
    }

    fn take_refused(&mut self, on: OffsetDateTime, entry: LogEntry<'_>, write: Write<'_>) -> bool {
        if let Some(program) = self.programs.get_mut(entry.program.as_ref()) {
            return program.take(on, entry, write);
        }
        if self.programs.len() >= Self::MOST {
            self.forget_one(on, write);
        }
        let name = entry.program.as_ref().to_owned();
        let program = self.programs.entry(name);
        let program = program.or_insert_with(|| Program::new(on));
        program.take(on, entry, write)
    }

    /// Forgets the program that has taken least: one that floods stays known.
    fn forget_one(&mut self, on: OffsetDateTime, write: Write<'_>) {
        let taken = |(_, program): &(&String, &Program)| program.budget.taken(on);
        let least = self.programs.iter().min_by_key(taken);
        let least = least.map(|(name, _)| name.clone());
        let least = least.and_then(|name| self.programs.remove(&name));
        if let Some(least) = least {
            least.write_rest(write);
        }
    }
}

#[cfg(test)]
mod tests;
