//! The lines between a client and the server of the protocol.
//!
//! The protocol's library drops a line that is too long or not JSON, and its sender would wait forever. Here, such a
//! line is answered as JSON-RPC 2.0 (section 5.1) says, and all others are passed on. What the server says is escaped,
//! so a client that shows the protocol interprets no control character of a site.

mod message_id;

use std::{io, pin::pin};

use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::{
    io::{
        AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream, duplex,
    },
    sync::mpsc::{self, Receiver, Sender},
};

use self::message_id::MessageId;
use crate::ui::escape_json;

/// Bytes on their way between the client and the server.
const BUFFER: usize = 64 * 1024;
/// Lines that wait to be printed.
const LINES: usize = 16;
/// The codes of JSON-RPC 2.0.
const PARSE_ERROR: i32 = -32_700;
const INVALID_REQUEST: i32 = -32_600;

/// The server's ends of the lines.
pub(super) struct Ends {
    /// Messages of the client.
    pub(super) input: DuplexStream,
    /// Messages to the client.
    pub(super) output: DuplexStream,
}

/// Connects a server to the client's `input` and `output`. The future ends when the client has left and everything is
/// printed, or fails with the error of printing.
pub(super) fn connect<R, W>(
    input: R,
    output: W,
    longest: usize,
) -> (Ends, impl Future<Output = io::Result<()>>)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (to_server, of_client) = duplex(BUFFER);
    let (to_client, of_server) = duplex(BUFFER);
    let (lines, printed) = mpsc::channel(LINES);
    let answers = lines.clone();
    let passing = async move {
        let talk = async move {
            let mut sending = pin!(send(BufReader::new(of_server), lines));
            tokio::select! {
                // The client has left, or cannot be read; the server still answers what it was asked.
                _ = receive(BufReader::new(input), to_server, answers, longest) => sending.await,
                () = &mut sending => {}
            }
        };
        let ((), printing) = tokio::join!(talk, print(printed, output));
        printing
    };
    (Ends { input: of_client, output: to_client }, passing)
}

/// A line of the client.
enum Line {
    /// Complete, in the buffer.
    Whole,
    /// Too long.
    TooLong(MessageId),
    /// The client has left.
    End,
}

/// Passes the client's lines on to the server, except those that can only be answered with an error.
async fn receive(
    mut input: impl AsyncBufRead + Unpin,
    mut to_server: DuplexStream,
    answers: Sender<Vec<u8>>,
    longest: usize,
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let answer = match next_line(&mut input, &mut line, longest).await? {
            Line::End => return Ok(()),
            Line::TooLong(id) => {
                let message = format!("a message may have at most {longest} bytes");
                error(INVALID_REQUEST, &message, id.get().as_ref())
            }
            Line::Whole if line.trim_ascii().is_empty() => continue,
            Line::Whole if serde_json::from_slice::<IgnoredAny>(&line).is_ok() => {
                to_server.write_all(&line).await?;
                continue;
            }
            Line::Whole => error(PARSE_ERROR, "the message is not JSON", None),
        };
        if answers.send(answer).await.is_err() {
            return Ok(());
        }
    }
}

/// Reads a line with its end into `line`. What follows the last line's end is not a message.
async fn next_line(
    input: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
    longest: usize,
) -> io::Result<Line> {
    let mut too_long: Option<MessageId> = None;
    loop {
        let available = input.fill_buf().await?;
        if available.is_empty() {
            return Ok(Line::End);
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = &available[..end.map_or(available.len(), |end| end + 1)];
        let num_read = part.len();
        match &mut too_long {
            Some(id) => id.read(part),
            None if line.len() + num_read > longest => {
                let mut id = MessageId::default();
                id.read(line);
                id.read(part);
                line.clear();
                too_long = Some(id);
            }
            None => line.extend_from_slice(part),
        }
        input.consume(num_read);
        if end.is_some() {
            return Ok(too_long.map_or(Line::Whole, Line::TooLong));
        }
    }
}

fn error(code: i32, message: &str, id: Option<&Value>) -> Vec<u8> {
    let answer = json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } });
    format!("{answer}\n").into_bytes()
}

/// Takes the server's lines.
async fn send(mut of_server: impl AsyncBufRead + Unpin, lines: Sender<Vec<u8>>) {
    loop {
        let mut line = Vec::new();
        match of_server.read_until(b'\n', &mut line).await {
            Ok(1..) if lines.send(line).await.is_ok() => {}
            _ => return,
        }
    }
}

async fn print(mut lines: Receiver<Vec<u8>>, mut output: impl AsyncWrite + Unpin) -> io::Result<()> {
    while let Some(line) = lines.recv().await {
        let text = String::from_utf8_lossy(&line);
        output.write_all(escape_json(&text).as_bytes()).await?;
        output.flush().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server that repeats its lines gets and says.
    async fn passed(input: &str) -> (String, String) {
        let mut printed = Vec::new();
        let mut seen = String::new();
        {
            let (Ends { input: of_client, mut output }, passing) =
                connect(input.as_bytes(), &mut printed, 60);
            let server = async {
                let mut of_client = BufReader::new(of_client).lines();
                while let Some(line) = of_client.next_line().await.unwrap() {
                    seen.push_str(&line);
                    output.write_all(format!("{line}\n").as_bytes()).await.unwrap();
                }
                drop(output);
            };
            let ((), passing) = tokio::join!(server, passing);
            passing.unwrap();
        }
        (seen, String::from_utf8(printed).unwrap())
    }

    #[tokio::test]
    async fn a_line_that_is_no_message_is_answered() {
        let (seen, printed) = passed("{\"id\":1}\n\nnonsense\n{\"id\":2}\n{\"cut").await;
        assert_eq!(seen, "{\"id\":1}{\"id\":2}");
        let errors: Vec<Value> = printed
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &Value| !line["error"].is_null())
            .collect();
        assert_eq!(errors.len(), 1);
        assert_eq!((&errors[0]["error"]["code"], &errors[0]["id"]), (&json!(-32_700), &Value::Null));
    }

    #[tokio::test]
    async fn a_long_line_is_answered_with_its_id() {
        let long = format!("{{\"params\":\"{}\",\"id\":7}}\n{{\"id\":8}}\n", "x".repeat(100));
        let (seen, printed) = passed(&long).await;
        assert_eq!(seen, "{\"id\":8}");
        let answer: Value = printed
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .find(|line: &Value| line["id"] == 7)
            .unwrap();
        assert_eq!(answer["error"]["code"], -32_600);
    }
}
