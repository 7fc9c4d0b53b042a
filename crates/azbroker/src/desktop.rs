//! What decides which browser can be shown, as this process finds it.

use azbroker_service::Desktop;
use std::{env, fs};

/// The desktop of this process: its variables, and its kernel, which tells WSL where no variable does.
pub(crate) fn desktop() -> Desktop {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Desktop::from_variables(|name| env::var_os(name)).with_kernel(&release)
}
