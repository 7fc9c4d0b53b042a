use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

/// What the kernel shows of processes, in `/proc`.
#[derive(Clone, Debug)]
pub(super) struct Proc(PathBuf);

/// What the kernel says of a process's life.
pub(super) struct Stat {
    pub(super) parent: u32,
    pub(super) started: u64,
}

impl Proc {
    pub(super) fn at(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The path of something that belongs to a process.
    pub(super) fn path(&self, process: u32, what: &str) -> PathBuf {
        self.0.join(format!("{process}/{what}"))
    }

    pub(super) fn stat(&self, process: u32) -> Option<Stat> {
        let text = fs::read(self.path(process, "stat")).ok()?;
        let text = String::from_utf8_lossy(&text);
        // The name of the program, in brackets, may have anything in it.
        let (_, rest) = text.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        Some(Stat {
            parent: fields.nth(1)?.parse().ok()?,
            started: fields.nth(17)?.parse().ok()?,
        })
    }

    pub(super) fn arguments(&self, process: u32) -> Vec<String> {
        let text = read_some(&self.path(process, "cmdline"), 4 * 1024);
        text.trim_end_matches('\0')
            .split('\0')
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn cgroup(&self, process: u32) -> String {
        read_some(&self.path(process, "cgroup"), 16 * 1024)
    }
}

/// The beginning of a file, or nothing.
fn read_some(path: &Path, most: u64) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        let _ = file.take(most).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
