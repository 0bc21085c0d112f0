//! Items, fields and links of whole pages.

use serde_json::json;

use super::*;
use crate::kinds::tests::{link, links, page, records, settings};

const LISTING: &[u8] = include_bytes!("../../../fixtures/html/listing.html");
const DETAIL: &[u8] = include_bytes!("../../../fixtures/html/detail.html");
const BROKEN: &[u8] = include_bytes!("../../../fixtures/html/broken.html");
const URL: &str = "https://example.edu/courses?page=1#top";

fn kind(of: serde_json::Value) -> Html {
    let kind: Html = settings(of);
    kind.check().unwrap();
    kind
}

fn read(of: serde_json::Value, body: &[u8]) -> Harvest {
    let page = page(URL, body);
    kind(of).harvest(&page, &link(&page, Role::Listing)).unwrap()
}

#[test]
fn items_become_records() {
    let harvest = read(
        json!({"url": URL, "items": "li.course", "fields": {
            "id": "@data-id",
            "seats": {"attribute": "data-seats"},
            "title": "h2",
            "url": "h2 a@href",
            "as_written": {"select": "h2 a", "attribute": "href", "absolute": false},
            "credits": {"select": ".credits", "after": "Credits:", "before": "("},
            "days": ".days b[]",
            "tags": ".tag[]",
            "image": "img@src",
            "alt": "img@alt",
            "teacher": "p.teacher",
            "teacher_html": {"select": "p.teacher", "html": true},
            "page": {"page_url": true},
        }}),
        LISTING,
    );
    let records = records(&harvest);
    assert_eq!(records.len(), 4);
    assert_eq!(
        records[0],
        json!({
            "id": "CSC-126", "seats": "3", "title": "Introduction to Computer Science",
            "url": "https://example.edu/catalogue/csc/126.html", "as_written": "csc/126.html", "credits": "4.0",
            "days": ["Mon", "Wed"], "tags": ["programming", "lab & lecture"],
            "image": "https://img.example.edu/126.png", "alt": "", "teacher": "Prof. Ada Byron Room 1N-207",
            "teacher_html": "Prof. Ada <em>Byron</em><br>Room 1N-207", "page": URL,
        })
    );
    assert_eq!(records[1]["teacher"], "Prof. Zoë O'Neil <zoe>");
    assert_eq!(records[1]["teacher_html"], "Prof. Zoë O'Neil &lt;zoe&gt;");
    assert_eq!(records[1]["url"], "https://example.edu/catalogue/hst/110.html#top");
    // A missing or empty element adds no key.
    assert_eq!(records[2], json!({"id": "MTH-000", "title": "Cancelled course", "page": URL}));
    assert!(records[1].get("credits").is_none() && records[1].get("tags").is_none());
    assert_eq!(
        harvest.block.records.iter().map(|span| span.place.line).collect::<Vec<_>>(),
        [14, 23, 29, 32]
    );
}

#[test]
fn without_items_the_page_is_the_record() {
    let harvest = read(
        json!({"url": URL, "fields": {
            "title": {"select": "h1", "required": true},
            "url": "link[rel=canonical]@href",
            "room": "dt:contains('Room') + dd",
            "semester": "dt:contains('Semester') + dd",
            "text": "div.text",
            "days": "table td:first-child[]",
        }}),
        DETAIL,
    );
    assert_eq!(
        records(&harvest),
        [json!({
            "title": "Introduction to Computer Science", "url": "https://example.edu/catalogue/csc/126.html",
            "room": "1N-207", "semester": "Spring 2026", "text": "Algorithms & data. With a lab.", "days": ["Mon", "Wed"],
        })]
    );
}

fn with_details() -> serde_json::Value {
    json!({
        "url": URL, "items": "li.course", "follow": "h2 a", "next": "link[rel=next]",
        "fields": {"id": "@data-id", "title": "h2"},
        "detail": {"fields": {"title": "h1", "room": {"select": "dt:contains('Room') + dd", "required": true}}},
    })
}

#[test]
fn detail_pages_complete_the_record_of_the_item() {
    let mut of = with_details();
    of["detail"]["fields"]["room"] = json!("dt:contains('Room') + dd");
    let listing = read(of.clone(), LISTING);
    assert_eq!(
        links(&listing),
        [
            (Role::Detail, "https://example.edu/catalogue/csc/126.html"),
            (Role::Detail, "https://example.edu/catalogue/hst/110.html"),
            (Role::Listing, "https://example.edu/catalogue/?page=2"),
        ]
    );
    assert_eq!(
        serde_json::Value::from(listing.links[1].carry.clone()),
        json!({"id": "HST-110", "title": "World History"})
    );
    // An item without a link to a detail page, or with a link to another host, is the whole record.
    let ids: Vec<_> = records(&listing).iter().map(|record| record["id"].clone()).collect();
    assert_eq!(ids, ["MTH-000", "EXT-001"]);
    assert_eq!(listing.num_refused_links, 1);

    let detail = page(listing.links[0].url.as_str(), DETAIL);
    let harvest = kind(of).harvest(&detail, &listing.links[0]).unwrap();
    let expected = json!({"id": "CSC-126", "title": "Introduction to Computer Science", "room": "1N-207"});
    assert_eq!(records(&harvest), [expected]);
    assert!(harvest.links.is_empty());
}

#[test]
fn a_required_field_that_is_missing_rejects_the_record() {
    let harvest = read(with_details(), LISTING);
    assert!(harvest.block.records.is_empty(), "the required room is missing, and there is no detail page");
    let rejected = &harvest.block.rejected;
    assert_eq!(
        (rejected.len(), rejected[0].place.line, rejected[0].reject.reason.as_str()),
        (2, 29, "missing_field")
    );
    assert_eq!(rejected[0].reject.message, "the required field \"room\" was not found");
    assert_eq!(rejected[0].raw.trim_ascii(), b"<h2>Cancelled course</h2>");

    let mut detail = page("https://example.edu/x", "<h1>No room</h1>");
    let carried = Link { carry: settings(json!({"room": "2S-1"})), ..link(&detail, Role::Detail) };
    let harvest = kind(with_details()).harvest(&detail, &carried).unwrap();
    assert_eq!(
        records(&harvest),
        [json!({"room": "2S-1", "title": "No room"})],
        "the item has the required field"
    );
    detail.url.set_path("/y");
    assert_eq!(
        kind(with_details()).harvest(&detail, &link(&detail, Role::Detail)).unwrap().block.rejected.len(),
        1
    );
}

#[test]
fn the_next_page_is_followed_unless_the_link_leads_nowhere() {
    let next = |href: &str| {
        let page = page(URL, format!("<a class=next href='{href}'>Next</a>"));
        let kind = kind(json!({"url": URL, "fields": {"a": "a"}, "next": "a.next"}));
        let harvest = kind.harvest(&page, &link(&page, Role::Listing)).map_err(|error| error.code())?;
        Ok(harvest.links.first().map(|link| link.url.to_string()))
    };
    assert_eq!(next("?page=2"), Ok(Some("https://example.edu/courses?page=2".to_owned())));
    for none in ["#", "?page=1", "javascript:void(0)", "mailto:x@example.edu"] {
        assert_eq!(next(none), Ok(None), "{none}");
    }
    assert_eq!(next("https://elsewhere.example.net/?page=2"), Err("http_next"));
}

#[test]
fn broken_markup_is_read_as_browsers_do() {
    let harvest = read(
        json!({"url": URL, "items": ".course", "fields": {"title": "h2", "id": "@data-id", "all": "h2[]"}}),
        BROKEN,
    );
    let records = records(&harvest);
    assert_eq!(records.len(), 3);
    assert_eq!(records[1]["title"], "Second one &bogus; A");
    assert_eq!(records[1]["id"], "a b");
    assert_eq!(records[2]["all"], json!(["Third"]), "a text area contains no markup");
}

#[test]
fn a_page_that_is_not_html_is_an_error() {
    let kind = kind(json!({"url": URL, "fields": {"title": "h1"}}));
    let mut pdf = page(URL, "%PDF-1.7");
    pdf.content_type = Some("application/pdf".to_owned());
    let error = kind.harvest(&pdf, &link(&pdf, Role::Listing)).unwrap_err();
    assert_eq!(error.code(), "page_unreadable");
    let empty = page(URL, " \n");
    assert_eq!(kind.harvest(&empty, &link(&empty, Role::Listing)).unwrap_err().code(), "page_unreadable");
}

#[test]
fn a_page_has_at_most_100_000_items() {
    let kind = kind(json!({"url": URL, "items": "p", "fields": {"title": {"page_url": true}}}));
    for (number, is_refused) in [(100_000, false), (100_001, true)] {
        let page = page(URL, "<p>".repeat(number));
        let error = kind.harvest(&page, &link(&page, Role::Listing)).err();
        assert_eq!(error.is_some_and(|error| error.code() == "page_unreadable"), is_refused, "{number}");
    }
}

#[test]
fn contradicting_settings_are_refused() {
    for wrong in [
        json!({"fields": {}}),
        json!({"fields": {"": "h1"}}),
        json!({"fields": {"a": "b"}, "items": "li", "follow": "a"}),
        json!({"fields": {"a": "b"}, "items": "li", "detail": {"fields": {"a": "b"}}}),
        json!({"fields": {"a": "b"}, "follow": "a", "detail": {"fields": {"a": "b"}}}),
    ] {
        let kind: Html = settings(wrong.clone());
        assert_eq!(kind.check().unwrap_err().code(), "invalid_source_setting", "{wrong}");
    }
}
