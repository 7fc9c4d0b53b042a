use super::*;
use crate::{
    approvals::ApprovalMode,
    caller::{Program as AskingProgram, Standing},
    configuration::Configuration,
};
use async_trait::async_trait;
use azbroker_emulator::{Behavior, Emulator, SignIn, Visitor, World, default_world};
use azbroker_entra::{Client, CorrelationId, ManualClock, Prompt, PromptError, SystemClock};
use azure_core::{http::Url, time::Duration};
use futures_util::{FutureExt, future::join};
use serde_json::json;
use tokio::sync::Semaphore;

/// A broker that asks nobody for approval, and a user who finishes as many sign-ins as they are told to.
struct Setup {
    broker: Arc<Broker>,
    user: Arc<User>,
    request: Request,
    _emulator: Emulator,
}

#[derive(Debug)]
struct User {
    http: reqwest::Client,
    opened: Semaphore,
    finishes: Semaphore,
}

#[async_trait]
impl Prompt for User {
    async fn open(&self, url: &Url) -> Result<(), PromptError> {
        self.opened.add_permits(1);
        self.finishes.acquire().await.unwrap().forget();
        let sign_in = SignIn {
            username: default_world::ADA.to_owned(),
            password: default_world::ADA_PASSWORD.to_owned(),
            behavior: Behavior::Complete,
        };
        let visitor = Visitor::with_client(self.http.clone(), sign_in).unwrap();
        visitor.visit(url.as_str()).await.unwrap();
        Ok(())
    }
}

impl Setup {
    async fn new(sign_in_deadline: Duration) -> Self {
        let emulator = Emulator::start(World::default()).await.unwrap();
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let user = Arc::new(User {
            http: emulator.http_client(),
            opened: Semaphore::new(0),
            finishes: Semaphore::new(0),
        });
        let configuration = Configuration {
            approvals: ApprovalMode::SameUser,
            sign_in_deadline,
            ..Configuration::default()
        };
        let request = json!({ "authParameters": {
            "clientId": ClientId::AZURE_CLI,
            "authority": "https://login.microsoftonline.com/organizations",
            "requestedScopes": ["https://vault.azure.net/.default"],
        }});
        let id = CorrelationId::new_v4();
        let request = Request::read(&request.to_string(), id, &configuration).unwrap();
        let broker = Broker::new(
            configuration,
            Client::new(Some(Arc::new(emulator.http_client())), clock.clone()),
            user.clone(),
            clock,
            None,
        );
        Self {
            broker: Arc::new(broker),
            user,
            request,
            _emulator: emulator,
        }
    }

    async fn asks(&self, caller: &Caller) -> Result<Issued, Denial> {
        self.broker
            .acquire_token_interactively(&self.request, caller)
            .await
    }

    /// Waits for this many more pages.
    async fn pages_open(&self, pages: u32) {
        self.user.opened.acquire_many(pages).await.unwrap().forget();
    }
}

fn program(name: &str) -> Caller {
    let identity = Identity::Executable(format!("/usr/bin/{name}").into());
    Caller {
        name: None,
        program: Arc::new(AskingProgram::new(identity, Standing::Other, 1)),
    }
}

fn token(issued: &Result<Issued, Denial>) -> &str {
    issued.as_ref().unwrap().token.access_token.secret()
}

#[tokio::test]
async fn other_programs_share_a_sign_in_that_ends_soon() {
    let setup = Setup::new(Duration::minutes(4)).await;
    let (one, two) = (program("one"), program("two"));
    let mut first = Box::pin(setup.asks(&one));
    tokio::select! {
        _ = &mut first => panic!("nobody has signed in"),
        () = setup.pages_open(1) => {}
    }
    let mut others: Vec<_> = [&two, &one, &two, &one]
        .map(|caller| Box::pin(setup.asks(caller)))
        .into();
    for other in &mut others {
        assert!(other.now_or_never().is_none(), "it waits");
    }
    setup.user.finishes.add_permits(1);
    let (first, others) = join(first, futures_util::future::join_all(others)).await;
    for other in &others {
        assert_eq!(token(other), token(&first));
    }
    assert_eq!(setup.user.opened.available_permits(), 0, "one page did");
}

#[tokio::test]
async fn nobody_waits_to_the_end_for_another_program_but_its_own_requests_do() {
    let setup = Setup::new(Duration::seconds(10)).await;
    let (one, two) = (program("one"), program("two"));
    let mut first = Box::pin(setup.asks(&one));
    tokio::select! {
        _ = &mut first => panic!("nobody has signed in"),
        () = setup.pages_open(1) => {}
    }
    // Of one program's burst the first has a page, however many there are.
    let again = Box::pin(setup.asks(&one));
    let mut burst = Box::pin(join(setup.asks(&two), setup.asks(&two)));
    tokio::select! {
        _ = &mut first => panic!("nobody has signed in"),
        _ = again => panic!("a page of its own program stands"),
        _ = &mut burst => panic!("nobody has signed in"),
        () = setup.pages_open(1) => {}
    }
    setup.user.finishes.add_permits(2);
    let (first, burst) = join(first, burst).await;
    assert!(first.is_ok());
    assert_eq!(token(&burst.0), token(&burst.1));
    assert_eq!(setup.user.opened.available_permits(), 0, "two pages did");
}

#[tokio::test]
async fn programs_that_nothing_is_known_of_are_told_apart_by_their_process() {
    let unknown = |process| Caller {
        name: None,
        program: Arc::new(AskingProgram::not_looked_at(process, "it is a test")),
    };
    let setup = Setup::new(Duration::milliseconds(200)).await;
    let time = || TimeLeft::of(Duration::milliseconds(200), setup.broker.clock.as_ref());
    let turn = async |caller: &Caller| setup.broker.turn(&setup.request, caller, &time()).await;
    let held = turn(&unknown(1)).await;
    assert!(matches!(held, Ok(Begun::Turn(_))));
    assert!(matches!(turn(&unknown(2)).await, Ok(Begun::Turn(_))));
    let denial = turn(&unknown(1)).await.unwrap_err();
    assert_eq!(
        denial.context,
        "another sign-in of this program was not finished in time; try again"
    );
    drop(held);
    assert!(matches!(turn(&unknown(1)).await, Ok(Begun::Turn(_))));
}
