//! Archives what is fetched, and replays the archive.

use std::{
    io::{Read, Write},
    path::Path,
};

use super::*;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

async fn site() -> Site {
    Site::serve(|request| match request.path.as_str() {
        "/robots.txt" => Reply::ok("user-agent: *\nallow: /"),
        "/moved" => Reply::redirect("/target"),
        "/target" => Reply::ok("found"),
        "/page" if request.headers.contains_key("if-none-match") => {
            Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\n\r\n".to_vec())
        }
        "/page" => {
            let headers = "etag: \"1\"\r\ncontent-type: text/plain; charset=latin1\r\n\
                           set-cookie: sid=c00kie\r\ncontent-encoding: gzip\r\n";
            Reply::new(200, headers, gzip(b"caf\xe9"))
        }
        "/chunked" => Reply::Bytes(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".to_vec(),
        ),
        "/flaky" if request.num_before == 0 => Reply::new(500, "", "broken"),
        "/flaky" => Reply::ok("recovered"),
        "/file" => Reply::ok("line\n".repeat(50_000)),
        _ => Reply::new(404, "", "nothing"),
    })
    .await
}

#[tokio::test]
async fn an_archive_replays_pages_and_files_without_the_network() {
    let site = site().await;
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("pages.warc.gz");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "s3cret").unwrap();
    let more = serde_json::json!({
        "warc": archive, "robots": "obey", "retries": 1, "headers": { "x-token": { "file": secret }, "x-api-key": "k3y" },
    });
    let settings = settings(&more.to_string());
    let fetcher = Network::new(1, clock()).fetcher(&settings, &[site.url("/")]).unwrap();
    let mut pages = Vec::new();
    for path in ["/moved", "/page", "/chunked", "/flaky"] {
        pages.push((path, get(&fetcher, &site.url(path)).await.unwrap()));
    }
    assert_eq!(code(&fetcher, &site.url("/gone")).await, "http_status");
    let Download::File { mut body, .. } = fetcher.download(&Request::new(site.url("/file"))).await.unwrap()
    else {
        panic!("expected a response with a body");
    };
    let file = tokio::task::spawn_blocking(move || std::io::copy(&mut body, &mut std::io::sink()));
    assert_eq!(file.await.unwrap().unwrap(), 250_000);
    // Once a file was read to its end, it is in the archive.
    let seen = site.paths().len();

    let text = unpacked(&archive);
    for kept_out in ["s3cret", "c00kie", "x-token", "k3y"] {
        assert!(!text.contains(kept_out), "{kept_out}");
    }
    assert!(text.contains("GET /page HTTP/1.1") && text.contains("user-agent: forebay/"));

    let replay = Fetcher::replaying(&archive, &settings, clock()).unwrap();
    for (path, page) in &pages {
        let again = get(&replay, &site.url(path)).await.unwrap();
        assert_eq!(
            (&again.url, &again.body, &again.content_type),
            (&page.url, &page.body, &page.content_type)
        );
        assert_eq!(again.fetched_at, page.fetched_at, "{path}");
    }
    assert_eq!(code(&replay, &site.url("/gone")).await, "http_status");
    let error = get(&replay, &site.url("/never")).await.unwrap_err();
    assert_eq!(error.code(), "not_in_warc");
    let Download::File { mut body, .. } = replay.download(&Request::new(site.url("/file"))).await.unwrap()
    else {
        panic!("expected a response with a body");
    };
    let mut text = String::new();
    body.read_to_string(&mut text).unwrap();
    assert_eq!(text, "line\n".repeat(50_000));
    assert_eq!(replay.stats().counts().num_requests, 0);
    assert_eq!(site.paths().len(), seen);
}

#[tokio::test]
async fn an_unchanged_page_is_archived_as_a_revisit() {
    let site = site().await;
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("pages.warc.gz");
    let settings = settings(&serde_json::json!({ "warc": archive }).to_string());
    let fetcher = Network::new(1, clock()).fetcher(&settings, &[]).unwrap();
    let known = Validators { etag: Some("\"1\"".to_owned()), last_modified: None };
    let request = Request::new(site.url("/page")).validated(Some(known));
    assert!(matches!(fetcher.get(&request).await.unwrap(), Fetched::NotModified { .. }));
    assert!(unpacked(&archive).contains("WARC-Type: revisit"));

    let replay = Fetcher::replaying(&archive, &settings, clock()).unwrap();
    assert!(matches!(replay.get(&request).await.unwrap(), Fetched::NotModified { .. }));
    let unknown = Request::new(site.url("/page"));
    assert_eq!(replay.get(&unknown).await.unwrap_err().code(), "not_in_warc");
}

#[tokio::test]
async fn two_runs_append_to_one_archive() {
    let site = site().await;
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("pages.warc.gz");
    let settings = settings(&serde_json::json!({ "warc": archive }).to_string());
    for path in ["/page", "/chunked"] {
        let fetcher = Network::new(1, clock()).fetcher(&settings, &[]).unwrap();
        get(&fetcher, &site.url(path)).await.unwrap();
    }
    assert_eq!(unpacked(&archive).matches("WARC-Type: warcinfo").count(), 1);
    let replay = Fetcher::replaying(&archive, &settings, clock()).unwrap();
    assert_eq!(get(&replay, &site.url("/page")).await.unwrap().text(), "café");
    assert_eq!(get(&replay, &site.url("/chunked")).await.unwrap().text(), "abcde");
}

fn unpacked(archive: &Path) -> String {
    let mut text = Vec::new();
    let file = std::fs::File::open(archive).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut text).unwrap();
    String::from_utf8_lossy(&text).into_owned()
}
