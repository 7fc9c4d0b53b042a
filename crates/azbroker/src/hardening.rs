//! Closes the memory that refresh tokens are in.

use rustix::{
    mm::{MlockAllFlags, mlockall},
    process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit},
    thread::{CapabilitySet, capabilities},
};

/// Nobody but root looks into this process, no core dump keeps it, and where the system allows it no part of it
/// is swapped out. Returns whether the last is so.
///
/// Nothing of it is inherited by the browser that the broker opens, but that it writes no core dumps either.
pub(crate) fn close_memory() -> bool {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!("the broker's memory can be read by your other programs: {error}");
    }
    let no_dumps = Rlimit {
        current: Some(0),
        ..getrlimit(Resource::Core)
    };
    if let Err(error) = setrlimit(Resource::Core, no_dumps) {
        tracing::warn!("a core dump may keep the broker's memory: {error}");
    }
    lock_memory()
}

/// Keeps the memory out of the swap space.
///
/// Below a limit all that is mapped counts, used or not, and once it is reached the process gets no more
/// memory at all. So the memory is locked without a limit or not at all. Pages are locked when they are
/// first used, so that the rest takes no room.
///
/// A limit does not hold for who has the capability, as root has in most containers.
fn lock_memory() -> bool {
    let is_limited = getrlimit(Resource::Memlock).current.is_some();
    if is_limited && !has_lock_capability() {
        tracing::debug!(
            "memory is not locked, since this session limits that; encrypt the swap space"
        );
        return false;
    }
    let locked = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT);
    match &locked {
        Ok(()) => tracing::debug!("memory is locked: nothing of it is swapped out"),
        Err(error) => tracing::debug!("memory is not locked: {error}"),
    }
    locked.is_ok()
}

fn has_lock_capability() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK))
}
