use super::{
    LogEntry, Outcome,
    budget::{Budget, Purpose},
};
use azure_core::time::{Duration, OffsetDateTime};

/// Writes a line, and tells how many bytes it has.
pub(super) type Write<'a> = &'a mut dyn FnMut(&LogEntry<'_>) -> usize;

/// What was refused to one program.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) budget: Budget,
    /// Those that differ, the one that was seen last at the end.
    named: Vec<Count>,
    unnamed: Option<Unnamed>,
}

/// Equal refusals.
#[derive(Debug)]
struct Count {
    last: LogEntry<'static>,
    since: OffsetDateTime,
    written_on: OffsetDateTime,
    seen: u64,
    unwritten: u64,
}

/// Refusals for whose names there was no room.
#[derive(Debug)]
struct Unnamed {
    last: LogEntry<'static>,
    since: OffsetDateTime,
    times: u64,
    several_kinds: bool,
}

impl Program {
    /// How long equal refusals count as one.
    const WINDOW: Duration = Duration::DAY;
    /// How long a refusal that is only counted may wait for its line.
    const PATIENCE: Duration = Duration::MINUTE;
    /// How many equal ones have a line each before they are counted.
    const FEW: u64 = 3;
    /// How many different ones are known again; one that was forgotten has a line as if it was new.
    pub(super) const MOST: usize = 32;

    pub(super) fn new(on: OffsetDateTime) -> Self {
        Self {
            budget: Budget::new(on),
            named: Vec::new(),
            unnamed: None,
        }
    }

    /// Writes a refusal, or counts it. Tells whether something waits now that did not before.
    pub(super) fn take(
        &mut self,
        on: OffsetDateTime,
        entry: LogEntry<'_>,
        write: Write<'_>,
    ) -> bool {
        self.budget.correct(on);
        let known = self
            .named
            .iter()
            .position(|count| alike(&count.last, &entry));
        let known = known.map(|at| self.named.remove(at));
        let mut begins_to_wait = false;
        let mut count = match known {
            Some(mut count) if !has_passed(Self::WINDOW, count.since, on) => {
                count.last = entry.into_owned();
                count
            }
            over => {
                if let Some(over) = over {
                    begins_to_wait |= self.forget(on, over, write);
                }
                if !self.budget.has(Purpose::Name, on) {
                    return self.count_unnamed(on, entry.into_owned(), 1) || begins_to_wait;
                }
                if self.named.len() >= Self::MOST {
                    let oldest = self.named.remove(0);
                    begins_to_wait |= self.forget(on, oldest, write);
                }
                Count {
                    last: entry.into_owned(),
                    since: on,
                    written_on: on,
                    seen: 0,
                    unwritten: 0,
                }
            }
        };
        count.seen += 1;
        count.unwritten += 1;
        let is_new = count.seen == 1;
        let is_due = count.seen <= Self::FEW
            || is_power_of_ten(count.seen)
            || has_passed(Self::PATIENCE, count.written_on, on);
        if is_new || (is_due && self.budget.has(Purpose::Count, on)) {
            count.write(on, &mut self.budget, write);
        }
        begins_to_wait |= count.unwritten == 1;
        self.named.push(count);
        begins_to_wait
    }

    /// Writes what has waited for as long as it may.
    pub(super) fn write_due(&mut self, on: OffsetDateTime, write: Write<'_>) {
        self.budget.correct(on);
        for count in &mut self.named {
            if count.wait(on, &self.budget) == Some(Duration::ZERO) {
                count.write(on, &mut self.budget, write);
            }
        }
        if self.unnamed_wait(on) == Some(Duration::ZERO)
            && let Some(unnamed) = self.unnamed.take()
        {
            self.budget.take(write(&unnamed.into_line()), on);
        }
    }

    /// How long there is nothing to write; `None` where nothing waits.
    pub(super) fn wait(&self, on: OffsetDateTime) -> Option<Duration> {
        let named = self.named.iter();
        let named = named.filter_map(|count| count.wait(on, &self.budget));
        named.chain(self.unnamed_wait(on)).min()
    }

    /// Writes all that waits.
    pub(super) fn write_rest(self, write: Write<'_>) {
        let named = self.named.into_iter().filter_map(Count::into_line);
        let unnamed = self.unnamed.map(Unnamed::into_line);
        for line in named.chain(unnamed) {
            write(&line);
        }
    }

    /// How many refusals are known again.
    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.named.len()
    }

    /// Forgets a refusal, and writes how often it was seen or counts it among those without a name. Tells whether these
    /// begin to wait.
    fn forget(&mut self, on: OffsetDateTime, count: Count, write: Write<'_>) -> bool {
        let times = count.unwritten;
        if self.budget.has(Purpose::Count, on) {
            if let Some(line) = count.into_line() {
                self.budget.take(write(&line), on);
            }
            return false;
        }
        times > 0 && self.count_unnamed(on, count.last, times)
    }

    fn count_unnamed(&mut self, on: OffsetDateTime, last: LogEntry<'static>, times: u64) -> bool {
        let Some(unnamed) = &mut self.unnamed else {
            self.unnamed = Some(Unnamed {
                last,
                since: on,
                times,
                several_kinds: false,
            });
            return true;
        };
        unnamed.several_kinds |= !alike(&unnamed.last, &last);
        unnamed.times += times;
        unnamed.last = last;
        false
    }

    fn unnamed_wait(&self, on: OffsetDateTime) -> Option<Duration> {
        let unnamed = self.unnamed.as_ref()?;
        let patience = left(Self::PATIENCE, unnamed.since, on);
        Some(patience.max(self.budget.wait(Purpose::CountUnnamed, on)))
    }
}

impl Count {
    fn wait(&self, on: OffsetDateTime, budget: &Budget) -> Option<Duration> {
        let patience = left(Program::PATIENCE, self.written_on, on);
        (self.unwritten > 0).then(|| patience.max(budget.wait(Purpose::Count, on)))
    }

    fn write(&mut self, on: OffsetDateTime, budget: &mut Budget, write: Write<'_>) {
        set_times(&mut self.last, self.unwritten);
        budget.take(write(&self.last), on);
        self.unwritten = 0;
        self.written_on = on;
    }

    /// The last one, which stands for all that were not written.
    fn into_line(mut self) -> Option<LogEntry<'static>> {
        set_times(&mut self.last, self.unwritten);
        (self.unwritten > 0).then_some(self.last)
    }
}

impl Unnamed {
    /// The last one, without what the others do not have in common with it.
    fn into_line(mut self) -> LogEntry<'static> {
        set_times(&mut self.last, self.times);
        if self.several_kinds {
            self.last.client_id = None;
            self.last.account = None;
            self.last.resource = None;
            if let Outcome::Refused { several_kinds, .. } = &mut self.last.outcome {
                *several_kinds = true;
            }
        }
        self.last
    }
}

/// Whether two refusals of a program have all in common but when, of which process and under which correlation ID.
fn alike(one: &LogEntry<'_>, other: &LogEntry<'_>) -> bool {
    one.resource == other.resource
        && one.account == other.account
        && one.client_id == other.client_id
        && why(one) == why(other)
}

fn why<'a>(entry: &'a LogEntry<'_>) -> Option<(i64, &'a str)> {
    match &entry.outcome {
        Outcome::Refused { status, reason, .. } => Some((*status, reason)),
        Outcome::Given { .. } => None,
    }
}

fn set_times(entry: &mut LogEntry<'_>, to: u64) {
    if let Outcome::Refused { times, .. } = &mut entry.outcome {
        *times = to;
    }
}

/// What is left of a time that began; a clock that was set back must not make it last.
fn left(time: Duration, since: OffsetDateTime, on: OffsetDateTime) -> Duration {
    match (since..since + time).contains(&on) {
        true => since + time - on,
        false => Duration::ZERO,
    }
}

fn has_passed(time: Duration, since: OffsetDateTime, on: OffsetDateTime) -> bool {
    left(time, since, on) == Duration::ZERO
}

fn is_power_of_ten(number: u64) -> bool {
    number == 10_u64.pow(number.ilog10())
}
