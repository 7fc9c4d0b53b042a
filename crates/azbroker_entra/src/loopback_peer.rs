//! Whose a connection on the loopback is.
//!
//! Every user of a machine reaches its loopback, and may know a sign-in's address from the browser's command
//! line. So what a sign-in waits for is taken from the user's own programs only.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{net::TcpStream, sync::Semaphore};

/// A connection to this process, so that no later one is taken for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    peer: SocketAddr,
    local: SocketAddr,
    /// Of our end.
    inode: u64,
}

impl Connection {
    pub(crate) fn of(stream: &TcpStream, peer: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            peer,
            local: stream.local_addr()?,
            inode: inode(stream)?,
        })
    }
}

/// Whether the other end of a connection may answer for the user.
///
/// It may not when the system says that the other end belongs to another user, or does not say whose it was
/// because nobody holds it any more. Where the system knows of our end alone, as for a port that is forwarded
/// from elsewhere, it may.
///
/// The table may be long, and others can make it longer: it is read where nobody waits, by one at a time.
pub(crate) async fn may_answer(connection: Connection) -> bool {
    let mut seen = look(connection).await;
    if matches!(seen, Ok(Standing::FromElsewhere | Standing::Gone)) {
        // Who tears a connection down is out of the table at once, and our end notices when the kernel comes to it. And the
        // table is not read in one instant: an end may be passed over as others come and go.
        #[allow(
            clippy::disallowed_methods,
            reason = "nothing tells that no such end is coming"
        )]
        tokio::time::sleep(NOTICES_WITHIN).await;
        seen = look(connection).await;
    }
    match seen {
        Ok(Standing::User | Standing::FromElsewhere) => true,
        Ok(Standing::Other | Standing::Gone) => false,
        // Such a system has no table, or shows it to nobody. Whatever else fails, such as for too many open files, may be
        // somebody's doing.
        Err(error) => matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
        ),
    }
}

pub(crate) static READING: Semaphore = Semaphore::const_new(1);

/// Some milliseconds on a machine with more to do than processors.
const NOTICES_WITHIN: Duration = Duration::from_millis(100);

async fn look(connection: Connection) -> io::Result<Standing> {
    let reading = READING.acquire().await.map_err(io::Error::other)?;
    let looked = tokio::task::spawn_blocking(move || {
        let _reading = reading;
        standing(table(connection.peer)?, connection)
    });
    looked.await.map_err(io::Error::other)?
}

#[cfg(unix)]
fn inode(stream: &TcpStream) -> io::Result<u64> {
    Ok(rustix::fs::fstat(stream)?.st_ino)
}

#[cfg(not(unix))]
fn inode(_stream: &TcpStream) -> io::Result<u64> {
    Ok(0)
}

const ROOT: u32 = 0;
/// What no process has open.
const NOBODYS: u64 = 0;

/// Whose the other end is.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// The user's own, or the system's.
    User,
    /// Another user's, or nobody's any more.
    Other,
    /// Nobody's any more, as our own end is gone.
    Gone,
    /// Not of this machine.
    FromElsewhere,
}

fn standing(table: impl BufRead, connection: Connection) -> io::Result<Standing> {
    let [own, other] = ends(table, connection)?;
    // Our end is gone when the other one was torn down, and then a later connection may have its addresses.
    let Some(own) = own.filter(|own| own.inode == connection.inode) else {
        return Ok(Standing::Gone);
    };
    Ok(match other {
        // The kernel shows an end that its process has closed as root's, whosever it was.
        Some(end) if end.inode != NOBODYS && (end.user == own.user || end.user == ROOT) => {
            Standing::User
        }
        Some(_) => Standing::Other,
        None if own.is_established => Standing::FromElsewhere,
        None => Standing::Other,
    })
}

/// One end of a connection.
#[derive(Debug, PartialEq, Eq)]
struct End {
    user: u32,
    /// Of the file that a process has it open as.
    inode: u64,
    is_established: bool,
}

/// The kernel's table of connections, where it has one.
///
/// Whoever connects to an IPv4 address by a socket of IPv6 stands in the table of IPv6, while our end stands in that of IPv4.
fn table(peer: SocketAddr) -> io::Result<Box<dyn BufRead>> {
    let open = |version| Ok::<_, io::Error>(BufReader::new(File::open(version)?));
    Ok(match peer {
        SocketAddr::V4(_) => match open(V6_TABLE) {
            Ok(mapped) => Box::new(open(V4_TABLE)?.chain(mapped)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Box::new(open(V4_TABLE)?),
            Err(error) => return Err(error),
        },
        SocketAddr::V6(_) => Box::new(open(V6_TABLE)?),
    })
}

const V4_TABLE: &str = "/proc/net/tcp";
/// Not there where the kernel has no IPv6.
const V6_TABLE: &str = "/proc/net/tcp6";

/// The two ends that a connection has in the table: ours and the other one's.
fn ends(mut table: impl BufRead, connection: Connection) -> io::Result<[Option<End>; 2]> {
    let local = Written::from(connection.local);
    let peer = Written::from(connection.peer);
    let (mut own, mut other) = (None, None);
    let mut line = String::new();
    while (own.is_none() || other.is_none()) && table.read_line(&mut line)? > 0 {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let found = match (fields.next(), fields.next()) {
            (Some(address), Some(to)) if local.is(address) && peer.is(to) => Some(&mut own),
            (Some(address), Some(to)) if peer.is(address) && local.is(to) => Some(&mut other),
            _ => None,
        };
        if let Some(found) = found
            && found.is_none()
        {
            *found = end(fields);
        }
        line.clear();
    }
    Ok([own, other])
}

/// An address as the tables have it: 32-bit words in the machine's order, and the port.
struct Written {
    address: String,
    /// What an IPv4 address is to a socket of IPv6.
    mapped: Option<String>,
}

impl Written {
    fn is(&self, field: &str) -> bool {
        field == self.address || self.mapped.as_deref() == Some(field)
    }
}

impl From<SocketAddr> for Written {
    fn from(address: SocketAddr) -> Self {
        let port = address.port();
        let written = |octets: &[u8]| {
            let words = octets.as_chunks::<4>().0.iter();
            let words: String = words
                .map(|word| format!("{:08X}", u32::from_ne_bytes(*word)))
                .collect();
            format!("{words}:{port:04X}")
        };
        match address.ip() {
            IpAddr::V4(ip) => Self {
                address: written(&ip.octets()),
                mapped: Some(written(&ip.to_ipv6_mapped().octets())),
            },
            IpAddr::V6(ip) => Self {
                address: written(&ip.octets()),
                mapped: None,
            },
        }
    }
}

/// Reads an end from what stands behind its addresses.
fn end<'a>(mut fields: impl Iterator<Item = &'a str>) -> Option<End> {
    const ESTABLISHED: &str = "01";
    let state = fields.next()?;
    // Queues, timers and retransmissions stand between.
    let user = fields.nth(3)?.parse().ok()?;
    let inode = fields.nth(1)?.parse().ok()?;
    Some(End {
        user,
        inode,
        is_established: state == ESTABLISHED,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A listener of user 1000, and the two ends of a connection to it.
    fn table_of(own: &str, other: &str) -> String {
        format!(
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0
{own}{other}"
        )
    }

    fn line(ends: &str, state: &str, user: u32, inode: u32) -> String {
        format!(
            "   1: {ends} {state} 00000000:00000000 00:00000000 00000000 {user:5}        0 {inode} 1 0\n"
        )
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn who_holds_the_other_end_decides() {
        const OWN: &str = "0100007F:1F90 0100007F:C350";
        const OTHER: &str = "0100007F:C350 0100007F:1F90";
        const MAPPED: &str =
            "0000000000000000FFFF00000100007F:C350 0000000000000000FFFF00000100007F:1F90";
        let peer = "127.0.0.1:50000".parse().unwrap();
        let local = "127.0.0.1:8080".parse().unwrap();
        let own = |state| line(OWN, state, 1000, 2);
        let none = String::new;
        for (why, own, other, expected) in [
            (
                "the user's",
                own("01"),
                line(OTHER, "01", 1000, 3),
                Standing::User,
            ),
            (
                "half closed",
                own("08"),
                line(OTHER, "05", 1000, 3),
                Standing::User,
            ),
            (
                "the system's",
                own("01"),
                line(OTHER, "01", 0, 3),
                Standing::User,
            ),
            (
                "another's",
                own("01"),
                line(OTHER, "01", 65534, 3),
                Standing::Other,
            ),
            (
                "closed by whomever",
                own("08"),
                line(OTHER, "05", 0, 0),
                Standing::Other,
            ),
            ("closed long ago", own("08"), none(), Standing::Other),
            (
                "another's, by a socket of IPv6",
                own("01"),
                line(MAPPED, "01", 65534, 3),
                Standing::Other,
            ),
            (
                "the user's, by a socket of IPv6",
                own("01"),
                line(MAPPED, "01", 1000, 3),
                Standing::User,
            ),
            ("torn down", none(), none(), Standing::Gone),
            ("forwarded", own("01"), none(), Standing::FromElsewhere),
        ] {
            let connection = |inode| Connection { peer, local, inode };
            let table = table_of(&own, &other);
            let standing = |inode| standing(table.as_bytes(), connection(inode)).unwrap();
            assert_eq!(standing(2), expected, "{why}");
            assert_eq!(standing(7), Standing::Gone, "{why}, of a later connection");
        }
        let v6 = Written::from("[::1]:8080".parse::<SocketAddr>().unwrap());
        assert!(v6.is("00000000000000000000000001000000:1F90"));
    }

    #[cfg(target_os = "linux")]
    fn shown(peer: SocketAddr) -> String {
        io::read_to_string(table(peer).unwrap()).unwrap()
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_connection_of_ones_own_is_let_in_while_it_is_held() {
        for (address, to) in [
            ("127.0.0.1:0", "127.0.0.1"),
            ("127.0.0.1:0", "::ffff:127.0.0.1"),
            ("[::1]:0", "::1"),
        ] {
            let Ok(listener) = tokio::net::TcpListener::bind(address).await else {
                continue; // no IPv6 on this machine
            };
            let to = (to, listener.local_addr().unwrap().port());
            for torn_down in [false, true] {
                let Ok(client) = tokio::net::TcpStream::connect(to).await else {
                    break; // as above
                };
                let (accepted, peer) = listener.accept().await.unwrap();
                let address = client.local_addr().unwrap();
                assert_eq!(
                    (peer.ip(), peer.port()),
                    (address.ip().to_canonical(), address.port())
                );
                let connection = Connection::of(&accepted, peer).unwrap();
                let seen = look(connection).await.unwrap();
                assert_eq!(seen, Standing::User, "{}", shown(peer));
                assert!(may_answer(connection).await, "{}", shown(peer));
                if torn_down {
                    client.set_zero_linger().unwrap();
                }
                drop(client);
                // What another test starts has it open, too, until it is another program.
                let mut is_let_in = true;
                for _ in 0..1_000 {
                    is_let_in = is_let_in && may_answer(connection).await;
                }
                assert!(!is_let_in, "{}", shown(peer));
            }
        }
    }
}
