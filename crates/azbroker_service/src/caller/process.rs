use super::{
    identity::{Identity, printable},
    proc::Proc,
    program::{Program, Standing},
    sandbox,
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::{AsFd, BorrowedFd, OwnedFd},
    process::{Pid, PidfdFlags, pidfd_open},
};
use std::{
    ffi::OsStr,
    fs, io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

/// What the broker knows of itself, to compare others with.
#[derive(Clone, Debug)]
pub(super) struct Own {
    proc: Proc,
    executable: FileId,
    path: PathBuf,
    root: FileId,
    /// The mounts that the user's session sees: the bus's, and the broker's, which a service manager may have
    /// given its own.
    mounts: Vec<FileId>,
    /// The container that all of this is in.
    container: Option<String>,
}

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

/// What the bus says of a caller's process.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) process: u32,
    /// A handle that stays with the process, from the bus.
    pub(super) handle: Option<OwnedFd>,
    /// What a security module of the kernel says of it.
    pub(super) label: String,
}

impl Own {
    /// Looks at the broker itself, and at the process of its bus where that is known.
    pub(super) fn look(bus: Option<u32>) -> io::Result<Self> {
        Self::look_in(Proc::at("/proc"), bus)
    }

    fn look_in(proc: Proc, bus: Option<u32>) -> io::Result<Self> {
        let this = std::process::id();
        let mounts = |process| FileId::of(&proc.path(process, "ns/mnt"));
        Ok(Self {
            executable: FileId::of(&proc.path(this, "exe"))?,
            path: fs::read_link(proc.path(this, "exe"))?,
            root: FileId::of(&proc.path(this, "root/."))?,
            mounts: std::iter::once(mounts(this)?)
                .chain(bus.and_then(|bus| mounts(bus).ok()))
                .collect(),
            container: sandbox::container(&proc.cgroup(this), None),
            proc,
        })
    }

    /// Whether a process runs the broker's file, or the one that an update put in its place.
    fn runs_in(&self, process: u32) -> bool {
        let executable = self.proc.path(process, "exe");
        let Ok(file) = FileId::of(&executable) else {
            return false;
        };
        let replaced = || {
            let path = self.path.as_os_str().as_bytes();
            let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
            let path = Path::new(OsStr::from_bytes(path));
            fs::read_link(&executable).is_ok_and(|other| other == path)
                && FileId::of(path).is_ok_and(|there| there == file)
        };
        file == self.executable || replaced()
    }
}

impl FileId {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}

/// Looks at a process of the user. It may wait for what the process has mounted: never call it where others wait.
///
/// # Errors
///
/// Why it cannot be told which program this is.
pub(super) fn look(own: &Own, credentials: Credentials) -> Result<Program, &'static str> {
    const ENDED: &str = "it ended before it could be looked at";
    let Credentials {
        process,
        handle,
        label,
    } = credentials;
    // With a handle the number cannot become another process's unnoticed; without one from the bus it is
    // taken now, which leaves the time before this line.
    let handle = handle.or_else(|| {
        let process = Pid::from_raw(i32::try_from(process).ok()?)?;
        pidfd_open(process, PidfdFlags::empty()).ok()
    });
    let started = own.proc.stat(process).ok_or(ENDED)?;
    let mut program = identify(own, process, &label);
    program.command_line = printable(&own.proc.arguments(process).join(" ")).into_owned();
    let same = own
        .proc
        .stat(process)
        .is_some_and(|now| now.started == started.started);
    if !same || handle.is_some_and(|handle| has_ended(handle.as_fd())) {
        return Err(ENDED);
    }
    Ok(program)
}

fn identify(own: &Own, process: u32, label: &str) -> Program {
    let identity = |identity| Program::new(identity, Standing::Other, process);
    let unreadable = Identity::Unknown("its process cannot be looked at");
    let Ok(path) = fs::read_link(own.proc.path(process, "exe")) else {
        return identity(unreadable);
    };
    let (Ok(file), Ok(root)) = (
        FileId::of(&own.proc.path(process, "exe")),
        FileId::of(&own.proc.path(process, "root/.")),
    ) else {
        return identity(unreadable);
    };
    let cgroup = own.proc.cgroup(process);
    // Whoever has mounts of its own chooses what lies at a path.
    let is_at_its_path = FileId::of(&path).is_ok_and(|there| there == file);
    let named = sandboxed(
        root == own.root,
        || sandbox::container(&cgroup, own.container.as_deref()),
        || sandbox::flatpak(&own.proc.path(process, "root/.flatpak-info")),
        || sandbox::snap(label, &cgroup, is_at_its_path.then_some(&path)),
    );
    if let Some(named) = named {
        return identity(named);
    }
    if !is_at_its_path && !own.runs_in(process) {
        return identity(Identity::Unknown(
            "its file is not the one at its path: it was replaced, removed, or mounted there; start it again",
        ));
    }
    // Some sandboxes keep the machine's root, and shut parts of it off.
    if !FileId::of(&own.proc.path(process, "ns/mnt"))
        .is_ok_and(|mounts| own.mounts.contains(&mounts))
    {
        return identity(Identity::Unknown(
            "it runs in a sandbox, with mounts of its own",
        ));
    }
    // It passes on what programs in a sandbox ask, and says nothing of which.
    if path
        .file_name()
        .is_some_and(|name| name == "xdg-dbus-proxy")
    {
        return identity(Identity::Unknown(
            "it speaks for a program in a sandbox that is not known",
        ));
    }
    let standing = if own.runs_in(process) {
        Standing::Own
    } else if started_by_run(own, process) {
        Standing::Run
    } else {
        Standing::Other
    };
    Program::new(Identity::Executable(path), standing, process)
}

/// The sandbox that a program is in. Inside a container its root may write anything, a Flatpak's name too; and both may
/// take on the label of a Snap.
fn sandboxed(
    has_the_machines_root: bool,
    container: impl FnOnce() -> Option<String>,
    flatpak: impl FnOnce() -> Option<String>,
    snap: impl FnOnce() -> Option<String>,
) -> Option<Identity> {
    let snap = || snap().map(Identity::Snap);
    if has_the_machines_root {
        return snap();
    }
    let named = container()
        .map(Identity::Container)
        .or_else(|| flatpak().map(Identity::Flatpak))
        .or_else(snap);
    Some(named.unwrap_or(Identity::Unknown("it runs in a sandbox that has no name")))
}

/// Whether a process above it is `azbroker run`.
fn started_by_run(own: &Own, process: u32) -> bool {
    const DEEPEST: usize = 64;
    let parents = std::iter::successors(own.proc.stat(process), |stat| own.proc.stat(stat.parent));
    parents.take(DEEPEST).any(|stat| {
        stat.parent > 1
            && own.runs_in(stat.parent)
            && own
                .proc
                .arguments(stat.parent)
                .iter()
                .take_while(|argument| *argument != "--")
                .any(|argument| argument == "run")
    })
}

/// A handle can be read once its process has ended.
fn has_ended(handle: BorrowedFd<'_>) -> bool {
    let mut handles = [PollFd::new(&handle, PollFlags::IN)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    !matches!(poll(&mut handles, Some(&at_once)), Ok(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(process: u32) -> Credentials {
        Credentials {
            process,
            handle: None,
            label: String::new(),
        }
    }

    #[test]
    fn a_process_with_the_brokers_file_is_its_own_and_another_one_is_not() {
        let own = Own::look(None).unwrap();
        let program = look(&own, credentials(std::process::id())).unwrap();
        assert_eq!(program.standing, Standing::Own);
        let mut other = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // Until it has become `cat` it is a copy of this process.
        let program = loop {
            let program = look(&own, credentials(other.id())).unwrap();
            if program.standing != Standing::Own && program.command_line == "cat" {
                break program;
            }
            std::thread::yield_now();
        };
        assert_eq!(program.standing, Standing::Other);
        assert!(
            program.identity.to_string().ends_with("/cat"),
            "{program:?}"
        );
        assert_eq!(program.command_line, "cat");
        drop(other.stdin.take());
        other.wait().unwrap();
    }

    #[test]
    fn a_number_that_came_to_another_process_is_noticed_by_the_handle() {
        let mut first = std::process::Command::new("true").spawn().unwrap();
        let process = Pid::from_raw(i32::try_from(first.id()).unwrap()).unwrap();
        let handle = pidfd_open(process, PidfdFlags::empty()).unwrap();
        first.wait().unwrap();
        // As if the number of the process that ended were this one's by now.
        let reused = Credentials {
            handle: Some(handle),
            ..credentials(std::process::id())
        };
        assert_eq!(
            look(&Own::look(None).unwrap(), reused).unwrap_err(),
            "it ended before it could be looked at"
        );
    }

    #[test]
    fn what_azbroker_run_started_is_allowed_however_deep_below_it() {
        use std::{
            io::{BufRead, BufReader},
            process::{Command, Stdio},
        };
        // As if the shell were the broker's own program.
        let shell = fs::canonicalize("/bin/sh").unwrap();
        let own = Own {
            executable: FileId::of(&shell).unwrap(),
            path: shell,
            ..Own::look(None).unwrap()
        };
        for (word, standing) in [("run", Standing::Run), ("serve", Standing::Other)] {
            let mut parent = Command::new("/bin/sh")
                .args(["-c", "exec 3<&0; env env env cat <&3 & echo $!; wait", word])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut child = String::new();
            let mut output = BufReader::new(parent.stdout.take().unwrap());
            output.read_line(&mut child).unwrap();
            let child: u32 = child.trim().parse().unwrap();
            let program = loop {
                let program = look(&own, credentials(child)).unwrap();
                if program.short_name() == "cat" {
                    break program;
                }
                std::thread::yield_now();
            };
            assert_eq!(program.standing, standing, "{word}");
            // Before the parent, whose end is the end of what it reads and so its own.
            let child = Pid::from_raw(i32::try_from(child).unwrap()).unwrap();
            rustix::process::kill_process(child, rustix::process::Signal::KILL).unwrap();
            parent.kill().unwrap();
            parent.wait().unwrap();
        }
    }

    #[test]
    fn what_runs_in_a_container_is_known_by_its_control_group() {
        const INSIDE: u32 = u32::MAX;
        let [one, other] = ["4f1c0b6a5d3e2f1a", "5d3e2f1a4f1c0b6a"].map(|digits| digits.repeat(4));
        let engine = format!("0::/system.slice/docker-{one}.scope\n");
        let nested = format!("0::/system.slice/docker-{one}.scope/docker/{other}\n");
        for (broker, caller, known_as) in [
            ("0::/user.slice\n", &engine, "container:4f1c0b6a5d3e"),
            // The broker is in a container itself, and what it shares with others tells nothing.
            (&engine, &nested, "container:5d3e2f1a4f1c"),
            (&engine, &engine, "it runs in a sandbox that has no name"),
        ] {
            let (shown, inside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            show(shown.path(), std::process::id(), Path::new("/"), broker);
            show(shown.path(), INSIDE, inside.path(), caller);
            let own = Own::look_in(Proc::at(shown.path()), None).unwrap();
            let program = look(&own, credentials(INSIDE)).unwrap();
            assert_eq!(program.identity.to_string(), known_as);
            assert_eq!(program.standing, Standing::Other, "with the broker's file");
        }
    }

    /// Shows this process below another number, with another root and in another control group.
    fn show(folder: &Path, process: u32, root: &Path, cgroup: &str) {
        use std::os::unix::fs::symlink;
        let folder = folder.join(process.to_string());
        fs::create_dir(&folder).unwrap();
        for same in ["exe", "ns", "stat", "cmdline"] {
            symlink(format!("/proc/self/{same}"), folder.join(same)).unwrap();
        }
        symlink(root, folder.join("root")).unwrap();
        fs::write(folder.join("cgroup"), cgroup).unwrap();
    }

    #[test]
    fn the_label_of_a_snap_does_not_hide_the_sandbox_that_a_program_is_in() {
        let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        for (root, container, flatpak, snap, known_as) in [
            (false, "4f1c", "a.b", "code", "container:4f1c"),
            (false, "", "a.b", "code", "flatpak:a.b"),
            (false, "", "", "code", "snap:code"),
            (false, "", "", "", "it runs in a sandbox that has no name"),
            (true, "", "", "code", "snap:code"),
        ] {
            let (container, flatpak) = (|| name(container), || name(flatpak));
            let known = sandboxed(root, container, flatpak, || name(snap)).unwrap();
            assert_eq!(known.to_string(), known_as);
        }
        let none = || None;
        assert_eq!(sandboxed(true, || name("4f1c"), || name("a.b"), none), None);
    }

    #[test]
    fn a_process_that_is_not_there_cannot_be_told() {
        assert!(look(&Own::look(None).unwrap(), credentials(u32::MAX)).is_err());
    }
}
