use crate::{caller::Place, denial::Denial};
use azbroker_protocol::Status;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How much may be under way at a time, so that one program cannot keep the others from the broker.
#[derive(Clone, Debug)]
pub(crate) struct Limit(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    per_caller: usize,
    in_all: usize,
    under_way: Mutex<UnderWay>,
}

#[derive(Debug, Default)]
struct UnderWay {
    of_caller: HashMap<Place, usize>,
    in_all: usize,
}

impl Limit {
    pub(crate) fn new(per_caller: usize, in_all: usize) -> Self {
        Self(Arc::new(Shared {
            per_caller,
            in_all,
            under_way: Mutex::default(),
        }))
    }

    /// Counts one more until the guard is dropped.
    ///
    /// # Errors
    ///
    /// A denial when there are as many as there may be.
    pub(crate) fn enter(&self, caller: &Place) -> Result<Entered, Denial> {
        let mut under_way = self.lock();
        if under_way.of_caller.get(caller).copied().unwrap_or_default() >= self.0.per_caller {
            return Err(Denial::new(
                Status::TransientError,
                "too many requests are under way from this program; try again",
            ));
        }
        if under_way.in_all >= self.0.in_all {
            return Err(Denial::new(
                Status::TransientError,
                "too many requests are under way; try again",
            ));
        }
        under_way.in_all += 1;
        *under_way.of_caller.entry(caller.clone()).or_default() += 1;
        Ok(Entered {
            limit: self.clone(),
            caller: caller.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that is under way.
#[derive(Debug)]
pub(crate) struct Entered {
    limit: Limit,
    caller: Place,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut under_way = self.limit.lock();
        under_way.in_all = under_way.in_all.saturating_sub(1);
        if let Some(left) = under_way.of_caller.get_mut(&self.caller) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                under_way.of_caller.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(process: u32) -> Place {
        Place::Process(process)
    }

    #[test]
    fn each_caller_has_its_own_limit_and_all_have_one_together() {
        let limit = Limit::new(2, 3);
        let (one, two) = (caller(1), caller(2));
        let first = limit.enter(&one).unwrap();
        let _second = limit.enter(&one).unwrap();
        assert_eq!(
            limit.enter(&one).unwrap_err().context,
            "too many requests are under way from this program; try again"
        );
        let _third = limit.enter(&two).unwrap();
        assert_eq!(
            limit.enter(&two).unwrap_err().context,
            "too many requests are under way; try again"
        );
        drop(first);
        limit.enter(&two).unwrap();
    }

    #[test]
    fn who_has_nothing_under_way_is_forgotten() {
        let limit = Limit::new(2, 3);
        drop(limit.enter(&caller(1)).unwrap());
        let under_way = limit.lock();
        assert!(under_way.of_caller.is_empty());
        assert_eq!(under_way.in_all, 0);
    }
}
