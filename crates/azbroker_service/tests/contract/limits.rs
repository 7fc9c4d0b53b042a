use crate::setup::{Setup, access_token, context, status};
use azbroker_emulator::{Fault, Target};
use futures_util::future::join_all;
use std::time::Duration;

#[tokio::test]
async fn the_seventeenth_waiting_sign_in_of_a_caller_is_refused_and_the_first_still_completes() {
    let setup = Setup::new().await;
    let late = Fault::Delay(Duration::from_secs(1));
    setup.emulator.faults().next(1, Target::Token, late);
    let answers = join_all((0..17).map(|_| setup.interactive())).await;
    let (refused, done): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| status(answer).is_some());
    assert_eq!((refused.len(), done.len()), (1, 16));
    assert_eq!(
        (status(refused[0]), context(refused[0])),
        (
            Some(15),
            "too many requests are under way from this program; try again"
        )
    );
    assert!(
        done.iter()
            .all(|answer| access_token(answer) == access_token(done[0]))
    );
    assert_eq!(
        status(&setup.interactive().await),
        None,
        "there is room again"
    );
}

#[tokio::test]
async fn too_many_silent_requests_of_a_caller_are_refused_and_the_others_answered() {
    let setup = Setup::new().await;
    setup.sign_in(azbroker_emulator::default_world::ADA).await;
    setup.let_pass(56);
    let late = Fault::Delay(Duration::from_secs(1));
    setup.emulator.faults().next(1, Target::Token, late);
    let answers = join_all((0..130).map(|_| setup.silent())).await;
    let refused = answers
        .iter()
        .filter(|answer| status(answer) == Some(15))
        .count();
    let answered = answers
        .iter()
        .filter(|answer| status(answer).is_none())
        .count();
    assert_eq!((refused, answered), (2, 128));
}
