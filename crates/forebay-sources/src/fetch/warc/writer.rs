//! Adding to an archive.
//!
//! A record is written whole or not at all: under a lock that holds over processes, and taken back when the disk is
//! full.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, COOKIE, HeaderMap, HeaderName, PROXY_AUTHENTICATE, SET_COOKIE,
    TRANSFER_ENCODING,
};
use url::Url;

use super::{NOT_MODIFIED, VERSION};
use crate::fetch::FetchError;

/// Headers of an answer that are not kept: what the client has undone, and secrets.
const NOT_KEPT: [HeaderName; 4] = [TRANSFER_ENCODING, CONTENT_LENGTH, SET_COOKIE, PROXY_AUTHENTICATE];

/// An archive that is added to.
#[derive(Debug)]
pub struct WarcWriter {
    path: PathBuf,
    file: Mutex<File>,
}

/// One request and its response.
#[derive(Debug)]
pub(in crate::fetch) struct Exchange {
    pub(in crate::fetch) url: Url,
    pub(in crate::fetch) sent: HeaderMap,
    pub(in crate::fetch) status: u16,
    pub(in crate::fetch) headers: HeaderMap,
    pub(in crate::fetch) at: Timestamp,
    /// Whether the rest of the body was not read.
    pub(in crate::fetch) is_cut: bool,
}

impl WarcWriter {
    /// Opens an archive to add to it, and makes it, readable for its owner only, if it is not there.
    pub fn open(path: &Path) -> Result<Self, FetchError> {
        let failed = |source| FetchError::WarcFailed { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(failed)?;
        let writer = Self { path: path.to_owned(), file: Mutex::new(file) };
        writer.append(|file, length| if length == 0 { write_info(file) } else { Ok(()) })?;
        Ok(writer)
    }

    /// Adds a request and its response, whose body has this many bytes. Writing blocks.
    pub(in crate::fetch) fn add(
        &self,
        exchange: &Exchange,
        body: &mut dyn Read,
        length: u64,
    ) -> Result<(), FetchError> {
        self.append(|file, _| write_exchange(file, exchange, body, length))
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

fn write_info(file: &mut File) -> io::Result<()> {
    let fields =
        concat!("software: forebay/", env!("CARGO_PKG_VERSION"), "\r\nformat: WARC File Format 1.1\r\n");
    let head = head(&[
        ("WARC-Type", "warcinfo"),
        ("WARC-Record-ID", &record_id()),
        ("WARC-Date", &Timestamp::now().to_string()),
        ("Content-Type", "application/warc-fields"),
    ]);
    write_record(file, &head, fields.as_bytes(), &mut io::empty(), 0)
}

fn write_exchange(file: &mut File, exchange: &Exchange, body: &mut dyn Read, length: u64) -> io::Result<()> {
    let (request_id, response_id) = (record_id(), record_id());
    let date = exchange.at.to_string();
    let is_revisit = exchange.status == 304;
    let mut fields = vec![
        ("WARC-Type", if is_revisit { "revisit" } else { "response" }),
        ("WARC-Record-ID", &response_id),
        ("WARC-Date", &date),
        ("WARC-Target-URI", exchange.url.as_str()),
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
        ("WARC-Target-URI", exchange.url.as_str()),
        ("Content-Type", "application/http;msgtype=request"),
    ];
    write_record(file, &head(&fields), &request_head(exchange), &mut io::empty(), 0)
}

/// Writes a record whose block is a beginning and a body, as one member of gzip.
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
        // Writing into a string cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head
}

fn response_head(exchange: &Exchange, length: u64) -> Vec<u8> {
    let reason = StatusCode::from_u16(exchange.status).ok().and_then(|status| status.canonical_reason());
    let mut head = format!("HTTP/1.1 {} {}\r\n", exchange.status, reason.unwrap_or("")).into_bytes();
    put_headers(&mut head, &exchange.headers, |name| !NOT_KEPT.contains(name));
    head.extend(format!("content-length: {length}\r\n\r\n").as_bytes());
    head
}

fn request_head(exchange: &Exchange) -> Vec<u8> {
    let url = &exchange.url;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let mut head = format!("GET {}{query} HTTP/1.1\r\nhost: {host}{port}\r\n", url.path()).into_bytes();
    put_headers(&mut head, &exchange.sent, |name| *name != AUTHORIZATION && *name != COOKIE);
    head.extend(b"\r\n");
    head
}

fn put_headers(head: &mut Vec<u8>, headers: &HeaderMap, is_kept: impl Fn(&HeaderName) -> bool) {
    for (name, value) in headers.iter().filter(|(name, value)| is_kept(name) && !value.is_sensitive()) {
        head.extend(name.as_str().as_bytes());
        head.extend(b": ");
        head.extend(value.as_bytes());
        head.extend(b"\r\n");
    }
}

/// A name that no other record has: a random UUID (RFC 9562, version 4), from the randomness of the hash maps.
fn record_id() -> String {
    let random = || u128::from(RandomState::new().build_hasher().finish());
    let bits = (random() << 64 | random()) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    format!("<urn:uuid:{}-{}-{}-{}-{}>", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
