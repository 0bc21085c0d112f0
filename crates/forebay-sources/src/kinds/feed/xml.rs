//! RSS and Atom: converts the tree of an item to an entry.

use forebay_domain::reject::{Place, RejectReason};
use memchr::memchr_iter;
use url::Url;

use super::entry::{Author, Enclosure, Entry, filled, time};
use super::output::{absolute, add, reject};
use super::tree::{self, Element, Space};
use crate::{
    Error, Harvest, Page,
    kinds::unreadable::{pass_on, unreadable},
};

/// Reads a feed into the harvest. Returns the link to its next page.
pub(super) fn read(page: &Page, text: &str, harvest: &mut Harvest) -> Result<Option<String>, Error> {
    // Twice, because items need the feed's authors, which may follow them.
    let document = tree::read(text);
    if !document.is_feed {
        let problem = document.broken.map_or("it is neither RSS nor Atom".to_owned(), |(_, why)| why);
        return Err(unreadable(page, problem));
    }
    let base = joined(&page.url, document.base.as_deref());
    let authors: Vec<Author> =
        document.about.iter().filter(|one| one.name == "author").map(|one| person(one, &base)).collect();
    let mut places = Places { text, at: 0, line: 1 };
    tree::for_each_item(text, |item, range| {
        let base = joined(&base, item.attribute("xml:base"));
        let reading = Document { text, base };
        let mut entry = if item.name == "entry" { reading.atom(item) } else { reading.rss(item) };
        if entry.authors.is_empty() {
            entry.authors.clone_from(&authors);
        }
        let start = range.start;
        add(harvest, entry, places.of(start), text.get(range).unwrap_or_default());
        pass_on(page, harvest)
    })?;
    if let Some((at, problem)) = document.broken {
        let problem = format!("the feed cannot be read beyond this point: {problem}");
        let raw = text.get(at..).unwrap_or_default();
        reject(harvest, places.of(at), RejectReason::InvalidRecord, &problem, raw);
    }
    let next = document.about.iter().find(|one| one.name == "link" && one.attribute("rel") == Some("next"));
    Ok(next.and_then(|link| absolute(&base, link.attribute("href")?)))
}

fn joined(base: &Url, xml_base: Option<&str>) -> Url {
    xml_base.and_then(|xml_base| base.join(xml_base).ok()).unwrap_or_else(|| base.clone())
}

/// Converts offsets to places. Offsets must not decrease between calls.
struct Places<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Places<'_> {
    fn of(&mut self, offset: usize) -> Place {
        let passed = self.text.as_bytes().get(self.at..offset).unwrap_or_default();
        self.line += memchr_iter(b'\n', passed).count() as u64;
        self.at = self.at.max(offset);
        Place { line: self.line, offset: offset as u64 }
    }
}

struct Document<'a> {
    text: &'a str,
    base: Url,
}

impl Document<'_> {
    fn rss(&self, item: &Element) -> Entry {
        let first = |space, name: &str| item.first(space, name);
        let text = |space, name: &str| first(space, name).and_then(|one| filled(&one.text));
        let guid = first(Space::Rss, "guid");
        let id = guid.and_then(|guid| filled(&guid.text));
        let is_link = guid.is_some_and(|guid| guid.attribute("isPermaLink") != Some("false"));
        let permalink = id.clone().filter(|id| is_link && id.starts_with("http"));
        let atom_link =
            || first(Space::Atom, "link").and_then(|link| link.attribute("href")).map(str::to_owned);
        let link = text(Space::Rss, "link").or_else(atom_link);
        let named = |space, name: &'static str| item.all(space, name).filter_map(|one| filled(&one.text));
        let by_mail = named(Space::Rss, "author").map(|text| mailbox(&text));
        let by_name =
            named(Space::Dc, "creator").map(|name| Author { name: Some(name), ..Author::default() });
        let enclosures = item.all(Space::Rss, "enclosure").filter_map(|one| self.enclosure(one, "url"));
        let when = |space, name| first(space, name).and_then(|one| time(&one.text));
        Entry {
            id: id.or_else(|| item.attribute("rdf:about").and_then(filled)),
            url: link.and_then(|link| absolute(&self.base, &link)).or(permalink),
            title: first(Space::Rss, "title").and_then(|one| self.content(one)),
            summary: first(Space::Rss, "description").and_then(|one| self.content(one)),
            content: first(Space::Content, "encoded").and_then(|one| self.content(one)),
            authors: by_mail.chain(by_name).collect(),
            categories: named(Space::Rss, "category").chain(named(Space::Dc, "subject")).collect(),
            published: when(Space::Rss, "pubDate").or_else(|| when(Space::Dc, "date")),
            updated: when(Space::Atom, "updated"),
            enclosures: enclosures.collect(),
        }
    }

    fn atom(&self, entry: &Element) -> Entry {
        // Children share the entry's namespace, so feeds that declare none are read, too.
        let space = entry.space;
        let first = |name: &str| entry.first(space, name);
        let links = || entry.all(space, "link");
        let rel = |link: &Element| link.attribute("rel").unwrap_or("alternate").to_owned();
        let url = links().find(|link| rel(link) == "alternate").and_then(|link| link.attribute("href"));
        let when = |name| first(name).and_then(|one| time(&one.text));
        let category =
            |one: &Element| one.attribute("term").or_else(|| one.attribute("label")).and_then(filled);
        let enclosures = links().filter(|link| rel(link) == "enclosure");
        // Content at another URL is returned as an enclosure.
        let remote = first("content").and_then(|content| self.enclosure(content, "src"));
        let content = first("content").and_then(|one| self.content(one));
        Entry {
            id: first("id").and_then(|one| filled(&one.text)),
            url: url.and_then(|url| absolute(&self.base, url)),
            title: first("title").and_then(|one| self.content(one)),
            summary: first("summary").and_then(|one| self.content(one)),
            content,
            authors: entry
                .all(space, "author")
                .map(|one| person(one, &self.base))
                .filter(|one| !one.is_empty())
                .collect(),
            categories: entry.all(space, "category").filter_map(category).collect(),
            published: when("published").or_else(|| when("issued")),
            updated: when("updated").or_else(|| when("modified")),
            enclosures: enclosures.filter_map(|one| self.enclosure(one, "href")).chain(remote).collect(),
        }
    }

    /// Text, or markup as written. For XHTML, the enclosing `div` is left out: RFC 4287 (3.1.1.3) says that it is not
    /// part of the content.
    fn content(&self, element: &Element) -> Option<String> {
        if !element.has_markup() {
            return filled(&element.text);
        }
        let inside = match element.children.as_slice() {
            [div] if element.attribute("type") == Some("xhtml") && div.name == "div" => &div.inner,
            _ => &element.inner,
        };
        self.text.get(inside.clone()).and_then(filled)
    }

    fn enclosure(&self, element: &Element, attribute: &str) -> Option<Enclosure> {
        Some(Enclosure {
            url: absolute(&self.base, element.attribute(attribute)?)?,
            media_type: element.attribute("type").and_then(filled),
            length: element.attribute("length").and_then(|length| length.trim().parse().ok()),
        })
    }
}

fn person(element: &Element, base: &Url) -> Author {
    let text =
        |name: &str| element.children.iter().find(|one| one.name == name).and_then(|one| filled(&one.text));
    let url = text("uri").or_else(|| text("url"));
    Author { name: text("name"), email: text("email"), url: url.and_then(|url| absolute(base, &url)) }
}

/// An author in RSS: `jane@example.edu (Jane Doe)`, or only an address or name.
fn mailbox(text: &str) -> Author {
    match text.split_once('(') {
        Some((email, name)) if email.contains('@') => {
            Author { email: filled(email), name: filled(name.trim_end().trim_end_matches(')')), url: None }
        }
        _ if text.contains('@') && !text.contains(' ') => {
            Author { email: Some(text.to_owned()), ..Author::default() }
        }
        _ => Author { name: Some(text.to_owned()), ..Author::default() },
    }
}
