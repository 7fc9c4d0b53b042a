//! The debugging pipe of Chromium: JSON messages, each ended by a zero byte
//! ([Chrome DevTools Protocol](https://chromedevtools.github.io/devtools-protocol/)).

use serde::Deserialize;
use serde_json::{Value, json};
use std::io;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::unix::pipe::{Receiver, Sender},
};

/// Our two ends of the pipe.
#[derive(Debug)]
pub(crate) struct DevtoolsPipe {
    commands: Sender,
    messages: BufReader<Receiver>,
    last_id: u64,
    /// What has come of a message so far: reading may be given up half way.
    part: Vec<u8>,
}

/// What the browser says by itself.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    #[serde(default)]
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) params: Value,
    #[serde(default, rename = "sessionId")]
    pub(crate) session: Option<String>,
}

impl DevtoolsPipe {
    pub(crate) fn new(commands: Sender, messages: Receiver) -> Self {
        Self {
            commands,
            messages: BufReader::new(messages),
            last_id: 0,
            part: Vec::new(),
        }
    }

    /// Sends a command to the browser, or to the page of a session.
    pub(crate) async fn send(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> io::Result<()> {
        self.last_id += 1;
        let mut message = json!({ "id": self.last_id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).await
    }

    /// The next event; `None` when the browser has gone. Answers to commands are passed over.
    pub(crate) async fn event(&mut self) -> io::Result<Option<Event>> {
        loop {
            let left = MOST_BYTES.saturating_sub(self.part.len() as u64);
            if (&mut self.messages)
                .take(left)
                .read_until(0, &mut self.part)
                .await?
                == 0
            {
                return match left {
                    0 => Err(io::Error::other("a message of the browser is too long")),
                    _ => Ok(None),
                };
            }
            if self.part.last() != Some(&0) {
                continue;
            }
            self.part.pop();
            let event = serde_json::from_slice::<Event>(&self.part);
            self.part.clear();
            match event {
                Ok(event) if !event.method.is_empty() => return Ok(Some(event)),
                _ => {}
            }
        }
    }
}

/// Far more than any message that is asked for; a page cannot fill the memory.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::unix::pipe;

    #[tokio::test]
    async fn messages_are_told_apart_by_the_zero_byte_and_answers_are_passed_over() {
        let (commands, mut browser_hears) = pipe::pipe().unwrap();
        let (mut browser_says, messages) = pipe::pipe().unwrap();
        let mut pipe = DevtoolsPipe::new(commands, messages);
        pipe.send(
            Some("S"),
            "Page.navigate",
            json!({ "url": "https://a.example/?b=c&d" }),
        )
        .await
        .unwrap();
        let mut heard = vec![0; 110];
        let length = browser_hears.read(&mut heard).await.unwrap();
        assert_eq!(heard[length - 1], 0);
        let heard: Value = serde_json::from_slice(&heard[..length - 1]).unwrap();
        assert_eq!(heard["sessionId"], "S");
        assert_eq!(heard["params"]["url"], "https://a.example/?b=c&d");

        browser_says
            .write_all(b"{\"id\":1,\"result\":{}}\0no json\0{\"method\":\"A.b\",\"params\":{\"x\":1}}\0{\"meth")
            .await
            .unwrap();
        let event = pipe.event().await.unwrap().unwrap();
        assert_eq!(
            (event.method.as_str(), &event.params["x"]),
            ("A.b", &json!(1))
        );
        browser_says.write_all(b"od\":\"C.d\"}\0").await.unwrap();
        assert_eq!(pipe.event().await.unwrap().unwrap().method, "C.d");
        drop(browser_says);
        assert!(pipe.event().await.unwrap().is_none());
    }
}
