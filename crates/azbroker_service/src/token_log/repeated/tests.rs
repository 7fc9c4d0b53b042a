use super::{
    super::{Source, budget::Budget},
    *,
};

/// The log of a broker that runs, and the bytes in it.
#[derive(Default)]
struct Log {
    repeated: Repeated,
    lines: Vec<LogEntry<'static>>,
    bytes: usize,
}

impl Log {
    fn take(&mut self, on: OffsetDateTime, entry: LogEntry<'static>) {
        let Self {
            repeated,
            lines,
            bytes,
        } = self;
        let before = repeated.wait(on);
        let wakes = repeated.take(on, entry, |entry| {
            lines.push(entry.clone().into_owned());
            let size = size(entry);
            *bytes += size;
            size
        });
        // Who waits would come too late.
        let after = repeated.wait(on);
        let is_earlier = after.is_some_and(|after| before.is_none_or(|before| after < before));
        assert!(wakes || !is_earlier, "{before:?} -> {after:?}");
    }

    fn write_due(&mut self, on: OffsetDateTime) {
        let Self {
            repeated,
            lines,
            bytes,
        } = self;
        repeated.write_due(on, &mut |entry| {
            lines.push(entry.clone().into_owned());
            let size = size(entry);
            *bytes += size;
            size
        });
    }

    /// As the broker ends.
    fn write_rest(&mut self) {
        let lines = &mut self.lines;
        self.repeated.write_rest(&mut |entry| {
            lines.push(entry.clone().into_owned());
            0
        });
    }

    fn times(&self) -> Vec<u64> {
        self.lines.iter().map(times).collect()
    }

    fn counted(&self) -> u64 {
        self.times().iter().sum()
    }
}

fn size(entry: &LogEntry<'_>) -> usize {
    serde_json::to_vec(entry).unwrap().len() + 1
}

fn times(entry: &LogEntry<'_>) -> u64 {
    match &entry.outcome {
        Outcome::Refused { times, .. } => *times,
        Outcome::Given { .. } => 0,
    }
}

fn names_several(entry: &LogEntry<'_>) -> bool {
    let Outcome::Refused { several_kinds, .. } = entry.outcome else {
        return false;
    };
    several_kinds
}

fn entry(program: &str, account: &str, outcome: Outcome) -> LogEntry<'static> {
    LogEntry {
        time: "2026-05-04T09:00:00.000000000Z".into(),
        program: program.to_owned().into(),
        process: Some(4242),
        client_id: Some("04b07795-8ddb-461a-bbee-02f9e1bf7b46".into()),
        account: Some(account.to_owned().into()),
        resource: Some("https://vault.azure.net".into()),
        outcome,
        correlation_id: "0a1b2c3d-0000-4000-8000-000000000001".into(),
    }
}

fn refused_because(program: &str, account: &str, reason: &str) -> LogEntry<'static> {
    let outcome = Outcome::Refused {
        status: 7,
        reason: reason.to_owned(),
        times: 1,
        several_kinds: false,
    };
    entry(program, account, outcome)
}

fn refused(program: &str, account: &str) -> LogEntry<'static> {
    refused_because(program, account, "it may not")
}

const ON: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

#[test]
fn every_refusal_that_differs_is_written_at_once() {
    let mut log = Log::default();
    let mut wanted = Vec::new();
    for number in 0..80 {
        let of = |change: &dyn Fn(&mut LogEntry<'static>)| {
            let mut refused = refused("/usr/bin/one", "ada@contoso.example");
            change(&mut refused);
            refused
        };
        let text = format!("number {number}");
        for refused in [
            of(&|entry| entry.account = Some(text.clone().into())),
            of(&|entry| entry.resource = Some(text.clone().into())),
            of(&|entry| entry.client_id = Some(text.clone().into())),
            refused_because("/usr/bin/one", "ada@contoso.example", &text),
            refused(&text, "ada@contoso.example"),
        ] {
            log.take(ON, refused.clone());
            wanted.push(refused);
        }
    }
    assert_eq!(log.lines, wanted);
}

#[test]
fn a_refusal_that_repeats_is_counted_and_a_token_never_is() {
    let mut log = Log::default();
    for _ in 0..250 {
        log.take(ON, refused("one", "ada"));
    }
    log.take(ON, refused("two", "ada"));
    for _ in 0..2 {
        let source = Source::Held;
        log.take(ON, entry("one", "ada", Outcome::Given { source }));
    }
    assert_eq!(log.times(), [1, 1, 1, 7, 90, 1, 0, 0]);
    log.write_rest();
    assert_eq!(log.times().last(), Some(&150));
}

#[test]
fn what_is_counted_is_written_within_a_minute_and_nothing_is_waited_for_otherwise() {
    let mut log = Log::default();
    let after = |seconds| ON + Duration::seconds(seconds);
    for _ in 0..3 {
        log.take(ON, refused("one", "ada"));
        assert_eq!(log.repeated.wait(ON), None, "it is written");
    }
    for seconds in [10, 20] {
        log.take(after(seconds), refused("one", "ada"));
        let left = Duration::seconds(60 - seconds);
        assert_eq!(log.repeated.wait(after(seconds)), Some(left));
    }
    log.write_due(after(59));
    assert_eq!(log.times(), [1, 1, 1]);
    log.write_due(after(60));
    assert_eq!(log.times(), [1, 1, 1, 2]);
    assert_eq!(log.repeated.wait(after(60)), None);
    // Who comes again later is seen at once.
    log.take(after(130), refused("one", "ada"));
    assert_eq!(log.times(), [1, 1, 1, 2, 1]);
    assert_eq!(log.repeated.wait(after(130)), None);
}

#[test]
fn a_clock_that_is_set_back_keeps_nothing_waiting() {
    let mut log = Log::default();
    let later = ON + Duration::days(365);
    for number in 0..10_000 {
        log.take(later, refused("one", &number.to_string()));
    }
    assert!(log.repeated.wait(ON).unwrap() > Duration::ZERO);
    log.write_due(ON);
    let wait = log.repeated.wait(ON).unwrap_or_default();
    assert!(wait <= Duration::DAY, "{wait}");
    log.write_due(ON + wait);
    assert_eq!(log.counted(), 10_000);
    log.take(ON + Duration::DAY, refused("one", "ada"));
    assert_eq!(log.counted(), 10_001);
}

#[test]
fn the_next_day_it_is_written_again() {
    let mut log = Log::default();
    for _ in 0..5 {
        log.take(ON, refused("one", "ada"));
    }
    log.take(ON + Duration::DAY, refused("one", "ada"));
    assert_eq!(log.times(), [1, 1, 1, 2, 1]);
}

#[test]
fn a_program_that_floods_for_a_day_takes_half_of_the_log_and_all_is_counted_in_time() {
    let mut log = Log::default();
    let mut last = ON;
    let mut longest = Duration::ZERO;
    for second in 0..86_400_u32 {
        let on = ON + Duration::seconds(second.into());
        let before = log.lines.len();
        log.take(on, refused("/usr/bin/one", &second.to_string()));
        log.write_due(on);
        if log.lines.len() > before {
            longest = longest.max(on - last);
            last = on;
        }
    }
    let file = 1024 * 1024;
    assert!(log.bytes < file / 2 + 1024, "{} bytes", log.bytes);
    assert!(log.bytes > file / 3, "{} bytes", log.bytes);
    assert!(longest < Duration::minutes(5), "{longest}");
    let (several, one): (Vec<_>, Vec<_>) = log.lines.iter().partition(|line| names_several(line));
    assert!(one.len() > 400, "{} are named", one.len());
    assert!(one.iter().all(|line| times(line) == 1));
    for line in &several {
        assert!(times(line) > 1);
        let names = (&line.client_id, &line.account, &line.resource);
        assert_eq!(names, (&None, &None, &None));
    }
    let first = times(several[0]);
    assert!((60..=61).contains(&first), "{first} within a minute");
    // Another program is heard all the same.
    log.take(last, refused("two", "ada"));
    assert_eq!(log.lines.last(), Some(&refused("two", "ada")));
    log.write_rest();
    assert_eq!(log.counted(), 86_401);
}

#[test]
fn a_loop_that_lasts_for_a_day_leaves_room_for_names() {
    let mut log = Log::default();
    for second in 0..86_400_u32 {
        let on = ON + Duration::seconds(second.into());
        log.take(on, refused("/usr/bin/one", "ada"));
        log.write_due(on);
    }
    let budget = usize::try_from(Budget::A_DAY).unwrap();
    assert!(log.bytes < budget / 2 + budget + 1024, "{}", log.bytes);
    let on = ON + Duration::DAY;
    for number in 0..100 {
        let refused = refused("/usr/bin/one", &number.to_string());
        log.take(on, refused.clone());
        assert_eq!(log.lines.last(), Some(&refused));
    }
}

#[test]
fn equal_refusals_without_room_for_a_name_are_told_as_equal() {
    let mut log = Log::default();
    for number in 0..10_000 {
        log.take(ON, refused("one", &number.to_string()));
    }
    let after = ON + Duration::MINUTE;
    log.write_due(after);
    assert!(names_several(log.lines.last().unwrap()));
    for _ in 0..5 {
        log.take(after, refused("one", "ada"));
    }
    log.write_due(after + Duration::MINUTE);
    let last = log.lines.last().unwrap();
    assert_eq!((times(last), last.account.as_deref()), (5, Some("ada")));
    assert!(!names_several(last));
}

#[test]
fn who_varies_what_is_refused_or_its_name_fills_no_memory() {
    let mut log = Log::default();
    for number in 0..100_000 {
        log.take(ON, refused("one", &number.to_string()));
    }
    for number in 0..1_000 {
        log.take(ON, refused(&number.to_string(), "ada"));
    }
    let programs = &log.repeated.programs;
    assert!(programs.len() <= Repeated::MOST);
    assert!(programs.contains_key("one"), "it took most");
    assert!(programs["one"].known() <= Program::MOST);
    log.write_rest();
    assert_eq!(log.counted(), 101_000, "all are counted");
}
