//! A mail server on loopback that speaks just enough SMTP (RFC 5321), without TLS.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A running server; dropping it stops it.
pub(super) struct MailServer {
    pub(super) port: u16,
    got: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl MailServer {
    /// A server that answers `RCPT` like this, for example with `250 ok`, and `AUTH` with `auth`.
    pub(super) async fn open(recipient: &'static str, auth: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let got: Arc<Mutex<Vec<String>>> = Arc::default();
        let sessions = Arc::clone(&got);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(session(stream, recipient, auth, Arc::clone(&sessions)));
            }
        });
        Self { port, got, serving }
    }

    /// What clients sent, line by line.
    pub(super) fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn session(
    stream: TcpStream,
    recipient: &'static str,
    auth: &'static str,
    got: Arc<Mutex<Vec<String>>>,
) {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    let mut is_data = false;
    let mut answer = "220 mail.test ready".to_owned();
    loop {
        if !answer.is_empty() && writing.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
        let Ok(Some(line)) = lines.next_line().await else { return };
        got.lock().unwrap().push(line.clone());
        let command = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        answer = match command.as_str() {
            "." if is_data => {
                is_data = false;
                "250 2.0.0 queued as 77".to_owned()
            }
            _ if is_data => String::new(),
            "EHLO" => "250-mail.test\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" => auth.to_owned(),
            "RCPT" => recipient.to_owned(),
            "DATA" => {
                is_data = true;
                "354 go on".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "250 ok".to_owned(),
        };
    }
}
