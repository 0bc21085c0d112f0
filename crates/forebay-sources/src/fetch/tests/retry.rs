//! Retries: which failures are retried, how often, and the effect of `Retry-After`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use forebay_domain::handoff::FailureClass;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};

use super::*;

#[tokio::test]
async fn transient_failures_are_retried() {
    let site = Site::serve(|asked| match asked.num_before {
        0 => Reply::new(500, "", ""),
        1 => Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut".to_vec()),
        2 => Reply::Bytes(Vec::new()),
        3 => Reply::new(429, "", ""),
        _ => Reply::ok("whole"),
    })
    .await;
    let fetcher = fetcher(r#"{"retries": 4}"#);
    assert_eq!(&get(&fetcher, &site.url("/")).await.unwrap().body[..], b"whole");
    let counts = fetcher.stats().counts();
    assert_eq!((counts.num_requests, counts.num_retries), (5, 4));
    assert_eq!(counts.num_decoded_bytes, 5);
}

#[tokio::test]
async fn retries_are_limited_and_the_last_error_is_returned() {
    let site = Site::serve(|_| Reply::new(502, "", "bad gateway")).await;
    let error = get(&fetcher(r#"{"retries": 2}"#), &site.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::HttpStatus { status: 502, .. }));
    assert_eq!(error.class(), FailureClass::Transient);
    assert_eq!(site.paths().len(), 3);
}

#[tokio::test]
async fn permanent_failures_are_requested_once() {
    for status in [204, 206, 400, 401, 403, 404, 410, 501, 505] {
        let site = Site::serve(move |_| Reply::new(status, "", "")).await;
        let error = get(&fetcher(r#"{"retries": 5}"#), &site.url("/?token=s3cret")).await.unwrap_err();
        assert_eq!((error.code(), error.class()), ("http_status", FailureClass::Permanent), "{status}");
        assert!(error.to_string().contains(&status.to_string()) && !error.to_string().contains("s3cret"));
        assert_eq!(site.paths().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn retry_after_in_seconds_or_as_a_date_is_honoured() {
    let in_seconds = Site::serve(|asked| match asked.num_before {
        0 => Reply::new(429, "retry-after: 1\r\n", ""),
        _ => Reply::ok("in"),
    });
    let as_a_date = Site::serve(|asked| match asked.num_before {
        0 => {
            let soon = httpdate::fmt_http_date(SystemTime::from(clock().now()) + Duration::from_secs(1));
            Reply::new(503, &format!("retry-after: {soon}\r\n"), "")
        }
        _ => Reply::ok("as"),
    });
    let (in_seconds, as_a_date) = (in_seconds.await, as_a_date.await);
    let (first, second) = (fetcher(r#"{"retries": 1}"#), fetcher(r#"{"retries": 1}"#));
    let (url_in, url_as) = (in_seconds.url("/"), as_a_date.url("/"));
    let (first, second) = tokio::join!(get(&first, &url_in), get(&second, &url_as));
    assert_eq!(&first.unwrap().body[..], b"in");
    assert_eq!(&second.unwrap().body[..], b"as");
}

#[tokio::test]
async fn a_host_with_a_long_retry_after_is_not_requested_again() {
    for (status, value) in [(429, "3600".to_owned()), (503, "Fri, 01 Jan 2100 00:00:00 GMT".to_owned())] {
        let site = Site::serve(move |_| Reply::new(status, &format!("retry-after: {value}\r\n"), "")).await;
        let network = Network::new(1, clock());
        let fetcher = network.fetcher(&settings(r#"{"retries": 5}"#), &[]).unwrap();
        let error = get(&fetcher, &site.url("/")).await.unwrap_err();
        assert_eq!((error.code(), error.class()), ("throttled", FailureClass::Throttled));
        assert!(error.retry_after().is_some_and(|time| time >= Duration::from_secs(3590)), "{error}");
        // Other fetchers of the same process don't request anything, either.
        let other = network.fetcher(&settings(r#"{"timeout": "10s"}"#), &[]).unwrap();
        let error = get(&other, &site.url("/other")).await.unwrap_err();
        assert_eq!(error.code(), "throttled");
        assert!(error.retry_after().is_some_and(|time| time >= Duration::from_secs(3590)), "{error}");
        assert_eq!(site.paths(), ["/"]);
    }
}

#[tokio::test]
async fn a_silent_server_is_a_timeout() {
    let site = Site::serve(|_| Reply::Silence).await;
    let fetcher = fetcher(r#"{"timeout": "1s", "retries": 1}"#);
    let error = get(&fetcher, &site.url("/")).await.unwrap_err();
    assert_eq!((error.code(), error.class()), ("timeout", FailureClass::Transient));
    assert_eq!(fetcher.stats().counts().num_requests, 2);
}

#[tokio::test]
async fn a_body_that_stalls_is_a_timeout() {
    let stalled = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin";
    let site = Site::serve(|_| Reply::ThenSilence(stalled.to_vec())).await;
    assert_eq!(code(&fetcher(r#"{"timeout": "2s"}"#), &site.url("/")).await, "timeout");
}

#[tokio::test]
async fn a_refused_connection_and_a_response_without_http_have_different_errors() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gone = Url::parse(&format!("http://{gone}/")).unwrap();
    let error = get(&fetcher("{}"), &gone).await.unwrap_err();
    assert_eq!((error.code(), error.class()), ("connect_failed", FailureClass::Transient));

    for noise in ["hello\r\n\r\n", "", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx"]
    {
        let site = Site::serve(move |_| Reply::Bytes(noise.as_bytes().to_vec())).await;
        let error = get(&fetcher("{}"), &site.url("/")).await.unwrap_err();
        assert_eq!((error.code(), error.class()), ("http_failed", FailureClass::Transient), "{noise:?}");
    }
    // This server doesn't use TLS.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
    let plain = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    };
    let fetcher = fetcher("{}");
    let (code, ()) = tokio::join!(code(&fetcher, &url), plain);
    assert_eq!(code, "connect_failed");
}

#[tokio::test]
async fn concurrency_per_host_is_limited() {
    let site = Arc::new(Site::serve(|_| Reply::ok("x")).await);
    let network = Network::new(1, clock());
    let fetchers = [r#"{"concurrency": 2}"#, r#"{"concurrency": 2, "timeout": "19s"}"#];
    let fetchers = fetchers.map(|more| network.fetcher(&settings(more), &[]).unwrap());
    let mut running = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (fetcher, url) = (fetchers[n % 2].clone(), site.url(&format!("/{n}")));
        running.spawn(async move { get(&fetcher, &url).await.map(|page| page.body.len()) });
    }
    while let Some(length) = running.join_next().await {
        assert_eq!(length.unwrap().unwrap(), 1);
    }
    assert_eq!(site.paths().len(), 20);
    assert!(site.max_in_flight() <= 2, "{} were in flight", site.max_in_flight());
}

#[tokio::test]
async fn connections_are_reused_after_every_kind_of_response() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let num_connections = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&num_connections);
    let site = tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let (asked, mut response) = connection.into_split();
                let mut lines = tokio::io::BufReader::new(asked).lines();
                let mut path = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line.starts_with("GET ") {
                        path = line;
                    } else if line.is_empty() {
                        let head = match path.split(' ').nth(1) {
                            Some("/gone") => "404 Not Found",
                            Some("/moved") => "302 Found\r\nlocation: /",
                            _ => "200 OK",
                        };
                        let text = format!("HTTP/1.1 {head}\r\ncontent-length: 4\r\n\r\nbody");
                        response.write_all(text.as_bytes()).await.unwrap();
                    }
                }
            });
        }
    });
    let fetcher = fetcher("{}");
    for n in 0..30 {
        let path = ["/", "/gone", "/moved"][n % 3];
        let expected = if path == "/gone" { "http_status" } else { "ok" };
        assert_eq!(code(&fetcher, &url.join(path).unwrap()).await, expected);
    }
    site.abort();
    assert_eq!(fetcher.stats().counts().num_requests, 40);
    // One connection is enough; a second one is opened while the first has not been returned yet.
    let num_connections = num_connections.load(Ordering::Relaxed);
    assert!(num_connections < 10, "{num_connections} connections");
}
