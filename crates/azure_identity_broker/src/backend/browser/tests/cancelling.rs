//! What is left of a sign-in that the program gives up.

use crate::{
    InteractiveBrowserCredential, InteractiveBrowserCredentialOptions,
    test_broker::VAULT,
    test_cloud::{NO_BUS, Setting},
};
use async_trait::async_trait;
use azbroker_emulator::Behavior;
use azbroker_entra::{Prompt, PromptError};
use azure_core::{credentials::TokenCredential, http::Url};
use std::sync::{Arc, Mutex};
use tokio::{net::TcpStream, runtime::Builder, sync::Notify};

/// A user who leaves the first page alone and signs in at every other.
#[derive(Debug)]
struct LateUser {
    user: Arc<dyn Prompt>,
    left_alone: Mutex<Option<Url>>,
    shown: Notify,
}

#[async_trait]
impl Prompt for LateUser {
    async fn open(&self, url: &Url) -> Result<(), PromptError> {
        let is_first = {
            let mut left_alone = self.left_alone.lock().unwrap();
            let is_first = left_alone.is_none();
            left_alone.get_or_insert_with(|| url.clone());
            is_first
        };
        if is_first {
            self.shown.notify_one();
            return Ok(());
        }
        self.user.open(url).await
    }
}

impl LateUser {
    fn port_left_alone(&self) -> u16 {
        let url = self.left_alone.lock().unwrap().clone().unwrap();
        let (_, redirect) = url
            .query_pairs()
            .find(|(name, _)| name == "redirect_uri")
            .unwrap();
        Url::parse(&redirect).unwrap().port().unwrap()
    }
}

/// The cloud lives on a runtime of its own, so that every task on the client's is the credential's.
#[test]
fn a_sign_in_that_is_given_up_leaves_no_task_and_no_port_and_the_next_one_works() {
    let cloud = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let setting = cloud.block_on(Setting::with(Behavior::Complete));
    let user = Arc::new(LateUser {
        user: setting.user.clone(),
        left_alone: Mutex::default(),
        shown: Notify::new(),
    });
    let mut environment = setting.environment(NO_BUS.to_owned());
    environment.browser = user.clone();
    let mut options = InteractiveBrowserCredentialOptions::default();
    options.client_options.transport = Some(setting.transport());
    let credential = InteractiveBrowserCredential::in_environment(options, environment).unwrap();

    let client = Builder::new_current_thread().enable_all().build().unwrap();
    client.block_on(async {
        tokio::select! {
            _ = credential.get_token(&[VAULT], None) => unreachable!("nobody signs in"),
            () = user.shown.notified() => {}
        }
        let address = ("127.0.0.1", user.port_left_alone());
        assert!(TcpStream::connect(address).await.is_err());
    });
    assert_eq!(client.metrics().num_alive_tasks(), 0);
    client
        .block_on(credential.get_token(&[VAULT], None))
        .unwrap();
}
