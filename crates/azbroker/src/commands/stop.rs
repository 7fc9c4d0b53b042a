use tokio::signal::unix::{SignalKind, signal};

/// What asks a command to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Ctrl-C: everything started from the same terminal is asked too.
    Interrupt,
    /// `kill`, or the session's end.
    Terminate,
}

impl Stop {
    /// Waits until somebody asks.
    pub(crate) async fn asked() -> Self {
        let signals = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        );
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
            // Without handlers the system ends the process by itself.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => Self::Interrupt,
            _ = terminate.recv() => Self::Terminate,
        }
    }

    /// The exit code that shells use for a program that a signal ended.
    pub(crate) fn exit_code(self) -> u8 {
        128 + match self {
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}
