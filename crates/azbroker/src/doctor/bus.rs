use super::{
    bus_address::bus_address,
    finding::{Chain, Finding},
    store::store,
};
use crate::{
    failure::chain,
    installation::{ActivationFile, NameOwner, name_owner, owner_of, session_bus},
};
use azbroker_service::{BUS_NAME, Clock, SystemClock};
use azure_identity_broker::{BrokerClient, BrokerStatus, Error, ErrorKind};
use std::time::Duration;
use zbus::{
    Connection,
    fdo::{DBusProxy, PeerProxy},
    zvariant::{OwnedObjectPath, OwnedValue},
};

/// From the address of the session bus to the broker's answer, and the keyring.
///
/// Where none `can_start`, a broker is looked for only if there is one.
pub(super) async fn examine(can_start: bool, tell: &mut impl FnMut(Finding)) {
    let mut hops = Chain::new(&HOPS, tell);
    let connection = reach_bus(&mut hops).await;
    let Some((connection, bus)) = connection else {
        tell(Finding::not_tried(SECRET_SERVICE));
        return;
    };
    let status = match can_start || is_there(&bus).await {
        true => ask_broker(&mut hops, &connection, &bus).await,
        false => {
            hops.give_up();
            None
        }
    };
    let in_use = status.is_some_and(|status| status.store == "secret-service");
    tell(secret_service(&connection, &bus, in_use).await);
}

const HOPS: [&str; 6] = [
    "bus address",
    "session bus",
    "name",
    "ping",
    "broker",
    "store",
];
const SECRET_SERVICE: &str = "secret service";

async fn reach_bus(hops: &mut Chain<'_>) -> Option<(Connection, DBusProxy<'static>)> {
    let hop = hops.next();
    hops.found(bus_address(hop))?;
    let hop = hops.next();
    match session_bus().await {
        Ok(found) => {
            hops.found(Finding::fine(hop, "it answers"))?;
            Some(found)
        }
        Err(error) => {
            hops.found(Finding::broken(
                hop,
                format!("nobody answers at its address: {}", chain(&error)),
                "sign in to the desktop again, or run the program below `azbroker run --`",
            ));
            None
        }
    }
}

/// Whether somebody is the broker already, or the bus does not say.
async fn is_there(bus: &DBusProxy<'_>) -> bool {
    !matches!(name_owner(bus).await, Ok(None))
}

/// Tells what the broker says of itself, where it is azbroker.
async fn ask_broker(
    hops: &mut Chain<'_>,
    connection: &Connection,
    bus: &DBusProxy<'_>,
) -> Option<BrokerStatus> {
    let hop = hops.next();
    let finding = name(hop, bus).await;
    hops.found(finding)?;
    let hop = hops.next();
    let finding = ping(hop, connection).await;
    hops.found(finding)?;
    let hop = hops.next();
    let client = match BrokerClient::new() {
        Ok(client) => client,
        Err(error) => {
            hops.found(broker_failed(hop, &error))?;
            return None;
        }
    };
    let finding = broker(hop, &client).await;
    hops.found(finding)?;
    let hop = hops.next();
    match status(hop, &client).await {
        Ok(Some(status)) => {
            hops.found(store(hop, &status));
            Some(status)
        }
        Ok(None) => {
            hops.found(Finding::fine(hop, "another broker's, which does not say"));
            None
        }
        Err(finding) => {
            hops.found(finding);
            None
        }
    }
}

async fn name(hop: &'static str, bus: &DBusProxy<'_>) -> Finding {
    let owner = match name_owner(bus).await {
        Ok(owner) => owner,
        Err(error) => return bus_failed(hop, &error),
    };
    if let Some(owner) = owner {
        let whose = if owner.is_ours() {
            ""
        } else {
            ", which is another broker"
        };
        return Finding::fine(hop, format!("{owner} is the broker{whose}"));
    }
    let activatable = async { Ok(bus.list_activatable_names().await?) };
    let activatable = match crate::installation::call_bus(activatable).await {
        Ok(names) => names.iter().any(|name| *name == BUS_NAME),
        Err(error) => return bus_failed(hop, &error),
    };
    match (activatable, ActivationFile::all().into_iter().next()) {
        (true, Some(file)) => Finding::fine(
            hop,
            format!(
                "the bus starts {} when asked ({})",
                file.program,
                file.path.display()
            ),
        ),
        (true, None) => Finding::fine(hop, "the bus starts a broker when asked"),
        (false, Some(file)) => Finding::broken(
            hop,
            format!("this session bus does not read {}", file.path.display()),
            "sign out of the session and in again, or run `azbroker serve`",
        ),
        (false, None) => Finding::broken(
            hop,
            "there is no broker, and nothing that the bus could start",
            "run `azbroker install`, or `azbroker serve`",
        ),
    }
}

async fn ping(hop: &'static str, connection: &Connection) -> Finding {
    let began = SystemClock.now();
    let answer = async {
        PeerProxy::new(connection, BUS_NAME, azbroker_service::OBJECT_PATH)
            .await?
            .ping()
            .await
    };
    match tokio::time::timeout(CLIENTS_WAIT, answer).await {
        Ok(Ok(())) => {
            let took = SystemClock.now() - began;
            Finding::fine(
                hop,
                format!("answered after {} ms", took.whole_milliseconds()),
            )
        }
        Ok(Err(error)) => Finding::broken(
            hop,
            format!("the broker does not start: {error}"),
            "run `azbroker serve -v` and read why; `azbroker install` renews what the bus starts",
        ),
        Err(_) => Finding::broken(
            hop,
            format!(
                "the broker hangs: no answer within {} s, and clients wait no longer",
                CLIENTS_WAIT.as_secs()
            ),
            "end its process (see above); the next request starts it again",
        ),
    }
}

async fn broker(hop: &'static str, client: &BrokerClient) -> Finding {
    let asked = async {
        let version = client.version().await?;
        Ok::<_, azure_core::Error>((version, client.accounts(None).await?.accounts))
    };
    match tokio::time::timeout(CLIENTS_WAIT, asked).await {
        Ok(Ok((version, accounts))) => {
            let accounts = match accounts.len() {
                0 => "no account; `azbroker login` signs one in".to_owned(),
                1 => "1 account".to_owned(),
                many => format!("{many} accounts"),
            };
            Finding::fine(hop, format!("version {version}, {accounts}"))
        }
        Ok(Err(error)) => broker_failed(hop, &error),
        Err(_) => broker_is_slow(hop, "which accounts it holds"),
    }
}

/// What the broker says of itself, which is nothing where it is not azbroker.
async fn status(hop: &'static str, client: &BrokerClient) -> Result<Option<BrokerStatus>, Finding> {
    match tokio::time::timeout(CLIENTS_WAIT, client.status()).await {
        Ok(Ok(status)) => Ok(Some(status)),
        Ok(Err(error)) if Error::find(&error).is_some_and(|e| e.kind() == ErrorKind::Malformed) => {
            Ok(None)
        }
        Ok(Err(error)) => Err(broker_failed(hop, &error)),
        Err(_) => Err(broker_is_slow(hop, "where they rest")),
    }
}

fn broker_failed(hop: &'static str, error: &azure_core::Error) -> Finding {
    Finding::broken(
        hop,
        format!("it fails: {}", chain(error)),
        "run `azbroker serve -v` and read why",
    )
}

fn broker_is_slow(hop: &'static str, what: &str) -> Finding {
    Finding::down(
        hop,
        format!("it answers Ping, but not {what}: its keyring may be slow"),
        "try again, and unlock the keyring",
    )
}

/// Looks at the keyring without asking for its password. Accounts rest in it, or elsewhere.
async fn secret_service(connection: &Connection, bus: &DBusProxy<'_>, in_use: bool) -> Finding {
    let hop = SECRET_SERVICE;
    let looked = async {
        let owner = owner_of(bus, SECRETS).await?;
        if owner.as_ref().is_some_and(NameOwner::is_ours) {
            return Ok(Some(Keyring::Ours));
        }
        if owner.is_none()
            && !bus
                .list_activatable_names()
                .await?
                .iter()
                .any(|name| *name == SECRETS)
        {
            return Ok(None);
        }
        Ok::<_, zbus::Error>(Some(keyring(connection).await?))
    };
    const MEMORY: &str = "accounts rest in memory or an encrypted file; a keyring, such as gnome-keyring or \
                          KeePassXC, keeps them too";
    match tokio::time::timeout(PATIENCE, looked).await {
        Ok(Ok(Some(Keyring::Ours))) if in_use => {
            Finding::fine(hop, "azbroker's own, which forgets when it ends")
        }
        Ok(Ok(Some(Keyring::Ours))) => Finding::notice(
            hop,
            "only azbroker's own, which forgets when it ends; no account rests in it",
            "leave it: programs keep caches of their own there; see the store above",
        ),
        Ok(Ok(Some(Keyring::Open))) => Finding::fine(hop, "there and unlocked"),
        Ok(Ok(Some(Keyring::Locked))) => Finding::broken(
            hop,
            "the keyring is locked, so accounts rest elsewhere",
            "unlock it (sign in with a password, or open Passwords and Keys)",
        ),
        Ok(Ok(Some(Keyring::NoCollection))) => Finding::notice(
            hop,
            "the keyring has no default collection",
            "make one in Passwords and Keys, or leave it: accounts rest in memory or an encrypted file",
        ),
        Ok(Ok(None)) => Finding::notice(hop, "there is none", MEMORY),
        Ok(Err(error)) => Finding::notice(hop, format!("it fails: {}", chain(&error)), MEMORY),
        Err(_) => Finding::broken(
            hop,
            format!("it did not answer within {} s", PATIENCE.as_secs()),
            "start the keyring again; it may wait for a password that nobody is asked for",
        ),
    }
}

enum Keyring {
    Open,
    Locked,
    NoCollection,
    /// The one that `azbroker run` and `azbroker emulate` bring.
    Ours,
}

/// See [Secret Service API](https://specifications.freedesktop.org/secret-service/latest/).
async fn keyring(connection: &Connection) -> zbus::Result<Keyring> {
    let alias = connection
        .call_method(
            Some(SECRETS),
            "/org/freedesktop/secrets",
            Some("org.freedesktop.Secret.Service"),
            "ReadAlias",
            &"default",
        )
        .await?;
    let collection: OwnedObjectPath = alias.body().deserialize()?;
    if collection.as_str() == "/" {
        return Ok(Keyring::NoCollection);
    }
    let locked = connection
        .call_method(
            Some(SECRETS),
            &collection,
            Some("org.freedesktop.DBus.Properties"),
            "Get",
            &("org.freedesktop.Secret.Collection", "Locked"),
        )
        .await?;
    let locked: OwnedValue = locked.body().deserialize()?;
    Ok(match bool::try_from(locked)? {
        true => Keyring::Locked,
        false => Keyring::Open,
    })
}

fn bus_failed(hop: &'static str, error: &zbus::Error) -> Finding {
    Finding::down(
        hop,
        format!("the bus does not say: {}", chain(error)),
        "try again; sign in to the desktop again if that does not help",
    )
}

const SECRETS: &str = "org.freedesktop.secrets";
const PATIENCE: Duration = Duration::from_secs(4);
/// As long as Microsoft's runtime waits.
const CLIENTS_WAIT: Duration = Duration::from_secs(5);
