use super::{
    service::{CONTRACT, Service},
    text_of,
};
use std::cell::RefCell;

/// A call of any method of the contract with any request: the first byte chooses the method, the rest is the request.
/// Every answer is JSON, and never a D-Bus error; no answer is long, whatever was sent.
pub fn service_calls(bytes: &[u8]) {
    let Some((first, request)) = bytes.split_first() else {
        return;
    };
    let Some(request) = text_of(request) else {
        return;
    };
    let method = METHODS[usize::from(*first) % METHODS.len()];
    let answer = |service: &Service| {
        let texts = ("0.0", "", request);
        service.answer(CONTRACT, method, &texts, LONGEST)
    };
    thread_local! {
        static SERVICE: Service = Service::start();
        static REMOVING: RefCell<Service> = RefCell::new(Service::start());
    }
    if method != "removeAccount" {
        SERVICE.with(|service| drop(answer(service)));
        return;
    }
    // A service of its own: another one has to begin anew when its account is gone, and would make its key of proofs
    // again, which takes longer than all the rest.
    REMOVING.with_borrow_mut(|service| {
        if answer(service)["removed"] == true {
            *service = Service::start();
        }
    });
}

const METHODS: [&str; 8] = [
    "acquireTokenSilently",
    "getAccounts",
    "acquireTokenInteractively",
    "removeAccount",
    "cancelInteractiveFlow",
    "getLinuxBrokerVersion",
    "acquirePrtSsoCookie",
    "generateSignedHttpRequest",
];

const LONGEST: usize = 4_000;
