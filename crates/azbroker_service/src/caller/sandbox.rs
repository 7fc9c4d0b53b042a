use super::identity::is_id;
use rustix::fs::{Mode, OFlags, open};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// The application ID of a Flatpak, from the file that Flatpak puts at the root of each of its sandboxes.
pub(super) fn flatpak(info: &Path) -> Option<String> {
    // The sandbox is not ours: what lies there may be a link out of it, or a pipe that nobody writes to.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(open(info, flags, Mode::empty()).ok()?);
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    file.take(64 * 1024).read_to_string(&mut text).ok()?;
    application(&text)
}

fn application(info: &str) -> Option<String> {
    let mut lines = info.lines().map(str::trim);
    lines.find(|line| *line == "[Application]")?;
    let name = lines
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.strip_prefix("name="))?;
    is_id(name).then(|| name.to_owned())
}

/// The name of a Snap: from the kernel's label, else from the control group that snapd puts it in. A program
/// can choose its control group, but not where Snaps are installed: `executable` is where its file is on this
/// machine, if it is there.
pub(super) fn snap(label: &str, cgroup: &str, executable: Option<&PathBuf>) -> Option<String> {
    let of_label = || of_security_tag(label.split([' ', '\0']).next()?);
    let of_cgroup = || {
        let executable = executable?;
        let installed = ["/snap", "/var/lib/snapd/snap"]
            .iter()
            .any(|folder| executable.starts_with(folder));
        let mut groups = cgroup.split(['/', '\n']);
        installed
            .then(|| groups.find_map(of_security_tag))
            .flatten()
    };
    of_label().or_else(of_cgroup)
}

/// `snap.NAME.APP`, with more behind it or not.
fn of_security_tag(tag: &str) -> Option<String> {
    let (name, _) = tag.strip_prefix("snap.")?.split_once('.')?;
    is_id(name).then(|| name.to_owned())
}

/// A container's ID as engines put it into the control group's name: 64 hexadecimal digits. `around` is the one
/// that all of this machine is in. Of several it is the outermost: what is below it, it may name as it likes.
pub(super) fn container(cgroup: &str, around: Option<&str>) -> Option<String> {
    let parts = cgroup.split(['/', '\n', '-', '.', ':']);
    let is_container =
        |part: &&str| part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let mut ids = parts
        .filter(is_container)
        .map(|id| id[..12].to_ascii_lowercase());
    ids.find(|id| Some(id.as_str()) != around)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4f1c0b6a5d3e2f1a4f1c0b6a5d3e2f1a4f1c0b6a5d3e2f1a4f1c0b6a5d3e2f1a";

    #[test]
    fn sandboxes_are_known_by_what_their_makers_write() {
        let info = "[Application]\nname=org.example.App\nruntime=x\n\n[Instance]\nname=other\n";
        assert_eq!(application(info).unwrap(), "org.example.App");
        for wrong in [
            "",
            "[Instance]\nname=a\n",
            "[Application]\n[X]\nname=a",
            "[Application]\nname=a b",
        ] {
            assert_eq!(application(wrong), None, "{wrong}");
        }

        let code = PathBuf::from("/snap/code/170/usr/share/code/code");
        assert_eq!(snap("snap.code.code (complain)", "", None).unwrap(), "code");
        let scope = "0::/user.slice/app.slice/snap.code.code-1-2.scope\n";
        assert_eq!(snap("unconfined", scope, Some(&code)).unwrap(), "code");
        for elsewhere in [Some(&PathBuf::from("/home/a/evil")), None] {
            assert_eq!(
                snap("unconfined", scope, elsewhere),
                None,
                "anybody can have such a control group"
            );
        }

        for group in [
            format!("0::/system.slice/docker-{ID}.scope\n"),
            format!("12:pids:/docker/{ID}\n"),
            format!("0::/user.slice/user@1000.service/user.slice/libpod-{ID}.scope/container\n"),
            format!("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope"),
        ] {
            assert_eq!(container(&group, None).unwrap(), &ID[..12], "{group}");
        }
        assert_eq!(container("0::/user.slice/session-2.scope\n", None), None);
        let other = ID.replace('4', "5");
        let nested = format!("0::/docker/{ID}/docker/{other}\n");
        assert_eq!(
            container(&nested, None).unwrap(),
            &ID[..12],
            "it names what is in it"
        );
        assert_eq!(container(&nested, Some(&ID[..12])).unwrap(), &other[..12]);
        assert_eq!(
            container(&format!("0::/docker/{ID}"), Some(&ID[..12])),
            None
        );
    }
}
