use super::*;
use tokio::net::UnixStream;
use zbus::{connection::Builder, zvariant::Value};

/// As much of a bus as says whose a name is: whatever the name, it is this process, with a label of AppArmor.
struct Daemon {
    label: &'static [u8],
}

#[zbus::interface(name = "org.freedesktop.DBus")]
impl Daemon {
    fn hello(&self) -> &str {
        ":1.1"
    }

    fn add_match(&self, _rule: &str) {}

    fn get_connection_credentials(&self, _name: &str) -> HashMap<&str, Value<'_>> {
        HashMap::from([
            ("UnixUserID", rustix::process::getuid().as_raw().into()),
            ("ProcessID", std::process::id().into()),
            ("LinuxSecurityLabel", self.label.into()),
        ])
    }
}

#[tokio::test]
async fn a_snap_is_known_by_the_label_that_the_bus_tells() {
    let this = std::fs::read_link("/proc/self/exe").unwrap();
    for (label, known_as, standing) in [
        (
            &b"snap.code.app (enforce)\0"[..],
            "snap:code",
            Standing::Other,
        ),
        (b"unconfined\0", this.to_str().unwrap(), Standing::Own),
    ] {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let bus = Builder::unix_stream(theirs)
            .server(zbus::Guid::generate())
            .unwrap()
            .p2p()
            .serve_at("/org/freedesktop/DBus", Daemon { label })
            .unwrap()
            .build();
        let (_bus, connection) = tokio::join!(bus, Builder::unix_stream(ours).build());
        let connection = connection.unwrap();
        let name = Some(":1.2".try_into().unwrap());
        // With what the bus said when calls were counted, and asked anew.
        for counted in [true, false] {
            let callers = Callers::default();
            if counted {
                let place = callers.place(&connection, &name).await;
                assert_eq!(place, Place::Process(std::process::id()));
            }
            let caller = callers.of(&connection, &name).await;
            assert_eq!(caller.program.identity.to_string(), known_as);
            assert_eq!(caller.program.standing, standing);
        }
    }
}
