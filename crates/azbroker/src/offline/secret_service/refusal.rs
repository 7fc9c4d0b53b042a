//! What the secret service answers when it does not do what it was asked for.

use zbus::DBusError;

/// An error of the Secret Service API, under its name on the bus.
#[derive(Debug, DBusError)]
#[zbus(prefix = "org.freedesktop.Secret.Error")]
pub(super) enum Refusal {
    /// The bus or its library failed.
    #[zbus(error)]
    Bus(zbus::Error),
    /// The session is not the caller's, or has ended. The caller must open one.
    NoSession(String),
    /// There is no such collection or item. The caller must look again.
    NoSuchObject(String),
}
