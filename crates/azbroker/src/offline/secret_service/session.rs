//! `org.freedesktop.Secret.Session`: the right to send and get secrets.

use std::sync::Arc;

use zbus::message::Header;
use zbus::object_server::ObjectServer;
use zbus::zvariant::OwnedObjectPath;

use super::refusal::Refusal;
use super::shared::Shared;

/// A session of one caller. It ends when the caller closes it or leaves the bus.
#[derive(Debug)]
pub(super) struct Session {
    shared: Arc<Shared>,
    path: OwnedObjectPath,
}

impl Session {
    /// Makes the object of a session that is open.
    pub(super) fn new(shared: &Arc<Shared>, path: OwnedObjectPath) -> Self {
        Self {
            shared: shared.clone(),
            path,
        }
    }
}

#[zbus::interface(name = "org.freedesktop.Secret.Session")]
impl Session {
    /// Ends the session.
    async fn close(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(object_server)] server: &ObjectServer,
    ) -> Result<(), Refusal> {
        self.shared.check_session(&self.path, &header)?;
        self.shared.end_session(&self.path);
        server.remove::<Self, _>(&self.path).await?;
        Ok(())
    }
}
