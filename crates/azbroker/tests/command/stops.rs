//! Whoever asks for the end is heard, whatever a command waits for.

use crate::{
    setup::{Place, ends, no_process_stays, script, within},
    surroundings::terminate,
};
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    os::unix::{
        net::UnixListener,
        process::{CommandExt, ExitStatusExt},
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
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

#[test]
fn the_program_below_gets_the_signals_that_are_for_it_as_they_are() {
    for command in ["run", "emulate"] {
        let place = Place::new();
        let file = place.home.path().join("program");
        // What it does about a signal is its own affair, so it is told to end by a word.
        let traps =
            ["HUP", "QUIT", "USR1", "USR2"].map(|name| format!("trap 'echo {name}' {name}; "));
        let line = format!(
            "{}echo ready; while ! [ -e \"$HOME/end\" ]; do :; done; exit 7",
            traps.concat()
        );
        script(&file, &line);
        let mut run = place
            .azbroker(&[command, "--"])
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Not that of the terminal, whose keys reach everybody.
            .process_group(0)
            .spawn()
            .unwrap();
        let shown = BufReader::new(run.stdout.take().unwrap());
        let (send, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || shown.lines().try_for_each(|line| send.send(line.unwrap())));
        let next = || lines.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(next(), "ready");
        for name in ["USR1", "QUIT", "HUP", "USR2"] {
            signal(&run, name);
            assert_eq!(next(), name, "{command}");
        }
        std::fs::write(place.home.path().join("end"), "").unwrap();
        assert_eq!(ends(run).code(), Some(7), "{command}");
        place.assert_clean();
        no_process_stays(place.home.path());
    }
}

#[test]
fn a_program_that_such_a_signal_ends_ends_the_command_tidily() {
    for command in ["run", "emulate"] {
        for (name, expected) in [("USR1", 138), ("QUIT", 131), ("HUP", 129)] {
            let place = Place::new();
            let run = place
                .azbroker(&[command, "--", "sh", "-c"])
                .arg("echo ready; exec tail -f /dev/null")
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .process_group(0)
                .spawn();
            let mut run = run.unwrap();
            // As long as somebody reads it: `tail` looks after that.
            let mut shown = BufReader::new(run.stdout.take().unwrap());
            let mut line = String::new();
            shown.read_line(&mut line).unwrap();
            assert_eq!(line, "ready\n");
            signal(&run, name);
            assert_eq!(ends(run).code(), Some(expected), "{command}: {name}");
            place.assert_clean();
            no_process_stays(place.home.path());
        }
    }
}

fn signal(process: &Child, name: &str) {
    let id = process.id().to_string();
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &id])
        .status();
    assert!(sent.unwrap().success());
}
