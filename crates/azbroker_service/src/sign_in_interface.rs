//! The interface through which `azbroker login` signs in without a browser on this machine.
//!
//! A sign-in belongs to the connection that began it: nobody else can paste into it, wait for it or see its page, and it
//! ends when that connection does. It gives no token away; the broker keeps the account.

use crate::{
    Broker,
    approvals::Permit,
    broker::{ByHand, RedirectChoice},
    caller::CallerName,
    denial::Denial,
    gate::{Admitted, Gate},
    interactive_flows::has_left,
    limit::Entered,
    request::{Request, check_size},
    sign_in_messages::{BeginReply, PasteReply, SignInWay, SignedIn, pasted},
};
use azbroker_entra::{CorrelationId, Paste, RedirectUri};
use azbroker_protocol::Status;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinHandle},
};
use tracing::Instrument;
use zbus::{Connection, message::Header};

/// The object of the interface.
pub(crate) struct SignInInterface {
    broker: Arc<Broker>,
    gate: Arc<Gate>,
    under_way: Arc<Mutex<HashMap<CallerName, UnderWay>>>,
}

/// A sign-in that somebody is to finish.
struct UnderWay {
    pastes: mpsc::Sender<Paste>,
    /// What comes of it; whoever waits takes it.
    result: Option<JoinHandle<Result<SignedIn, Denial>>>,
    _wanted: oneshot::Sender<()>,
    _watcher: Watcher,
}

/// What ends a sign-in whose caller leaves; there is none to end when this is dropped.
struct Watcher(AbortHandle);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl SignInInterface {
    pub(crate) fn new(broker: Arc<Broker>, gate: Arc<Gate>) -> Self {
        Self {
            broker,
            gate,
            under_way: Arc::default(),
        }
    }
}

#[zbus::interface(name = "com.github.azbroker.SignIn1")]
impl SignInInterface {
    #[zbus(name = "begin")]
    async fn begin(
        &self,
        correlation_id: &str,
        way: &str,
        request: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        let correlation_id =
            CorrelationId::parse_str(correlation_id).unwrap_or_else(|_| CorrelationId::new_v4());
        let span = tracing::warn_span!("request", %correlation_id, flow = "by hand");
        let caller: CallerName = header.sender().map(|name| name.to_owned().into());
        let begun = async {
            let admitted = self.admit(connection, &caller, &header).await?;
            let way = parse::<SignInWay>(way)?;
            let request = Request::read(request, correlation_id, self.broker.configuration())?;
            let permit = self
                .broker
                .may_sign_in_by_hand(&request, &admitted.caller)?;
            let one_of_few = self.gate.sign_in(&admitted)?;
            self.begin_for(connection, caller, way, request, permit, one_of_few)
                .await
        };
        answer(begun.instrument(span).await)
    }

    #[zbus(name = "paste")]
    async fn paste(
        &self,
        text: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        let caller: CallerName = header.sender().map(|name| name.to_owned().into());
        let taken = async {
            let _admitted = self.admit(connection, &caller, &header).await?;
            check_size(text)?;
            let pastes = self.lock().get(&caller).map(|one| one.pastes.clone());
            let (sender, taken) = oneshot::channel();
            let paste = Paste {
                text: pasted(text),
                answer: sender,
            };
            let sent = match pastes {
                Some(pastes) => pastes.send(paste).await.is_ok(),
                None => false,
            };
            let taken = match sent {
                true => taken.await.ok(),
                false => None,
            };
            let fault = taken.ok_or_else(nothing_under_way)?.err();
            Ok(PasteReply {
                fault: fault.map(|fault| fault.to_string()),
            })
        };
        answer(taken.await)
    }

    #[zbus(name = "wait")]
    async fn wait(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> String {
        let caller: CallerName = header.sender().map(|name| name.to_owned().into());
        let ended = async {
            let _admitted = self.admit(connection, &caller, &header).await?;
            let result = self
                .lock()
                .get_mut(&caller)
                .and_then(|one| one.result.take());
            match result {
                Some(result) => result.await.unwrap_or_else(|_| {
                    Err(Denial::new(
                        Status::Unexpected,
                        "the broker failed; report it",
                    ))
                }),
                None => Err(nothing_under_way()),
            }
        };
        answer(ended.await)
    }
}

impl SignInInterface {
    async fn admit(
        &self,
        connection: &Connection,
        caller: &CallerName,
        header: &Header<'_>,
    ) -> Result<Admitted, Denial> {
        let size = header.primary().body_len();
        let admitted = self.gate.admit(connection, caller, size).await;
        admitted.map_err(|(_, denial)| denial)
    }

    async fn begin_for(
        &self,
        connection: &Connection,
        caller: CallerName,
        way: SignInWay,
        request: Request,
        permit: Permit,
        one_of_few: Entered,
    ) -> Result<BeginReply, Denial> {
        let (redirect_uri, reason) = match way {
            SignInWay::DeviceCode => {
                return self
                    .begin_device_code(connection, caller, request, permit, one_of_few)
                    .await;
            }
            SignInWay::Loopback | SignInWay::NativeClient => {
                let uri = match way {
                    SignInWay::Loopback => RedirectUri::Loopback,
                    _ => RedirectUri::NativeClient,
                };
                self.broker.name_redirect(&request, uri)?;
                return Ok(BeginReply::Browser {});
            }
            SignInWay::Auto => match self.broker.redirect_choice(&request).await? {
                RedirectChoice::ByItself(_) => return Ok(BeginReply::Browser {}),
                RedirectChoice::ByHand(uri, reason) => (uri, Some(reason)),
            },
            SignInWay::Paste => (self.broker.redirect_uri(&request).await?, None),
        };
        let (page, opened) = oneshot::channel();
        let (pastes, pasted) = mpsc::channel(1);
        let (wanted, is_wanted) = oneshot::channel();
        let by_hand = ByHand {
            request,
            redirect_uri,
            permit,
            page,
            pastes: pasted,
            wanted: is_wanted,
        };
        let broker = self.broker.clone();
        let work = async move {
            let _one_of_few = one_of_few;
            broker.sign_in_by_hand(by_hand).await
        };
        let result = tokio::spawn(work.in_current_span());
        let Ok(url) = opened.await else {
            return Err(match result.await {
                Ok(Err(denial)) => denial,
                _ => Denial::new(Status::Unexpected, "the broker failed; report it"),
            });
        };
        self.keep(connection, caller, pastes, result, wanted)?;
        Ok(BeginReply::Paste {
            reason,
            redirect_uri: redirect_uri.registered().to_owned(),
            url: url.to_string(),
            lasts: Broker::BY_HAND.whole_seconds(),
        })
    }

    async fn begin_device_code(
        &self,
        connection: &Connection,
        caller: CallerName,
        request: Request,
        permit: Permit,
        one_of_few: Entered,
    ) -> Result<BeginReply, Denial> {
        let device = self.broker.begin_device_sign_in(&request).await?;
        let reply = BeginReply::DeviceCode {
            verification_uri: device.verification_uri().to_string(),
            user_code: device.user_code().to_owned(),
            lasts: device.lasts().whole_seconds(),
        };
        let (wanted, is_wanted) = oneshot::channel();
        let broker = self.broker.clone();
        let work = async move {
            let _one_of_few = one_of_few;
            broker
                .finish_device_sign_in(&request, device, permit, is_wanted)
                .await
        };
        let result = tokio::spawn(work.in_current_span());
        let (nothing_to_paste, _) = mpsc::channel(1);
        self.keep(connection, caller, nothing_to_paste, result, wanted)?;
        Ok(reply)
    }

    /// Keeps a sign-in until it is over or its caller leaves. One that the caller began before is given up.
    fn keep(
        &self,
        connection: &Connection,
        caller: CallerName,
        pastes: mpsc::Sender<Paste>,
        result: JoinHandle<Result<SignedIn, Denial>>,
        wanted: oneshot::Sender<()>,
    ) -> Result<(), Denial> {
        let mut under_way = self.lock();
        if under_way.len() >= MOST && !under_way.contains_key(&caller) {
            return Err(Denial::new(
                Status::TransientError,
                "too many sign-ins are under way; try again",
            ));
        }
        let watcher = self.watch(connection, &caller, pastes.clone());
        let one = UnderWay {
            pastes,
            result: Some(result),
            _wanted: wanted,
            _watcher: watcher,
        };
        under_way.insert(caller, one);
        Ok(())
    }

    fn watch(
        &self,
        connection: &Connection,
        caller: &CallerName,
        watched: mpsc::Sender<Paste>,
    ) -> Watcher {
        let (caller, connection) = (caller.clone(), connection.clone());
        let under_way = self.under_way.clone();
        let watcher = tokio::spawn(async move {
            let left = has_left(&connection, caller.as_ref());
            let _ = tokio::time::timeout(Broker::BY_HAND.unsigned_abs(), left).await;
            let mut under_way = under_way.lock().unwrap_or_else(PoisonError::into_inner);
            let same = |one: &UnderWay| one.pastes.same_channel(&watched);
            if under_way.get(&caller).is_some_and(same) {
                under_way.remove(&caller);
            }
        });
        Watcher(watcher.abort_handle())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CallerName, UnderWay>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// More than one person begins at a time.
const MOST: usize = 64;

fn nothing_under_way() -> Denial {
    Denial::malformed("no sign-in of this program waits; begin one first")
}

fn parse<T: DeserializeOwned>(word: &str) -> Result<T, Denial> {
    serde_json::from_value(word.into())
        .map_err(|_| Denial::malformed("the way of the sign-in is none that this broker knows"))
}

fn answer<T: Serialize>(result: Result<T, Denial>) -> String {
    match result {
        Ok(reply) => serde_json::to_string(&reply).unwrap_or_else(|_| {
            Denial::new(Status::Unexpected, "the broker failed; report it").to_reply()
        }),
        Err(denial) => {
            tracing::debug!(status = %denial.status, "denied: {}", denial.context);
            denial.to_reply()
        }
    }
}
