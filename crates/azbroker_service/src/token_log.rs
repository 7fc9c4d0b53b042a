//! Which program got which token, or was refused one: written for the user, who reads it with `azbroker log`.
//! No token is in it.

mod budget;
mod entry;
mod program;
mod repeated;
mod waiting;
mod writer;

use crate::{
    approvals::Resource, broker::Issued, caller::Caller, denial::Denial, request::Request,
};
use azbroker_entra::{ClientId, Clock, CorrelationId};
use azure_core::time::to_rfc3339;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use entry::plain;
pub use entry::{LogEntry, Outcome, Source};
use waiting::Waiting;
use writer::Writer;

/// Takes entries from those who answer, who never wait for the disk.
#[derive(Debug)]
pub(crate) struct TokenLog {
    folder: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    waiting: OnceLock<Arc<Waiting>>,
}

impl TokenLog {
    /// A log in a state folder; without one nothing is logged. It does no work before the first entry.
    pub(crate) fn new(folder: Option<&Path>, clock: Arc<dyn Clock>) -> Self {
        Self {
            folder: folder.map(Path::to_owned),
            clock,
            waiting: OnceLock::new(),
        }
    }

    /// Logs how a request ended.
    pub(crate) fn record(
        &self,
        caller: &Caller,
        request: &Request,
        result: Result<&Issued, &Denial>,
    ) {
        let (account, outcome) = match result {
            Ok(issued) => (
                Some(issued.account.username.as_str()),
                Outcome::Given {
                    source: issued.source,
                },
            ),
            Err(denial) => (
                denial.account().or(request.subject.username()),
                refused(denial),
            ),
        };
        let asked = Some((&request.client_id, &request.resource));
        self.write(caller, asked, account, outcome, request.correlation_id);
    }

    /// Logs the refusal of a request that was not read, or makes no sense.
    pub(crate) fn record_unread(
        &self,
        caller: &Caller,
        correlation_id: CorrelationId,
        denial: &Denial,
    ) {
        self.write(caller, None, None, refused(denial), correlation_id);
    }

    fn write(
        &self,
        caller: &Caller,
        asked: Option<(&ClientId, &Resource)>,
        account: Option<&str>,
        outcome: Outcome,
        correlation_id: CorrelationId,
    ) {
        let Some(folder) = &self.folder else { return };
        let waiting = self.waiting.get_or_init(|| {
            let waiting = Arc::new(Waiting::default());
            tokio::spawn(Writer::new(folder, waiting.clone(), self.clock.clone()).run());
            waiting
        });
        let on = self.clock.now();
        let resource = asked.map(|(_, resource)| resource.to_string());
        let mut id = [0; 36];
        let entry = LogEntry {
            time: to_rfc3339(&on).into(),
            program: caller.program.name.as_str().into(),
            process: caller.program.process,
            client_id: asked.map(|(client_id, _)| client_id.as_str().into()),
            account: account.map(plain),
            resource: resource.as_deref().map(plain),
            outcome,
            correlation_id: (&*correlation_id.hyphenated().encode_lower(&mut id)).into(),
        };
        if !waiting.put(on, entry) {
            tracing::warn!("an entry of the log of tokens is lost: the disk does not keep up");
        }
    }
}

fn refused(denial: &Denial) -> Outcome {
    Outcome::Refused {
        status: denial.status.number(),
        reason: plain(&denial.context).into_owned(),
        times: 1,
        several_kinds: false,
    }
}
