//! Every kind of source failure ends with the right status and reason, and earlier records stay.

use std::{
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use forebay_domain::{breaker::BreakerPolicy, run::RunStatus};
use forebay_engine::{clock, scrape::SourceDefinition};
use forebay_sources::{crawl::CrawlSettings, fetch::FetchSettings};
use serde_json::json;

use super::{World, courses, list};
use crate::site::{Answer, Asked};

/// The expected end of a day's scrape: the status of its run, or `error`, and the reason.
type Expected = (&'static str, &'static str);

fn redirect(to: &str) -> Answer {
    Answer::Raw(302, vec![("location", to.to_owned())], Vec::new())
}

fn html(headers: &[(&'static str, &str)], body: Vec<u8>) -> Answer {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let html = [("content-type", "text/html".to_owned())];
    Answer::Raw(200, html.into_iter().chain(headers).collect(), body)
}

/// So many zero bytes that they compress to a few thousand bytes.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..64 {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap()
}

fn fetch(timeout: &str) -> FetchSettings {
    serde_json::from_value(json!({
        "allow_private": ["127.0.0.1"], "rate": "unlimited", "retries": 0, "backoff": "1ms", "timeout": timeout,
        "max_retry_after": "2s", "max_body": "4MiB",
    }))
    .unwrap()
}

/// A source that neither retries nor waits for its host, without a breaker.
fn impatient(url: &str) -> SourceDefinition {
    let fetch = fetch("5m");
    let breaker = BreakerPolicy { max_consecutive: None, min_calls: 1_000, ..BreakerPolicy::default() };
    let crawl = CrawlSettings { max_pages: 3, ..CrawlSettings::default() };
    SourceDefinition { fetch, breaker, crawl, ..courses("courses", &format!("{url}/")) }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_has_its_reason_and_loses_nothing() {
    let mut world = World::with(|url| vec![impatient(url)]).await;
    let good = list(&[("1", "Logic"), ("2", "Sets"), ("3", "Graphs"), ("4", "Rings")], None);
    let long = "x".repeat(100);
    let days: Vec<(&str, Answer, Expected)> = vec![
        ("slow", Answer::Slow("<p>".into(), Duration::from_hours(1)), ("error", "timeout")),
        ("server error", Answer::Status(500), ("error", "http_status")),
        ("not found", Answer::Status(404), ("error", "http_status")),
        (
            "come back later",
            Answer::Raw(429, vec![("retry-after", "3600".into())], Vec::new()),
            ("error", "throttled"),
        ),
        ("truncated", Answer::Broken("<li class=course data-id=1>".into()), ("error", "body_truncated")),
        ("empty", Answer::Page(String::new()), ("error", "page_unreadable")),
        ("no courses", Answer::Page("<p>Back soon!".into()), ("held", "empty_run")),
        (
            "another content type",
            Answer::Raw(200, vec![("content-type", "application/pdf".into())], b"%PDF-1.7".to_vec()),
            ("error", "page_unreadable"),
        ),
        ("link-local", redirect("http://169.254.169.254/latest/meta-data/"), ("error", "address_refused")),
        ("private", redirect("http://10.0.0.1/"), ("error", "address_refused")),
        (
            "another way to write loopback",
            redirect("http://[::ffff:127.0.0.2]/"),
            ("error", "address_refused"),
        ),
        ("a file", redirect("file:///etc/passwd"), ("error", "url_refused")),
        ("round in a circle", redirect("/"), ("error", "too_many_redirects")),
        ("zip bomb", html(&[("content-encoding", "gzip")], bomb()), ("error", "decompression_bomb")),
        ("too large", html(&[], long.repeat(60_000).into_bytes()), ("error", "body_too_large")),
        (
            "broken gzip",
            html(&[("content-encoding", "gzip")], b"\x1f\x8bnonsense".to_vec()),
            ("error", "body_corrupt"),
        ),
        ("endless", Answer::Endless, ("partial", "too_many_pages")),
    ];
    world.site.set("/", good.clone());
    assert_eq!(world.scrape().await.status, RunStatus::Complete);
    for (name, answer, expected) in days {
        world.site.set("/", answer);
        // Only the slow page needs a short timeout. With one, the others could time out on a loaded machine.
        let source = Arc::make_mut(&mut world.scraper.sources).get_mut("courses").unwrap();
        source.fetch = fetch(if name == "slow" { "3s" } else { "5m" });
        // Another process, which does not know the host's request to wait from the day before.
        world.scraper.network = clock::network();
        let ended = match world.try_scrape().await {
            Ok(report) => (report.status.as_str(), report.reason_code.unwrap_or_default()),
            Err(error) => ("error", error.code().to_owned()),
        };
        assert_eq!((ended.0, ended.1.as_str()), expected, "{name}");
        let stored = world
            .text("select status || ' ' || reason_code from forebay.scrape_runs order by run_id desc limit 1")
            .await;
        let status = if expected.0 == "error" { "failed" } else { expected.0 };
        assert_eq!(stored, format!("{status} {}", expected.1), "{name}");
        let lost = "select count(*) from forebay.\"references\" where removed_at is not null or version <> 1";
        assert_eq!(world.number(lost).await, 0, "{name}");
    }
    world.site.set("/", good);
    world.site.asked();
    let report = world.scrape().await;
    assert_eq!(report.status, RunStatus::Complete);
    assert_eq!(
        (report.counts.num_unchanged, report.counts.num_removed),
        (4, 3),
        "the endless pages were removed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_forbidden_by_robots_txt_are_not_requested() {
    let world = World::with(|url| vec![impatient(url)]).await;
    world.site.set("/robots.txt", Answer::Raw(200, Vec::new(), b"User-agent: *\nDisallow: /".to_vec()));
    world.site.set("/", list(&[("1", "Logic")], None));
    assert_eq!(world.try_scrape().await.unwrap_err().code(), "robots_disallowed");
    assert_eq!(world.site.asked(), Asked { failed: 1, ..Asked::default() }, "only robots.txt was requested");
}

#[tokio::test(flavor = "multi_thread")]
async fn loopback_is_refused_unless_allowed() {
    let world = World::with(|url| {
        let fetch: FetchSettings = serde_json::from_value(json!({})).unwrap();
        vec![SourceDefinition { fetch, ..impatient(url) }]
    })
    .await;
    world.site.set("/", list(&[("1", "Logic")], None));
    assert_eq!(world.try_scrape().await.unwrap_err().code(), "address_refused");
    assert_eq!(world.site.asked(), Asked::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requested_wait_is_honoured() {
    let world = World::with(|url| {
        let mut source = impatient(url);
        source.fetch = serde_json::from_value(json!({
            "allow_private": true, "rate": "unlimited", "retries": 1, "backoff": "1ms",
        }))
        .unwrap();
        vec![source]
    })
    .await;
    let Answer::Page(page) = list(&[("1", "Logic")], None) else { unreachable!("a list is a page") };
    world.site.set("/", Answer::BusyOnce(2, page));
    let started = Instant::now();
    let report = world.scrape().await;
    assert_eq!((report.status, report.fetched.num_retries), (RunStatus::Complete, 1));
    assert!(started.elapsed() >= Duration::from_secs(1), "the host was not waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_half_of_its_pages_failed_counts_against_the_source() {
    let state = "select concat_ws(' ', state, ceil(extract(epoch from retry_at - changed_at))) \
         from forebay.circuit_breaker_state";
    let sensitive = |url: &str| {
        let source = impatient(url);
        let breaker = BreakerPolicy { max_consecutive: Some(1), jitter: 0.0, ..BreakerPolicy::default() };
        vec![SourceDefinition { breaker, ..source }]
    };
    let wait = |seconds: &str| Answer::Raw(429, vec![("retry-after", seconds.to_owned())], Vec::new());
    let days: [(&str, Answer, &str); 4] = [
        ("one of two failed", Answer::Status(500), "open 30"),
        ("not found", Answer::Raw(403, Vec::new(), Vec::new()), "open 30"),
        ("come back later", wait("3600"), "open 3600"),
        ("endless", Answer::Endless, "closed"),
    ];
    for (name, answer, expected) in days {
        let world = World::with(sensitive).await;
        world.site.set("/", list(&[("1", "Logic")], Some("/more")));
        world.site.set("/more", answer);
        let report = world.scrape().await;
        assert_eq!(report.status, RunStatus::Partial, "{name}");
        assert_eq!(world.text(state).await, expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_failed_page_of_several_does_not_count_unless_it_asks_to_wait() {
    let state = "select state from forebay.circuit_breaker_state";
    for (status, headers, expected) in
        [(500, Vec::new(), "closed"), (429, vec![("retry-after", "3600".to_owned())], "open")]
    {
        let world = World::with(|url| {
            let breaker = BreakerPolicy { max_consecutive: Some(1), ..BreakerPolicy::default() };
            vec![SourceDefinition { breaker, ..impatient(url) }]
        })
        .await;
        world.site.set("/", list(&[("1", "Logic")], Some("/p2")));
        world.site.set("/p2", list(&[("2", "Sets")], Some("/p3")));
        world.site.set("/p3", Answer::Raw(status, headers, Vec::new()));
        let report = world.scrape().await;
        assert_eq!((report.num_pages, report.num_failed_pages), (2, 1));
        assert_eq!(world.text(state).await, expected, "{status}");
    }
}
