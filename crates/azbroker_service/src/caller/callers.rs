use super::{
    Caller, CallerName, Place,
    identity::Identity,
    looks::{Looks, NoLook},
    process::{Credentials, Own, look},
    program::{Program, Standing},
};
use futures_util::StreamExt;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};
use tokio::{sync::OnceCell, task::JoinSet};
use zbus::{
    Connection, MatchRule, MessageStream,
    fdo::{ConnectionCredentials, DBusProxy},
    message::Type,
    names::OwnedUniqueName,
};

/// The callers of one connection to a bus. Each is looked at once: a unique name is never given to another.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    known: Arc<Known>,
    bus: OnceCell<Bus>,
}

#[derive(Debug, Default)]
struct Known {
    names: Mutex<HashMap<OwnedUniqueName, Arc<Name>>>,
}

/// What is known of a name.
#[derive(Debug, Default)]
struct Name {
    process: OnceCell<u32>,
    /// What the bus said with that, until the process is looked at: the handle in it is one of few.
    said: Mutex<Option<ConnectionCredentials>>,
    program: OnceCell<Arc<Program>>,
}

/// The bus, and what the broker is to it.
#[derive(Debug)]
struct Bus {
    proxy: DBusProxy<'static>,
    uid: Option<u32>,
    /// Or why processes cannot be compared with it.
    own: Result<Own, &'static str>,
    looks: Looks,
    /// Hears who leaves. It ends with this: it holds on to the connection.
    _leaving: JoinSet<()>,
}

impl Callers {
    /// Who has this name. It is asked for once; after that it costs a look into a table.
    pub(crate) async fn of(&self, connection: &Connection, name: &CallerName) -> Caller {
        let Some(unique) = name else {
            return Caller::unknown(None, "it is not on a bus");
        };
        let known = self.known.name(unique);
        let looked = match known.program.get() {
            Some(program) => Ok(program),
            // It is large, and there for the first call of a program alone.
            None => {
                Box::pin(known.program.get_or_try_init(|| async {
                    let said = known.take_said();
                    let bus = self.bus(connection).await?;
                    bus.look(unique, said).await.map(Arc::new)
                }))
                .await
            }
        };
        match looked {
            Ok(program) => Caller {
                name: name.clone(),
                program: program.clone(),
            },
            Err(why) => Caller::unknown(name.clone(), why),
        }
    }

    /// Where calls of this name come from. The bus is asked once, and the process not at all.
    pub(crate) async fn place(&self, connection: &Connection, name: &CallerName) -> Place {
        let Some(unique) = name else {
            return Place::Connection(None);
        };
        let known = self.known.name(unique);
        let process = match known.process.get() {
            Some(process) => Ok(process),
            None => {
                Box::pin(known.process.get_or_try_init(|| async {
                    let bus = self.bus(connection).await.map_err(drop)?;
                    let said = credentials(&bus.proxy, unique).await.ok_or(())?;
                    let process = said.process_id().filter(|process| *process > 0).ok_or(())?;
                    known.keep_said(said);
                    Ok::<_, ()>(process)
                }))
                .await
            }
        };
        match process {
            Ok(process) => Place::Process(*process),
            Err(()) => Place::Connection(name.clone()),
        }
    }

    /// Who has this name, as far as it is known without looking.
    pub(crate) fn known(&self, name: &CallerName, place: &Place) -> Caller {
        const WHY: &str = "it asked too much at a time to be looked at";
        let known = name.as_ref().map(|unique| self.known.name(unique));
        let looked = known.and_then(|known| {
            known.take_said();
            known.program.get().cloned()
        });
        let program = looked.unwrap_or_else(|| {
            Arc::new(match place {
                Place::Process(process) => Program::not_looked_at(*process, WHY),
                Place::Connection(_) => Program::unknown(WHY),
            })
        });
        Caller {
            name: name.clone(),
            program,
        }
    }

    async fn bus(&self, connection: &Connection) -> Result<&Bus, &'static str> {
        self.bus
            .get_or_try_init(|| Bus::meet(connection, &self.known))
            .await
    }
}

impl Known {
    fn name(&self, name: &OwnedUniqueName) -> Arc<Name> {
        /// Should the bus not tell who leaves, there is an end all the same.
        const MOST: usize = 4_096;
        let mut names = self.lock();
        if let Some(known) = names.get(name) {
            return known.clone();
        }
        if names.len() >= MOST {
            names.clear();
        }
        names.entry(name.clone()).or_default().clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OwnedUniqueName, Arc<Name>>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Name {
    fn keep_said(&self, said: ConnectionCredentials) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
    }

    fn take_said(&self) -> Option<ConnectionCredentials> {
        self.said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Bus {
    async fn meet(connection: &Connection, known: &Arc<Known>) -> Result<Self, &'static str> {
        const SILENT: &str = "the bus does not say whose it is";
        let proxy = DBusProxy::new(connection).await.map_err(|_| SILENT)?;
        let name = connection.unique_name().ok_or("it is not on a bus")?;
        let credentials = credentials(&proxy, name).await.ok_or(SILENT)?;
        // Numbers of processes mean nothing to those who count them from another place.
        let own = match credentials.process_id() == Some(std::process::id()) {
            true => {
                let bus = proxy.inner().destination().to_owned();
                let bus = proxy.get_connection_credentials(bus).await.ok();
                let bus = bus.and_then(|bus| bus.process_id());
                Own::look(bus).map_err(|_| "the broker cannot look at processes")
            }
            false => Err("the bus runs where processes have other numbers"),
        };
        let mut hears = JoinSet::new();
        match leaving(connection).await {
            Ok(leaving) => drop(hears.spawn(forget(leaving, Arc::downgrade(known)))),
            Err(error) => tracing::debug!("the bus does not tell who leaves: {error}"),
        }
        Ok(Self {
            proxy,
            uid: credentials.unix_user_id(),
            own,
            looks: Looks::default(),
            _leaving: hears,
        })
    }

    async fn look(
        &self,
        name: &OwnedUniqueName,
        said: Option<ConnectionCredentials>,
    ) -> Result<Program, &'static str> {
        let credentials = match said {
            Some(said) => said,
            None => credentials(&self.proxy, name)
                .await
                .ok_or("the bus does not say whose it is")?,
        };
        let process = credentials.process_id().filter(|process| *process > 0);
        if credentials.unix_user_id().is_none() || credentials.unix_user_id() != self.uid {
            let identity = Identity::Unknown("it runs as another user of this machine");
            let program = Program::new(identity, Standing::Foreign, process.unwrap_or_default());
            return Ok(Program { process, ..program });
        }
        let process = process.ok_or("the bus does not know its process")?;
        let label = credentials.linux_security_label();
        let credentials = Credentials {
            process,
            label: label.map_or_else(String::new, |label| {
                String::from_utf8_lossy(label).into_owned()
            }),
            handle: credentials
                .process_fd()
                .and_then(|handle| std::os::fd::AsFd::as_fd(handle).try_clone_to_owned().ok()),
        };
        let own = self.own.clone()?;
        let looked = self.looks.look(process, move || look(&own, credentials));
        match looked.await {
            Ok(looked) => looked,
            // It is remembered, lest each of its calls waits.
            Err(NoLook::TooLong) => Ok(Program::not_looked_at(
                process,
                "its process could not be looked at in time; start it again",
            )),
            Err(NoLook::NotNow) => {
                Err("too many processes are looked at, or this one already is; try again")
            }
        }
    }
}

async fn credentials(bus: &DBusProxy<'_>, name: &OwnedUniqueName) -> Option<ConnectionCredentials> {
    let name = name.as_str().try_into().ok()?;
    bus.get_connection_credentials(name).await.ok()
}

/// The bus's signals about names that nobody has any more.
async fn leaving(connection: &Connection) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.DBus")?
        .interface("org.freedesktop.DBus")?
        .member("NameOwnerChanged")?
        .arg(2, "")?
        .build();
    MessageStream::for_match_rule(rule, connection, None).await
}

async fn forget(mut leaving: MessageStream, known: Weak<Known>) {
    while let Some(change) = leaving.next().await {
        let Some(known) = known.upgrade() else {
            return;
        };
        let Ok(change) = change else { continue };
        let body = change.body();
        let Ok((name, _, _)) = body.deserialize::<(&str, &str, &str)>() else {
            continue;
        };
        if let Ok(name) = OwnedUniqueName::try_from(name) {
            known.lock().remove(&name);
        }
    }
}

#[cfg(test)]
mod tests;
