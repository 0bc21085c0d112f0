//! Crawls small sites on loopback up to their limits.

use serde_json::json;

use super::*;
use crate::{
    fetch::tests::{
        fetcher,
        site::{Reply, Site},
    },
    kinds::PageReader,
    page::Role,
};

/// A page with an item for each of these details, and a link to the next page.
fn page(details: &[String], next: Option<&str>) -> Reply {
    let item = |path: &String| format!("<li><a href='{path}'>one</a></li>");
    let items = details.iter().map(item).collect::<Vec<_>>().concat();
    let next = next.map(|next| format!("<a rel=next href='{next}'>more</a>")).unwrap_or_default();
    let headers = "content-type: text/html\r\netag: \"1\"\r\n";
    Reply::new(200, headers, format!("<h1>Title</h1><ul>{items}</ul>{next}"))
}

fn crawl<M: Memory>(settings: CrawlSettings, memory: M) -> Crawl<M> {
    let html = json!({
        "url": "http://127.0.0.1/", "items": "li", "follow": "a", "next": "a[rel=next]",
        "detail": { "fields": { "title": "h1" } },
    });
    let reader = PageReader::Html(serde_json::from_value(html).unwrap());
    Crawl { kind: Arc::new(PageKind::new(None, reader).unwrap()), fetcher: fetcher("{}"), settings, memory }
}

async fn run<M: Memory>(site: &Site, crawl: Crawl<M>) -> (CrawlEnd, Vec<Crawled>) {
    let (sender, mut pages) = mpsc::channel(1);
    let first = vec![Link::new(site.url("/"), Role::Listing)];
    let crawling = tokio::spawn(crawl.run(first, sender));
    let mut crawled = Vec::new();
    while let Some(page) = pages.recv().await {
        crawled.push(page);
    }
    (crawling.await.unwrap(), crawled)
}

#[tokio::test]
async fn a_crawl_stops_at_its_limit_and_says_that_there_are_more_pages() {
    let details = |num: u8| (0..num).map(|number| format!("/{number}")).collect::<Vec<_>>();
    let site = Site::serve(move |_| page(&details(50), None)).await;
    let settings = CrawlSettings { max_pages: 7, concurrency: 3, ..CrawlSettings::default() };
    let (end, crawled) = run(&site, crawl(settings, Forgetful)).await;
    assert_eq!((end.num_pages, crawled.len(), site.paths().len()), (7, 7, 7));
    assert_eq!(end.incomplete.unwrap().code, "too_many_pages");

    // As many pages as allowed are not too many.
    let site = Site::serve(move |_| page(&details(2), None)).await;
    let settings = CrawlSettings { max_pages: 3, ..CrawlSettings::default() };
    let (end, _) = run(&site, crawl(settings, Forgetful)).await;
    assert_eq!((end.num_pages, end.incomplete.is_none()), (3, true));
}

#[tokio::test]
async fn a_crawl_without_a_receiver_ends_although_a_server_does_not_answer() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let first = vec![Link::new(format!("http://{address}/").parse().unwrap(), Role::Listing)];
    let (sender, pages) = mpsc::channel(1);
    let crawling = tokio::spawn(crawl(CrawlSettings::default(), Forgetful).run(first, sender));
    // The request has arrived and gets no response.
    let _connection = listener.accept().await.unwrap();
    drop(pages);
    let end = crawling.await.unwrap();
    assert_eq!(end.incomplete.unwrap().code, "crawl_stopped");
}

#[tokio::test]
async fn too_many_failures_stop_the_crawl() {
    let site = Site::serve(|request| match request.path.as_str() {
        "/" => page(&["/bad/1", "/bad/2"].map(str::to_owned), Some("/good")),
        // This page is in flight when the crawl ends, and has another link.
        "/good" => page(&[], Some("/more")),
        path if path.starts_with("/bad") => Reply::new(500, "", ""),
        _ => page(&[], None),
    })
    .await;
    let settings = CrawlSettings { max_failures: 2, concurrency: 3, ..CrawlSettings::default() };
    let (end, crawled) = run(&site, crawl(settings, Forgetful)).await;
    assert_eq!((end.num_pages, end.num_failed, crawled.len()), (2, 2, 4));
    assert!(!site.paths().contains(&"/more".to_owned()), "{:?}", site.paths());
    assert_eq!(end.incomplete.unwrap().code, "http_status");
}

/// A memory that is empty and must not be written.
struct Void;

impl Memory for Void {
    async fn recall(&self, links: &[Link]) -> Vec<Option<KnownPage>> {
        vec![None; links.len()]
    }

    fn keeps(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn pages_that_must_not_be_remembered_have_no_validators() {
    let site = Site::serve(|_| page(&[], None)).await;
    for is_kept in [true, false] {
        let settings = CrawlSettings::default();
        let (_, crawled) = if is_kept {
            run(&site, crawl(settings, Forgetful)).await
        } else {
            run(&site, crawl(settings, Void)).await
        };
        let PageOutcome::Read { validators, .. } = &crawled[0].outcome else { panic!("{crawled:?}") };
        assert_eq!(validators.is_empty(), !is_kept);
    }
}

#[tokio::test]
async fn a_large_page_arrives_in_parts_before_the_next_page() {
    // The second page is small, and is read long before the first one.
    let first = (0..20_000).map(|id| format!("{{\"id\":{id}}}")).collect::<Vec<_>>().join(",");
    let site = Site::serve(move |request| match request.path.as_str() {
        "/" => Reply::new(200, "", format!("[{first}]")),
        _ => Reply::new(200, "", "[{\"id\":-1}]"),
    })
    .await;
    let reader = PageReader::HttpJson(serde_json::from_value(json!({ "url": site.url("/") })).unwrap());
    let kind = Arc::new(PageKind::new(None, reader).unwrap());
    let crawl = Crawl { kind, ..crawl(CrawlSettings::default(), Forgetful) };
    let (sender, mut pages) = mpsc::channel(1);
    let first = ["/", "/second"].map(|path| Link::new(site.url(path), Role::Listing)).to_vec();
    let crawling = tokio::spawn(crawl.run(first, sender));
    let (mut ids, mut ends) = (Vec::new(), Vec::new());
    while let Some(Crawled { link, outcome }) = pages.recv().await {
        let block = match &outcome {
            PageOutcome::Part { block, .. } => block,
            PageOutcome::Read { harvest, .. } => {
                ends.push((link.url.path().to_owned(), harvest.num_records()));
                &harvest.block
            }
            _ => panic!("{outcome:?}"),
        };
        assert!(block.records.len() <= crate::block::MAX_PIECES);
        let id = |span| serde_json::from_slice::<serde_json::Value>(block.text(span)).unwrap()["id"].as_i64();
        ids.extend(block.records.iter().map(|span| id(span).unwrap()));
    }
    assert_eq!(ends, [("/".to_owned(), 20_000), ("/second".to_owned(), 1)]);
    assert!(ids.into_iter().eq((0..20_000).chain([-1])));
    assert_eq!(crawling.await.unwrap().num_pages, 2);
}
