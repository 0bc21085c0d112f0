//! Archives written by other programs, and damaged ones.

use std::{
    io::{Read, Write},
    path::Path,
};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    clock::Clock,
    fetch::{error::FetchError, random::Random},
};

fn member(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn response(url: &str, block: &str) -> Vec<u8> {
    let length = block.len();
    member(&format!(
        "WARC/1.0\r\nwarc-type: response\r\nWARC-Target-URI: <{url}>\r\nWARC-Date: 2026-01-02T03:04:05Z\r\n\
         Content-Type: application/http\r\nContent-Length: {length}\r\n\r\n{block}\r\n\r\n"
    ))
}

/// An open archive and its temporary file, which the reader opens again for each page.
struct Opened {
    reader: WarcReader,
    _file: tempfile::NamedTempFile,
}

impl std::ops::Deref for Opened {
    type Target = WarcReader;

    fn deref(&self) -> &WarcReader {
        &self.reader
    }
}

fn open(archive: &[u8]) -> Result<Opened, FetchError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), archive).unwrap();
    Ok(Opened { reader: WarcReader::open(file.path())?, _file: file })
}

fn found(reader: &WarcReader, url: &str) -> Option<(u16, String)> {
    let mut recorded = reader.find(url, false).unwrap()?;
    let mut body = String::new();
    recorded.body.read_to_string(&mut body).unwrap();
    Some((recorded.status, body))
}

#[test]
fn archives_of_other_programs_are_read() {
    let archive = [
        member("WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 4\r\n\r\na: b\r\n\r\n"),
        response("http://a.example/", "HTTP/1.0 200 Fine\nServer: x\nno header\n\nbody"),
        response("http://b.example/", "HTTP/1.1 404 \r\n\r\n"),
        response("http://c.example/", "no response"),
    ];
    let reader = open(&archive.concat()).unwrap();
    assert_eq!(found(&reader, "http://a.example/"), Some((200, "body".to_owned())));
    assert_eq!(found(&reader, "http://b.example/"), Some((404, String::new())));
    assert_eq!(found(&reader, "http://c.example/"), None);
    let recorded = reader.find("http://a.example/", false).unwrap().unwrap();
    assert_eq!(
        (recorded.at.to_string().as_str(), &recorded.headers["server"]),
        ("2026-01-02T03:04:05Z", &"x".parse().unwrap())
    );
}

#[test]
fn the_last_page_wins_over_failures() {
    let url = "http://a.example/";
    let response = |status: u16, body: &str| response(url, &format!("HTTP/1.1 {status} X\r\n\r\n{body}"));
    let last = |responses: &[Vec<u8>]| found(&open(&responses.concat()).unwrap(), url).unwrap();
    assert_eq!(last(&[response(200, "1"), response(200, "2")]), (200, "2".to_owned()));
    assert_eq!(last(&[response(500, ""), response(200, "2")]), (200, "2".to_owned()));
    assert_eq!(last(&[response(200, "1"), response(500, "")]), (200, "1".to_owned()));
    assert_eq!(last(&[response(500, ""), response(404, "")]), (404, String::new()));
    assert_eq!(last(&[response(200, "1"), response(304, "")]), (200, "1".to_owned()));
}

#[test]
fn a_damaged_archive_is_an_error_with_its_offset() {
    let good = response("http://a.example/", "HTTP/1.1 200 OK\r\n\r\nbody");
    let endless = format!("WARC/1.1\r\n{}", "x: y\r\n".repeat(1000));
    for (bad, at) in [
        (b"plain text".to_vec(), 0),
        (member("no archive\r\n"), 0),
        (member("WARC/2.0\r\n\r\n"), 0),
        (member(&endless), 0),
        (member(&format!("WARC/1.1{}", "x".repeat(1 << 20))), 0),
        ([&good[..], &good[..good.len() / 2]].concat(), good.len()),
        ([&good[..], &good[..good.len() - 3]].concat(), good.len()),
    ] {
        let Err(error) = open(&bad) else { panic!("expected an error") };
        assert!(matches!(error, FetchError::WarcCorrupt { offset, .. } if offset == at as u64), "{error}");
    }
    assert_eq!(open(b"").unwrap().find("http://a.example/", true).unwrap().map(|found| found.status), None);
    assert_eq!(WarcReader::open(Path::new("/no/such/archive")).unwrap_err().code(), "warc_failed");
}

#[test]
fn a_transfer_encoding_is_refused() {
    let block = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let reader = open(&response("http://a.example/", block)).unwrap();
    let Err(error) = reader.find("http://a.example/", false) else { panic!("expected an error") };
    assert_eq!(error.code(), "warc_corrupt");
}

#[test]
fn an_archive_is_readable_by_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.warc.gz");
    let open = |path: &Path| WarcWriter::open(path, Random::seeded(1), &Clock::fixed(Timestamp::UNIX_EPOCH));
    open(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(open(folder.path()).unwrap_err().code(), "warc_failed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_archive_makes_the_reader_panic(
        url in "[a-z:/. \r\n<>]{0,20}", block in "(HTTP/1.1 [0-9]{0,4})?[ -~\r\n]{0,60}", cut in 0_usize..400,
    ) {
        let mut archive = response(&url, &block);
        archive.truncate(archive.len().saturating_sub(cut.saturating_sub(300)));
        if let Ok(reader) = open(&archive) {
            let _ = reader.find(&url, true);
        }
    }
}
