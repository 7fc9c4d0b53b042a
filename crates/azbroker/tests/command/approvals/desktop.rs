use super::programs::Machine;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::watch;
use zbus::{Connection, object_server::SignalEmitter, zvariant::OwnedValue};

/// A notification server, and whoever sits before it.
pub(crate) struct Desktop {
    connection: Connection,
    state: watch::Sender<State>,
    presses: Arc<Mutex<Option<String>>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) title: String,
    pub(crate) body: String,
    /// A key and a label of each button.
    pub(crate) actions: Vec<String>,
}

impl Shown {
    /// What the server says when the button of this word is pressed.
    fn key(&self, button: &str) -> String {
        let mut keys = self.actions.iter().step_by(2);
        let key = keys.find(|key| key.split('-').next() == Some(button));
        key.unwrap().clone()
    }
}

#[derive(Debug, Default)]
struct State {
    shown: Vec<Shown>,
    /// Those that are to be seen now.
    open: Vec<u32>,
}

impl Desktop {
    /// A server where each notification is answered with this button, `close`, or not at all.
    pub(crate) fn start(machine: &Machine, presses: Option<&str>) -> Self {
        let state = watch::Sender::default();
        let presses = Arc::new(Mutex::new(presses.map(str::to_owned)));
        let server = Server {
            state: state.clone(),
            presses: presses.clone(),
        };
        let connection = machine.runtime.block_on(async {
            let connection = machine.world.bus_client().await;
            connection.object_server().at(PATH, server).await.unwrap();
            connection
                .request_name("org.freedesktop.Notifications")
                .await
                .unwrap();
            connection
        });
        Self {
            connection,
            state,
            presses,
        }
    }

    /// All that was ever shown.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        self.state.borrow().shown.clone()
    }

    pub(crate) fn presses(&self, button: Option<&str>) {
        *self.presses.lock().unwrap() = button.map(str::to_owned);
    }

    pub(crate) async fn wait_for_one(&self) {
        self.wait_for(1).await;
    }

    pub(crate) async fn wait_for(&self, notifications: usize) {
        self.wait_until(|state| state.open.len() == notifications)
            .await;
    }

    pub(crate) async fn wait_for_none(&self) {
        self.wait_until(|state| state.open.is_empty()).await;
    }

    /// No test waits for ever for what a desktop shows.
    async fn wait_until(&self, is_so: impl FnMut(&State) -> bool) {
        let mut state = self.state.subscribe();
        let shown = tokio::time::timeout(Duration::from_secs(60), state.wait_for(is_so));
        let waited = shown.await.map(|state| drop(state.unwrap()));
        assert!(waited.is_ok(), "it is not so: {:?}", self.state.borrow());
    }

    /// Presses a button on what was shown last.
    pub(crate) async fn press(&self, button: &str) {
        let (id, key) = {
            let state = self.state.borrow();
            let id = *state.open.last().unwrap();
            (id, state.shown[id as usize - 1].key(button))
        };
        let emitter = SignalEmitter::new(&self.connection, PATH).unwrap();
        Server::action_invoked(&emitter, id, &key).await.unwrap();
    }
}

const PATH: &str = "/org/freedesktop/Notifications";

struct Server {
    state: watch::Sender<State>,
    presses: Arc<Mutex<Option<String>>>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Server {
    fn get_capabilities(&self) -> Vec<&str> {
        vec!["body", "actions"]
    }

    #[expect(clippy::too_many_arguments, reason = "the specification has them")]
    async fn notify(
        &self,
        _app_name: &str,
        _replaces_id: u32,
        _app_icon: &str,
        summary: &str,
        body: &str,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expire_timeout: i32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> u32 {
        let mut id = 0;
        let shown = Shown {
            title: summary.to_owned(),
            body: body.to_owned(),
            actions,
        };
        self.state.send_modify(|state| {
            state.shown.push(shown.clone());
            id = u32::try_from(state.shown.len()).unwrap();
            state.open.push(id);
        });
        let presses = self.presses.lock().unwrap().clone();
        match presses.as_deref() {
            None => {}
            Some("close") => Self::notification_closed(&emitter, id, 2).await.unwrap(),
            Some(button) => {
                // A press on another notification is none on this one, nor is one on what another program may
                // have put in its place.
                let always = shown.key("always");
                for (id, key) in [
                    (id + 1000, always.as_str()),
                    (id, "always"),
                    (id, &shown.key(button)),
                ] {
                    Self::action_invoked(&emitter, id, key).await.unwrap();
                }
            }
        }
        id
    }

    fn close_notification(&self, id: u32) {
        self.state
            .send_modify(|state| state.open.retain(|open| *open != id));
    }

    #[zbus(signal)]
    async fn action_invoked(
        emitter: &SignalEmitter<'_>,
        id: u32,
        action_key: &str,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: u32,
    ) -> zbus::Result<()>;
}
