use azure_core::time::{Duration, OffsetDateTime};

/// How much of the log the refusals of one program may take: so much a day, and what a day brings at once. One that
/// floods must not push out what others are in the log with; one that works never comes to an end.
///
/// It is kept as the time at which all that was taken is given back.
#[derive(Debug)]
pub(super) struct Budget {
    given_back_on: OffsetDateTime,
}

/// What a line is for. One may be written while less of the budget is taken than it leaves to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It names a refusal that has no line yet.
    Name,
    /// It counts refusals that have one.
    Count,
    /// It counts all that were not named.
    CountUnnamed,
}

impl Purpose {
    fn share(self) -> Duration {
        match self {
            Self::Count => Budget::ALL / 2,
            Self::Name => Budget::ALL / 8 * 7,
            Self::CountUnnamed => Budget::ALL,
        }
    }
}

impl Budget {
    /// In bytes, a quarter of the log's file.
    pub(super) const A_DAY: u32 = 256 * 1024;
    const ALL: Duration = Duration::DAY;

    pub(super) fn new(on: OffsetDateTime) -> Self {
        Self { given_back_on: on }
    }

    pub(super) fn has(&self, purpose: Purpose, on: OffsetDateTime) -> bool {
        self.taken(on) < purpose.share()
    }

    /// When there is something for this purpose again.
    pub(super) fn wait(&self, purpose: Purpose, on: OffsetDateTime) -> Duration {
        // At the share's very end there is nothing yet.
        let over = self.taken(on) - purpose.share() + Duration::MILLISECOND;
        over.max(Duration::ZERO)
    }

    /// What is taken of a day's, as the time in which it is given back.
    pub(super) fn taken(&self, on: OffsetDateTime) -> Duration {
        (self.given_back_on - on).max(Duration::ZERO)
    }

    pub(super) fn take(&mut self, bytes: usize, on: OffsetDateTime) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.given_back_on = on + self.taken(on) + Self::ALL / Self::A_DAY * bytes;
    }

    /// A clock that was set back must not make it last: more than a day's is never taken, but by the last line.
    pub(super) fn correct(&mut self, on: OffsetDateTime) {
        if self.taken(on) > Self::ALL * 2 {
            self.given_back_on = on + Self::ALL;
        }
    }
}
