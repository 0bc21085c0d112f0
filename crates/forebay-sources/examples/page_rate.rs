//! Measures how fast pages become records: a page of one course with 20 fields, a list of 25 courses, JSON-LD, and
//! JSON; about 10 kB each.
//!
//! Run with `cargo run -p forebay-sources --example page_rate --release`. A figure is the best of many short rounds on
//! one thread, which is the least disturbed one on a shared machine. `-- page` prints the page of the course instead,
//! as input for other programs.
#![expect(clippy::print_stdout, reason = "the figures are the output")]

use std::{fmt::Write, hint::black_box, time::Instant};

use forebay_sources::{
    Link, Page, Role,
    kinds::{Html, HttpJson, JsonLd, PageKind, PageReader},
};
use serde_json::json;

const ROUNDS: usize = 60;
const PAGES: usize = 50;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let course = course();
    if std::env::args().nth(1).as_deref() == Some("page") {
        print!("{course}");
        return Ok(());
    }
    let url = "https://example.edu/courses";
    let detail: Html = serde_json::from_value(json!({"url": url, "fields": fields()}))?;
    let list: Html = serde_json::from_value(json!({
        "url": url, "items": "li.course", "next": "a.next",
        "fields": {"id": "@data-id", "title": "h2", "url": "h2 a@href", "teacher": ".teacher", "room": ".room", "tags": ".tag[]"},
    }))?;
    let json_ld: JsonLd = serde_json::from_value(json!({"url": url, "types": ["Course"]}))?;
    let api: HttpJson = serde_json::from_value(json!({"url": url, "records": "/items", "next": "/next"}))?;
    for (name, reader, body) in [
        ("html, one course of 20 fields", PageReader::Html(detail), course.clone()),
        ("html, 25 courses of 6 fields", PageReader::Html(list), courses()),
        ("json_ld, one course", PageReader::JsonLd(json_ld), course),
        ("http_json, 40 records", PageReader::HttpJson(api), api_page()),
    ] {
        let kind = PageKind::new(None, reader)?;
        let bytes = body.len();
        let link = Link::new(url.parse()?, Role::Listing);
        let page = Page {
            url: link.url.clone(),
            content_type: Some("text/html; charset=utf-8".to_owned()).filter(|_| !body.starts_with('{')),
            link_headers: Vec::new(),
            body: body.into(),
            fetched_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let harvest = kind.harvest(&page, &link)?;
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            for _ in 0..PAGES {
                let _ = black_box(kind.harvest(black_box(&page), &link)).is_ok();
            }
            best = best.min(start.elapsed().as_secs_f64() * 1e6 / PAGES as f64);
        }
        let records = harvest.block.records.len();
        println!(
            "{name:<32} {bytes:>6} bytes {records:>3} records {best:>7.1} us/page {:>8.0} pages/s",
            1e6 / best
        );
    }
    Ok(())
}

/// Twenty kinds of field rules, as real sites need them.
fn fields() -> serde_json::Value {
    json!({
        "title": {"select": "h1", "required": true}, "course_id": ".course@data-id", "subject": ".breadcrumb li:nth-child(2) a",
        "credits": {"select": ".facts .credits", "after": "Credits:"}, "teacher": ".teacher .name",
        "teacher_url": ".teacher a@href", "email": ".teacher a[href^='mailto:']@href", "room": "dt:contains('Room') + dd",
        "days": "dt:contains('Days') + dd", "starts": ".schedule tr:nth-child(2) td:nth-child(2)", "campus": ".facts .campus",
        "seats": ".seats@data-open", "tags": ".tag[]", "image": "figure img@src", "caption": "figcaption",
        "description": "#description", "prerequisites": "#prerequisites li a[]", "canonical": "link[rel=canonical]@href",
        "keywords": "meta[name=keywords]@content", "updated": "footer time@datetime",
    })
}

#[expect(clippy::format_collect, reason = "a page is made once, before anything is measured")]
fn course() -> String {
    let filler =
        "Algorithms, data structures and the habit of writing both down so that others can read them. ";
    let related: String = (0..44)
        .map(|n| format!("      <li class=\"related item-{n}\"><a href=\"/courses/{n}\" title=\"Course {n}\"><span class=\"code\">CSC {n}</span> Related course number {n}</a></li>\n"))
        .collect();
    let rows: String = (0..8)
        .map(|n| format!("        <tr><td>Day {n}</td><td>10:{n}0</td><td>1N-{n}</td><td class=\"note\">Bring a pencil &amp; paper</td></tr>\n"))
        .collect();
    format!(
        r#"<!DOCTYPE html>
<html lang="en"><head>
  <meta charset="utf-8"><title>CSC 126 | Catalogue</title>
  <meta name="keywords" content="computing, introduction, lab"><meta name="viewport" content="width=device-width">
  <link rel="stylesheet" href="/static/site.css"><link rel="canonical" href="https://example.edu/courses/csc-126">
  <script>window.dataLayer = window.dataLayer || []; function gtag() {{ dataLayer.push(arguments); }} gtag("js", 1);</script>
  <script type="application/ld+json">{{"@context": "https://schema.org", "@type": "Course", "@id": "https://example.edu/courses/csc-126", "name": "Introduction", "provider": {{"@type": "Organization", "name": "College"}}}}</script>
  <style>.course {{ margin: 0 auto; max-width: 60rem }} .tag {{ display: inline-block; padding: 0 .5rem }}</style>
</head><body>
  <header><nav><ul class="menu"><li><a href="/">Home</a></li><li><a href="/courses">Courses</a></li><li><a href="/people">People</a></li></ul></nav>
    <ol class="breadcrumb"><li><a href="/">Home</a></li><li><a href="/csc">Computer Science</a></li><li>CSC 126</li></ol></header>
  <main class="course" data-id="CSC-126">
    <h1>Introduction to   Computer Science</h1>
    <ul class="facts"><li class="credits">Credits: 4.0</li><li class="campus">Willowbrook</li><li class="seats" data-open="3">3 of 30</li></ul>
    <div class="teacher"><span class="name">Prof. Ada Byron</span> <a href="/people/byron">Profile</a> <a href="mailto:byron@example.edu">Write</a></div>
    <dl><dt>Room</dt><dd>1N-207</dd><dt>Days</dt><dd>Mon, Wed</dd><dt>Level</dt><dd>Undergraduate</dd></dl>
    <p class="tags"><span class="tag">programming</span><span class="tag">lab</span><span class="tag">core</span></p>
    <figure><img src="/img/csc126.jpg" alt="A lab"><figcaption>The lab in 1N</figcaption></figure>
    <div id="description"><p>{filler}{filler}{filler}</p><p>{filler}<em>{filler}</em>{filler}</p><p>{filler}{filler}</p></div>
    <div id="prerequisites"><ul><li><a href="/courses/mth-030">MTH 030</a></li><li><a href="/courses/csc-117">CSC 117</a></li></ul></div>
    <table class="schedule">
{rows}    </table>
    <aside><ul>
{related}    </ul></aside>
  </main>
  <footer><p>Updated <time datetime="2026-01-05">5 January</time>. College of Staten Island.</p></footer>
</body></html>
"#
    )
}

fn courses() -> String {
    let mut page = String::from("<!doctype html><html><head><title>Courses</title></head><body><ul>\n");
    for n in 0..25 {
        // Writing into a string cannot fail.
        let _ = writeln!(
            page,
            "<li class=\"course card shadow\" data-id=\"CSC-{n}\"><h2><a href=\"/courses/{n}\">Course number {n}</a></h2>\
             <p class=\"teacher\">Prof. No {n}</p><p class=\"room\">Room 1N-{n}</p><p class=\"text\">{}</p>\
             <p class=\"tags\"><span class=\"tag\">lab</span> <span class=\"tag\">core</span></p></li>",
            "A short text that says what the course is about. ".repeat(3)
        );
    }
    page + "</ul><a class=\"next\" href=\"?page=2\">Next</a></body></html>"
}

fn api_page() -> String {
    let item = |n: usize| {
        format!(
            "{{\"course_id\": \"CSC-{n}\", \"title\": \"Course number {n}\", \"teacher\": \"Prof. No {n}\", \"room\": \"1N-{n}\", \"days\": [\"Mon\", \"Wed\"], \"seats\": {{\"open\": {n}, \"of\": 30}}, \"text\": \"A short text that says what the course is about.\"}}"
        )
    };
    let items: Vec<_> = (0..40).map(item).collect();
    format!("{{\"items\": [{}], \"next\": \"/courses?page=2\"}}", items.join(",\n"))
}
