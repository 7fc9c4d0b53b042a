use azbroker_entra::Clock;
use azure_core::time::{Duration, OffsetDateTime};
use std::sync::Arc;
use tokio::sync::watch;

/// What a broker is doing, so that it ends neither under anybody's hands nor for nothing.
#[derive(Debug)]
pub(crate) struct Activity {
    clock: Arc<dyn Clock>,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// Calls that are not answered yet.
    calls: usize,
    /// Grants at the authority, or on their way into the store.
    redemptions: usize,
    /// When the last call came or was answered.
    last: OffsetDateTime,
}

impl Activity {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State {
            calls: 0,
            redemptions: 0,
            last: clock.now(),
        };
        Self {
            clock,
            state: watch::Sender::new(state),
        }
    }

    /// Counts a call until the guard is dropped.
    pub(crate) fn call(self: &Arc<Self>) -> UnderWay {
        self.begin(|state| &mut state.calls)
    }

    /// Counts a redemption until the guard is dropped: from before the grant is sent until what came for it
    /// is saved.
    pub(crate) fn redemption(self: &Arc<Self>) -> UnderWay {
        self.begin(|state| &mut state.redemptions)
    }

    fn begin(self: &Arc<Self>, counter: fn(&mut State) -> &mut usize) -> UnderWay {
        let now = self.clock.now();
        self.state.send_modify(|state| {
            *counter(state) += 1;
            state.last = now;
        });
        UnderWay {
            activity: self.clone(),
            counter,
        }
    }

    /// Waits until there was nothing to do for this long.
    pub(crate) async fn idle_for(&self, time: Duration) {
        let mut changes = self.state.subscribe();
        loop {
            // The sender is ours, so there is always a state.
            let Ok(last) = changes.wait_for(State::is_idle).await.map(|idle| idle.last) else {
                return;
            };
            // A clock that was set back must not keep the broker for long.
            let left = (last + time - self.clock.now()).min(time);
            if !left.is_positive() {
                return;
            }
            // Whatever came meanwhile is seen in the next round.
            self.clock.wait(left).await;
        }
    }

    /// Waits until no refresh token is under way that could be lost.
    pub(crate) async fn nothing_redeemed(&self) {
        let mut changes = self.state.subscribe();
        let _ = changes.wait_for(|state| state.redemptions == 0).await;
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.calls == 0 && self.redemptions == 0
    }
}

/// One thing that is under way.
#[derive(Debug)]
pub(crate) struct UnderWay {
    activity: Arc<Activity>,
    counter: fn(&mut State) -> &mut usize,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let now = self.activity.clock.now();
        self.activity.state.send_modify(|state| {
            let counted = (self.counter)(state);
            *counted = counted.saturating_sub(1);
            state.last = now;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use azbroker_entra::ManualClock;

    const MINUTE: Duration = Duration::minutes(1);

    fn clock_and_activity() -> (Arc<ManualClock>, Arc<Activity>) {
        let clock = Arc::new(ManualClock::new(OffsetDateTime::UNIX_EPOCH));
        let activity = Arc::new(Activity::new(clock.clone()));
        (clock, activity)
    }

    /// Lets a task go as far as it can.
    async fn settle() {
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_call_begins_the_idle_time_anew() {
        let (clock, activity) = clock_and_activity();
        let idle = tokio::spawn({
            let activity = activity.clone();
            async move { activity.idle_for(MINUTE).await }
        });
        settle().await;
        clock.advance(MINUTE / 2);
        drop(activity.call());
        settle().await;
        clock.advance(MINUTE / 2);
        settle().await;
        assert!(!idle.is_finished(), "half a minute after the call");
        clock.advance(MINUTE / 2);
        idle.await.unwrap();
    }

    #[tokio::test]
    async fn who_waits_for_an_answer_keeps_the_broker() {
        let (clock, activity) = clock_and_activity();
        let sign_in = activity.call();
        let idle = tokio::spawn({
            let activity = activity.clone();
            async move { activity.idle_for(MINUTE).await }
        });
        clock.advance(MINUTE * 10);
        settle().await;
        assert!(!idle.is_finished(), "a call is under way");
        drop(sign_in);
        settle().await;
        assert!(!idle.is_finished(), "it was answered just now");
        clock.advance(MINUTE);
        idle.await.unwrap();
    }

    #[tokio::test]
    async fn a_sign_in_that_waits_for_the_user_is_no_redemption() {
        let (_clock, activity) = clock_and_activity();
        let _sign_in = activity.call();
        activity.nothing_redeemed().await;
        let redemption = activity.redemption();
        let waiting = tokio::spawn({
            let activity = activity.clone();
            async move { activity.nothing_redeemed().await }
        });
        settle().await;
        assert!(!waiting.is_finished());
        drop(redemption);
        waiting.await.unwrap();
    }
}
