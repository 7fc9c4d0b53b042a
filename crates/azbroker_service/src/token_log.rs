//! Which program got which token, or was refused one: written for the user, who reads it with `azbroker log`.
//! No token is in it.

mod entry;
mod repeated;
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

use entry::cut;
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
    asked: Option<Asked>,
    account: Option<String>,
    correlation_id: CorrelationId,
    outcome: Outcome,
}

/// What was asked for, where the request could be read.
#[derive(Debug)]
struct Asked {
    client_id: ClientId,
    resource: Resource,
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
        if self.folder.is_none() {
            return;
        }
        let (account, outcome) = match result {
            Ok(issued) => (
                Some(issued.account.username.clone()),
                Outcome::Given {
                    source: issued.source,
                },
            ),
            Err(denial) => (request.subject.username().map(cut), refused(denial)),
        };
        self.write(Record {
            on: self.clock.now(),
            caller: caller.clone(),
            asked: Some(Asked {
                client_id: request.client_id.clone(),
                resource: request.resource.clone(),
            }),
            account,
            correlation_id: request.correlation_id,
            outcome,
        });
    }

    /// Logs the refusal of a request that was not read, or makes no sense.
    pub(crate) fn record_unread(
        &self,
        caller: &Caller,
        correlation_id: CorrelationId,
        denial: &Denial,
    ) {
        self.write(Record {
            on: self.clock.now(),
            caller: caller.clone(),
            asked: None,
            account: None,
            correlation_id,
            outcome: refused(denial),
        });
    }

    fn write(&self, record: Record) {
        /// More than the disk can be behind with, unless it hangs.
        const MOST: usize = 4_096;
        let Some(folder) = &self.folder else { return };
        let entries = self.entries.get_or_init(|| {
            let (entries, waiting) = mpsc::channel(MOST);
            tokio::spawn(Writer::new(folder, waiting).run());
            entries
        });
        if entries.try_send(record).is_err() {
            tracing::warn!("an entry of the log of tokens is lost: the disk does not keep up");
        }
    }
}

fn refused(denial: &Denial) -> Outcome {
    Outcome::Refused {
        status: denial.status.number(),
        reason: cut(&denial.context),
        times: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use azbroker_protocol::Status;

    #[test]
    fn no_more_of_a_refusal_waits_for_the_disk_than_is_written() {
        let long = "x".repeat(256 * 1024);
        let denial = Denial::new(Status::ApiContractViolation, long);
        let Outcome::Refused { reason, .. } = refused(&denial) else {
            unreachable!("it is refused");
        };
        assert_eq!((reason.len(), reason.capacity() < 4096), (500, true));
    }
}
