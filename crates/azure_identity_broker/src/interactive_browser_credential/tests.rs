use super::*;
use crate::test_broker::{ADA, TestBroker, VAULT, with_default_account};
use crate::{Error, ErrorKind};
use tokio::runtime::Builder;

#[test]
fn a_credential_needs_no_runtime_to_be_made() {
    let credential = InteractiveBrowserCredential::new(None).unwrap();
    let _: Arc<dyn TokenCredential> = credential;
}

#[tokio::test]
async fn wrong_scopes_are_named_before_anybody_is_asked() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    for scopes in [&[][..], &["two words"], &[""], &[" "]] {
        let error = credential.get_token(scopes, None).await.unwrap_err();
        assert_eq!(
            Error::find(&error).unwrap().kind(),
            ErrorKind::InvalidRequest
        );
    }
    assert!(broker.calls().is_empty());
}

#[tokio::test]
async fn a_broker_that_is_turned_off_is_not_asked() {
    let broker = TestBroker::holding(&[ADA]).await;
    let mut options = with_default_account();
    options.broker.enabled = false;
    let credential = broker.credential(options);
    let error = credential.get_token(&[VAULT], None).await.unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::InteractionRequired);
    assert!(broker.calls().is_empty());
}

#[tokio::test]
async fn nothing_shows_a_token() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    let token = credential.get_token(&[VAULT], None).await.unwrap();
    let shown = format!("{credential:?} {:?} {token:?}", credential.inner.flow);
    assert!(!shown.contains(token.token.secret()), "{shown}");
}

/// The broker and its end of the bus live on a runtime of their own, so that every task on the client's is
/// the credential's.
#[test]
fn a_dropped_request_leaves_no_task_behind_and_the_next_one_works() {
    for options in [with_default_account(), Default::default()] {
        let brokers = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let broker = brokers.block_on(TestBroker::holding(&[ADA]));
        let credential = broker.credential(options);
        let clients = Builder::new_current_thread().enable_all().build().unwrap();
        broker.hold();
        clients.block_on(async {
            tokio::select! {
                _ = credential.get_token(&[VAULT], None) => unreachable!("the broker holds it"),
                () = broker.called() => {}
            }
        });
        assert_eq!(clients.metrics().num_alive_tasks(), 0);
        broker.let_through(2);
        let token = clients.block_on(credential.get_token(&[VAULT], None));
        assert!(token.unwrap().token.secret().starts_with("access-token-"));
        assert_eq!(broker.calls().len(), 2);
        assert_eq!(clients.metrics().num_alive_tasks(), 0);
    }
}

/// The answer of a future that waits for nobody: polled once, without a runtime around it.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(answer) => answer,
        std::task::Poll::Pending => panic!("it waits for somebody"),
    }
}

#[tokio::test]
async fn a_cached_token_waits_for_nobody_and_allocates_its_own_text_alone() {
    let broker = TestBroker::holding(&[ADA]).await;
    let credential = broker.credential(with_default_account());
    for _ in 0..2 {
        credential.get_token(&[VAULT], None).await.unwrap();
    }
    let own = allocation_counter::measure(|| {
        let options = AcquireOptions::default();
        at_once(credential.acquire_token(&[VAULT], options)).unwrap();
    });
    assert_eq!(own.count_total, 1, "the text of the token");
    let of_trait = allocation_counter::measure(|| {
        at_once(credential.get_token(&[VAULT], None)).unwrap();
    });
    assert_eq!(of_trait.count_total, 2, "and the box of the trait's future");
    assert_eq!(broker.calls().len(), 1);
}
