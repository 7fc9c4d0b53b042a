use super::{LogEntry, Outcome};
use azure_core::time::{Duration, OffsetDateTime};
use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
};

/// The refusals of the last day, so that one that repeats is counted and not written each time: a program that
/// asks in a loop must not push out of the log what was before.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    refusals: HashMap<Refusal, Count>,
}

/// What refusals have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Refusal {
    program: String,
    /// `None` for all that a program varies too much.
    about: Option<About>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct About {
    client_id: Option<String>,
    account: Option<String>,
    resource: Option<String>,
    status: i64,
    reason: String,
}

#[derive(Debug)]
struct Count {
    since: OffsetDateTime,
    seen: u64,
    unwritten: u64,
    last: LogEntry<'static>,
}

impl Repeated {
    /// How long equal refusals count as one.
    const WINDOW: Duration = Duration::DAY;
    /// How many different refusals of one program have an entry each.
    const OF_A_PROGRAM: usize = 8;
    /// How many there may be of all programs.
    const MOST: usize = 256;

    /// What was counted and not written.
    pub(super) fn rest(&mut self) -> Vec<LogEntry<'static>> {
        let counts = std::mem::take(&mut self.refusals);
        counts.into_values().filter_map(Count::rest).collect()
    }

    /// Passes on what is to be written of an entry that came: a token, the first of equal refusals, then the tenth, the
    /// hundredth and so on, each with how many there were since.
    pub(super) fn take(
        &mut self,
        on: OffsetDateTime,
        entry: LogEntry<'_>,
        mut write: impl FnMut(&LogEntry<'_>),
    ) {
        let Some(mut refusal) = Refusal::of(&entry) else {
            return write(&entry);
        };
        if !self.refusals.contains_key(&refusal) {
            self.forget_over(on, &mut write);
            let same_program = |known: &&Refusal| known.program == refusal.program;
            if self.refusals.keys().filter(same_program).count() >= Self::OF_A_PROGRAM {
                refusal.about = None;
            }
            if !self.refusals.contains_key(&refusal) {
                self.make_room(&mut write);
            }
        }
        let over = self.refusals.get(&refusal);
        if over.is_some_and(|count| count.is_over(on)) {
            let over = self.refusals.remove(&refusal).and_then(Count::rest);
            over.iter().for_each(&mut write);
        }
        let last = entry.into_owned();
        let count = match self.refusals.entry(refusal) {
            Entry::Occupied(known) => {
                let count = known.into_mut();
                count.last = last;
                count
            }
            Entry::Vacant(new) => new.insert(Count {
                since: on,
                seen: 0,
                unwritten: 0,
                last,
            }),
        };
        count.seen += 1;
        count.unwritten += 1;
        if is_power_of_ten(count.seen) {
            count.written().iter().for_each(write);
        }
    }

    fn forget_over(&mut self, on: OffsetDateTime, mut write: impl FnMut(&LogEntry<'_>)) {
        let over = self.refusals.extract_if(|_, count| count.is_over(on));
        over.filter_map(|(_, count)| count.rest())
            .for_each(|entry| write(&entry));
    }

    /// Forgets the oldest of too many.
    fn make_room(&mut self, write: impl FnMut(&LogEntry<'_>)) {
        if self.refusals.len() < Self::MOST {
            return;
        }
        let oldest = self.refusals.iter().min_by_key(|(_, count)| count.since);
        let oldest = oldest.map(|(refusal, _)| refusal.clone());
        let oldest = oldest.and_then(|refusal| self.refusals.remove(&refusal));
        oldest.and_then(Count::rest).iter().for_each(write);
    }
}

impl Refusal {
    /// `None` for an entry that is none: each token given is written.
    fn of(entry: &LogEntry<'_>) -> Option<Self> {
        let text = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let Outcome::Refused { status, reason, .. } = &entry.outcome else {
            return None;
        };
        Some(Self {
            program: entry.program.as_ref().to_owned(),
            about: Some(About {
                client_id: text(&entry.client_id),
                account: text(&entry.account),
                resource: text(&entry.resource),
                status: *status,
                reason: reason.clone(),
            }),
        })
    }
}

impl Count {
    /// A clock that was set back must not make a window last.
    fn is_over(&self, on: OffsetDateTime) -> bool {
        !(self.since..self.since + Repeated::WINDOW).contains(&on)
    }

    /// The last one, which stands for all that were not written.
    fn written(&mut self) -> Option<LogEntry<'static>> {
        let unwritten = std::mem::take(&mut self.unwritten);
        let mut entry = self.last.clone();
        if let Outcome::Refused { times, .. } = &mut entry.outcome {
            *times = unwritten;
        }
        (unwritten > 0).then_some(entry)
    }

    fn rest(mut self) -> Option<LogEntry<'static>> {
        self.written()
    }
}

fn is_power_of_ten(number: u64) -> bool {
    number == 10_u64.pow(number.ilog10())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(program: &str, account: &str, outcome: Outcome) -> LogEntry<'static> {
        LogEntry {
            time: "".into(),
            program: program.to_owned().into(),
            process: None,
            client_id: None,
            account: Some(account.to_owned().into()),
            resource: None,
            outcome,
            correlation_id: "".into(),
        }
    }

    fn refused(program: &str, account: &str) -> LogEntry<'static> {
        let reason = "it may not".to_owned();
        let (status, times) = (7, 1);
        let outcome = Outcome::Refused {
            status,
            reason,
            times,
        };
        entry(program, account, outcome)
    }

    fn times(entries: &[LogEntry<'_>]) -> Vec<u64> {
        let times = entries.iter().map(|entry| match &entry.outcome {
            Outcome::Refused { times, .. } => *times,
            Outcome::Given { .. } => 0,
        });
        times.collect()
    }

    fn take(
        repeated: &mut Repeated,
        on: OffsetDateTime,
        entry: LogEntry<'static>,
        written: &mut Vec<LogEntry<'static>>,
    ) {
        repeated.take(on, entry, |entry| written.push(entry.clone().into_owned()));
    }

    #[test]
    fn a_refusal_that_repeats_is_counted_and_a_token_never_is() {
        let mut repeated = Repeated::default();
        let mut written = Vec::new();
        let on = OffsetDateTime::UNIX_EPOCH;
        for _ in 0..250 {
            take(&mut repeated, on, refused("one", "ada"), &mut written);
        }
        take(&mut repeated, on, refused("two", "ada"), &mut written);
        for _ in 0..2 {
            let source = super::super::Source::Held;
            let given = entry("one", "ada", Outcome::Given { source });
            take(&mut repeated, on, given, &mut written);
        }
        assert_eq!(times(&written), [1, 9, 90, 1, 0, 0]);
        assert_eq!(times(&repeated.rest()), [150]);
    }

    #[test]
    fn the_next_day_it_is_written_again() {
        let mut repeated = Repeated::default();
        let mut written = Vec::new();
        let on = OffsetDateTime::UNIX_EPOCH;
        for hours in [0, 1, 2, 24, 25] {
            let on = on + Duration::hours(hours);
            take(&mut repeated, on, refused("one", "ada"), &mut written);
        }
        assert_eq!(times(&written), [1, 2, 1]);
    }

    #[test]
    fn who_varies_what_is_refused_fills_neither_log_nor_memory() {
        let mut repeated = Repeated::default();
        let mut written = Vec::new();
        let on = OffsetDateTime::UNIX_EPOCH;
        for number in 0..100_000 {
            let account = number.to_string();
            take(&mut repeated, on, refused("one", &account), &mut written);
        }
        assert!(
            written.len() <= Repeated::OF_A_PROGRAM + 5,
            "{}",
            written.len()
        );
        for number in 0..1_000 {
            let program = number.to_string();
            take(&mut repeated, on, refused(&program, "ada"), &mut written);
        }
        assert!(repeated.refusals.len() <= Repeated::MOST);
        written.extend(repeated.rest());
        assert_eq!(
            times(&written).iter().sum::<u64>(),
            101_000,
            "all are counted"
        );
    }
}
