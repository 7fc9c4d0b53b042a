use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

/// Looks at processes, each of which may take for ever: a program that has mounts and memory of its own making can
/// keep whoever looks at it waiting. There are few at a time, and one for each process, however many connections
/// it has.
#[derive(Debug)]
pub(super) struct Looks {
    all: Arc<Semaphore>,
    of_process: Mutex<HashMap<u32, Weak<Semaphore>>>,
    patience: Duration,
}

/// Why a look brought nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoLook {
    /// The process was looked at, for too long.
    TooLong,
    /// It was not looked at: too many looks are under way, or one at the same process.
    NotNow,
}

impl Default for Looks {
    fn default() -> Self {
        Self::new(16, Duration::from_secs(2))
    }
}

impl Looks {
    fn new(most: usize, patience: Duration) -> Self {
        Self {
            all: Arc::new(Semaphore::new(most)),
            of_process: Mutex::default(),
            patience,
        }
    }

    /// Looks at a process on a thread that may wait. The thread counts until it is done, whoever has given it up.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        process: u32,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NoLook> {
        let place = timeout(self.patience, self.place(process)).await;
        let Ok(Some(place)) = place else {
            return Err(NoLook::NotNow);
        };
        let looking = spawn_blocking(move || {
            let _place = place;
            look()
        });
        match timeout(self.patience, looking).await {
            Ok(Ok(looked)) => Ok(looked),
            _ => Err(NoLook::TooLong),
        }
    }

    async fn place(&self, process: u32) -> Option<Place> {
        let one = self.of(process).acquire_owned().await.ok()?;
        let all = self.all.clone().acquire_owned().await.ok()?;
        Some(Place {
            _one: one,
            _all: all,
        })
    }

    fn of(&self, process: u32) -> Arc<Semaphore> {
        let mut all = self
            .of_process
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = all.get(&process).and_then(Weak::upgrade) {
            return one;
        }
        all.retain(|_, one| one.strong_count() > 0);
        let one = Arc::new(Semaphore::new(1));
        all.insert(process, Arc::downgrade(&one));
        one
    }
}

/// A look that is under way.
struct Place {
    _one: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    /// Has a look at a process begin that does not end before this is dropped.
    async fn stuck(looks: &Looks, process: u32) -> (Sender<()>, Result<(), NoLook>) {
        let (ends, end) = channel::<()>();
        let looked = looks
            .look(process, move || end.recv().unwrap_or_default())
            .await;
        (ends, looked)
    }

    #[tokio::test]
    async fn a_process_that_cannot_be_looked_at_takes_one_thread_and_not_all_of_them() {
        let looks = Looks::new(2, Duration::from_millis(20));
        let (first, looked) = stuck(&looks, 1).await;
        assert_eq!(looked, Err(NoLook::TooLong));
        for _ in 0..8 {
            // From another of its connections.
            assert_eq!(looks.look(1, || ()).await, Err(NoLook::NotNow));
        }
        let (second, _) = stuck(&looks, 2).await;
        assert_eq!(looks.look(3, || ()).await, Err(NoLook::NotNow));
        drop(first);
        while looks.look(3, || ()).await.is_err() {}
        while looks.look(1, || ()).await.is_err() {}
        drop(second);
    }
}
