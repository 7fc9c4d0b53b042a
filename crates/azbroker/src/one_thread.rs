use std::io;
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};

/// Makes the runtime of a command, or of a thread of its own beside one.
///
/// All that runs here waits more than it works; disks and slow keys are waited for on threads of their own. It is the
/// runtime that can be of one thread only: beside any other, the code for several threads is linked in, and with it
/// the library of mathematics that their statistics need.
pub(crate) fn runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
}
