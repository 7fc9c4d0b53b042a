use std::time::Duration;

/// How long calls took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took);
        self.0.sort_unstable();
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that this share of the calls did not exceed.
    pub(crate) fn share(&self, share: f64) -> Duration {
        let last = self.0.len().saturating_sub(1);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a place in a list"
        )]
        let place = (last as f64 * share).round() as usize;
        self.0.get(place).copied().unwrap_or_default()
    }

    pub(crate) fn slowest(&self) -> Duration {
        self.share(1.0)
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} calls, p50 {:.2?}, p99 {:.2?}, slowest {:.2?}",
            self.count(),
            self.share(0.5),
            self.share(0.99),
            self.slowest()
        )
    }
}

/// What a process holds: resident memory in KiB, and open files; and the processor time it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) resident_kib: u64,
    pub(crate) peak_kib: u64,
    pub(crate) files: usize,
    pub(crate) processor: Duration,
}

impl Held {
    /// Of a process of ours; `None` where the system keeps it from us or it has gone.
    pub(crate) fn by(process: u32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let of = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name in parentheses may hold anything; after it the fields are counted from the third.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: u64 =
            fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(Self {
            // A hundredth of a second each, on every Linux there is.
            processor: Duration::from_millis(ticks * 10),
            resident_kib: of("VmRSS:")?,
            peak_kib: of("VmHWM:")?,
            // The files of a process that is closed to others are root's to see.
            files: std::fs::read_dir(format!("/proc/{process}/fd"))
                .map_or(0, |files| files.count()),
        })
    }
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} KiB resident (peak {}), {} files, {:.1?} of processor time",
            self.resident_kib, self.peak_kib, self.files, self.processor
        )
    }
}
