use crate::failure::{Exit, Failure};
use azbroker_service::{BUS_NAME, Passphrase};
use futures_util::StreamExt;
use std::process::Stdio;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};
use zbus::{Connection, fdo::DBusProxy};

/// Starts a broker in a process of its own and waits until it has its name on the bus of `connection`. A passphrase
/// goes through a pipe: arguments and environment can be read in `/proc`.
pub(crate) async fn start_broker(
    mut broker: Command,
    passphrase: Option<&Passphrase>,
    connection: &Connection,
) -> Result<Child, Failure> {
    let bus = |error: zbus::Error| Failure::of(Exit::Failed, &error);
    let watch = DBusProxy::new(connection).await.map_err(bus)?;
    let mut owners = watch
        .receive_name_owner_changed_with_args(&[(0, BUS_NAME)])
        .await
        .map_err(bus)?;
    let stdin = match passphrase {
        Some(_) => {
            broker.args(["--passphrase-fd", "0"]);
            Stdio::piped()
        }
        None => Stdio::null(),
    };
    let mut broker = broker
        .stdin(stdin)
        .stdout(Stdio::null())
        // Ctrl-C is for the program; the broker ends after it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            Failure::new(Exit::Failed, format!("the broker does not start: {error}"))
        })?;
    if let (Some(passphrase), Some(mut pipe)) = (passphrase, broker.stdin.take()) {
        // A broker that ended already says so itself.
        let _ = pipe.write_all(passphrase.expose().as_bytes()).await;
    }
    loop {
        tokio::select! {
            change = owners.next() => match change {
                Some(change) if change.args().is_ok_and(|args| args.new_owner().is_some()) => {
                    return Ok(broker);
                }
                Some(_) => {}
                None => return Err(Failure::new(Exit::Failed, "the session bus has gone")),
            },
            ended = broker.wait() => {
                let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                return Err(Failure::new(Exit::Failed, format!("the broker ended at once: {status}")));
            }
        }
    }
}
