use super::finding::Finding;
use std::env;
use zbus::{
    Address,
    address::{Transport, transport::UnixSocket},
};

/// Where the session bus is, as every program of ours looks for it.
pub(super) fn bus_address(hop: &'static str) -> Finding {
    finding(hop, env::var(VARIABLE).ok().as_deref(), Address::session())
}

fn finding(hop: &'static str, named: Option<&str>, address: zbus::Result<Address>) -> Finding {
    match (named, address) {
        // The specification has each of a list tried in turn; zbus takes all of it for one path.
        (Some(named), Ok(_)) if named.contains(';') => Finding::broken(
            hop,
            format!(
                "{VARIABLE} is '{named}', which is a list, and one address alone is understood here"
            ),
            "set it to the address of the list that answers, without a ;",
        ),
        (Some(named), Ok(_)) => Finding::fine(hop, named),
        (Some(""), Err(_)) => Finding::broken(
            hop,
            format!("{VARIABLE} is empty, so it names no bus"),
            "unset it, or run the program below `azbroker run --`, which brings a bus",
        ),
        (Some(named), Err(_)) => Finding::broken(
            hop,
            format!("{VARIABLE} is '{named}', which is no address of a bus"),
            "correct or unset it, or run the program below `azbroker run --`, which brings a bus",
        ),
        (None, Ok(address)) => match missing_socket(&address) {
            None => Finding::fine(hop, format!("{address}, as {VARIABLE} is not set")),
            Some(socket) => Finding::broken(
                hop,
                format!("this session has no bus: {VARIABLE} is not set, and there is no {socket}"),
                "run the program below `azbroker run --`, which brings one",
            ),
        },
        (None, Err(_)) => Finding::broken(
            hop,
            format!("{VARIABLE} is not set, and XDG_RUNTIME_DIR is no folder that a bus can be in"),
            "correct or unset XDG_RUNTIME_DIR, or run the program below `azbroker run --`, which brings a bus",
        ),
    }
}

/// The file at which nobody can listen.
fn missing_socket(address: &Address) -> Option<String> {
    let Transport::Unix(unix) = address.transport() else {
        return None;
    };
    match unix.path() {
        UnixSocket::File(path) if !path.exists() => Some(path.display().to_string()),
        _ => None,
    }
}

const VARIABLE: &str = "DBUS_SESSION_BUS_ADDRESS";

#[cfg(test)]
mod tests {
    use super::{super::finding::Outcome, *};
    use std::fs;

    #[test]
    fn without_a_variable_the_bus_is_where_zbus_looks_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("bus");
        let address = format!("unix:path={}", socket.display());
        let found = || finding("bus address", None, address.parse()).outcome;
        let expected = format!(
            "this session has no bus: DBUS_SESSION_BUS_ADDRESS is not set, and there is no {}",
            socket.display()
        );
        assert!(
            matches!(found(), Outcome::Broken { found, .. } if found == expected),
            "{:?}",
            found()
        );
        fs::write(&socket, "").unwrap();
        let expected = format!("{address}, as DBUS_SESSION_BUS_ADDRESS is not set");
        assert!(
            matches!(found(), Outcome::Fine { found } if found == expected),
            "{:?}",
            found()
        );
    }

    #[test]
    fn a_list_of_addresses_is_told_from_one_where_nobody_answers() {
        for named in ["unix:path=/a;unix:path=/b", "unix:path=/a;"] {
            let found = finding("bus address", Some(named), named.parse()).outcome;
            let expected = format!("DBUS_SESSION_BUS_ADDRESS is '{named}', which is a list");
            assert!(
                matches!(&found, Outcome::Broken { found, .. } if found.starts_with(&expected)),
                "{found:?}"
            );
        }
        let found = finding("bus address", Some("unix:path=/a"), "unix:path=/a".parse()).outcome;
        assert!(matches!(found, Outcome::Fine { .. }), "{found:?}");
    }
}
