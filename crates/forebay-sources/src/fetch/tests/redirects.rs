//! Redirects that are followed, and redirects that are refused.

use super::*;

#[tokio::test]
async fn redirects_are_followed_and_the_page_has_the_final_url() {
    let site = Site::serve(|request| match request.path.as_str() {
        "/a" => Reply::redirect("/b?x=1#part"),
        "/b?x=1" => Reply::new(308, "location: ../c\r\n", ""),
        _ => Reply::ok("here"),
    })
    .await;
    let page = get(&fetcher("{}"), &site.url("/a")).await.unwrap();
    assert_eq!((page.url, &page.body[..]), (site.url("/c"), b"here".as_slice()));
    assert_eq!(site.paths(), ["/a", "/b?x=1", "/c"]);
}

#[tokio::test]
async fn a_redirect_loop_is_an_error() {
    let site = Site::serve(|request| Reply::redirect(if request.path == "/a" { "/b" } else { "/a" })).await;
    let error = get(&fetcher(r#"{"max_redirects": 3, "retries": 3}"#), &site.url("/a")).await.unwrap_err();
    assert_eq!(error.code(), "too_many_redirects");
    assert_eq!(site.paths().len(), 4);
}

#[tokio::test]
async fn private_addresses_are_refused_before_any_connection() {
    for (location, expected) in [
        ("http://169.254.169.254/latest/meta-data/", "address_refused"),
        ("//10.0.0.1/", "address_refused"),
        ("http://192.168.1.1:8080/", "address_refused"),
        ("http://[::1]/", "address_refused"),
        ("http://[::ffff:10.0.0.1]/", "address_refused"),
        ("http://0x7f000002/", "address_refused"),
        ("http://127.0.0.2/", "address_refused"),
        ("http://0/", "address_refused"),
        ("file:///etc/passwd", "url_refused"),
        ("ftp://127.0.0.1/", "url_refused"),
        ("data:text/html,x", "url_refused"),
        ("http://user:pass@127.0.0.1/", "url_refused"),
        ("http://", "redirect_invalid"),
    ] {
        let site = Site::serve(move |_| Reply::redirect(location)).await;
        let fetcher = fetcher(r#"{"retries": 3}"#);
        let error = get(&fetcher, &site.url("/")).await.unwrap_err();
        assert_eq!(error.code(), expected, "{location}");
        assert!(!error.to_string().contains("pass@"), "{error}");
        assert_eq!(fetcher.stats().counts().num_requests, 1, "{location}");
    }
}

#[tokio::test]
async fn a_redirect_without_a_valid_target_is_an_error() {
    let site = Site::serve(|_| Reply::new(301, "", "")).await;
    assert_eq!(code(&fetcher("{}"), &site.url("/")).await, "redirect_invalid");
    let long = format!("/{}", "x".repeat(9000));
    let site = Site::serve(move |_| Reply::redirect(&long)).await;
    assert_eq!(code(&fetcher("{}"), &site.url("/")).await, "url_refused");
}

#[tokio::test]
async fn loopback_is_refused_unless_allowed() {
    let site = Site::serve(|_| Reply::ok("inner")).await;
    let default = FetchSettings { robots: Robots::Ignore, ..FetchSettings::default() };
    let network = Network::new(1, clock());
    // A connection of another source must not be reused.
    let allowed = network.fetcher(&settings(r#"{"allow_private": true}"#), &[]).unwrap();
    let by_name = Url::parse(&format!("http://localhost:{}/", site.url("/").port().unwrap())).unwrap();
    assert_eq!(code(&allowed, &by_name).await, "ok");
    let seen = site.paths().len();

    let fetcher = network.fetcher(&default, &[]).unwrap();
    for url in [site.url("/"), by_name] {
        let error = get(&fetcher, &url).await.unwrap_err();
        assert_eq!(error.code(), "address_refused", "{url}");
    }
    // Fetching robots.txt would be a connection, too.
    let polite = network.fetcher(&FetchSettings::default(), &[]).unwrap();
    assert_eq!(code(&polite, &site.url("/")).await, "address_refused");
    assert_eq!(site.paths().len(), seen);
}

#[tokio::test]
async fn secrets_are_not_sent_to_other_origins() {
    let token = |request: &site::SiteRequest| request.headers.get("x-token").cloned().unwrap_or_default();
    let other = Site::serve(move |request| Reply::ok(token(request))).await;
    let target = other.url("/");
    let home = Site::serve(move |request| match request.path.as_str() {
        "/away" => Reply::redirect(&target),
        "/inside" => Reply::redirect("/"),
        _ => Reply::ok(token(request)),
    })
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "s3cret").unwrap();
    let more = serde_json::json!({ "headers": { "x-token": { "file": file.path() } } });
    let fetcher = Network::new(1, clock()).fetcher(&settings(&more.to_string()), &[home.url("/")]).unwrap();
    assert_eq!(get(&fetcher, &home.url("/inside")).await.unwrap().text(), "s3cret");
    assert_eq!(get(&fetcher, &home.url("/away")).await.unwrap().text(), "");
    assert_eq!(get(&fetcher, &other.url("/")).await.unwrap().text(), "");
}
