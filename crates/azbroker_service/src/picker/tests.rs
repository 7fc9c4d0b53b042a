use super::{
    in_memory::{account, asked},
    *,
};
use crate::approvals::{Choice, Lasting};
use azbroker_entra::ClientId;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A page that is being served, and a browser that speaks to it.
struct Served {
    picker: Picker,
    port: u16,
    path: String,
    token: String,
}

impl Served {
    async fn new(purpose: Purpose, others: Others) -> Self {
        Self::of(&Pickers::new(), asked(purpose, others)).await
    }

    async fn of(pickers: &Pickers, asked: Asked) -> Self {
        let picker = pickers.open(asked).await.unwrap();
        let url = picker.url();
        Self {
            port: url.port().unwrap(),
            path: url.path().to_owned(),
            token: picker.page.token.as_str().to_owned(),
            picker,
        }
    }

    fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    async fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        // Whoever is refused early may not read all that is sent.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    async fn get(&self, path: &str, host: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .await
    }

    async fn page(&self) -> String {
        self.get(&self.path, &self.host()).await
    }

    fn post_with(&self, headers: &str, body: &str) -> String {
        format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.path,
            self.host(),
            body.len()
        )
    }

    /// What a browser sends when a button is pressed.
    fn press(&self, button: &str) -> String {
        let origin = format!(
            "Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\n",
            self.host()
        );
        self.post_with(&origin, &format!("token={}&{button}", self.token))
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn the_page_says_who_asks_for_what_and_offers_the_accounts() {
    let served = Served::new(Purpose::Approve, Others::Welcome).await;
    let page = served.page().await;
    assert_eq!(status(&page), "200", "{page}");
    for text in [
        "Allow access to Azure Key Vault?",
        "An unknown program",
        "Azure CLI",
        ClientId::AZURE_CLI,
        "https://vault.azure.net",
        "&lt;b&gt;ada&lt;/b&gt;",
        "ada@contoso.example",
        "carol@contoso.example",
        "Use another account",
        "Deny",
        "Always, until I take it back",
        "never asks for a password",
        "cache-control: no-store",
        "referrer-policy: same-origin",
        "frame-ancestors 'none'",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
}

#[tokio::test]
async fn where_nothing_is_approved_nothing_is_remembered() {
    let served = Served::new(Purpose::Choose, Others::Unwanted).await;
    let page = served.page().await;
    assert!(page.contains("Choose an account"), "{page}");
    assert!(!page.contains("Remember") && !page.contains("another account"));
    let answer = served.send(&served.press("decision=another")).await;
    assert_eq!(status(&answer), "400", "no such button is there");
}

#[tokio::test]
async fn an_answer_is_taken_once_and_its_browser_is_told_how_it_ended() {
    let mut served = Served::new(Purpose::Approve, Others::Welcome).await;
    let request = served.press("account=1&lasting=always");
    let port = served.port;
    let browser = tokio::spawn(async move {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    let answer = served.picker.answer().await;
    let (choice, lasting) = (Choice::Account(account("carol")), Lasting::Always);
    assert_eq!(answer, Answer { choice, lasting });

    let replayed = served.send(&served.press("account=0")).await;
    assert_eq!(status(&replayed), "409", "{replayed}");
    assert_eq!(status(&served.page().await), "409");

    served.picker.end(Ending::Given {
        username: "carol@contoso.example".to_owned(),
    });
    let told = browser.await.unwrap();
    assert_eq!(status(&told), "200");
    assert!(
        told.contains("has its token of carol@contoso.example"),
        "{told}"
    );
    let later = served.page().await;
    assert_eq!(status(&later), "410");
    assert!(later.contains("This request has ended"), "{later}");
    let replayed = served.send(&served.press("account=0")).await;
    assert_eq!(status(&replayed), "410");
    assert!(!later.contains(&served.token));
}

#[tokio::test]
async fn the_browser_that_answered_goes_on_to_the_sign_in() {
    let mut served = Served::new(Purpose::Approve, Others::Welcome).await;
    let url = Url::parse("https://login.microsoftonline.com/contoso?a=b&c=d").unwrap();
    let request = served.press("decision=another");
    let port = served.port;
    let browser = tokio::spawn(async move {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    assert_eq!(served.picker.answer().await.choice, Choice::AnotherAccount);
    let otherwise = azbroker_entra::NoPrompt;
    let prompt = ContinueInPage {
        picker: &served.picker,
        otherwise: &otherwise,
    };
    prompt.open(&url).await.unwrap();
    let answer = browser.await.unwrap();
    assert_eq!(status(&answer), "303");
    assert!(answer.contains(&format!("location: {url}\r\n")), "{answer}");
    prompt.open(&url).await.unwrap_err();
}

#[tokio::test]
async fn whatever_did_not_come_from_the_page_is_refused_and_changes_nothing() {
    let mut served = Served::new(Purpose::Approve, Others::Welcome).await;
    let (host, port, token) = (served.host(), served.port, served.token.clone());
    let own = format!("Origin: http://{host}\r\n");
    let body = format!("token={token}&account=0");
    for (what, request, expected) in [
        (
            "another origin",
            served.post_with("Origin: https://evil.example\r\n", &body),
            "403",
        ),
        (
            "another port's origin",
            served.post_with("Origin: http://localhost:1\r\n", &body),
            "403",
        ),
        ("no origin", served.post_with("", &body), "403"),
        (
            "a null origin",
            served.post_with("Origin: null\r\n", &body),
            "403",
        ),
        (
            "another site",
            served.post_with(&format!("{own}Sec-Fetch-Site: cross-site\r\n"), &body),
            "403",
        ),
        ("no token", served.post_with(&own, "account=0"), "403"),
        (
            "a wrong token",
            served.post_with(&own, "token=AAAA&account=0"),
            "403",
        ),
        (
            "two tokens",
            served.post_with(&own, &format!("token=x&{body}")),
            "400",
        ),
        (
            "an account that is not held",
            served.post_with(&own, &format!("token={token}&account=2")),
            "400",
        ),
        (
            "two buttons",
            served.post_with(&own, &format!("{body}&decision=deny")),
            "400",
        ),
        (
            "no button",
            served.post_with(&own, &format!("token={token}")),
            "400",
        ),
        (
            "an unknown time",
            served.post_with(&own, &format!("{body}&lasting=forever")),
            "400",
        ),
        (
            "an oversized body",
            served.post_with(&own, &format!("{body}&{}", "x".repeat(5_000))),
            "413",
        ),
        (
            "another method",
            served.press("account=0").replacen("POST", "PUT", 1),
            "405",
        ),
        (
            "another host",
            served
                .press("account=0")
                .replace(&host, &format!("evil.example:{port}")),
            "421",
        ),
        (
            "another path",
            served.press("account=0").replacen(&served.path, "/", 1),
            "404",
        ),
        ("no HTTP", "nothing\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = served.send(&request).await;
        assert_eq!(status(&answer), expected, "{what}: {answer}");
        assert!(!answer.contains(&token), "{what}");
    }
    for (path, host, expected) in [
        ("/", served.host(), "404"),
        ("/favicon.ico", served.host(), "404"),
        (&*served.path, "evil.example".to_owned(), "421"),
        (&*served.path, format!("localhost:{}", port ^ 1), "421"),
        (&*served.path, format!("127.0.0.1:{port}"), "200"),
    ] {
        let answer = served.get(path, &host).await;
        assert_eq!(status(&answer), expected, "{path} at {host}");
    }
    let nothing = tokio::time::timeout(Duration::from_millis(50), served.picker.answer()).await;
    nothing.unwrap_err();
    let browser = served.press("decision=deny&lasting=once");
    let (answer, _held) = tokio::join!(served.picker.answer(), async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(browser.as_bytes()).await.unwrap();
        // A connection that nobody holds any more is nobody's answer.
        stream
    });
    assert_eq!(answer.choice, Choice::Denied);
}

#[tokio::test]
async fn half_sent_requests_do_not_hold_up_the_answer() {
    let mut served = Served::new(Purpose::Approve, Others::Welcome).await;
    let mut slow = Vec::new();
    for half in 0..200 {
        let mut stream = TcpStream::connect(("127.0.0.1", served.port))
            .await
            .unwrap();
        let request = served.press("account=0");
        let sent = [0, 20, request.len() - 5][half % 3];
        let _ = stream.write_all(&request.as_bytes()[..sent]).await;
        slow.push(stream);
    }
    let request = served.press("account=1");
    let mut browser = TcpStream::connect(("127.0.0.1", served.port))
        .await
        .unwrap();
    browser.write_all(request.as_bytes()).await.unwrap();
    // Less than they would take if they were waited for, be it as many at a time as are served.
    let answer = tokio::time::timeout(Duration::from_secs(10), served.picker.answer()).await;
    assert_eq!(answer.unwrap().choice, Choice::Account(account("carol")));
    // Nor do more of them take its page from the browser that waits.
    for _ in 0..100 {
        slow.push(
            TcpStream::connect(("127.0.0.1", served.port))
                .await
                .unwrap(),
        );
    }
    let page = served.page().await;
    assert_eq!(status(&page), "409");
    served.picker.end(Ending::Denied);
    let mut told = String::new();
    browser.read_to_string(&mut told).await.unwrap();
    assert!(told.contains("Denied"), "{told}");
    // Those who never finish are sent away.
    for mut stream in slow {
        let mut rest = Vec::new();
        let closed = stream.read_to_end(&mut rest);
        let _ = tokio::time::timeout(Duration::from_secs(10), closed)
            .await
            .expect("it was closed");
    }
}

#[tokio::test]
async fn a_page_that_nobody_waits_for_any_more_says_so() {
    let served = Served::new(Purpose::Approve, Others::Welcome).await;
    let (host, path, press) = (
        served.host(),
        served.path.clone(),
        served.press("account=0"),
    );
    let port = served.port;
    drop(served.picker);
    for request in [
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        press,
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(status(&answer), "410");
        assert!(
            answer.contains("is not waiting for it any more"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn another_user_of_the_machine_is_not_let_in() {
    if !rustix::process::geteuid().is_root() {
        return; // nobody else's program can be started
    }
    let served = Served::new(Purpose::Approve, Others::Welcome).await;
    let ask = |user: &str, to: &str| {
        let script = format!(
            "exec 3<>/dev/tcp/{to}/{}; printf 'GET {} HTTP/1.1\\r\\nHost: {}\\r\\n\\r\\n' >&3; cat <&3",
            served.port,
            served.path,
            served.host()
        );
        let mut command = tokio::process::Command::new("setpriv");
        command.args([
            "--reuid",
            user,
            "--regid",
            user,
            "--clear-groups",
            "bash",
            "-c",
        ]);
        command.arg(script).output()
    };
    // The second is the same address to a socket of IPv6.
    for to in ["127.0.0.1", "::ffff:127.0.0.1"] {
        let own = ask("0", to).await.unwrap();
        let page = String::from_utf8_lossy(&own.stdout);
        // A machine without IPv6 has no such address.
        let there = to == "127.0.0.1" || std::path::Path::new("/proc/net/tcp6").exists();
        assert_eq!(page.contains("Azure Key Vault"), there, "{to}: {page}");
        let other = ask("65534", to).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&other.stdout), "", "{to}");
    }
}
