//! What is in the files, and who may read them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::*;

const CA: &str = "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Variables in which `SSL_CERT_FILE` names a file with this content.
fn trusting(folder: &Path, content: &str) -> Variables {
    let roots = folder.join("roots.pem");
    fs::write(&roots, content).unwrap();
    [("SSL_CERT_FILE".into(), roots.into())].into()
}

#[test]
fn all_files_are_for_the_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let command = BrowserCommand {
        program: Path::new("/bin/true"),
        arguments: &[],
    };

    let files = Files::write(folder.path(), CA, &Variables::new(), Some(command)).unwrap();

    for data in [&files.ca, &files.bundle, &files.preload] {
        assert_eq!(mode(data), 0o600, "{}", data.display());
    }
    for entered in [&files.azure_config, files.browser.as_ref().unwrap()] {
        assert_eq!(mode(entered), 0o700, "{}", entered.display());
    }
    assert_eq!(fs::read_to_string(files.ca).unwrap(), CA);
}

#[test]
fn the_bundle_adds_to_what_the_parent_trusts() {
    for roots in ["roots", "roots\n"] {
        let folder = tempfile::tempdir().unwrap();
        let parent = trusting(folder.path(), roots);

        let files = Files::write(folder.path(), CA, &parent, None).unwrap();

        assert_eq!(
            fs::read_to_string(files.bundle).unwrap(),
            format!("roots\n{CA}")
        );
    }
}

#[test]
fn the_bundle_is_ours_alone_where_there_are_no_others() {
    assert_eq!(bundled(None, CA), CA.as_bytes());
}

#[test]
fn a_parent_that_names_no_file_falls_back_to_the_system() {
    let missing: Variables = [("SSL_CERT_FILE".into(), "/nowhere/roots.pem".into())].into();

    assert_eq!(trusted_so_far(&missing), trusted_so_far(&Variables::new()));
}

#[test]
fn a_file_that_is_there_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/null", folder.path().join("ca.pem")).unwrap();

    let error = Files::write(folder.path(), CA, &Variables::new(), None).unwrap_err();

    assert!(error.to_string().ends_with("ca.pem`"), "{error}");
}

#[test]
fn the_browser_script_hands_on_the_url_as_it_is_and_does_not_wait() {
    let folder = tempfile::Builder::new().prefix("it's a").tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    // Tells what it was given through the pipe, and so does not end before somebody reads it. A shell reads both
    // scripts: another test that starts a program just now may hold them as they are written, and what is held so
    // cannot be run.
    let teller = folder.path().join("teller");
    write_new(&teller, b"printf '%s\\n' \"$@\" >\"$1\"\n", DATA).unwrap();
    let arguments = [teller.as_os_str(), pipe.as_os_str(), OsStr::new("a d'a")];
    let command = BrowserCommand {
        program: Path::new("/bin/sh"),
        arguments: &arguments,
    };
    let files = Files::write(folder.path(), CA, &Variables::new(), Some(command)).unwrap();
    let url = "https://login.microsoftonline.com/common?a=1&b=$(id) 'x'";

    let status = Command::new("sh")
        .arg(files.browser.unwrap())
        .arg(url)
        .status()
        .unwrap();

    assert!(status.success());
    let told = Command::new("timeout")
        .args(["60", "cat"])
        .arg(&pipe)
        .output()
        .unwrap();
    assert!(told.status.success(), "nothing was told: {told:?}");
    let told = String::from_utf8(told.stdout).unwrap();
    assert_eq!(
        told.lines().collect::<Vec<_>>(),
        [pipe.to_str().unwrap(), "a d'a", url]
    );
}
