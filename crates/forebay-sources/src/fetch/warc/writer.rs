//! Adds records to an archive.
//!
//! A record is written completely or not at all: writing holds a file lock that other processes respect, and a failed
//! write is rolled back by truncating the file.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use flate2::{Compression, write::GzEncoder};
use reqwest::{
    StatusCode,
    header::{
        AUTHORIZATION, CONTENT_LENGTH, COOKIE, HeaderMap, HeaderName, PROXY_AUTHENTICATE, SET_COOKIE,
        TRANSFER_ENCODING,
    },
};

use crate::{
    clock::Clock,
    fetch::{error::FetchError, head::Head, random::Random},
};

/// The first line of each record.
const VERSION: &str = "WARC/1.1";

/// The profile of a revisit record for a 304.
const NOT_MODIFIED: &str = "http://netpreserve.org/warc/1.1/revisit/server-not-modified";

/// Response headers that are not archived: those that the client has applied, and secrets.
const OMITTED: [HeaderName; 4] = [TRANSFER_ENCODING, CONTENT_LENGTH, SET_COOKIE, PROXY_AUTHENTICATE];

/// An archive open for appending.
#[derive(Debug)]
pub(in crate::fetch) struct WarcWriter {
    path: PathBuf,
    random: Random,
    file: Mutex<File>,
}

/// One request and its response.
#[derive(Clone, Debug)]
pub(in crate::fetch) struct Exchange {
    pub(in crate::fetch) head: Head,
    /// The headers of the request.
    pub(in crate::fetch) sent: HeaderMap,
    /// Whether the body is incomplete.
    pub(in crate::fetch) is_cut: bool,
}

impl WarcWriter {
    /// Opens an archive for appending. If it is missing, creates it, readable by its owner only.
    pub(in crate::fetch) fn open(path: &Path, random: Random, clock: &Clock) -> Result<Self, FetchError> {
        let failed = |source| FetchError::WarcFailed { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // Someone who can write to the folder must not choose which file is overwritten.
            let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
            options.mode(0o600).custom_flags(no_follow);
        }
        let file = options.open(path).map_err(|source| {
            let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
            failed(if is_link {
                io::Error::other("it is a symbolic link; name the file itself")
            } else {
                source
            })
        })?;
        let writer = Self { path: path.to_owned(), random, file: Mutex::new(file) };
        writer.append(|file, length| if length == 0 { writer.write_info(file, clock) } else { Ok(()) })?;
        Ok(writer)
    }

    /// Adds a request and its response, whose body has `length` bytes. Blocks.
    pub(in crate::fetch) fn add(
        &self,
        exchange: &Exchange,
        body: &mut dyn Read,
        length: u64,
    ) -> Result<(), FetchError> {
        self.append(|file, _| self.write_exchange(file, exchange, body, length))
    }

    fn append(&self, write: impl FnOnce(&mut File, u64) -> io::Result<()>) -> Result<(), FetchError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let locked = || {
            file.lock()?;
            let length = file.metadata()?.len();
            let written = write(&mut file, length);
            if written.is_err() {
                file.set_len(length)?;
            }
            file.unlock()?;
            written
        };
        locked().map_err(|source| FetchError::WarcFailed { path: self.path.clone(), source })
    }
}

impl WarcWriter {
    fn write_info(&self, file: &mut File, clock: &Clock) -> io::Result<()> {
        let fields =
            concat!("software: forebay/", env!("CARGO_PKG_VERSION"), "\r\nformat: WARC File Format 1.1\r\n");
        let head = head(&[
            ("WARC-Type", "warcinfo"),
            ("WARC-Record-ID", &self.record_id()),
            ("WARC-Date", &clock.now().to_string()),
            ("Content-Type", "application/warc-fields"),
        ]);
        write_record(file, &head, fields.as_bytes(), &mut io::empty(), 0)
    }

    fn write_exchange(
        &self,
        file: &mut File,
        exchange: &Exchange,
        body: &mut dyn Read,
        length: u64,
    ) -> io::Result<()> {
        let (request_id, response_id) = (self.record_id(), self.record_id());
        let date = exchange.head.at.to_string();
        let is_revisit = exchange.head.status == 304;
        let mut fields = vec![
            ("WARC-Type", if is_revisit { "revisit" } else { "response" }),
            ("WARC-Record-ID", &response_id),
            ("WARC-Date", &date),
            ("WARC-Target-URI", exchange.head.url.as_str()),
            ("Content-Type", "application/http;msgtype=response"),
        ];
        if is_revisit {
            fields.push(("WARC-Profile", NOT_MODIFIED));
        }
        if exchange.is_cut {
            fields.push(("WARC-Truncated", "length"));
        }
        write_record(file, &head(&fields), &response_head(exchange, length), body, length)?;

        let fields = [
            ("WARC-Type", "request"),
            ("WARC-Record-ID", request_id.as_str()),
            ("WARC-Concurrent-To", &response_id),
            ("WARC-Date", &date),
            ("WARC-Target-URI", exchange.head.url.as_str()),
            ("Content-Type", "application/http;msgtype=request"),
        ];
        write_record(file, &head(&fields), &request_head(exchange), &mut io::empty(), 0)
    }

    /// A unique record id.
    fn record_id(&self) -> String {
        format!("<urn:uuid:{}>", self.random.uuid().hyphenated())
    }
}

/// Writes a record, whose block is `start` and the body, as one gzip member.
fn write_record(
    file: &mut File,
    head: &str,
    start: &[u8],
    body: &mut dyn Read,
    length: u64,
) -> io::Result<()> {
    let mut compressed = GzEncoder::new(io::BufWriter::new(file), Compression::fast());
    let block = start.len() as u64 + length;
    write!(compressed, "{VERSION}\r\n{head}Content-Length: {block}\r\n\r\n")?;
    compressed.write_all(start)?;
    if io::copy(&mut body.take(length), &mut compressed)? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    compressed.write_all(b"\r\n\r\n")?;
    compressed.finish()?.flush()
}

fn head(fields: &[(&str, &str)]) -> String {
    let mut head = String::new();
    for (name, value) in fields {
        // Writing to a string cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head
}

fn response_head(exchange: &Exchange, length: u64) -> Vec<u8> {
    let reason = StatusCode::from_u16(exchange.head.status).ok().and_then(|status| status.canonical_reason());
    let mut head = format!("HTTP/1.1 {} {}\r\n", exchange.head.status, reason.unwrap_or("")).into_bytes();
    put_headers(&mut head, &exchange.head.headers, |name| !OMITTED.contains(name));
    head.extend(format!("content-length: {length}\r\n\r\n").as_bytes());
    head
}

fn request_head(exchange: &Exchange) -> Vec<u8> {
    let url = &exchange.head.url;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let mut head = format!("GET {}{query} HTTP/1.1\r\nhost: {host}{port}\r\n", url.path()).into_bytes();
    put_headers(&mut head, &exchange.sent, |name| *name != AUTHORIZATION && *name != COOKIE);
    head.extend(b"\r\n");
    head
}

fn put_headers(head: &mut Vec<u8>, headers: &HeaderMap, is_archived: impl Fn(&HeaderName) -> bool) {
    for (name, value) in headers.iter().filter(|(name, value)| is_archived(name) && !value.is_sensitive()) {
        head.extend(name.as_str().as_bytes());
        head.extend(b": ");
        head.extend(value.as_bytes());
        head.extend(b"\r\n");
    }
}
