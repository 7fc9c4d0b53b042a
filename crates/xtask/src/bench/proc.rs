//! What the kernel says of a process.

use std::fs;
use std::path::Path;

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) resident: f64,
    pub(crate) peak: f64,
    /// What of that is no file's, such as the heap: all that can grow without end.
    pub(crate) anonymous: f64,
    /// Its share of what it has in common with others; only for who may look.
    pub(crate) proportional: Option<f64>,
    pub(crate) threads: f64,
}

pub(crate) fn memory(process: u32) -> Result<Memory, String> {
    let status = read(process, "status")?;
    let rollup = read(process, "smaps_rollup").ok();
    let kilobytes = |text: &str, name: &str| field(text, name).map(|value| value * 1_024.0);
    let known = |name| kilobytes(&status, name).ok_or(format!("no {name} of process {process}"));
    Ok(Memory {
        resident: known("VmRSS:")?,
        peak: known("VmHWM:")?,
        proportional: rollup.as_deref().and_then(|text| kilobytes(text, "Pss:")),
        anonymous: known("RssAnon:")?,
        threads: field(&status, "Threads:").unwrap_or(f64::NAN),
    })
}

/// CPU time of all threads so far, in nanoseconds, as the scheduler counts it.
pub(crate) fn cpu(process: u32) -> Result<f64, String> {
    let folder = format!("/proc/{process}/task");
    let tasks = fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))?;
    let mut sum = 0.0;
    for task in tasks.filter_map(Result::ok) {
        // A thread may have ended meanwhile.
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        sum += text
            .split_whitespace()
            .next()
            .and_then(|word| word.parse().ok())
            .unwrap_or(0.0);
    }
    Ok(sum)
}

/// Bytes of a file.
pub(crate) fn size(file: &Path) -> Result<f64, String> {
    let metadata = fs::metadata(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(metadata.len() as f64)
}

fn read(process: u32, name: &str) -> Result<String, String> {
    let file = format!("/proc/{process}/{name}");
    fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))
}

fn field(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Bytes as a person reads them.
pub(crate) const MEGABYTE: f64 = 1_000_000.0;
