use super::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const STATE: &str = "the-state";

/// A listener that waits, and its port.
async fn waiting() -> (u16, tokio::task::JoinHandle<Redirect>) {
    let listener = RedirectListener::bind(LoopbackRedirect::default())
        .await
        .unwrap();
    let port = listener.listener.port();
    (port, tokio::spawn(listener.receive(STATE.to_owned())))
}

/// Sends bytes as they are and returns the whole answer.
async fn send(address: &str, port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect((address, port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn get(port: u16, target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n")
}

#[tokio::test]
async fn the_redirect_is_received_and_the_browser_gets_the_last_page() {
    let (port, waiting) = waiting().await;
    let request = get(
        port,
        &format!("/?code=the-code&state={STATE}&session_state=x"),
    );
    let browser = tokio::spawn(async move { send("127.0.0.1", port, &request).await });
    let redirect = waiting.await.unwrap();
    assert_eq!(redirect.outcome.as_ref().unwrap().expose(), "the-code");
    redirect.finish(LastPage::SignedIn).await;
    let page = browser.await.unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("You are signed in"), "{page}");
    assert!(
        !page.contains("the-code") && !page.contains(STATE),
        "{page}"
    );
}

#[tokio::test]
async fn a_redirect_of_somebody_who_has_no_more_to_say_is_received() {
    let (port, waiting) = waiting().await;
    let request = get(port, &format!("/?code=the-code&state={STATE}"));
    let browser = tokio::spawn(async move {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).await.unwrap();
        page
    });
    let redirect = waiting.await.unwrap();
    assert_eq!(redirect.outcome.as_ref().unwrap().expose(), "the-code");
    redirect.finish(LastPage::SignedIn).await;
    assert!(browser.await.unwrap().contains("You are signed in"));
}

#[tokio::test]
async fn requests_that_are_not_the_redirect_change_nothing() {
    let (port, waiting) = waiting().await;
    for request in [
        get(port, "/?code=stolen&state=wrong"),
        get(port, "/?code=stolen"),
        get(port, &format!("/other?code=stolen&state={STATE}")),
        get(port, &format!("/?code=a&code=b&state={STATE}")),
        get(port, &format!("/?code=a&error=b&state={STATE}")),
        get(port, &format!("/?code=&state={STATE}")),
        get(port, "/favicon.ico"),
        format!(
            "POST /?code=a&state={STATE} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 0\r\n\r\n"
        ),
        format!("GET /?code=a&state={STATE} HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n"),
        format!("GET /?code=a&state={STATE} HTTP/1.1\r\n\r\n"),
    ] {
        let answer = send("127.0.0.1", port, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{request} -> {answer}");
    }
    assert!(
        send("127.0.0.1", port, "garbage\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 400")
    );
    assert!(!waiting.is_finished());

    let request = get(
        port,
        &format!("/?error=access_denied&error_description=AADSTS65004%3A+no&state={STATE}"),
    );
    let browser = tokio::spawn(async move { send("127.0.0.1", port, &request).await });
    let redirect = waiting.await.unwrap();
    assert_eq!(redirect.outcome.as_ref().unwrap_err().codes(), [65004]);
    redirect.finish(LastPage::Declined).await;
    assert!(browser.await.unwrap().contains("Sign-in declined"));
    assert!(
        TcpStream::connect(("127.0.0.1", port)).await.is_err(),
        "single use"
    );
}

#[tokio::test]
async fn both_loopback_addresses_are_listened_on() {
    let listener = RedirectListener::bind(LoopbackRedirect::default())
        .await
        .unwrap();
    if TcpListener::bind("[::1]:0").await.is_err() {
        return; // no IPv6 on this machine
    }
    let port = listener.listener.port();
    let waiting = tokio::spawn(listener.receive(STATE.to_owned()));
    let request = get(port, &format!("/?code=c&state={STATE}"));
    let browser = tokio::spawn(async move { send("::1", port, &request).await });
    waiting
        .await
        .unwrap()
        .finish(LastPage::Failed("refused (AADSTS53003)".to_owned()))
        .await;
    assert!(browser.await.unwrap().contains("AADSTS53003"));
}

#[tokio::test]
async fn connections_that_say_nothing_do_not_hold_up_the_redirect() {
    let (port, waiting) = waiting().await;
    let mut idle = Vec::new();
    for _ in 0..MOST_CONNECTIONS * 4 {
        idle.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    }
    let request = get(port, &format!("/?code=c&state={STATE}"));
    let browser = tokio::spawn(async move { send("127.0.0.1", port, &request).await });
    waiting.await.unwrap().finish(LastPage::SignedIn).await;
    assert!(browser.await.unwrap().contains("You are signed in"));
}

#[tokio::test]
async fn whose_a_connection_is_is_looked_up_for_the_redirect_alone_and_nobody_waits_for_it() {
    // As if the kernel's table took for ever to read.
    let reading = crate::loopback_peer::READING.acquire().await.unwrap();
    let (port, waiting) = waiting().await;
    let redirect = get(port, &format!("/?code=c&state={STATE}"));
    let browser = tokio::spawn(async move { send("127.0.0.1", port, &redirect).await });
    for _ in 0..MOST_CONNECTIONS * 4 {
        let answer = send("127.0.0.1", port, &get(port, "/?code=stolen&state=wrong")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert!(!waiting.is_finished(), "nobody is believed meanwhile");
    drop(reading);
    waiting.await.unwrap().finish(LastPage::SignedIn).await;
    assert!(browser.await.unwrap().contains("You are signed in"));
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn another_user_of_the_machine_cannot_bring_the_redirect() {
    if !rustix::process::geteuid().is_root() {
        return; // nobody else's program can be started
    }
    let (port, waiting) = waiting().await;
    let bring = |user: &str, to: &str, code: &str| {
        let script = format!(
            "exec 3<>/dev/tcp/{to}/{port}; printf 'GET /?code={code}&state={STATE} HTTP/1.1\\r\\nHost: localhost:{port}\\r\\n\\r\\n' >&3; cat <&3",
        );
        let mut command = tokio::process::Command::new("setpriv");
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
        command.args(["bash", "-c"]).arg(script).output()
    };
    // The second is the same address to a socket of IPv6.
    for to in ["127.0.0.1", "::ffff:127.0.0.1"] {
        let other = bring("65534", to, "stolen").await.unwrap();
        assert_eq!(String::from_utf8_lossy(&other.stdout), "", "{to}");
    }
    let own = bring("0", "127.0.0.1", "own");
    let receive = async {
        let redirect = waiting.await.unwrap();
        assert_eq!(redirect.outcome.as_ref().unwrap().expose(), "own");
        redirect.finish(LastPage::SignedIn).await;
    };
    let (own, ()) = tokio::join!(own, receive);
    assert!(String::from_utf8_lossy(&own.unwrap().stdout).contains("You are signed in"));
}
