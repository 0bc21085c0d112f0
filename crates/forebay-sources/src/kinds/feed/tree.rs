//! The items of an XML feed, each as a small tree.
//!
//! Only items, and the feed's own links and authors, are built, up to a fixed depth. Building or dropping a tree
//! therefore cannot overflow the stack. Deeper markup is available as text through [`Element::inner`].

use std::{convert::Infallible, ops::Range};

use quick_xml::{
    NsReader,
    events::{BytesStart, Event},
    name::ResolveResult,
};

/// Maximum depth of the elements built in an item.
const MAX_DEPTH: usize = 32;
/// Maximum nesting of a document; the reader stops at deeper elements.
const MAX_NESTING: usize = 1000;
/// Maximum number of attributes read from one element.
const MAX_ATTRIBUTES: usize = 50;
/// Maximum number of the feed's own links and authors.
const MAX_ABOUT: usize = 100;

/// The XML vocabularies that feeds use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// RSS: no namespace, or that of RSS 1.0.
    Rss,
    Atom,
    /// `content:encoded`.
    Content,
    /// Dublin Core.
    Dc,
    Other,
}

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) space: Space,
    /// The local name, without prefix.
    pub(super) name: String,
    /// Names with their prefixes as written, and unescaped values.
    attributes: Vec<(String, String)>,
    /// The text directly inside the element, unescaped.
    pub(super) text: String,
    /// The byte range between its tags.
    pub(super) inner: Range<usize>,
    pub(super) children: Vec<Element>,
    /// Whether it contains elements that were too deep to build.
    has_deeper: bool,
}

impl Element {
    /// The value of an attribute; `name` includes the prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all(&self, space: Space, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.space == space && child.name == name)
    }

    pub(super) fn first(&self, space: Space, name: &str) -> Option<&Self> {
        self.all(space, name).next()
    }

    pub(super) fn has_markup(&self) -> bool {
        self.has_deeper || !self.children.is_empty()
    }
}

/// A feed without its items.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// Whether the root element is that of a feed.
    pub(super) is_feed: bool,
    /// The `xml:base` attribute of the root element.
    pub(super) base: Option<String>,
    /// Links and authors of the feed itself.
    pub(super) about: Vec<Element>,
    /// Where and why the reader stopped, if it did.
    pub(super) broken: Option<(usize, String)>,
}

/// Reads a document up to its end or its first error. Its items are not built.
pub(super) fn read(text: &str) -> Document {
    // Without items, no error of theirs is possible.
    walk(text, None::<fn(Element, Range<usize>) -> Result<(), Infallible>>).unwrap_or_default()
}

/// Builds the items of a document one after another, up to its end or its first error. Each comes with the byte range
/// that includes its tags. Error: that of `take`, which ends the reading.
pub(super) fn for_each_item<E>(
    text: &str,
    mut take: impl FnMut(&Element, Range<usize>) -> Result<(), E>,
) -> Result<(), E> {
    walk(text, Some(|item: Element, range| take(&item, range))).map(|_| ())
}

/// Reads a document. Without `take`, its items are skipped.
fn walk<E>(
    text: &str,
    mut take: Option<impl FnMut(Element, Range<usize>) -> Result<(), E>>,
) -> Result<Document, E> {
    let mut document = Document::default();
    let mut builder = Builder { skips_items: take.is_none(), ..Builder::default() };
    let mut reader = NsReader::from_str(text);
    // Allow whitespace in closing tags. Mismatched tags stay an error, because the item that they belong to is unknown.
    reader.config_mut().trim_markup_names_in_closing_tags = true;
    loop {
        let before = position(reader.buffer_position());
        let event = match reader.read_resolved_event() {
            Ok((space, event)) => (space_of(&space, &event), event),
            Err(error) => {
                document.broken = Some((builder.item_start.unwrap_or(before), error.to_string()));
                break;
            }
        };
        let after = position(reader.buffer_position());
        match event {
            (space, Event::Start(start)) => builder.open(space, &start, before, after, &mut document),
            (space, Event::Empty(start)) => {
                builder.open(space, &start, before, after, &mut document);
                builder.close(after, after, &mut document);
            }
            (_, Event::End(_)) => builder.close(before, after, &mut document),
            (_, Event::Text(piece)) => builder.text(&piece),
            (_, Event::CData(piece)) => builder.text(&piece),
            (_, Event::GeneralRef(reference)) => builder.reference(&reference),
            (_, Event::Eof) => {
                if builder.nesting > 0 {
                    let from = builder.item_start.unwrap_or(before);
                    document.broken = Some((from, "the document ends inside an element".into()));
                }
                break;
            }
            _ => {}
        }
        if let Some((item, range)) = builder.item.take()
            && let Some(take) = &mut take
        {
            take(item, range)?;
        }
        if builder.nesting > MAX_NESTING {
            document.broken =
                Some((builder.item_start.unwrap_or(before), "elements are nested too deeply".into()));
            break;
        }
    }
    Ok(document)
}

/// The position in a document: open elements, and the item being built.
#[derive(Default)]
struct Builder {
    /// The number of open elements.
    nesting: usize,
    /// How many of them contain items, such as `channel`.
    containers: usize,
    /// The elements being built, from the item inwards.
    open: Vec<Element>,
    /// The offset of the item being built.
    item_start: Option<usize>,
    /// The number of open elements that are not built, because they are too deep or in a skipped item.
    deeper: usize,
    /// Whether only the outermost elements of items are built.
    skips_items: bool,
    /// The item that has just ended.
    item: Option<(Element, Range<usize>)>,
}

impl Builder {
    fn open(
        &mut self,
        space: Space,
        start: &BytesStart<'_>,
        before: usize,
        after: usize,
        document: &mut Document,
    ) {
        let local = start.local_name();
        let name: &str = local.as_ref();
        self.nesting += 1;
        let is_outside = self.open.is_empty() && self.containers + 1 == self.nesting;
        if is_outside && self.nesting == 1 {
            document.is_feed = matches!(name, "rss" | "RDF" | "feed" | "entry");
            document.base =
                attributes(start).into_iter().find(|(key, _)| key == "xml:base").map(|(_, base)| base);
        }
        let holds_items = match self.nesting {
            1 => matches!(name, "rss" | "RDF" | "feed"),
            2 => name == "channel",
            _ => false,
        };
        if is_outside && holds_items {
            self.containers += 1;
            return;
        }
        let is_wanted = document.is_feed
            && is_outside
            && (is_item(name) || matches!((space, name), (Space::Atom, "link" | "author")));
        if self.open.is_empty() && !is_wanted {
            return;
        }
        if self.open.is_empty() {
            self.item_start = Some(before);
        }
        let is_skipped = |open: &Element| self.skips_items && is_item(&open.name);
        if self.deeper > 0 || self.open.len() >= MAX_DEPTH || self.open.first().is_some_and(is_skipped) {
            self.deeper += 1;
            if let Some(parent) = self.open.last_mut() {
                parent.has_deeper = true;
            }
            return;
        }
        self.open.push(Element {
            space,
            name: name.to_owned(),
            attributes: attributes(start),
            text: String::new(),
            inner: after..after,
            children: Vec::new(),
            has_deeper: false,
        });
    }

    fn close(&mut self, before: usize, after: usize, document: &mut Document) {
        // The reader reports unmatched closing tags, so the counters only need to stay in range.
        self.nesting = self.nesting.saturating_sub(1);
        self.containers = self.containers.min(self.nesting);
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        let Some(mut element) = self.open.pop() else { return };
        element.inner.end = before.max(element.inner.start);
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(element);
            return;
        }
        let item_start = self.item_start.take().unwrap_or(before);
        if is_item(&element.name) {
            self.item = Some((element, item_start..after));
        } else if document.about.len() < MAX_ABOUT {
            document.about.push(element);
        }
    }

    fn text(&mut self, piece: &str) {
        if self.deeper == 0
            && let Some(element) = self.open.last_mut()
        {
            element.text.push_str(piece);
        }
    }

    /// Appends an entity or character reference such as `&amp;` or `&#233;`. References that XML does not define, such
    /// as `&nbsp;`, are kept as written.
    fn reference(&mut self, reference: &quick_xml::events::BytesRef<'_>) {
        if let Ok(Some(character)) = reference.resolve_char_ref() {
            return self.text(character.encode_utf8(&mut [0; 4]));
        }
        let name: &str = reference;
        match quick_xml::escape::resolve_predefined_entity(name) {
            Some(resolved) => self.text(resolved),
            None => self.text(&format!("&{name};")),
        }
    }
}

fn is_item(name: &str) -> bool {
    matches!(name, "item" | "entry")
}

fn attributes(start: &BytesStart<'_>) -> Vec<(String, String)> {
    let mut attributes = start.attributes();
    let readable = attributes.with_checks(false).take(MAX_ATTRIBUTES).flatten();
    readable
        .map(|attribute| {
            let value: &str = &attribute.value;
            let value = quick_xml::escape::unescape(value).map_or_else(|_| value.to_owned(), Into::into);
            (attribute.key.as_ref().to_owned(), value)
        })
        .collect()
}

fn space_of(resolved: &ResolveResult<'_>, event: &Event<'_>) -> Space {
    match resolved {
        ResolveResult::Unbound => Space::Rss,
        ResolveResult::Bound(namespace) => match namespace.as_ref() {
            "http://www.w3.org/2005/Atom" | "http://purl.org/atom/ns#" => Space::Atom,
            "http://purl.org/rss/1.0/" | "http://my.netscape.com/rdf/simple/0.9/" => Space::Rss,
            "http://purl.org/rss/1.0/modules/content/" => Space::Content,
            "http://purl.org/dc/elements/1.1/" => Space::Dc,
            _ => Space::Other,
        },
        // Feeds often forget to declare well-known prefixes.
        ResolveResult::Unknown(_) => {
            let (Event::Start(start) | Event::Empty(start)) = event else { return Space::Other };
            let name = start.name();
            match name.as_ref().split_once(':') {
                Some(("content", _)) => Space::Content,
                Some(("dc", _)) => Space::Dc,
                Some(("atom", _)) => Space::Atom,
                _ => Space::Other,
            }
        }
    }
}

fn position(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
