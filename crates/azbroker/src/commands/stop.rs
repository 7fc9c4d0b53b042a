use crate::failure::{Exit, Failure};
use rustix::process;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for whoever asks the command to end. Nothing is missed from when it is made.
#[derive(Debug)]
pub(crate) struct Stops {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// Listened for where they are passed on; else they end the command as they end any.
    quit: Option<Signal>,
    user: Option<[Signal; 2]>,
}

/// What asks a command to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Ctrl-C: everything started from the same terminal is asked too.
    Interrupt,
    /// `kill`, or the session's end.
    Terminate,
    /// The terminal was closed.
    Hangup,
    /// `Ctrl-\`, or `kill -QUIT`.
    Quit,
    /// Whatever the program means by it.
    User1,
    /// Whatever the program means by it.
    User2,
}

impl Stops {
    /// Of a command that runs a program: hears also what is for the program alone, and would end the command before it
    /// has tidied up.
    pub(crate) fn listen_for_program() -> Result<Self, Failure> {
        Ok(Self {
            quit: Some(listen(SignalKind::quit())?),
            user: Some([
                listen(SignalKind::user_defined1())?,
                listen(SignalKind::user_defined2())?,
            ]),
            ..Self::listen()?
        })
    }

    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
            quit: None,
            user: None,
        })
    }

    /// Waits until somebody asks.
    pub(crate) async fn asked(&mut self) -> Stop {
        let (user1, user2) = match &mut self.user {
            Some([user1, user2]) => (Some(user1), Some(user2)),
            None => (None, None),
        };
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
            _ = self.hangup.recv() => Stop::Hangup,
            () = comes(self.quit.as_mut()) => Stop::Quit,
            () = comes(user1) => Stop::User1,
            () = comes(user2) => Stop::User2,
        }
    }
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| {
        Failure::new(
            Exit::TryAgainLater,
            format!("the system lets nobody listen for signals: {error}"),
        )
    })
}

/// Waits for a signal; for ever where it is not listened for.
async fn comes(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

impl Stop {
    /// The signal it came by.
    pub(crate) fn signal(self) -> process::Signal {
        match self {
            Self::Interrupt => process::Signal::INT,
            Self::Terminate => process::Signal::TERM,
            Self::Hangup => process::Signal::HUP,
            Self::Quit => process::Signal::QUIT,
            Self::User1 => process::Signal::USR1,
            Self::User2 => process::Signal::USR2,
        }
    }

    /// The exit code that shells use for a program that a signal ended.
    pub(crate) fn exit_code(self) -> u8 {
        u8::try_from(128 + self.signal().as_raw()).unwrap_or(u8::MAX)
    }
}
