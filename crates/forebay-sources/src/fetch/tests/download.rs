//! Large files that are read as they arrive.

use std::io::{Read, Write};

use super::*;
use crate::{Block, Error, ReadOptions, Reader};

/// Reads a file to its end on a thread of its own. Returns the error's code, if any.
async fn read(download: Download) -> (Vec<u8>, Option<&'static str>) {
    let Download::File { mut body, .. } = download else { panic!("expected a response with a body") };
    let read = tokio::task::spawn_blocking(move || {
        let mut data = Vec::new();
        let result = body.read_to_end(&mut data);
        (data, result.err().map(|error| error.downcast::<Error>().unwrap().code()))
    });
    read.await.unwrap()
}

fn lines() -> String {
    (0..100_000).map(|n| format!("{{\"id\":{n}}}\n")).collect::<Vec<_>>().concat()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

async fn download(fetcher: &Fetcher, url: &Url) -> Download {
    fetcher.download(&Request::new(url.clone())).await.unwrap()
}

#[tokio::test]
async fn a_file_is_read_with_or_without_compression() {
    let site = Site::serve(|request| match request.path.as_str() {
        "/gz" => Reply::new(200, "content-encoding: gzip\r\n", gzip(lines().as_bytes())),
        _ => Reply::ok(lines()),
    })
    .await;
    // The limit for pages does not apply to files.
    let fetcher = fetcher(r#"{"max_body": "1KB"}"#);
    for path in ["/", "/gz"] {
        let (data, error) = read(download(&fetcher, &site.url(path)).await).await;
        assert_eq!((data.len(), error), (lines().len(), None), "{path}");
    }
    let counts = fetcher.stats().counts();
    assert_eq!(counts.num_decoded_bytes, 2 * lines().len() as u64);
    assert!(counts.num_wire_bytes < counts.num_decoded_bytes);
}

#[tokio::test]
async fn a_truncated_download_is_an_error_after_its_data() {
    let cut = gzip(lines().as_bytes());
    let cut = cut[..cut.len() / 2].to_vec();
    let site = Site::serve(move |request| match request.path.as_str() {
        // The transfer is complete, but the compressed data is truncated.
        "/packed" => Reply::new(200, "content-encoding: gzip\r\n", &cut),
        _ => Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id\":1}\n".to_vec()),
    })
    .await;
    let fetcher = fetcher("{}");
    let (data, error) = read(download(&fetcher, &site.url("/")).await).await;
    assert_eq!((&data[..], error), (b"{\"id\":1}\n".as_slice(), Some("body_truncated")));
    let (data, error) = read(download(&fetcher, &site.url("/packed")).await).await;
    assert_eq!(error, Some("body_truncated"));
    assert!(data.len() > 100_000 && lines().as_bytes().starts_with(&data));
}

#[tokio::test]
async fn a_network_error_inside_an_encoding_keeps_its_code() {
    let mut stalled =
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\ncontent-encoding: gzip\r\n\r\n".to_vec();
    stalled.extend(&gzip(lines().as_bytes())[..10_000]);
    let site = Site::serve(move |_| Reply::ThenSilence(stalled.clone())).await;
    let (_, error) = read(download(&fetcher(r#"{"timeout": "2s"}"#), &site.url("/")).await).await;
    assert_eq!(error, Some("timeout"));
}

#[tokio::test]
async fn files_are_bounded() {
    let site = Site::serve(|request| match request.path.as_str() {
        "/endless" => Reply::Endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
        "/bomb" => Reply::new(200, "content-encoding: gzip\r\n", {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&vec![0; 8 << 20]).unwrap();
            encoder.finish().unwrap()
        }),
        _ => Reply::ok(vec![b'x'; 3000]),
    })
    .await;
    let small = fetcher(r#"{"max_file": "2KB"}"#);
    let error = small.download(&Request::new(site.url("/"))).await.unwrap_err();
    assert_eq!(error.code(), "body_too_large");
    let (_, error) = read(download(&small, &site.url("/endless")).await).await;
    assert_eq!(error, Some("body_too_large"));
    let (data, error) = read(download(&fetcher("{}"), &site.url("/bomb")).await).await;
    assert_eq!(error, Some("decompression_bomb"));
    assert!(data.len() < 4 << 20);
}

#[tokio::test]
async fn a_trickling_download_times_out() {
    let site = Site::serve(|_| Reply::Trickle("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")).await;
    // No single piece exceeds the timeout.
    let fetcher = fetcher(r#"{"timeout": "1h", "max_file_time": "2s"}"#);
    let (_, error) = read(download(&fetcher, &site.url("/")).await).await;
    assert_eq!(error, Some("timeout"));
}

#[tokio::test]
async fn dropping_the_body_ends_the_download() {
    let site = Site::serve(|_| Reply::Endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")).await;
    let fetcher = fetcher(r#"{"concurrency": 1}"#);
    drop(download(&fetcher, &site.url("/")).await);
    // The host's only permit is free again.
    drop(download(&fetcher, &site.url("/again")).await);
    assert_eq!(site.paths(), ["/", "/again"]);
}

#[tokio::test]
async fn a_reader_reads_a_download_and_returns_its_errors() {
    let site = Site::serve(|_| {
        Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id\":1}\n{\"id\":2}\n".to_vec())
    })
    .await;
    let Download::File { body, .. } = download(&fetcher("{}"), &site.url("/")).await else {
        panic!("expected a response with a body");
    };
    let read = tokio::task::spawn_blocking(move || {
        let options = ReadOptions { format: crate::Format::JsonLines, ..ReadOptions::default() };
        let mut reader = Reader::open(Box::new(body), &options)?;
        let (mut block, mut num_records) = (Block::default(), 0);
        while reader.next_block(&mut block)? {
            num_records += block.records.len();
        }
        Ok::<_, Error>(num_records)
    });
    assert!(matches!(read.await.unwrap(), Err(Error::Fetch(FetchError::BodyTruncated { .. }))));
}
