use crate::{
    Broker, Configuration, LogLevel, bus_connection,
    session_bus::{Lost, SessionBus},
};
use azbroker_entra::{Client, Clock, SystemBrowser, SystemClock};
use azbroker_protocol::BUS_NAME;
use azure_core::time::Duration;
use std::{pin::pin, sync::Arc};

/// Serves on the user's session bus until it is asked to stop, has nothing left to do, or its name or bus is lost.
///
/// `ready` is called when requests can come: once, and again each time the bus has come back.
///
/// A bus that goes away is waited for, since accounts may be in memory alone, unless it is the bus that started
/// this broker: then the next one starts another, and what is in memory alone is lost. A broker that may end when it is
/// idle, and would lose nothing, ends. Asked to stop, it finishes the redemptions under way: a refresh token that Entra ID has taken back is
/// worth nothing without its successor.
///
/// # Errors
///
/// When there is no bus, or another program is the broker here; its owner is never replaced.
pub async fn serve(
    configuration: Configuration,
    log_level: Arc<dyn LogLevel>,
    stop: impl Future<Output = ()>,
    mut ready: impl FnMut(),
) -> Result<(), ServeError> {
    let idle_exit = configuration.idle_exit;
    let clock = Arc::new(SystemClock);
    let browser = match configuration.desktop {
        Some(_) => SystemBrowser::on(configuration.desktop()),
        None => SystemBrowser::new(configuration.browser.clone()),
    };
    let client =
        Client::new(None, clock.clone()).with_trust_store(configuration.trust_store.clone());
    let broker = Arc::new(Broker::new(
        configuration,
        client,
        Arc::new(browser),
        clock.clone(),
        None,
    ));
    let mut stop = pin!(stop);
    let join = SessionBus::join(&broker, &log_level);
    let Some(mut bus) = in_time(join, ANSWER, &mut stop).await? else {
        return Ok(());
    };
    ready();
    // The keyring may be slow; whoever asks for an account waits for it, and nobody else.
    tokio::spawn({
        let broker = broker.clone();
        async move { drop(broker.accounts().await) }
    });
    loop {
        let lost = tokio::select! {
            lost = bus.lost() => lost,
            () = nothing_to_do(&broker, idle_exit, clock.as_ref()) => {
                tracing::debug!("idle, and nothing is in memory alone: the broker ends");
                bus.release_name().await;
                // A call that came to the very end is answered, however long its user takes.
                tokio::select! {
                    () = broker.activity().idle_for(Duration::ZERO) => {}
                    () = &mut stop => finish(&broker).await,
                }
                bus.leave().await;
                return Ok(());
            }
            () = &mut stop => {
                bus.release_name().await;
                finish(&broker).await;
                bus.leave().await;
                return Ok(());
            }
        };
        bus.withdraw().await;
        drop(bus);
        if lost == Lost::Name {
            return Err(ServeError::NameLost);
        }
        if idle_exit.is_some() {
            // What is being looked up or saved ends by its own time limits.
            broker.settled().await;
        }
        if idle_exit.is_some() && broker.rests_in_the_store() {
            tracing::debug!(
                "the session bus has gone, and nothing is in memory alone: the broker ends"
            );
            return Ok(());
        }
        // The next bus starts a broker of its own, which this one must not keep from the keyring.
        if bus_connection::names_one_bus() {
            if !broker.rests_in_the_store() {
                tracing::warn!("accounts that are in memory alone are lost; sign in again");
            }
            return Err(ServeError::BusGone);
        }
        tracing::warn!("the session bus has gone; the broker waits for it to come back");
        bus = tokio::select! {
            bus = come_back(&broker, &log_level, clock.as_ref()) => bus?,
            () = &mut stop => {
                finish(&broker).await;
                return Ok(());
            }
        };
        tracing::info!("the session bus is back");
        ready();
        tokio::spawn({
            let broker = broker.clone();
            async move { broker.reopen_store().await }
        });
    }
}

/// Joins the first bus; `None` where somebody asks for the end before it has answered.
async fn in_time<T>(
    join: impl Future<Output = Result<T, ServeError>>,
    patience: Duration,
    stop: impl Future<Output = ()>,
) -> Result<Option<T>, ServeError> {
    tokio::select! {
        joined = tokio::time::timeout(patience.unsigned_abs(), join) => match joined {
            Ok(joined) => joined.map(Some),
            Err(_) => Err(ServeError::BusSilent),
        },
        () = stop => Ok(None),
    }
}

/// Waits until the broker was idle for long enough and would lose nothing.
async fn nothing_to_do(broker: &Broker, idle_exit: Option<Duration>, clock: &dyn Clock) {
    let Some(time) = idle_exit else {
        return std::future::pending().await;
    };
    loop {
        broker.activity().idle_for(time).await;
        broker.finish_sign_outs().await;
        if broker.rests_in_the_store() {
            return;
        }
        tracing::debug!("idle, but accounts are in memory alone: the broker stays");
        clock.wait(time).await;
    }
}

/// Waits for the redemptions under way, but not for long.
async fn finish(broker: &Broker) {
    const PATIENCE: Duration = Duration::seconds(5);
    let redeemed = broker.activity().nothing_redeemed();
    if tokio::time::timeout(PATIENCE.unsigned_abs(), redeemed)
        .await
        .is_err()
    {
        tracing::warn!("the authority is slow; the broker ends without its answer");
    }
    // The next broker would have them again.
    let sign_outs = broker.finish_sign_outs();
    if tokio::time::timeout(PATIENCE.unsigned_abs(), sign_outs)
        .await
        .is_err()
    {
        tracing::warn!("the store is slow; who was signed out may still be in it");
    }
}

/// Joins the bus again when it is back at its address.
async fn come_back(
    broker: &Arc<Broker>,
    log_level: &Arc<dyn LogLevel>,
    clock: &dyn Clock,
) -> Result<SessionBus, ServeError> {
    const FIRST_PAUSE: Duration = Duration::milliseconds(50);
    const LONGEST_PAUSE: Duration = Duration::seconds(2);
    const ONE_TRY: Duration = Duration::seconds(5);
    let gives_up = clock.now() + BUS_RETURN;
    let mut pause: Duration = FIRST_PAUSE;
    while clock.now() < gives_up {
        clock.wait(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
        let join = SessionBus::join(broker, log_level);
        match tokio::time::timeout(ONE_TRY.unsigned_abs(), join).await {
            Ok(Ok(bus)) => return Ok(bus),
            Ok(Err(taken @ ServeError::NameTaken { .. })) => return Err(taken),
            Ok(Err(error)) => tracing::trace!("no session bus yet: {error}"),
            Err(_) => tracing::trace!("the session bus does not answer yet"),
        }
    }
    Err(ServeError::BusGone)
}

/// How long the first bus may take to answer, which on a busy machine has only just been started.
const ANSWER: Duration = Duration::seconds(10);

/// How long a broker without a bus lives: longer than a desktop takes to restart, and no longer, since nobody can
/// reach it.
const BUS_RETURN: Duration = Duration::minutes(10);

/// Why a broker does not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// There is no session bus.
    #[error("there is no session bus to serve on")]
    NoBus(#[source] zbus::Error),
    /// Something takes connections at the address of the bus, and says nothing.
    #[error("the session bus does not answer")]
    BusSilent,
    /// Somebody else is the broker.
    #[error("{BUS_NAME} belongs to {owner}: there can be one broker on a bus")]
    NameTaken {
        /// Who.
        owner: String,
    },
    /// The bus took the name away.
    #[error("the bus gave {BUS_NAME} to another program")]
    NameLost,
    /// The bus ended, and did not come back.
    #[error("the session bus has gone")]
    BusGone,
    /// The bus did not do what it was asked.
    #[error("the session bus failed")]
    Bus(#[from] zbus::Error),
    /// The bus did not do what it was asked.
    #[error("the session bus refused")]
    Refused(#[from] zbus::fdo::Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn a_bus_that_says_nothing_is_given_up() {
        let silent = in_time(pending::<Result<(), _>>(), Duration::ZERO, pending()).await;
        assert_eq!(
            silent.unwrap_err().to_string(),
            "the session bus does not answer"
        );
    }

    #[tokio::test]
    async fn a_broker_that_has_no_answer_of_its_bus_ends_when_it_is_asked_to() {
        let stopped = in_time(pending::<Result<(), _>>(), ANSWER, ready(())).await;
        assert_eq!(stopped.unwrap(), None);
    }
}
