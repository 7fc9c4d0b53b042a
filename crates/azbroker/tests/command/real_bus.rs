//! A session bus that nobody here wrote: `dbus-daemon`, with services from a folder of the test alone.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

/// A running `dbus-daemon`; it ends with this value.
pub(crate) struct RealBus {
    daemon: Child,
    pub(crate) address: String,
    /// What it says, and the programs that it starts.
    pub(crate) said: Said,
}

impl RealBus {
    /// Starts one below a folder, for which `command` makes the program with the environment that services get.
    pub(crate) fn start(folder: &Path, command: impl FnOnce(&str) -> Command) -> Self {
        let address = format!("unix:path={}", folder.join("real-bus").display());
        let configuration = folder.join("bus.conf");
        fs::write(
            &configuration,
            format!(
                "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
                 \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
                 <busconfig><type>session</type><listen>{address}</listen>\
                 <servicedir>{}</servicedir>\
                 <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
                 <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
                services(folder).display()
            ),
        )
        .unwrap();
        let mut daemon = command("dbus-daemon")
            .arg("--nofork")
            .arg("--print-address=1")
            .arg(format!("--config-file={}", configuration.display()))
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("dbus-daemon is needed");
        let mut first_line = String::new();
        BufReader::new(daemon.stdout.take().unwrap())
            .read_line(&mut first_line)
            .unwrap();
        let said = Said::by(daemon.stderr.take().unwrap());
        assert!(first_line.starts_with("unix:"), "{:?}", said.rest());
        Self {
            daemon,
            address,
            said,
        }
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
    }

    pub(crate) async fn client(&self) -> zbus::Connection {
        let address = zbus::connection::Builder::address(self.address.as_str()).unwrap();
        address.build().await.unwrap()
    }
}

impl Drop for RealBus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// Where the bus looks for services, and `install` writes below this home.
pub(crate) fn services(home: &Path) -> PathBuf {
    home.join(".local/share/dbus-1/services")
}

/// Writes an activation file that starts a command line, and returns its path.
pub(crate) fn activation_file(home: &Path, exec: &str) -> PathBuf {
    fs::create_dir_all(services(home)).unwrap();
    let path = services(home).join("com.microsoft.identity.broker1.service");
    let text = format!("[D-BUS Service]\nName=com.microsoft.identity.broker1\nExec={exec}\n");
    fs::write(&path, text).unwrap();
    path
}

/// The lines that a program says, as they come.
pub(crate) struct Said(Receiver<String>);

impl Said {
    pub(crate) fn by(stderr: impl Read + Send + 'static) -> Self {
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Self(lines)
    }

    /// Waits for a line with this text.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        let mut before = Vec::new();
        loop {
            match self.0.recv_timeout(Duration::from_secs(60)) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => before.push(line),
                Err(_) => panic!("'{text}' was not said, but {before:#?}"),
            }
        }
    }

    /// What is said until the program ends, and was not read yet.
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.iter().collect()
    }

    /// What was said and not read yet.
    pub(crate) fn rest(&self) -> Vec<String> {
        self.0.try_iter().collect()
    }
}
