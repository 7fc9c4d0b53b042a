use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use zbus::{Connection, connection::Builder};

/// A bus that nobody here wrote: dbus-daemon.
pub(crate) struct Bus {
    daemon: Child,
    address: String,
    _folder: TempDir,
}

impl Bus {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("bus");
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address"])
            .arg(format!("--address=unix:path={}", socket.display()))
            .stdout(Stdio::piped())
            // It complains of limits that it may not raise.
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is needed for this test");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            daemon,
            address: address.trim().to_owned(),
            _folder: folder,
        }
    }

    pub(crate) async fn connect(&self) -> Connection {
        let address = Builder::address(self.address.as_str()).unwrap();
        address.build().await.unwrap()
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
    }
}

/// Has the client call a method of the broker at the other connection.
pub(crate) async fn call(
    client: &Connection,
    broker: &Connection,
    interface: &str,
    method: &str,
    request: &Value,
) -> Value {
    let arguments = ("0.0", crate::setup::CORRELATION_ID, request.to_string());
    let reply = client
        .call_method(
            broker.unique_name(),
            "/com/microsoft/identity/broker1",
            Some(interface),
            method,
            &arguments,
        )
        .await
        .unwrap();
    let json: String = reply.body().deserialize().unwrap();
    serde_json::from_str(&json).unwrap()
}
