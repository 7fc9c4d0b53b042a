//! Whose a connection on the loopback is.
//!
//! Every user of a machine reaches its loopback, and may know a sign-in's address from the browser's command
//! line. So what a sign-in waits for is taken from the user's own programs only.

use std::net::{IpAddr, SocketAddr};

/// Whether a connection from `peer` to `local` may answer for the user.
///
/// It may not when the system says that the other end belongs to another user. Where the system says nothing,
/// as for a port that is forwarded from elsewhere, it may.
pub(crate) fn may_answer(peer: SocketAddr, local: SocketAddr) -> bool {
    let Some(table) = table(peer) else {
        return true;
    };
    // The connection has two ends in the table, ours and the other one's.
    match (user_in(&table, local, peer), user_in(&table, peer, local)) {
        (Some(own), Some(user)) => user == own || user == ROOT,
        _ => true,
    }
}

const ROOT: u32 = 0;

/// The kernel's table of connections, where it has one.
fn table(peer: SocketAddr) -> Option<String> {
    let table = match peer {
        SocketAddr::V4(_) => "/proc/net/tcp",
        SocketAddr::V6(_) => "/proc/net/tcp6",
    };
    std::fs::read_to_string(table).ok()
}

/// Finds the line of the socket whose own address is `peer` and whose other end is `local`.
fn user_in(table: &str, peer: SocketAddr, local: SocketAddr) -> Option<u32> {
    let (peer, local) = (in_table(peer), in_table(local));
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let own = fields.nth(1)?;
        let other = fields.next()?;
        // State, queues, timers and retransmissions stand between.
        let user = fields.nth(4)?;
        (own == peer && other == local)
            .then(|| user.parse().ok())
            .flatten()
    })
}

/// An address as the table has it: 32-bit words in the machine's order, and the port.
fn in_table(address: SocketAddr) -> String {
    let octets = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words: String = octets
        .as_chunks::<4>()
        .0
        .iter()
        .map(|word| format!("{:08X}", u32::from_ne_bytes(*word)))
        .collect();
    format!("{words}:{:04X}", address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0
   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000 65534        0 2 1 0
";

    #[test]
    #[cfg(target_endian = "little")]
    fn the_other_end_is_found_in_the_table() {
        let peer = "127.0.0.1:50000".parse().unwrap();
        let local = "127.0.0.1:8080".parse().unwrap();
        assert_eq!(user_in(TABLE, peer, local), Some(65534));
        assert_eq!(
            user_in(TABLE, local, peer),
            None,
            "the listener is no end of it"
        );
        assert_eq!(user_in("", peer, local), None);
        assert_eq!(
            in_table("[::1]:8080".parse().unwrap()),
            "00000000000000000000000001000000:1F90"
        );
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_connection_of_ones_own_is_found_and_let_in() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = tokio::net::TcpListener::bind(address).await else {
                continue; // no IPv6 on this machine
            };
            let local = listener.local_addr().unwrap();
            let client = tokio::net::TcpStream::connect(local).await.unwrap();
            let (_accepted, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
            let table = table(peer).unwrap();
            let own = user_in(&table, local, peer);
            assert!(own.is_some(), "{table}");
            assert_eq!(user_in(&table, peer, local), own);
            assert!(may_answer(peer, local));
        }
    }
}
