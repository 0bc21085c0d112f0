//! Against a real server on loopback: pages, links, and everything a site can do wrong.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::*;
use crate::{Chunk, Reader};

/// A server that answers each path with a whole response, and keeps the requests.
struct Site {
    runtime: Runtime,
    base: String,
    requests: Arc<Mutex<Vec<String>>>,
}

fn site(answers: &[(&str, String)]) -> Site {
    site_with(|_| answers.to_vec())
}

/// A site whose answers name its own address.
fn site_with<'a>(answers: impl Fn(&str) -> Vec<(&'a str, String)>) -> Site {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let answers: HashMap<String, String> =
        answers(&base).into_iter().map(|(path, answer)| (path.to_owned(), answer)).collect();
    let seen = Arc::clone(&requests);
    runtime.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let request = String::from_utf8(request).unwrap();
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            seen.lock().unwrap().push(request);
            match answers.get(&path).map(String::as_str) {
                // Never answers, but holds the connection.
                Some("") => std::mem::forget(stream),
                Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                None => stream.write_all(answer("404 Not Found", "{}").as_bytes()).await.unwrap(),
            }
        }
    });
    Site { runtime, base, requests }
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn ok(body: &str) -> String {
    answer("200 OK", body)
}

impl Site {
    fn pages(&self, path: &str) -> HttpJson {
        HttpJson::new(format!("{}{path}", self.base), "/data/items").next("/links/next")
    }

    /// The records that came, and the error if one did.
    fn read(&self, pages: HttpJson) -> (Vec<String>, Option<Error>) {
        let options = pages.read_options();
        let mut reader = match Reader::open(Box::new(pages.read(self.runtime.handle())), &options) {
            Ok(reader) => reader,
            Err(error) => return (Vec::new(), Some(error)),
        };
        let mut chunk = Chunk::default();
        let mut records = Vec::new();
        loop {
            match reader.next_chunk(&mut chunk) {
                Ok(true) => records.extend(
                    chunk.records.iter().map(|span| String::from_utf8_lossy(chunk.text(span)).into_owned()),
                ),
                Ok(false) => {
                    assert_eq!(reader.ending().truncated, None);
                    return (records, None);
                }
                Err(error) => return (records, Some(error)),
            }
        }
    }

    fn paths(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|request| request.split(' ').nth(1).unwrap().to_owned()).collect()
    }
}

fn page(items: &str, next: &str) -> String {
    ok(&format!("{{\"data\":{{\"items\":[{items}]}},\"links\":{{\"next\":{next}}}}}"))
}

#[test]
fn pages_are_followed_to_the_last() {
    let site = site_with(|base| {
        vec![
            ("/api/items?p=1", page("{\"id\":1},{\"id\":2}", "\"items?p=2\"")),
            ("/api/items?p=2", page("{\"id\":3}", &format!("\"{base}/api/items?p=3\""))),
            ("/api/items?p=3", page("", "\"/api/last\"")),
            ("/api/last", page("{\"id\":4}", "null")),
        ]
    });
    let (records, error) = site.read(site.pages("/api/items?p=1"));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(records, ["{\"id\":1}", "{\"id\":2}", "{\"id\":3}", "{\"id\":4}"]);
    assert_eq!(site.paths(), ["/api/items?p=1", "/api/items?p=2", "/api/items?p=3", "/api/last"]);
    let agent = format!("user-agent: forebay/{}", env!("CARGO_PKG_VERSION"));
    assert!(site.requests.lock().unwrap().iter().all(|request| request.to_lowercase().contains(&agent)));
}

#[test]
fn one_page_is_enough() {
    let site = site(&[("/", ok("[{\"id\":1}]")), ("/object", page("{\"id\":2}", "\"/other\""))]);
    let (records, error) = site.read(HttpJson::new(format!("{}/", site.base), ""));
    assert!(error.is_none() && records == ["{\"id\":1}"], "{error:?}");
    let (records, error) = site.read(HttpJson { next: None, ..site.pages("/object") });
    assert!(error.is_none() && records == ["{\"id\":2}"], "{error:?}");
    assert_eq!(site.paths().len(), 2);
}

#[test]
fn a_status_other_than_200_names_url_and_status_after_the_records_before() {
    let site = site(&[
        ("/1", page("{\"id\":1}", "\"/2?token=hidden&page=2\"")),
        ("/2?token=hidden&page=2", answer("503 Service Unavailable", "busy")),
        ("/moved", answer("302 Found\r\nlocation: /1", "")),
    ]);
    let (records, error) = site.read(site.pages("/1"));
    assert_eq!(records, ["{\"id\":1}"]);
    let error = error.unwrap();
    assert_eq!(error.code(), "http_status");
    let message = error.to_string();
    assert!(message.contains("503") && message.contains("/2?token=***&page=2"), "{message}");
    assert!(matches!(site.read(site.pages("/moved")).1, Some(Error::HttpStatus { status: 302, .. })));
    assert!(matches!(site.read(site.pages("/absent")).1, Some(Error::HttpStatus { status: 404, .. })));
}

#[test]
fn limits_hold() {
    let site = site(&[
        ("/1", page("{\"id\":1}", "\"/2\"")),
        ("/2", page("{\"id\":2}", "\"/1\"")),
        ("/itself", page("{\"id\":1}", "\"/itself\"")),
        ("/large", page(&"1,".repeat(5000), "null")),
        ("/silent", String::new()),
        ("/cut", ok("{\"data\":{\"items\":[{}]}}").replace("content-length: ", "content-length: 1")),
    ]);
    let (records, error) = site.read(HttpJson { max_pages: 3, ..site.pages("/1") });
    assert_eq!(records.len(), 3);
    assert_eq!(error.unwrap().code(), "http_too_many_pages");
    assert_eq!(site.read(site.pages("/itself")).1.unwrap().code(), "http_next");
    let small = HttpJson { max_page_bytes: 10_000, ..site.pages("/large") };
    assert_eq!(site.read(small).1.unwrap().code(), "http_page_too_large");
    let hasty = HttpJson { timeout: Duration::from_millis(100), ..site.pages("/silent") };
    assert_eq!(site.read(hasty).1.unwrap().code(), "http_failed");
    assert_eq!(site.read(site.pages("/cut")).1.unwrap().code(), "http_failed");
}

#[test]
fn links_that_lead_away_are_not_followed() {
    let site = site(&[
        ("/away", page("{\"id\":1}", "\"http://127.0.0.2:1/x\"")),
        ("/port", page("{\"id\":1}", "\"http://127.0.0.1:1/x\"")),
        ("/file", page("{\"id\":1}", "\"file:///etc/hostname\"")),
        ("/number", page("{\"id\":1}", "7")),
    ]);
    for path in ["/away", "/port", "/file", "/number"] {
        assert_eq!(site.read(site.pages(path)).1.unwrap().code(), "http_next", "{path}");
    }
    assert_eq!(site.paths().len(), 4);
}

#[test]
fn only_http_is_fetched() {
    let site = site(&[]);
    for url in ["https://localhost/", "localhost", "file:///x", ""] {
        assert_eq!(site.read(HttpJson::new(url, "")).1.unwrap().code(), "http_url", "{url}");
    }
    let unreachable = HttpJson::new("http://127.0.0.1:1/", "");
    assert_eq!(site.read(unreachable).1.unwrap().code(), "http_failed");
    assert_eq!(
        site.read(HttpJson::new("http://127.0.0.1:1/", "").next("x")).1.unwrap().code(),
        "invalid_pointer"
    );
}

#[test]
fn a_page_without_its_records_is_an_error() {
    let site = site(&[("/", ok("{\"error\":\"quota\"}"))]);
    let (_, error) = site.read(site.pages("/"));
    assert_eq!(
        error.unwrap().to_string(),
        "nothing is found under /data/items: the document has no \"data\", its keys are error"
    );
}

#[test]
fn secrets_are_taken_out_of_urls() {
    let url = Url::parse("http://user:pass@h/p?api_key=abc&page=2&X-Amz-Signature=s").unwrap();
    assert_eq!(shown(&url), "http://h/p?api_key=***&page=2&X-Amz-Signature=***");
    assert_eq!(shown(&Url::parse("http://h/p").unwrap()), "http://h/p");
}
