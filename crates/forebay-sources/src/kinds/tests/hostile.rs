//! Runs every kind on its fixtures, on thousands of mutations of them, and on pages designed to be expensive.
//!
//! The mutations are the same in every run, so failures are reproducible.

use super::*;

const HTML: [&[u8]; 4] = [
    include_bytes!("../../../fixtures/html/listing.html"),
    include_bytes!("../../../fixtures/html/detail.html"),
    include_bytes!("../../../fixtures/html/broken.html"),
    include_bytes!("../../../fixtures/json_ld/events.html"),
];
const JSON: [&[u8]; 5] = [
    include_bytes!("../../../fixtures/http_json/page.json"),
    include_bytes!("../../../fixtures/http_json/last.json"),
    include_bytes!("../../../fixtures/http_json/empty.json"),
    include_bytes!("../../../fixtures/http_json/list.json"),
    include_bytes!("../../../fixtures/http_json/cut.json"),
];
const SITEMAP: [&[u8]; 6] = [
    include_bytes!("../../../fixtures/sitemap/urlset.xml"),
    include_bytes!("../../../fixtures/sitemap/index.xml"),
    include_bytes!("../../../fixtures/sitemap/urlset.xml.gz"),
    include_bytes!("../../../fixtures/sitemap/plain.txt"),
    include_bytes!("../../../fixtures/sitemap/entities.xml"),
    include_bytes!("../../../fixtures/sitemap/feed.xml"),
];
/// Pieces inserted into a page.
const SPLICES: [&[u8]; 14] = [
    b"<",
    b">",
    b"</",
    b"\"",
    b"{",
    b"[",
    b"]]>",
    b"<!--",
    b"&",
    b"\xff\xfe",
    b"\0",
    b"<table><b>",
    b"</p>",
    b"\\u",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap()
    }
}

fn mutated(body: &[u8], random: &mut Random) -> Vec<u8> {
    let mut body = body.to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(body.len());
        let end = (at + random.below(40)).min(body.len());
        match random.below(6) {
            0 => body.truncate(at),
            1 => drop(body.drain(at..end)),
            2 => {
                let piece = body[at..end].to_vec();
                let to = random.below(body.len());
                body.splice(to..to, piece.repeat(1 + random.below(20)));
            }
            3 if at < body.len() => body[at] = u8::try_from(random.below(256)).unwrap(),
            _ => {
                let splice = SPLICES[random.below(SPLICES.len())];
                body.splice(at..at, splice.repeat(1 + random.below(3)));
            }
        }
    }
    body
}

fn kinds() -> Vec<PageKind> {
    let json = |settings_of: serde_json::Value| PageReader::HttpJson(settings(settings_of));
    let url = "https://example.edu/";
    let html = serde_json::json!({
        "url": url, "items": "li.course:not(.closed), div.course", "next": "a.next", "follow": "h2 > a",
        "fields": {
            "id": "@data-id", "title": {"select": "h2", "required": true}, "url": "h2 a@href", "tags": ".tag[]",
            "all": {"select": "*", "list": true, "html": true}, "last": "p:last-of-type", "has": "p:has(> b + b)",
            "credits": {"select": ".credits", "after": "Credits:", "before": "("}, "page": {"page_url": true},
        },
        "detail": {"fields": {"room": "dt:contains('Room') + dd", "days": "tr td:first-child[]"}},
    });
    let json_ld = serde_json::json!({
        "url": url, "types": ["Event", "Course"], "next": "a[rel=next]", "follow": "li.event a"
    });
    let sitemap = serde_json::json!({"url": url, "include": ["/courses/*"], "exclude": ["*/old/*"]});
    let readers = [
        json(serde_json::json!({"url": url, "records": "/data/items", "next": "/links/next"})),
        json(serde_json::json!({"url": url, "cursor": {"pointer": "/meta/next"}})),
        json(serde_json::json!({"url": url, "records": "", "page": {}})),
        PageReader::Html(settings(html)),
        PageReader::Html(settings(
            serde_json::json!({"url": url, "fields": {"title": "title", "body": "body"}}),
        )),
        PageReader::JsonLd(settings(json_ld)),
        PageReader::JsonLd(settings(serde_json::json!({"url": url}))),
    ];
    let mut kinds: Vec<_> = readers.into_iter().map(|reader| PageKind::new(None, reader).unwrap()).collect();
    let pages = PageReader::Html(settings(serde_json::json!({"fields": {"title": "title"}})));
    kinds.push(PageKind::new(Some(settings(sitemap)), pages).unwrap());
    kinds
}

/// Reads a body with a kind in every role, and checks what must hold for every result.
fn check(kind: &PageKind, body: &[u8]) {
    for role in [Role::Sitemap, Role::Listing, Role::Detail] {
        let page = page("https://example.edu/list?page=1", body);
        let Ok(harvest) = kind.harvest(&page, &link(&page, role)) else { continue };
        let block = &harvest.block;
        for span in &block.records {
            assert!(span.start <= span.end && span.end <= block.bytes.len());
        }
        assert!(block.bytes.len() <= 32 << 20);
        assert!(block.rejected.iter().all(|rejected| rejected.raw.len() <= 64 << 10));
        assert!(harvest.links.len() <= 100_001);
        for link in &harvest.links {
            assert_eq!((link.url.scheme(), link.url.host_str()), ("https", Some("example.edu")));
        }
        if !matches!(kind.reader(), PageReader::HttpJson(_)) && role != Role::Sitemap {
            // These kinds write their own JSON. Records that contain the site's text are parsed later.
            for span in &block.records {
                serde_json::from_slice::<serde::de::IgnoredAny>(block.text(span)).unwrap();
            }
        }
    }
}

#[test]
fn fixtures_and_their_mutations_are_harmless() {
    let kinds = kinds();
    let bodies: Vec<&[u8]> = HTML.into_iter().chain(JSON).chain(SITEMAP).collect();
    for body in &bodies {
        for kind in &kinds {
            check(kind, body);
        }
    }
    let mut random = Random(0x5eed_f0e5_ba1e_cafe);
    for round in 0..3000 {
        let body = mutated(bodies[random.below(bodies.len())], &mut random);
        check(&kinds[round % kinds.len()], &body);
    }
}

/// Pages of a few hundred kilobytes, each of which would cost a parser without limits minutes or gigabytes.
#[test]
fn pages_that_are_too_expensive_are_refused() {
    let html = PageReader::Html(settings(serde_json::json!({
        "url": "https://example.edu/", "items": "div",
        "fields": {"all": {"select": "*", "list": true, "html": true}, "deep": "a b i > u ~ s:nth-last-of-type(2) em"},
    })));
    let kind = PageKind::new(None, html).unwrap();
    let many = |count: usize, piece: &dyn Fn(usize) -> String| (0..count).map(piece).collect::<String>();
    let attributes = many(100_000, &|n| format!(" a{n}"));
    for (name, body, is_refused) in [
        ("deep", "<div>".repeat(100_000), true),
        ("deep inline", "<p><i><u><s>".repeat(50_000), true),
        ("formatting", many(400, &|n| format!("<p><b id={n}></p>")) + &"<p>x</p>".repeat(20_000), true),
        ("formatting that comes back", many(20_000, &|n| format!("<p><b id={n}></p>x")), true),
        ("attributes", format!("<p {attributes}>x"), true),
        ("attributes behind a comment", format!("<p \"<!--\" {attributes}>x"), true),
        ("bodies with attributes", many(50_000, &|n| format!("<body a{n}>")), false),
        ("a long attribute", format!("<p class=\"{}\">x", "a b ".repeat(100_000)), false),
        ("a long comment", format!("<!-- {} --><p>x", "a <b c ".repeat(100_000)), false),
        ("siblings of many names", many(50_000, &|n| format!("<x{n}></x{n}>")), false),
        ("tables in tables", "<table><tr><td><a>".repeat(20_000), true),
        ("entities", "&ampampamp&#x;&#99999999;&NotEqualTilde".repeat(10_000), false),
        ("items in items", format!("{}{}", "<div>".repeat(500), "<p>x".repeat(50_000)), true),
    ] {
        let page = page("https://example.edu/", body);
        let outcome =
            kind.harvest(&page, &link(&page, Role::Listing)).map(|_| ()).map_err(|error| error.code());
        assert_eq!(outcome, if is_refused { Err("page_unreadable") } else { Ok(()) }, "{name}");
    }
}

#[test]
fn a_gzip_bomb_is_refused() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..60 {
        encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let page = page("https://example.edu/sitemap.xml.gz", encoder.finish().unwrap());
    let sitemap: Sitemap = settings(serde_json::json!({"url": "https://example.edu/"}));
    let error = sitemap.harvest(&page, &link(&page, Role::Sitemap)).unwrap_err();
    assert!(error.to_string().contains("50 MB"), "{error}");
}
