//! Fetching robots.txt: obeyed, cached, and required.

use forebay_domain::handoff::FailureClass;

use super::*;

const OBEY: &str = r#"{"robots": "obey"}"#;

/// A site with this response for robots.txt, and pages everywhere else.
async fn site(robots: impl Fn() -> Reply + Send + Sync + 'static) -> Site {
    Site::serve(move |request| if request.path == "/robots.txt" { robots() } else { Reply::ok("page") }).await
}

#[tokio::test]
async fn disallowed_pages_are_not_requested() {
    let site = site(|| Reply::ok("user-agent: *\ndisallow: /private\n")).await;
    let fetcher = fetcher(OBEY);
    let error = get(&fetcher, &site.url("/private/x?y")).await.unwrap_err();
    assert_eq!((error.code(), error.class()), ("robots_disallowed", FailureClass::Permanent));
    assert_eq!(code(&fetcher, &site.url("/public")).await, "ok");
    assert_eq!(code(&fetcher, &site.url("/public?private")).await, "ok");
    assert_eq!(site.paths(), ["/robots.txt", "/public", "/public?private"]);
}

#[tokio::test]
async fn robots_txt_is_fetched_once_for_concurrent_requests() {
    let site = site(|| Reply::ok("user-agent: forebay\nallow: /\n")).await;
    let network = Network::new(1, clock());
    let fetcher = network.fetcher(&settings(r#"{"robots": "obey", "concurrency": 8}"#), &[]).unwrap();
    let urls: Vec<Url> = (0..6).map(|n| site.url(&format!("/{n}"))).collect();
    let (a, b, c, d) = tokio::join!(
        get(&fetcher, &urls[0]),
        get(&fetcher, &urls[1]),
        get(&fetcher, &urls[2]),
        get(&fetcher, &urls[3]),
    );
    assert!([a, b, c, d].iter().all(Result::is_ok));
    let other = network.fetcher(&settings(OBEY), &[]).unwrap();
    assert_eq!(code(&other, &urls[4]).await, "ok");
    assert_eq!(site.paths().iter().filter(|path| *path == "/robots.txt").count(), 1);
}

#[tokio::test]
async fn a_site_without_robots_txt_allows_everything() {
    for status in [204, 401, 403, 404, 410, 451] {
        let site = site(move || Reply::new(status, "", "user-agent: *\ndisallow: /")).await;
        assert_eq!(code(&fetcher(OBEY), &site.url("/")).await, "ok", "{status}");
    }
}

#[tokio::test]
async fn an_unreachable_robots_txt_forbids_everything() {
    for reply in [
        || Reply::new(500, "", ""),
        || Reply::new(503, "", ""),
        || Reply::new(429, "", ""),
        || Reply::Bytes(Vec::new()),
        || Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nuser-agent".to_vec()),
        || Reply::Silence,
    ] {
        let site = site(reply).await;
        let fetcher = fetcher(r#"{"robots": "obey", "timeout": "2s", "retries": 1}"#);
        let error = get(&fetcher, &site.url("/")).await.unwrap_err();
        let expected =
            [("robots_unreachable", FailureClass::Transient), ("throttled", FailureClass::Throttled)];
        assert!(expected.contains(&(error.code(), error.class())), "{error}");
        assert_eq!(site.paths(), ["/robots.txt", "/robots.txt"]);
        // It is not fetched again for every page.
        if error.code() == "robots_unreachable" {
            assert_eq!(code(&fetcher, &site.url("/other")).await, "robots_unreachable");
            assert_eq!(site.paths().len(), 2);
        }
    }
}

#[tokio::test]
async fn fetching_robots_txt_is_retried() {
    let site = Site::serve(|request| match (request.path.as_str(), request.num_before) {
        ("/robots.txt", 0) => Reply::new(500, "", ""),
        ("/robots.txt", _) => Reply::ok("user-agent: *\ndisallow: /x"),
        _ => Reply::ok("page"),
    })
    .await;
    let fetcher = fetcher(r#"{"robots": "obey", "retries": 1}"#);
    assert_eq!(code(&fetcher, &site.url("/x")).await, "robots_disallowed");
    assert_eq!(code(&fetcher, &site.url("/y")).await, "ok");
}

#[tokio::test]
async fn a_huge_or_endless_robots_txt_is_read_up_to_the_limit() {
    let huge = format!("user-agent: *\ndisallow: /early\n{}\ndisallow: /late\n", "#".repeat(600 << 10));
    let site = site(move || Reply::ok(&huge)).await;
    let fetcher = fetcher(OBEY);
    assert_eq!(code(&fetcher, &site.url("/early")).await, "robots_disallowed");
    assert_eq!(code(&fetcher, &site.url("/late")).await, "ok");

    let endless =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1f\r\nuser-agent: *\ndisallow: /early\n\r\n";
    let site = self::site(move || Reply::Endless(endless)).await;
    assert_eq!(code(&fetcher, &site.url("/early")).await, "robots_disallowed");
    assert_eq!(code(&fetcher, &site.url("/late")).await, "ok");
}

#[tokio::test]
async fn five_redirects_of_robots_txt_are_followed() {
    let chain = |length: usize| {
        Site::serve(move |request| match request.path.as_str() {
            "/robots.txt" => Reply::redirect("/1"),
            "/page" => Reply::ok("page"),
            path => match path[1..].parse::<usize>() {
                Ok(number) if number < length => Reply::redirect(format!("/{}", number + 1)),
                _ => Reply::ok("user-agent: *\ndisallow: /"),
            },
        })
    };
    let (five, six) = (chain(5).await, chain(6).await);
    let fetcher = fetcher(OBEY);
    assert_eq!(code(&fetcher, &five.url("/page")).await, "robots_disallowed");
    assert_eq!(code(&fetcher, &six.url("/page")).await, "ok");
}

#[tokio::test]
async fn robots_txt_at_another_origin_is_followed_only_to_an_allowed_host() {
    let other = site(|| Reply::ok("user-agent: *\ndisallow: /private")).await;
    let rules = other.url("/robots.txt");
    let site = site(move || Reply::redirect(&rules)).await;
    let network = Network::new(1, clock());
    let fetcher = network.fetcher(&settings(OBEY), &[]).unwrap();
    let get = async |path: &str, allowed: &[AllowedHost]| {
        fetcher.get(&Request::new(site.url(path)).within(allowed)).await
    };
    for _ in 0..2 {
        let error = get("/page", &[]).await.unwrap_err();
        assert_eq!((error.code(), error.class()), ("robots_unreachable", FailureClass::Transient));
        let to = other.url("/").origin().ascii_serialization();
        assert!(error.to_string().contains(&format!("redirects to {to}")), "{error}");
    }
    assert_eq!((site.paths(), other.paths()), (vec!["/robots.txt".to_owned()], Vec::new()));

    let allowed = [AllowedHost::try_from("127.0.0.1".to_owned()).unwrap()];
    let code = get("/private", &allowed).await.unwrap_err().code();
    assert_eq!(code, "robots_disallowed");
    assert!(get("/page", &allowed).await.is_ok());
    assert_eq!(other.paths(), ["/robots.txt"]);
}

#[tokio::test]
async fn robots_txt_is_checked_at_every_redirect() {
    let other = site(|| Reply::ok("user-agent: *\ndisallow: /secret")).await;
    let target = other.url("/secret");
    let site = Site::serve(move |request| match request.path.as_str() {
        "/robots.txt" => Reply::ok(""),
        "/here" => Reply::redirect("/robots.txt"),
        _ => Reply::redirect(&target),
    })
    .await;
    let fetcher = fetcher(OBEY);
    assert_eq!(code(&fetcher, &site.url("/")).await, "robots_disallowed");
    assert_eq!(other.paths(), ["/robots.txt"]);
}

#[tokio::test]
async fn an_ignored_robots_txt_is_not_fetched() {
    let site = site(|| Reply::ok("user-agent: *\ndisallow: /")).await;
    assert_eq!(code(&fetcher("{}"), &site.url("/")).await, "ok");
    assert_eq!(site.paths(), ["/"]);
}
