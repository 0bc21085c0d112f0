//! Pages of JSON, and how each leads to the next one.

use serde_json::json;

use super::*;
use crate::{
    Role,
    kinds::tests::{link, links, page, records, settings},
};

const PAGE: &[u8] = include_bytes!("../../../fixtures/http_json/page.json");
const LAST: &[u8] = include_bytes!("../../../fixtures/http_json/last.json");
const EMPTY: &[u8] = include_bytes!("../../../fixtures/http_json/empty.json");

fn kind(more: &serde_json::Value) -> HttpJson {
    let mut of = json!({"url": "https://example.edu/api/courses?sort=a%2fb", "records": "/data/items"});
    of.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let kind: HttpJson = settings(of);
    kind.check().unwrap();
    kind
}

fn read(kind: &HttpJson, url: &str, body: &[u8]) -> Result<Harvest, Error> {
    let page = page(url, body);
    kind.harvest(&page, &link(&page, Role::Listing))
}

/// Follows a source through its pages, given their bodies, and returns the requested URLs.
fn walk(kind: &HttpJson, bodies: &[&[u8]]) -> Vec<String> {
    let mut next = kind.start(&Scope::default()).unwrap().pop();
    let mut requested = Vec::new();
    for body in bodies {
        let link = next.take().expect("the previous page has no next one");
        requested.push(link.url.to_string());
        let mut page = page(link.url.as_str(), *body);
        // A redirect may drop the query. The next page is derived from the requested URL.
        if kind.next.is_none() {
            page.url.set_query(None);
        }
        next = kind.harvest(&page, &link).unwrap().links.pop();
    }
    assert_eq!(next, None);
    requested
}

#[test]
fn records_are_the_text_of_the_page() {
    let harvest = read(&kind(&json!({})), "https://example.edu/api/courses", PAGE).unwrap();
    assert_eq!(records(&harvest).len(), 2);
    let first = std::str::from_utf8(harvest.block.text(&harvest.block.records[0])).unwrap();
    assert!(first.contains(r#""credits": 4.0, "seats": {"open""#), "{first}");
    assert!(std::str::from_utf8(PAGE).unwrap().contains(first));
    assert_eq!(harvest.block.records[1].place.line, 6);
    assert!(harvest.links.is_empty());

    let whole: HttpJson = settings(json!({"url": "https://example.edu/"}));
    let harvest =
        read(&whole, "https://example.edu/", include_bytes!("../../../fixtures/http_json/list.json"))
            .unwrap();
    assert_eq!((harvest.block.records.len(), harvest.block.rejected.len()), (4, 1));
}

#[test]
fn pages_follow_by_link_number_offset_and_cursor() {
    let first = "https://example.edu/api/courses?sort=a%2fb";
    assert_eq!(
        walk(&kind(&json!({"next": "/links/next"})), &[PAGE, LAST]),
        [first, "https://example.edu/api/courses?page=2"]
    );
    assert_eq!(
        walk(&kind(&json!({"page": {"size_parameter": "size", "size": 2}})), &[PAGE, LAST, EMPTY]),
        [1, 2, 3].map(|n| if n == 1 {
            format!("{first}&page=1&size=2")
        } else {
            format!("{first}&size=2&page={n}")
        })
    );
    assert_eq!(
        walk(&kind(&json!({"page": {"parameter": "offset", "start": 0, "step": 50}})), &[PAGE, EMPTY]),
        [format!("{first}&offset=0"), format!("{first}&offset=50")]
    );
    assert_eq!(
        walk(&kind(&json!({"cursor": {"pointer": "/meta/next", "parameter": "after"}})), &[PAGE, LAST]),
        [first.to_owned(), format!("{first}&after=b2Zmc2V0OjI%3D")]
    );
    assert_eq!(
        walk(
            &kind(&json!({"cursor": {"pointer": "/meta/page"}})),
            &[PAGE, br#"{"data":{"items":[]},"meta":{}}"#]
        )
        .len(),
        2
    );
}

#[test]
fn the_link_header_is_followed() {
    let kind = kind(&json!({"next": "link-header"}));
    let mut page = page("https://example.edu/api/courses?page=1", PAGE);
    page.link_headers = vec![
        "</style.css>; rel=preload".to_owned(),
        r#"<?page=2>; rel="next", <?page=9>; rel="last""#.to_owned(),
    ];
    let harvest = kind.harvest(&page, &link(&page, Role::Listing)).unwrap();
    assert_eq!(links(&harvest), [(Role::Listing, "https://example.edu/api/courses?page=2")]);
}

#[test]
fn a_next_page_that_cannot_be_followed_is_an_error() {
    let next = |link: &str| format!(r#"{{"data": {{"items": []}}, "links": {{"next": {link}}}}}"#);
    let kind = kind(&json!({"next": "/links/next"}));
    for wrong in
        [r#""https://elsewhere.example.net/""#, "5", r#""file:///etc/passwd""#, r#""?""#, r#""http://[""#]
    {
        let outcome = read(&kind, "https://example.edu/api/courses?", next(wrong).as_bytes());
        assert_eq!(outcome.unwrap_err().code(), "http_next", "{wrong}");
    }
    for none in ["null", r#""""#] {
        assert!(read(&kind, "https://example.edu/", next(none).as_bytes()).unwrap().links.is_empty());
    }
}

#[test]
fn a_page_that_is_truncated_or_not_json_is_an_error() {
    let kind = kind(&json!({}));
    for (body, code) in [
        (&include_bytes!("../../../fixtures/http_json/cut.json")[..], "page_unreadable"),
        (include_bytes!("../../../fixtures/http_json/sign-in.html"), "page_unreadable"),
        (b" \n", "page_unreadable"),
        (br#"{"data": {}}"#, "records_not_found"),
        (br#"{"data": {"items": "none"}}"#, "records_not_a_list"),
        (b"\xff\xfe{\0}\0", "not_utf8"),
        (b"Not found", "invalid_json"),
    ] {
        let error = read(&kind, "https://example.edu/", body).unwrap_err();
        assert_eq!(error.code(), code, "{}", body.escape_ascii());
    }
}

#[test]
fn contradicting_settings_are_refused() {
    for wrong in [
        json!({"next": "/a", "page": {}}),
        json!({"page": {}, "cursor": {"pointer": "/a"}}),
        json!({"page": {"step": 0}}),
        json!({"page": {"size": 5}}),
        json!({"page": {"parameter": ""}}),
    ] {
        let mut of = json!({"url": "https://example.edu/"});
        of.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert_eq!(settings::<HttpJson>(of).check().unwrap_err().code(), "invalid_source_setting", "{wrong}");
    }
}
