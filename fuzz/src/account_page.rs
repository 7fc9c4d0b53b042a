use super::{at_most_seconds, replaced, runtime};
use azbroker_service::AccountPageInMemory;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The account page: any bytes on its connection. `PATH`, `TOKEN` and `PORT` in them stand for the real ones.
/// Whatever they are, nothing is answered by who does not know both the address and the token, and the user's press
/// of a button that comes after them is still taken, unless they were one.
pub fn account_page(bytes: &[u8]) {
    thread_local!(static RUNTIME: tokio::runtime::Runtime = runtime());
    RUNTIME.with(|runtime| runtime.block_on(at_most_seconds(20, converses(bytes))));
}

async fn converses(bytes: &[u8]) {
    let (page, answered) = AccountPageInMemory::new();
    let sent = replaced(bytes, b"PATH", page.path().as_bytes());
    let sent = replaced(&sent, b"TOKEN", page.token().as_bytes());
    let sent = replaced(
        &sent,
        b"PORT",
        AccountPageInMemory::PORT.to_string().as_bytes(),
    );
    let browses = async {
        let first = send(&page, &sent).await;
        assert!(first.is_empty() || first.starts_with("HTTP/1."), "{first}");
        let pressed = send(&page, press(&page).as_bytes()).await;
        assert!(pressed.starts_with("HTTP/1.1 "), "{pressed}");
    };
    let (answer, ()) = tokio::join!(answered.end(), browses);
    if answer != BUTTON {
        let knows = |word: &[u8]| bytes.windows(word.len()).any(|part| part == word);
        assert!(knows(b"PATH") && knows(b"TOKEN"), "answered with {answer}");
    }
}

/// Sends all of it, says that there is no more, and gives back what comes.
async fn send(page: &AccountPageInMemory, bytes: &[u8]) -> String {
    let (mut ours, theirs) = tokio::io::duplex(BUFFER);
    let browses = async {
        // Who is refused early may not be heard to the end.
        let _ = ours.write_all(bytes).await;
        let _ = ours.shutdown().await;
        let mut answer = Vec::new();
        let _ = ours.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    let ((), answer) = tokio::join!(page.converse(theirs), browses);
    answer
}

/// What a browser sends when the second account is chosen.
fn press(page: &AccountPageInMemory) -> String {
    let port = AccountPageInMemory::PORT;
    let form = format!("token={}&lasting=day&account=1", page.token());
    format!(
        "POST /{} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n\
         Content-Length: {}\r\n\r\n{form}",
        page.path(),
        form.len(),
    )
}

/// How the page tells of that answer.
const BUTTON: &str = "carol@contoso.example Day";
const BUFFER: usize = 64 * 1024;
