//! Whoever asks for the end is heard, whatever a command waits for.

use crate::{
    setup::{Place, ends, within},
    surroundings::terminate,
};
use std::{
    fs::File,
    io::Write,
    os::unix::{net::UnixListener, process::ExitStatusExt},
    path::PathBuf,
    time::{Duration, Instant},
};

/// A pipe that somebody has begun to write, and holds open.
struct HeldPipe {
    path: PathBuf,
    writer: File,
}

impl HeldPipe {
    fn new(place: &Place, begun: &str) -> Self {
        let path = place.home.path().join("pipe");
        let made = place.program("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        // For both: to write alone would wait for a reader.
        let mut writer = File::options().read(true).write(true).open(&path).unwrap();
        writer.write_all(begun.as_bytes()).unwrap();
        Self { path, writer }
    }

    /// Waits until somebody has read what was begun, and so waits for the rest.
    #[allow(
        clippy::disallowed_methods,
        reason = "nothing tells that a pipe was read"
    )]
    fn wait_until_read(&self) {
        let begun = Instant::now();
        while rustix::io::ioctl_fionread(&self.writer).unwrap() > 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "it is not read");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_broker_whose_bus_says_nothing_ends_when_it_is_asked_to() {
    let place = Place::new();
    let path = place.home.path().join("bus");
    let bus = UnixListener::bind(&path).unwrap();
    let broker = place
        .azbroker(&["serve"])
        .env(
            "DBUS_SESSION_BUS_ADDRESS",
            format!("unix:path={}", path.display()),
        )
        .spawn()
        .unwrap();
    let _connection = within("connection", move || bus.accept().unwrap());
    terminate(&broker);
    assert_eq!(ends(broker).code(), Some(0));
}

#[test]
fn a_broker_that_waits_for_its_passphrase_ends_when_it_is_asked_to() {
    let place = Place::new();
    let pipe = HeldPipe::new(&place, "correct horse");
    let broker = place
        .program("sh")
        .args(["-c", "exec \"$0\" \"$@\" 5<\"$PIPE\""])
        .arg(env!("CARGO_BIN_EXE_azbroker"))
        .args(["serve", "--store", "file", "--passphrase-fd", "5"])
        .env("PIPE", &pipe.path)
        .spawn()
        .unwrap();
    pipe.wait_until_read();
    terminate(&broker);
    assert_eq!(ends(broker).code(), Some(1));
}

#[test]
fn an_emulation_that_waits_for_its_world_ends_when_it_is_asked_to() {
    let place = Place::new();
    let pipe = HeldPipe::new(&place, "{");
    let emulation = place
        .azbroker(&["emulate", "--world"])
        .arg(&pipe.path)
        .spawn()
        .unwrap();
    pipe.wait_until_read();
    terminate(&emulation);
    assert_eq!(ends(emulation).signal(), Some(15));
    place.assert_clean();
}
