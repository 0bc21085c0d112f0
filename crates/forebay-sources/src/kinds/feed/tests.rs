//! Feeds of each family: valid, invalid and hostile ones.

use forebay_domain::reject::RejectReason;
use serde_json::json;

use super::*;
use crate::kinds::{
    mutation::{Random, mutated},
    tests::{link, links, page, records, settings},
};

const RSS2: &[u8] = include_bytes!("../../../fixtures/feed/rss2.xml");
const RSS1: &[u8] = include_bytes!("../../../fixtures/feed/rss1.xml");
const ATOM: &[u8] = include_bytes!("../../../fixtures/feed/atom.xml");
const JSON: &[u8] = include_bytes!("../../../fixtures/feed/feed.json");
const CUT: &[u8] = include_bytes!("../../../fixtures/feed/cut.xml");
const CROSSED: &[u8] = include_bytes!("../../../fixtures/feed/crossed.xml");

fn kind() -> Feed {
    settings(json!({"url": "https://news.example.edu/feed.xml"}))
}

fn read(url: &str, body: impl Into<Vec<u8>>) -> Harvest {
    let page = page(url, body);
    kind().harvest(&page, &link(&page, Role::Listing)).unwrap()
}

fn rejects(harvest: &Harvest) -> Vec<(u64, RejectReason)> {
    harvest.block.rejected.iter().map(|one| (one.place.line, one.reject.reason)).collect()
}

#[test]
fn rss_2() {
    let harvest = read("https://news.example.edu/feed.xml", RSS2);
    let expected = [
        json!({
            "id": "news-1001",
            "url": "https://news.example.edu/2026/library",
            "title": "Library opens & closes later",
            "summary": "From <b>March</b> on, the library closes at 22:00.",
            "content": "<p>From March on &hellip;</p>",
            "authors": [{"name": "News desk", "email": "desk@news.example.edu"}, {"name": "Ada Brown"}],
            "categories": ["library", "opening hours"],
            "published": "2026-03-01T07:30:00Z",
            "enclosures": [{"url": "https://news.example.edu/media/library.mp3", "type": "audio/mpeg", "length": 123_456}]
        }),
        json!({
            "id": "https://news.example.edu/2026/permalink",
            "url": "https://news.example.edu/2026/permalink",
            "title": "Only a permalink",
            "summary": "Plain <i>text</i>&nbsp;here"
        }),
        json!({
            "id": "https://news.example.edu/2026/relative",
            "url": "https://news.example.edu/2026/relative",
            "title": "Only a link",
            "summary": "With <em>markup</em> that should have been escaped",
            "published": "2026-03-02T00:00:00Z"
        }),
    ];
    assert_eq!(records(&harvest), expected);
    assert_eq!(harvest.block.records[1].place.line, 21);
    assert_eq!(rejects(&harvest), [(33, RejectReason::MissingKey)]);
    assert!(
        harvest.block.rejected[0].raw.starts_with(b"<item>")
            && harvest.block.rejected[0].raw.ends_with(b"</item>")
    );
    assert_eq!(links(&harvest), [(Role::Listing, "https://news.example.edu/feed.xml?page=2")]);
}

#[test]
fn rss_1() {
    let harvest = read("https://old.example.edu/feed", RSS1);
    let expected = json!({
        "id": "https://old.example.edu/a", "url": "https://old.example.edu/a", "title": "First",
        "categories": ["history"], "published": "2026-03-01T10:00:00Z"
    });
    assert_eq!(records(&harvest), [expected]);
}

#[test]
fn atom() {
    let harvest = read("https://blog.example.edu/feed", ATOM);
    let expected = [
        json!({
            "id": "tag:blog.example.edu,2026:1",
            "url": "https://blog.example.edu/posts/one",
            "title": "A <em>title</em>",
            "summary": "Short",
            "content": "<p>Long &amp; <b>bold</b></p>",
            "authors": [{"name": "Bo", "email": "bo@example.edu", "url": "https://blog.example.edu/people/bo"}],
            "categories": ["code"],
            "published": "2026-03-01T09:00:00Z",
            "updated": "2026-03-02T00:00:00Z",
            "enclosures": [{"url": "https://blog.example.edu/files/one.pdf", "type": "application/pdf", "length": 99}]
        }),
        json!({
            "id": "tag:blog.example.edu,2026:2",
            "url": "https://other.example.edu/two",
            "title": "Two",
            "authors": [{"name": "The blog"}],
            "updated": "2026-03-03T00:00:00Z",
            "enclosures": [{"url": "https://other.example.edu/two.mp4", "type": "video/mp4"}]
        }),
    ];
    assert_eq!(records(&harvest), expected);
    assert_eq!(links(&harvest), [(Role::Listing, "https://blog.example.edu/posts/?page=2")]);
    let entry = r#"<entry xmlns="http://www.w3.org/2005/Atom"><id>alone</id></entry>"#;
    assert_eq!(records(&read("https://x.example/", entry)), [json!({"id": "alone"})]);
    assert_eq!(
        records(&read("https://x.example/", "<feed><entry><id>bare</id></entry></feed>")),
        [json!({"id": "bare"})]
    );
}

#[test]
fn json_feed() {
    let harvest = read("https://notes.example.edu/feed.json", JSON);
    let expected = [
        json!({
            "id": "n1", "url": "https://notes.example.edu/1", "title": "One", "summary": "1", "content": "<p>1</p>",
            "authors": [{"name": "Cy", "url": "https://notes.example.edu/cy"}], "categories": ["a", "b"],
            "published": "2026-03-01T15:00:00Z",
            "enclosures": [{"url": "https://notes.example.edu/1.png", "type": "image/png", "length": 10}]
        }),
        json!({
            "id": "2", "url": "https://elsewhere.example.edu/", "content": "two", "authors": [{"name": "Di"}]
        }),
    ];
    assert_eq!(records(&harvest), expected);
    assert_eq!(rejects(&harvest), [(3, RejectReason::NotAnObject), (4, RejectReason::MissingKey)]);
    assert_eq!(links(&harvest), [(Role::Listing, "https://notes.example.edu/feed.json?page=2")]);
}

#[test]
fn entries_before_an_xml_error_are_kept() {
    for body in [CUT, CROSSED] {
        let harvest = read("https://news.example.edu/feed.xml", body);
        assert_eq!(records(&harvest)[0]["id"], "a");
        assert_eq!(harvest.block.records.len(), 1);
        assert_eq!(rejects(&harvest), [(3, RejectReason::InvalidRecord)]);
        assert!(harvest.block.rejected[0].raw.starts_with(b"<item><guid>b"));
    }
}

#[test]
fn a_page_that_is_not_a_feed_is_unreadable() {
    for body in [
        "",
        "hello",
        "<html><body>Sign in</body></html>",
        "<rss",
        "{}",
        "{\"items\": 3}",
        "[]",
        "{\"items\": [",
    ] {
        let page = page("https://news.example.edu/feed.xml", body);
        let error = kind().harvest(&page, &link(&page, Role::Listing)).unwrap_err();
        assert_eq!(error.code(), "page_unreadable", "{body}");
    }
    // An empty feed is valid.
    assert!(read("https://news.example.edu/", "<rss><channel/></rss>").block.records.is_empty());
}

#[test]
fn the_next_page_is_followed_only_if_allowed() {
    let feed = |href: &str| {
        format!("<feed xmlns='http://www.w3.org/2005/Atom'><link rel='next' href='{href}'/></feed>")
    };
    let refused = read("https://news.example.edu/", feed("http://169.254.169.254/"));
    assert_eq!((refused.links.len(), refused.num_refused_links), (0, 1));
    let page = page("https://news.example.edu/", feed("/2"));
    let off: Feed = settings(json!({"url": "https://news.example.edu/", "follow_next": false}));
    assert!(off.harvest(&page, &link(&page, Role::Listing)).unwrap().links.is_empty());
}

#[test]
fn deep_nesting_and_entity_bombs_are_harmless() {
    let deep = format!(
        "<rss><channel><item><guid>a</guid><description>{}x{}</description></item></channel></rss>",
        "<b>".repeat(900),
        "</b>".repeat(900)
    );
    let harvest = read("https://news.example.edu/", deep);
    assert!(records(&harvest)[0]["summary"].as_str().unwrap().contains("<b>x</b>"));
    let deeper = format!("<rss><channel><item><guid>a</guid>{}", "<b>".repeat(200_000));
    assert_eq!(read("https://news.example.edu/", deeper).block.rejected.len(), 1);
    let bomb = "<!DOCTYPE rss [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><rss><channel><item><guid>&b;</guid></item></channel></rss>";
    assert_eq!(records(&read("https://news.example.edu/", bomb))[0]["id"], "&b;");
    let json = format!(
        "{{\"items\": [{{\"id\": \"a\", \"x\": {}}}, {{\"id\": \"b\"}}]}}",
        "[".repeat(300) + &"]".repeat(300)
    );
    let harvest = read("https://news.example.edu/", json);
    assert_eq!((records(&harvest).len(), harvest.block.rejected.len()), (1, 1));
}

#[test]
fn mutations_are_harmless() {
    let words = [
        "<",
        ">",
        "</",
        "<item>",
        "</item>",
        "<entry>",
        "<channel>",
        "<![CDATA[",
        "]]>",
        "&",
        "&#x110000;",
        "&amp;",
        "<!--",
        "xmlns=\"\"",
        "xml:base=\"http://[\"",
        "\"",
        "{",
        "[",
        "\\u",
        "\u{feff}",
        "\0",
        "length=\"99999999999999999999\"",
        "99999999999999999999:00:00",
    ];
    let fixtures = [RSS2, RSS1, ATOM, JSON, CUT, CROSSED];
    let mut random = Random(0x0f0e_ed5e_ed5e_ed01);
    for round in 0..4000 {
        let body = mutated(fixtures[round % fixtures.len()], &words, &mut random);
        let page = page("https://news.example.edu/feed.xml", body);
        let Ok(harvest) = kind().harvest(&page, &link(&page, Role::Listing)) else { continue };
        for record in records(&harvest) {
            assert!(record["id"].is_string());
        }
        assert!(harvest.links.iter().all(|link| link.url.host_str() == Some("news.example.edu")));
        assert!(harvest.block.rejected.iter().all(|one| one.raw.len() <= 64 << 10));
    }
}
