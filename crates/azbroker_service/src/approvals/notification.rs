use super::{ApprovalPrompt, Asked, Lasting, Question};
use async_trait::async_trait;
use azure_core::Uuid;
use futures_util::StreamExt;
use std::{collections::HashMap, time::Duration};
use tokio::{runtime::Handle, task::JoinHandle};
use zbus::{Connection, zvariant::Value};

/// Asks by a notification of the desktop, where the notification server shows buttons.
///
/// [Desktop Notifications Specification](https://specifications.freedesktop.org/notification-spec/latest/)
#[derive(Debug)]
pub(crate) struct Notification {
    connection: Connection,
}

impl Notification {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    async fn ask_by(&self, question: &Question) -> Option<Asked> {
        let server = NotificationsProxy::new(&self.connection).await.ok()?;
        // The bus may have to start it first.
        let capabilities = tokio::time::timeout(Duration::from_secs(5), server.get_capabilities());
        let capabilities = capabilities.await.ok()?.ok()?;
        let can = |what: &str| capabilities.iter().any(|capability| capability == what);
        if !can("actions") {
            return None;
        }
        let body: Vec<_> = question
            .details()
            .into_iter()
            .map(|(label, text)| format!("{label}: {text}"))
            .collect();
        let body = match can("body-markup") {
            true => escaped(&body.join("\n")),
            false => body.join("\n"),
        };
        // The watch begins before the question: a program can be quick to answer.
        let mut pressed = server.receive_action_invoked().await.ok()?;
        let mut closed = server.receive_notification_closed().await.ok()?;
        let mut owners = server.inner().receive_owner_changed().await.ok()?;
        let keys = Keys::new();
        let mut shown = Shown::show(server, question.title(), body, &keys);
        let id = shown.id().await?;
        loop {
            tokio::select! {
                biased;
                signal = pressed.next() => {
                    let signal = signal?;
                    let Ok(args) = signal.args() else { continue };
                    // A press on the text says nothing.
                    let answer = (*args.id() == id).then(|| keys.answer(args.action_key())).flatten();
                    if answer.is_some() {
                        return answer;
                    }
                }
                signal = closed.next() => {
                    if signal?.args().is_ok_and(|args| *args.id() == id) {
                        return Some(Asked::Unanswered);
                    }
                }
                owner = owners.next() => match owner? {
                    Some(_) => {}
                    None => return Some(Asked::Unanswered),
                },
            }
        }
    }
}

#[async_trait]
impl ApprovalPrompt for Notification {
    async fn ask(&self, question: &Question) -> Asked {
        self.ask_by(question).await.unwrap_or(Asked::Nobody)
    }
}

/// What the server says when an answer was pressed: words of this question alone. Numbers of notifications
/// can be guessed, and some servers let any program put its own in the place of ours; that one's press must
/// not be an answer.
struct Keys([String; 3]);

impl Keys {
    fn new() -> Self {
        let of_this_question = Uuid::new_v4().simple();
        Self(["day", "always", "deny"].map(|word| format!("{word}-{of_this_question}")))
    }

    fn answer(&self, pressed: &str) -> Option<Asked> {
        let [day, always, deny] = &self.0;
        match pressed {
            _ if pressed == day => Some(Asked::Allowed(Lasting::Day)),
            _ if pressed == always => Some(Asked::Allowed(Lasting::Always)),
            _ if pressed == deny => Some(Asked::Denied),
            _ => None,
        }
    }
}

/// A notification that is taken away when it is answered, or nobody needs the answer.
struct Shown {
    server: NotificationsProxy<'static>,
    /// The server's answer, which is waited for even if nobody needs the notification any more: only then it
    /// has an ID by which it can be taken away.
    showing: Option<JoinHandle<zbus::Result<u32>>>,
    id: Option<u32>,
}

impl Shown {
    fn show(server: NotificationsProxy<'static>, title: String, body: String, keys: &Keys) -> Self {
        let to = server.clone();
        let [day, always, deny] = keys.0.clone();
        let showing = tokio::spawn(async move {
            // Critical ones stay until they are answered.
            let hints = HashMap::from([("urgency", Value::U8(2))]);
            let actions = [
                day.as_str(),
                "Allow for a day",
                always.as_str(),
                "Always allow",
                deny.as_str(),
                "Deny",
            ];
            to.notify(
                "azbroker",
                0,
                "dialog-password",
                &title,
                &body,
                &actions,
                &hints,
                0,
            )
            .await
        });
        Self {
            server,
            showing: Some(showing),
            id: None,
        }
    }

    async fn id(&mut self) -> Option<u32> {
        let answer = self.showing.as_mut()?.await;
        self.showing = None;
        self.id = answer.ok()?.ok();
        self.id
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (server, showing, id) = (self.server.clone(), self.showing.take(), self.id);
        runtime.spawn(async move {
            let id = match showing {
                Some(showing) => showing.await.ok()?.ok(),
                None => id,
            };
            // It is gone already where a button closes it; then there is nothing to take away.
            server.close_notification(id?).await.ok()
        });
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications",
    gen_blocking = false
)]
trait Notifications {
    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

    #[expect(clippy::too_many_arguments, reason = "the specification has them")]
    fn notify(
        &self,
        app_name: &str,
        replaces_id: u32,
        app_icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: &HashMap<&str, Value<'_>>,
        expire_timeout: i32,
    ) -> zbus::Result<u32>;

    fn close_notification(&self, id: u32) -> zbus::Result<()>;

    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action_key: String) -> zbus::Result<()>;

    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;
}
