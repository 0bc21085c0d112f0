//! The body of a request as a blocking reader, with a few chunks in memory.

use std::{
    io::{self, ErrorKind, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Release},
    },
    time::Duration,
};

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use tokio::{sync::mpsc, time::timeout};

/// Number of chunks that wait for the reader. A client that sends faster waits.
const ROOM: usize = 8;

/// How long a client may send nothing. Its run holds its scope and one of the few places meanwhile.
pub(crate) const MOST_SILENCE: Duration = Duration::from_mins(1);

/// Reads the body on a thread that may block.
pub(crate) struct BodyReader {
    /// `None` is the end of the body.
    chunks: mpsc::Receiver<io::Result<Option<Bytes>>>,
    current: Bytes,
    is_over: bool,
    is_cut: Arc<AtomicBool>,
}

impl BodyReader {
    /// A reader of this body, which a task receives. A client that goes away, or is silent for longer than this, is an
    /// error, not an end.
    pub(crate) fn new(mut body: Body, most_silence: Duration) -> Self {
        let (sender, chunks) = mpsc::channel(ROOM);
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        tokio::spawn(async move {
            loop {
                let chunk = match timeout(most_silence, body.frame()).await {
                    Ok(None) => Ok(None),
                    Ok(Some(Ok(frame))) => match frame.into_data() {
                        Ok(data) => Ok(Some(data)),
                        // Trailers say nothing about records.
                        Err(_) => continue,
                    },
                    Ok(Some(Err(error))) => Err(io::Error::new(ErrorKind::ConnectionAborted, error)),
                    Err(silent) => Err(io::Error::new(ErrorKind::TimedOut, silent)),
                };
                let is_over = !matches!(chunk, Ok(Some(_)));
                cut.store(chunk.is_err(), Release);
                // The run may have ended early.
                if sender.send(chunk).await.is_err() || is_over {
                    break;
                }
            }
        });
        Self { chunks, current: Bytes::new(), is_over: false, is_cut }
    }

    /// Becomes true if the body ends too early.
    pub(crate) fn is_cut(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_cut)
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.is_over {
            match self.chunks.blocking_recv() {
                Some(Ok(Some(chunk))) => self.current = chunk,
                Some(Ok(None)) => self.is_over = true,
                Some(Err(error)) => return Err(error),
                // Without its end, a body is incomplete.
                None => return Err(ErrorKind::UnexpectedEof.into()),
            }
        }
        let number = buffer.len().min(self.current.len());
        buffer[..number].copy_from_slice(&self.current.split_to(number));
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt, stream};
    use tokio::task::spawn_blocking;

    use super::*;

    /// What is read, and the error that ends it.
    async fn read(body: Body) -> (String, Option<ErrorKind>) {
        let mut reader = BodyReader::new(body, Duration::from_millis(200));
        let read = move || {
            let mut bytes = Vec::new();
            let ended = reader.read_to_end(&mut bytes);
            (String::from_utf8(bytes).unwrap(), ended.err().map(|error| error.kind()))
        };
        spawn_blocking(read).await.unwrap()
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_end() {
        let chunks = ["one ", "", "two"].map(Ok::<_, Infallible>);
        assert_eq!(read(Body::from_stream(stream::iter(chunks))).await, ("one two".to_owned(), None));
        assert_eq!(read(Body::empty()).await, (String::new(), None));
    }

    #[tokio::test]
    async fn a_client_that_is_silent_or_goes_away_is_an_error() {
        let begun = || stream::iter(["one "].map(Ok::<_, io::Error>));
        let silent = Body::from_stream(begun().chain(stream::pending()));
        assert_eq!(read(silent).await, ("one ".to_owned(), Some(ErrorKind::TimedOut)));
        let gone = stream::iter([Err(io::Error::other("reset"))]);
        assert_eq!(
            read(Body::from_stream(begun().chain(gone))).await,
            ("one ".to_owned(), Some(ErrorKind::ConnectionAborted))
        );
    }
}
