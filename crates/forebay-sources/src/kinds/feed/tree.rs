//! The items of an XML feed, each as a small tree.
//!
//! Only what is inside of an item, and the links and authors of the feed itself, is built; and only so deep, so neither
//! building nor dropping a tree can use up the stack. Deeper markup is still in the text that a range names.

use std::ops::Range;

use quick_xml::{
    NsReader,
    events::{BytesStart, Event},
    name::ResolveResult,
};

/// Elements deeper in an item are not built.
const MAX_DEPTH: usize = 32;
/// Documents that nest deeper than this are not read on.
const MAX_NESTING: usize = 1000;
/// Attributes of one element that are looked at.
const MAX_ATTRIBUTES: usize = 50;
/// Links and authors of the feed itself that are kept.
const MAX_ABOUT: usize = 100;

/// The vocabularies that feeds are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// RSS: none, or that of RSS 1.0.
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
    /// Its name without prefix.
    pub(super) name: String,
    /// With prefixes as they stand.
    attributes: Vec<(String, String)>,
    /// The text directly in it, references resolved.
    pub(super) text: String,
    /// What is between its tags.
    pub(super) inner: Range<usize>,
    pub(super) children: Vec<Element>,
    /// Whether something in it was too deep to be built.
    has_deeper: bool,
}

impl Element {
    /// The value of an attribute, named with its prefix.
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

/// What of a feed was found.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The name of the root element, if it is that of a feed.
    pub(super) is_feed: bool,
    /// `xml:base` of the root.
    pub(super) base: Option<String>,
    /// Links and authors of the feed itself.
    pub(super) about: Vec<Element>,
    /// Items with where they stand, tags and all.
    pub(super) items: Vec<(Element, Range<usize>)>,
    /// Where reading had to stop, and why.
    pub(super) broken: Option<(usize, String)>,
}

/// Reads a document as far as it is well-formed.
pub(super) fn read(text: &str) -> Document {
    let mut document = Document::default();
    let mut builder = Builder::default();
    let mut reader = NsReader::from_str(text);
    // Broken closing tags are common, but then nobody can tell what belongs to which item.
    reader.config_mut().trim_markup_names_in_closing_tags = true;
    loop {
        let before = position(reader.buffer_position());
        let event = match reader.read_resolved_event() {
            Ok((space, event)) => (space_of(&space, &event), event),
            Err(error) => {
                document.broken = Some((builder.begun.unwrap_or(before), error.to_string()));
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
                    let from = builder.begun.unwrap_or(before);
                    document.broken = Some((from, "the document ends before its elements do".into()));
                }
                break;
            }
            _ => {}
        }
        if builder.nesting > MAX_NESTING {
            document.broken = Some((builder.begun.unwrap_or(before), "elements are nested too deep".into()));
            break;
        }
    }
    document
}

/// Where in a document the reading is.
#[derive(Default)]
struct Builder {
    /// How many elements are open.
    nesting: usize,
    /// How many of them hold items.
    containers: usize,
    /// The elements that are being built, from the item down.
    open: Vec<Element>,
    /// Where the item that is being built began.
    begun: Option<usize>,
    /// How many open elements are too deep to be built.
    deeper: usize,
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
            && matches!((space, name), (_, "item" | "entry") | (Space::Atom, "link" | "author"));
        if self.open.is_empty() && !is_wanted {
            return;
        }
        if self.open.is_empty() {
            self.begun = Some(before);
        }
        if self.deeper > 0 || self.open.len() >= MAX_DEPTH {
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
        // The reader knows which tag closes which; one too many is its error.
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
        let begun = self.begun.take().unwrap_or(before);
        if matches!(element.name.as_str(), "item" | "entry") {
            document.items.push((element, begun..after));
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

    /// A reference such as `&amp;` or `&#233;`. What XML does not know, such as `&nbsp;`, stays as it is written.
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
        // A prefix that was never declared: what everybody means by it.
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
