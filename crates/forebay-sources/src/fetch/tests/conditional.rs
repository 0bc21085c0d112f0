//! Pages that have not changed.

use super::*;

async fn site() -> Site {
    Site::serve(|request| {
        let headers =
            "etag: W/\"1\"\r\nlast-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\ncache-control: max-age=60\r\n";
        let is_known = request.headers.get("if-none-match").is_some_and(|tag| tag == "W/\"1\"")
            && request
                .headers
                .get("if-modified-since")
                .is_some_and(|time| time.starts_with("Thu, 01 Jan 2026"));
        if is_known {
            Reply::Bytes(
                b"HTTP/1.1 304 Not Modified\r\netag: W/\"1\"\r\ncache-control: max-age=90\r\n\r\n".to_vec(),
            )
        } else {
            Reply::new(200, headers, "page")
        }
    })
    .await
}

#[tokio::test]
async fn an_unchanged_page_costs_a_304() {
    let site = site().await;
    let fetcher = fetcher("{}");
    let request = Request::new(site.url("/"));
    let Fetched::Page { page, validators, fresh_until } = fetcher.get(&request).await.unwrap() else {
        panic!("expected a response with a body");
    };
    assert_eq!(page.text(), "page");
    let seconds = |until: Option<Timestamp>| until.unwrap().duration_since(page.fetched_at).as_secs();
    assert_eq!(seconds(fresh_until), 60);
    assert_eq!(validators.etag.as_deref(), Some("W/\"1\""));

    let again = fetcher.get(&request.validated(Some(validators.clone()))).await.unwrap();
    let Fetched::NotModified { validators: kept, fresh_until } = again else { panic!("expected a 304") };
    // The 304 omits `Last-Modified`, so the old value still applies.
    assert_eq!(kept, validators);
    assert!(seconds(fresh_until) >= 90);
    let counts = fetcher.stats().counts();
    assert_eq!((counts.num_requests, counts.num_not_modified, counts.num_wire_bytes), (2, 1, 4));
    let hosts = fetcher.stats().by_host();
    assert_eq!(hosts.len(), 1, "{hosts:?}");
    assert_eq!((&*hosts[0].host, hosts[0].num_requests, hosts[0].num_not_modified), ("127.0.0.1", 2, 1));
    assert!(hosts[0].seconds > 0.0, "{hosts:?}");
}

#[tokio::test]
async fn a_changed_page_is_fetched_in_full() {
    let site = site().await;
    let old = Validators { etag: Some("\"0\"".to_owned()), last_modified: None };
    let fetched = fetcher("{}").get(&Request::new(site.url("/")).validated(Some(old))).await.unwrap();
    assert!(matches!(fetched, Fetched::Page { .. }));
}

#[tokio::test]
async fn an_unrequested_304_is_an_error() {
    let site = Site::serve(|_| Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec())).await;
    let fetcher = fetcher("{}");
    assert_eq!(code(&fetcher, &site.url("/")).await, "http_status");
    let nothing = Request::new(site.url("/")).validated(Some(Validators::default()));
    assert_eq!(fetcher.get(&nothing).await.unwrap_err().code(), "http_status");
}

#[tokio::test]
async fn oversized_validators_are_ignored() {
    let site = Site::serve(|_| Reply::new(200, &format!("etag: \"{}\"\r\n", "x".repeat(2000)), "page")).await;
    let fetched = fetcher("{}").get(&Request::new(site.url("/"))).await.unwrap();
    assert!(matches!(fetched, Fetched::Page { validators, .. } if validators.is_empty()));
}
