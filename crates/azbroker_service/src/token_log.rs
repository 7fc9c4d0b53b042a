//! Which program got which token, or was refused one: written for the user, who reads it with `azbroker log`.
//! No token is in it.

mod entry;
mod writer;

use crate::{
    approvals::Resource, broker::Issued, caller::Caller, denial::Denial, request::Request,
};
use azbroker_entra::{ClientId, Clock, CorrelationId};
use azure_core::time::OffsetDateTime;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use tokio::sync::mpsc;

pub use entry::{LogEntry, Outcome, Source};
use writer::Writer;

/// Takes entries from those who answer, who never wait for the disk.
#[derive(Debug)]
pub(crate) struct TokenLog {
    folder: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    entries: OnceLock<mpsc::Sender<Record>>,
}

/// An entry before it is put into words.
#[derive(Debug)]
struct Record {
    on: OffsetDateTime,
    caller: Caller,
    client_id: ClientId,
    account: Option<String>,
    resource: Resource,
    correlation_id: CorrelationId,
    outcome: Outcome,
}

impl TokenLog {
    /// A log in a state folder; without one nothing is logged. It does no work before the first entry.
    pub(crate) fn new(folder: Option<&Path>, clock: Arc<dyn Clock>) -> Self {
        Self {
            folder: folder.map(Path::to_owned),
            clock,
            entries: OnceLock::new(),
        }
    }

    /// Logs how a request ended.
    pub(crate) fn record(
        &self,
        caller: &Caller,
        request: &Request,
        result: Result<&Issued, &Denial>,
    ) {
        /// More than the disk can be behind with, unless it hangs.
        const MOST: usize = 4_096;
        let Some(folder) = &self.folder else { return };
        let entries = self.entries.get_or_init(|| {
            let (entries, waiting) = mpsc::channel(MOST);
            tokio::spawn(Writer::new(folder, waiting).run());
            entries
        });
        let (account, outcome) = match result {
            Ok(issued) => (
                Some(issued.account.username.clone()),
                Outcome::Given {
                    source: issued.source,
                },
            ),
            Err(denial) => (
                request.subject.username().map(str::to_owned),
                Outcome::Refused {
                    status: denial.status.number(),
                    reason: denial.context.clone(),
                },
            ),
        };
        let record = Record {
            on: self.clock.now(),
            caller: caller.clone(),
            client_id: request.client_id.clone(),
            account,
            resource: request.resource.clone(),
            correlation_id: request.correlation_id,
            outcome,
        };
        if entries.try_send(record).is_err() {
            tracing::warn!("an entry of the log of tokens is lost: the disk does not keep up");
        }
    }
}
