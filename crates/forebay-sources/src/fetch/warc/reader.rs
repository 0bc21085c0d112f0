//! Finds responses in an archive.
//!
//! Opening an archive scans it once and notes the offset of the response for each URL; reading a page then takes one
//! seek. Archives are as untrusted as sites: every line, header and record is bounded.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use flate2::bufread::GzDecoder;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};

use crate::fetch::error::FetchError;

/// The maximum size of the head of a record, and of a response.
const MAX_HEAD: u64 = 256 << 10;

/// The maximum number of headers of a record, and of a response.
const MAX_HEADERS: usize = 256;

/// An archive open for reading.
#[derive(Debug)]
pub(in crate::fetch) struct WarcReader {
    path: PathBuf,
    by_url: HashMap<String, Entry>,
}

/// The offsets of the responses for a URL.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// The last page or redirect with its status; the last failure if there is neither.
    response: Option<(u64, u16)>,
    /// The last 304.
    not_modified: Option<u64>,
}

/// An archived response.
pub(in crate::fetch) struct Recorded {
    pub(in crate::fetch) status: u16,
    pub(in crate::fetch) headers: HeaderMap,
    pub(in crate::fetch) at: Timestamp,
    pub(in crate::fetch) body: Box<dyn BufRead + Send>,
}

/// The fields of a record that are used.
struct Head {
    kind: String,
    url: String,
    date: Option<Timestamp>,
    length: u64,
}

impl WarcReader {
    /// Opens and scans an archive. Blocks.
    pub(in crate::fetch) fn open(path: &Path) -> Result<Self, FetchError> {
        let failed = |source| FetchError::WarcFailed { path: path.to_owned(), source };
        let mut file = BufReader::with_capacity(1 << 18, File::open(path).map_err(failed)?);
        let mut by_url: HashMap<String, Entry> = HashMap::new();
        loop {
            let offset = file.stream_position().map_err(failed)?;
            if file.fill_buf().map_err(failed)?.is_empty() {
                return Ok(Self { path: path.to_owned(), by_url });
            }
            let corrupt = |problem| FetchError::WarcCorrupt { path: path.to_owned(), offset, problem };
            let mut member = BufReader::new(GzDecoder::new(&mut file));
            let head = read_head(&mut member).map_err(corrupt)?;
            if matches!(head.kind.as_str(), "response" | "revisit")
                && let Some(status) = status_line(&mut (&mut member).take(MAX_HEAD))
            {
                by_url.entry(head.url).or_default().note(offset, status);
            }
            io::copy(&mut member, &mut io::sink())
                .map_err(|_| corrupt("the record is truncated or damaged"))?;
        }
    }

    /// The response for a URL; `None` if the archive has none. With `known`, a 304 is preferred to a failure.
    pub(in crate::fetch) fn find(&self, url: &str, known: bool) -> Result<Option<Recorded>, FetchError> {
        let Some(entry) = self.by_url.get(url) else { return Ok(None) };
        let revisit = entry.not_modified.filter(|_| known);
        let is_good = entry.response.is_some_and(|(_, status)| status < 400);
        let response = entry.response.map(|(offset, _)| offset);
        let Some(offset) = (if is_good { response } else { revisit.or(response) }) else { return Ok(None) };
        let failed = |source| FetchError::WarcFailed { path: self.path.clone(), source };
        let corrupt = |problem| FetchError::WarcCorrupt { path: self.path.clone(), offset, problem };
        let mut file = BufReader::new(File::open(&self.path).map_err(failed)?);
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut member = BufReader::new(GzDecoder::new(file));
        let head = read_head(&mut member).map_err(corrupt)?;
        let at = head.date.ok_or_else(|| corrupt("the record has no date"))?;
        let mut block = member.take(head.length);
        let status =
            status_line(&mut block).ok_or_else(|| corrupt("the record contains no HTTP response"))?;
        let headers = http_headers(&mut block)
            .ok_or_else(|| corrupt("the headers of the response are not terminated"))?;
        if headers.contains_key(TRANSFER_ENCODING) {
            return Err(corrupt("the response has a transfer encoding"));
        }
        Ok(Some(Recorded { status, headers, at, body: Box::new(block) }))
    }
}

impl Entry {
    fn note(&mut self, offset: u64, status: u16) {
        if status == 304 {
            self.not_modified = Some(offset);
        } else if status < 400 || self.response.is_none_or(|(_, status)| status >= 400) {
            self.response = Some((offset, status));
        }
    }
}

fn read_head(member: &mut impl BufRead) -> Result<Head, &'static str> {
    let mut lines = member.take(MAX_HEAD);
    let version = line(&mut lines).ok_or("its records are not compressed separately")?;
    if !version.starts_with("WARC/1.") {
        return Err("it is not WARC version 1");
    }
    let mut head = Head { kind: String::new(), url: String::new(), date: None, length: 0 };
    for _ in 0..MAX_HEADERS {
        let line = line(&mut lines).ok_or("the record is truncated")?;
        if line.is_empty() {
            return Ok(head);
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "warc-type" => head.kind = value.to_ascii_lowercase(),
            // Some older programs enclose the URL in angle brackets.
            "warc-target-uri" => value.trim_matches(['<', '>']).clone_into(&mut head.url),
            "warc-date" => head.date = value.parse().ok(),
            "content-length" => head.length = value.parse().map_err(|_| "the length is not a number")?,
            _ => {}
        }
    }
    Err("the record has too many fields")
}

/// The status of a response; `None` if the line is not a status line.
fn status_line(block: &mut impl BufRead) -> Option<u16> {
    let line = line(block)?;
    let (version, rest) = line.split_once(' ')?;
    let status = rest.split(' ').next()?.parse().ok()?;
    (version.starts_with("HTTP/") && (100..600).contains(&status)).then_some(status)
}

fn http_headers(block: &mut impl BufRead) -> Option<HeaderMap> {
    let mut lines = block.take(MAX_HEAD);
    let mut headers = HeaderMap::new();
    for _ in 0..MAX_HEADERS {
        let line = line(&mut lines)?;
        if line.is_empty() {
            return Some(headers);
        }
        // Invalid headers are ignored, as browsers do.
        if let Some((name, value)) = line.split_once(':')
            && let Ok(name) = name.trim().parse::<HeaderName>()
            && let Ok(value) = HeaderValue::from_bytes(value.trim().as_bytes())
        {
            headers.append(name, value);
        }
    }
    None
}

/// The next line without its line ending; `None` if there is no complete line within the bound.
fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    reader.take(MAX_HEAD).read_until(b'\n', &mut line).ok()?;
    let line = line.strip_suffix(b"\n")?;
    Some(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned())
}
