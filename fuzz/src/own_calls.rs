use super::{
    replaced,
    service::{MANAGEMENT, SIGN_IN, Service},
    text_of,
};
use std::cell::RefCell;

/// A call of any method of our own interfaces: the first byte chooses the method, the rest is what it is called with.
/// For `begin` the first line is the way, and what follows the request. For `paste` and `wait` a sign-in was begun;
/// `STATE` and `PORT` in the text stand for that one's. Every answer is JSON, and never a D-Bus error.
pub fn own_calls(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else {
        return;
    };
    let Some(text) = text_of(text) else {
        return;
    };
    thread_local!(static SERVICE: RefCell<Service> = RefCell::new(Service::start()));
    SERVICE.with_borrow_mut(|service| {
        let manage = |method| service.answer(MANAGEMENT, method, &("0.0", "", text), LONGEST);
        let changed = match first % 5 {
            0 => {
                let status = manage("getStatus");
                assert_eq!(status["accounts"], 1, "{status}");
                false
            }
            1 => manage("setDefaultAccount")["error"].is_null(),
            2 => manage("removeAllAccounts")["removed"] != 0,
            3 => begin(service, text)["way"] == "browser",
            _ => {
                paste(service, text);
                false
            }
        };
        // What one input changes must not be there for the next one.
        if changed {
            *service = Service::start();
        }
    });
}

fn begin(service: &Service, text: &str) -> serde_json::Value {
    let (way, request) = text.split_once('\n').unwrap_or((text, ""));
    // The page's address has in it what was asked for, each byte as three.
    let longest = LONGEST + 3 * text.len();
    service.answer(SIGN_IN, "begin", &("", way, request), longest)
}

/// Only what has the sign-in's own state ends it.
fn paste(service: &Service, text: &str) {
    let begun = begin(service, &format!("paste\n{REQUEST}"));
    let url = begun["url"].as_str().unwrap_or_else(|| panic!("{begun}"));
    let after = |name| {
        let (_, rest) = url.split_once(name).expect("it is there");
        rest.split('&').next().unwrap_or_default().as_bytes()
    };
    let pasted = replaced(text.as_bytes(), b"STATE", after("&state="));
    let pasted = replaced(
        &pasted,
        b"PORT",
        after("&redirect_uri=http%3A%2F%2Flocalhost%3A"),
    );
    let pasted = String::from_utf8(pasted).expect("of texts");
    let answer = service.answer(SIGN_IN, "paste", &(&*pasted,), LONGEST);
    if answer["error"].is_null() && answer["fault"].is_null() {
        assert!(text.contains("STATE"), "without the state: {answer}");
        for _ in 0..2 {
            let ended = service.answer(SIGN_IN, "wait", &(), LONGEST);
            assert!(ended["error"].is_object(), "nobody can sign in: {ended}");
        }
    }
}

const REQUEST: &str = r#"{"authParameters":{"clientId":"04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "authority":"https://login.microsoftonline.com/organizations",
    "requestedScopes":["https://vault.azure.net/.default"]}}"#;

const LONGEST: usize = 4_000;
