//! The processes that a program has started, and theirs, as the kernel shows them.

use std::fs;
use std::path::Path;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Descendant {
    pub(crate) process: u32,
    /// What it was started as.
    command: String,
    /// The threads' names; those of a test program are the tests that run.
    threads: Vec<String>,
}

impl Descendant {
    /// Those of a process, itself among them, parents before children.
    pub(crate) fn of(root: u32) -> Vec<Self> {
        let parents: Vec<(u32, u32)> = processes()
            .filter_map(|process| Some((process, parent(process)?)))
            .collect();
        let mut found = vec![root];
        let mut next = 0;
        while let Some(one) = found.get(next).copied() {
            let children = parents.iter().filter(|(_, parent)| *parent == one);
            found.extend(children.map(|(child, _)| *child));
            next += 1;
        }
        found.into_iter().filter_map(Self::read).collect()
    }

    /// A line for each thing a developer wants to know of it.
    pub(crate) fn describe(&self) -> String {
        format!(
            "{} {}\n    threads: {}",
            self.process,
            self.command,
            self.threads.join(", ")
        )
    }

    fn read(process: u32) -> Option<Self> {
        let folder = Path::new("/proc").join(process.to_string());
        let command = fs::read(folder.join("cmdline")).ok()?;
        let words = command.split(|byte| *byte == 0);
        let words = words.map(|word| String::from_utf8_lossy(word).into_owned());
        let threads = fs::read_dir(folder.join("task")).ok()?;
        let threads = threads.filter_map(Result::ok).filter_map(|thread| {
            let name = fs::read_to_string(thread.path().join("comm")).ok()?;
            Some(name.trim_end().to_owned())
        });
        Some(Self {
            process,
            command: words.collect::<Vec<_>>().join(" ").trim_end().to_owned(),
            threads: threads.collect(),
        })
    }
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything; behind it are the state and the parent.
    let (_, behind) = stat.rsplit_once(')')?;
    behind.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Descendant;
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    #[test]
    fn a_childs_children_are_found_with_what_they_were_started_as() {
        let mut child = Command::new("sh")
            .args(["-c", "tail -f /dev/null & echo started; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut said).unwrap();
        let mut found = Descendant::of(child.id());
        let begun = Instant::now();
        // Between being started and being another program a process is like its parent.
        while !found.iter().any(|one| one.command == "tail -f /dev/null") {
            assert!(begun.elapsed() < Duration::from_secs(60), "{found:?}");
            found = Descendant::of(child.id());
        }
        for one in &found {
            crate::process::kill(one.process);
        }
        child.wait().unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0]
                .describe()
                .starts_with(&format!("{} sh -c", child.id()))
        );
        assert!(
            found[1].describe().ends_with("\n    threads: tail"),
            "{found:?}"
        );
    }
}
