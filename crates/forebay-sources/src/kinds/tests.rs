//! What all kinds share: settings as written in `forebay.toml`, and hostile pages.

mod hostile;

use bytes::Bytes;
use forebay_domain::scope::Scope;
use serde::de::DeserializeOwned;

use super::*;

/// A page at `url` with a fixture as its body.
pub(super) fn page(url: &str, body: impl Into<Vec<u8>>) -> Page {
    Page {
        url: Url::parse(url).unwrap(),
        content_type: None,
        link_headers: Vec::new(),
        body: Bytes::from(body.into()),
        fetched_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

/// The link that led to a page.
pub(super) fn link(page: &Page, role: Role) -> Link {
    Link::new(page.url.clone(), role)
}

pub(super) fn settings<T: DeserializeOwned>(settings: serde_json::Value) -> T {
    serde_json::from_value(settings).unwrap()
}

/// The records of a harvest, each parsed.
pub(super) fn records(harvest: &Harvest) -> Vec<serde_json::Value> {
    let text = |span| harvest.block.text(span);
    harvest.block.records.iter().map(|span| serde_json::from_slice(text(span)).unwrap()).collect()
}

pub(super) fn links(harvest: &Harvest) -> Vec<(Role, &str)> {
    harvest.links.iter().map(|link| (link.role, link.url.as_str())).collect()
}

#[test]
fn a_sitemap_and_a_reader_begin_with_the_sitemap() {
    let sitemap: Sitemap = settings(serde_json::json!({"url": "https://example.edu/{term}/sitemap.xml"}));
    let html: Html = settings(serde_json::json!({"fields": {"title": "h1"}}));
    let kind = PageKind::new(Some(sitemap.clone()), PageReader::Html(html.clone())).unwrap();
    assert_eq!(kind.placeholders(), ["term"]);
    let start = kind.start(&Scope::parse(["term=s 26"]).unwrap()).unwrap();
    assert_eq!(start.len(), 1);
    assert_eq!(
        (start[0].role, start[0].url.as_str()),
        (Role::Sitemap, "https://example.edu/s%2026/sitemap.xml")
    );
    assert_eq!(kind.start(&Scope::default()).unwrap_err().code(), "url_placeholder");

    let listed =
        page("https://example.edu/s/sitemap.xml", include_bytes!("../../fixtures/sitemap/plain.txt"));
    let harvest = kind.harvest(&listed, &link(&listed, Role::Sitemap)).unwrap();
    assert_eq!(links(&harvest)[0], (Role::Listing, "https://example.edu/courses/1"));
    let course = page("https://example.edu/courses/1", "<h1>One</h1>");
    let harvest = kind.harvest(&course, &harvest.links[0]).unwrap();
    assert_eq!(records(&harvest), [serde_json::json!({"title": "One"})]);

    let code =
        |sitemap: Option<Sitemap>, reader| PageKind::new(sitemap, reader).map(|_| ()).map_err(|e| e.code());
    let json: HttpJson = settings(serde_json::json!({"url": "https://example.edu/api"}));
    assert_eq!(code(None, PageReader::Html(html.clone())), Err("invalid_source_setting"), "no URL at all");
    assert_eq!(code(Some(sitemap.clone()), PageReader::HttpJson(json)), Err("invalid_source_setting"));
    let own = settings(serde_json::json!({"url": "https://example.edu/", "fields": {"title": "h1"}}));
    assert_eq!(code(Some(sitemap), PageReader::Html(own)), Err("invalid_source_setting"), "two URLs");
}

#[test]
fn errors_in_settings_name_the_problem() {
    let html = |text: &str| serde_json::from_str::<Html>(text).map(|_| ()).unwrap_err().to_string();
    assert!(html(r#"{"url": "example.edu", "fields": {}}"#).contains("it has no scheme"));
    assert!(html(r#"{"url": [], "fields": {}}"#).contains("at least one URL"));
    assert!(html(r#"{"url": 5}"#).contains("a URL or a list of URLs"));
    assert!(html(r#"{"fields": {"a": "li::before"}}"#).contains("is a pseudo-element"));
    assert!(
        html(r#"{"fields": {"a": {"select": "li", "html": true, "attribute": "x"}}}"#)
            .contains("exclude each other")
    );
    assert!(html(r#"{"fields": {"a": {"slect": "li"}}}"#).contains("slect"));
    assert!(html(r#"{"items": "li >"}"#).contains("is where the next part of a selector was expected"));
    assert!(html(r#"{"unknown": 1}"#).contains("unknown"));
    let json = serde_json::from_str::<HttpJson>(r#"{"url": "https://example.edu/", "next": "links"}"#);
    assert!(json.unwrap_err().to_string().contains("expected a JSON pointer"));
}

#[test]
fn every_setting_has_a_description() {
    fn properties<T: schemars::JsonSchema>() -> serde_json::Value {
        serde_json::to_value(schemars::schema_for!(T)).unwrap()["properties"].clone()
    }
    for schema in
        [properties::<HttpJson>(), properties::<Html>(), properties::<JsonLd>(), properties::<Sitemap>()]
    {
        for (name, property) in schema.as_object().unwrap() {
            assert!(property["description"].is_string(), "{name}: {property}");
        }
    }
}
