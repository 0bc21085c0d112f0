//! Valid sitemaps, and pages that are not sitemaps.

use serde_json::json;

use super::*;
use crate::kinds::tests::{link, links, page, settings};

const URLSET: &[u8] = include_bytes!("../../../fixtures/sitemap/urlset.xml");

fn harvest(of: serde_json::Value, body: &[u8]) -> Result<Harvest, Error> {
    let page = page("https://example.edu/sitemap.xml", body);
    settings::<Sitemap>(of).harvest(&page, &link(&page, Role::Sitemap))
}

fn plain_settings() -> serde_json::Value {
    json!({"url": "https://example.edu/sitemap.xml"})
}

#[test]
fn pages_are_listed_and_other_sites_refused() {
    let expected = [
        (Role::Listing, "https://example.edu/courses/csc126?a=1&b=2"),
        (Role::Listing, "https://example.edu/courses/hst110"),
        (Role::Listing, "https://example.edu/courses/old/x"),
        (Role::Listing, "https://example.edu/about"),
        (Role::Listing, "https://example.edu/courses/cafe"),
    ];
    for body in [URLSET, include_bytes!("../../../fixtures/sitemap/urlset.xml.gz")] {
        let harvest = harvest(plain_settings(), body).unwrap();
        assert_eq!(links(&harvest), expected);
        assert_eq!(harvest.num_refused_links, 2);
        assert!(harvest.links.iter().all(|link| link.carry.is_empty()), "lastmod is not part of the record");
    }
}

#[test]
fn patterns_choose_pages_and_other_hosts_can_be_allowed() {
    let of = json!({
        "url": "https://example.edu/sitemap.xml", "include": ["/courses/*"], "exclude": ["*/old/*"],
        "allow_hosts": ["other.example.net"],
    });
    let harvest = harvest(of, URLSET).unwrap();
    let urls: Vec<_> = harvest.links.iter().map(|link| link.url.path()).collect();
    assert_eq!(urls, ["/courses/csc126", "/courses/hst110", "/courses/1", "/courses/cafe"]);
    assert_eq!(harvest.num_refused_links, 1);

    let matches = |pattern: &str, path| PathPattern::try_from(pattern.to_owned()).unwrap().matches(path);
    assert!(
        matches("/a*b*c", "/aXbYc") && matches("/a*b*c", "/abc") && matches("*", "/") && matches("/a", "/a")
    );
    assert!(
        !matches("/a*b*c", "/acb")
            && !matches("/a", "/ab")
            && !matches("/ab*b", "/ab")
            && !matches("/a/*", "/b")
    );
    assert!(PathPattern::try_from("courses/*".to_owned()).is_err());
}

#[test]
fn an_index_leads_to_sitemaps() {
    let harvest = harvest(plain_settings(), include_bytes!("../../../fixtures/sitemap/index.xml")).unwrap();
    let sitemaps = ["https://example.edu/sitemap-courses.xml.gz", "https://example.edu/sitemap-news.xml"];
    assert_eq!(links(&harvest), sitemaps.map(|url| (Role::Sitemap, url)));
}

#[test]
fn a_plain_text_list_is_a_sitemap() {
    let harvest = harvest(plain_settings(), include_bytes!("../../../fixtures/sitemap/plain.txt")).unwrap();
    let pages = ["https://example.edu/courses/1", "https://example.edu/courses/2"];
    assert_eq!(links(&harvest), pages.map(|url| (Role::Listing, url)));
}

#[test]
fn truncated_and_invalid_sitemaps_are_errors() {
    let gzip = include_bytes!("../../../fixtures/sitemap/urlset.xml.gz");
    let many: String = "https://example.edu/\n".repeat(50_001);
    for (name, body) in [
        ("cut", &include_bytes!("../../../fixtures/sitemap/cut.xml")[..]),
        ("cut gzip", &gzip[..gzip.len() / 2]),
        ("a feed", include_bytes!("../../../fixtures/sitemap/feed.xml")),
        ("entities of its own", include_bytes!("../../../fixtures/sitemap/entities.xml")),
        ("a page", b"<!doctype html><html><body>Not found</body></html>"),
        ("nothing", b" \n "),
        ("only a declaration", b"<?xml version='1.0'?>"),
        ("too many", many.as_bytes()),
    ] {
        let error = harvest(plain_settings(), body).unwrap_err();
        assert_eq!(error.code(), "page_unreadable", "{name}");
    }
    assert!(harvest(plain_settings(), b"<urlset></urlset>").unwrap().links.is_empty());
}
