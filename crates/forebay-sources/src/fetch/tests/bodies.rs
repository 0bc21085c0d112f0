//! Bodies that are too long, truncated, endless, compressed, damaged, or bombs.

use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use super::*;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

async fn fetched(more: &str, headers: &'static str, body: impl Into<Vec<u8>>) -> Result<Page, FetchError> {
    let body = body.into();
    let site = Site::serve(move |_| Reply::new(200, headers, &body)).await;
    get(&fetcher(more), &site.url("/")).await
}

#[tokio::test]
async fn a_page_keeps_the_headers_that_readers_use() {
    let site = Site::serve(|_| {
        let headers =
            "content-type: text/html; charset=latin1\r\nlink: </2>; rel=next\r\nlink: </0>; rel=prev\r\n";
        Reply::new(200, headers, b"caf\xe9")
    })
    .await;
    let page = get(&fetcher("{}"), &site.url("/1?x=y#part")).await.unwrap();
    assert_eq!(page.url, site.url("/1?x=y"));
    assert_eq!(page.content_type.as_deref(), Some("text/html; charset=latin1"));
    assert_eq!(page.link_headers, ["</2>; rel=next", "</0>; rel=prev"]);
    assert_eq!(page.text(), "café");
}

#[tokio::test]
async fn requests_carry_user_agent_and_accept_headers() {
    let site = Site::serve(|request| {
        let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
        Reply::ok(format!("{}|{}|{}", header("user-agent"), header("accept-encoding"), header("x-team")))
    })
    .await;
    let fetcher = fetcher(r#"{"contact": "https://example.org/bot", "headers": {"x-team": "data"}}"#);
    let page = get(&fetcher, &site.url("/")).await.unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!("forebay/{version} (+https://example.org/bot)|gzip, deflate, br, zstd|data");
    assert_eq!(page.text(), expected);
}

#[tokio::test]
async fn a_content_length_above_the_limit_is_refused_before_reading() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n";
    // The server never sends the body, so only the header can exceed the limit.
    let site = Site::serve(|_| Reply::ThenSilence(head.to_vec())).await;
    assert_eq!(code(&fetcher(r#"{"max_body": "1KB"}"#), &site.url("/")).await, "body_too_large");
    assert_eq!(fetched(r#"{"max_body": "1KB"}"#, "", vec![b'x'; 1000]).await.unwrap().body.len(), 1000);
}

#[tokio::test]
async fn an_endless_body_is_refused_at_the_limit() {
    let site = Site::serve(|_| Reply::Endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")).await;
    let fetcher = fetcher(r#"{"max_body": "1MB"}"#);
    assert_eq!(code(&fetcher, &site.url("/")).await, "body_too_large");
    let read = fetcher.stats().counts().num_wire_bytes;
    assert!((1_000_000..3_000_000).contains(&read), "{read} bytes were read");
}

#[tokio::test]
async fn a_truncated_body_is_an_error() {
    for cut in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nnot a hundred",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n50\r\nhello",
    ] {
        let site = Site::serve(move |_| Reply::Bytes(cut.as_bytes().to_vec())).await;
        assert_eq!(code(&fetcher("{}"), &site.url("/")).await, "body_truncated", "{cut:?}");
    }
}

#[tokio::test]
async fn bytes_after_the_content_length_are_ignored() {
    let long = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcdef";
    let site = Site::serve(|_| Reply::Bytes(long.to_vec())).await;
    assert_eq!(&get(&fetcher("{}"), &site.url("/")).await.unwrap().body[..], b"abc");
}

#[tokio::test]
async fn a_body_in_many_pieces_is_joined() {
    let numbers: Vec<String> = (0..500).map(|n| format!("{n:04}")).collect();
    let pieces = format!("4\r\n{}\r\n", numbers.join("\r\n4\r\n"));
    let response = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{pieces}0\r\n\r\n");
    let site = Site::serve(move |_| Reply::Bytes(response.clone().into_bytes())).await;
    let page = get(&fetcher("{}"), &site.url("/")).await.unwrap();
    assert_eq!(page.text(), numbers.concat());
}

#[tokio::test]
async fn every_encoding_is_decoded() {
    let text = "café ".repeat(20);
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(text.as_bytes()).unwrap();
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(text.as_bytes()).unwrap();
    let members = [gzip(&text.as_bytes()[..7]), gzip(&text.as_bytes()[7..])].concat();
    for (headers, body) in [
        ("content-encoding: gzip\r\n", gzip(text.as_bytes())),
        ("content-encoding: X-GZIP\r\n", members),
        ("content-encoding: deflate\r\n", zlib.finish().unwrap()),
        ("content-encoding: deflate\r\n", deflate.finish().unwrap()),
        ("content-encoding: identity\r\n", text.clone().into_bytes()),
    ] {
        let page = fetched("{}", headers, body).await.unwrap();
        assert_eq!(page.text(), text, "{headers}");
    }
}

#[tokio::test]
async fn an_empty_body_is_empty_in_every_encoding() {
    for headers in ["content-encoding: gzip\r\n", "content-encoding: br\r\n", "content-encoding: zstd\r\n"] {
        assert!(fetched("{}", headers, "").await.unwrap().body.is_empty());
    }
}

#[tokio::test]
async fn bombs_truncated_and_damaged_data_have_different_errors() {
    const GZIP: &str = "content-encoding: gzip\r\n";
    let code = async |more, headers, body| fetched(more, headers, body).await.map_err(|error| error.code());
    let bomb = gzip(&vec![0; 8 << 20]);
    assert!(bomb.len() < 10_000);
    assert_eq!(code("{}", GZIP, bomb.clone()).await.unwrap_err(), "decompression_bomb");
    // The inner layer would be decompressed in full before the outer one returns anything.
    for headers in
        ["content-encoding: gzip\r\ncontent-encoding: gzip\r\n", "content-encoding: gzip, gzip\r\n"]
    {
        assert_eq!(code("{}", headers, gzip(&bomb)).await.unwrap_err(), "encoding_unknown");
    }

    let page: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
    let whole = gzip(&page);
    assert_eq!(code("{}", GZIP, whole.clone()).await.unwrap().body, page);
    let limited = code(r#"{"max_body": "100KB"}"#, GZIP, whole.clone()).await;
    assert_eq!(limited.unwrap_err(), "body_too_large");
    let cut = whole[..whole.len() / 2].to_vec();
    assert_eq!(code("{}", GZIP, cut).await.unwrap_err(), "body_truncated");
    let mut damaged = whole;
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    assert_eq!(code("{}", GZIP, damaged).await.unwrap_err(), "body_corrupt");
    assert_eq!(
        code("{}", GZIP, b"<html><body>not packed</body></html>".to_vec()).await.unwrap_err(),
        "body_corrupt"
    );
}

#[tokio::test]
async fn an_unknown_encoding_is_refused() {
    for headers in [
        "content-encoding: snappy\r\n",
        "content-encoding: gzip, gzip, gzip\r\n",
        "content-encoding: \u{ff}\r\n",
    ] {
        let error = fetched("{}", headers, "x").await.unwrap_err();
        assert_eq!(error.code(), "encoding_unknown", "{headers}");
    }
}
