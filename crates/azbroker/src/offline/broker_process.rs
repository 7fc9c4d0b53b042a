use crate::failure::{Exit, Failure};
use azbroker_service::BUS_NAME;
use futures_util::StreamExt;
use std::process::Stdio;
use tokio::process::{Child, Command};
use zbus::{Connection, fdo::DBusProxy};

/// Starts a broker in a process of its own and waits until it has its name on the bus of `connection`.
pub(crate) async fn start_broker(
    mut broker: Command,
    connection: &Connection,
) -> Result<Child, Failure> {
    let bus = |error: zbus::Error| Failure::of(Exit::Failed, &error);
    let watch = DBusProxy::new(connection).await.map_err(bus)?;
    let mut owners = watch
        .receive_name_owner_changed_with_args(&[(0, BUS_NAME)])
        .await
        .map_err(bus)?;
    let mut broker = broker
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        // Ctrl-C is for the program; the broker ends after it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            Failure::new(Exit::Failed, format!("the broker does not start: {error}"))
        })?;
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
