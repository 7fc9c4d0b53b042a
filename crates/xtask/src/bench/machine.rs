//! What it was measured on, without its name.

use crate::process::output_of;
use std::fs;

pub(crate) fn description() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
        line.split_once(':')
            .map(|(_, value)| value.trim().to_owned())
    };
    let cores = cpuinfo
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let model = field("model name").unwrap_or_else(|| "unknown CPU".to_owned());
    let kernel = output_of("uname", &["-sr"]).unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory
        .split_whitespace()
        .nth(1)
        .and_then(|text| text.parse::<u64>().ok());
    let gigabytes = memory.unwrap_or(0) / 1_000_000;
    let hypervisor = if cpuinfo.contains("hypervisor") {
        ", a virtual machine"
    } else {
        ""
    };
    format!("{cores} cores of {model}, {gigabytes} GB, {kernel}{hypervisor}")
}

/// How many processes wanted to run, over the last minute.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned()
}

pub(crate) fn date() -> String {
    output_of("date", &["--utc", "+%Y-%m-%d"]).unwrap_or_default()
}

/// What the figures depend on that is not ours.
pub(crate) fn versions() -> String {
    let of = |program: &str, arguments: &[&str]| {
        let text = output_of(program, arguments)?;
        text.lines().next().map(str::to_owned)
    };
    let versions = [
        of("rustc", &["--version"]),
        of("dbus-daemon", &["--version"]),
    ];
    versions
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}
