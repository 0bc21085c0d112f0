//! A page of HTML as a flat list of elements in document order.
//!
//! The descendants of an element are the elements from the next one up to its `end`, and its text is one slice of the
//! page's text. Searching an item is therefore a linear walk over adjacent memory, and extracting a text copies once.
//!
//! When changing this: do not recurse, and bound every loop by the size of the page.

use html5ever::{Attribute, LocalName, QualName, local_name};

use super::tree::{Data, NONE, Node, Tree, place};

/// A parsed page.
pub(crate) struct Dom {
    pub(crate) elements: Vec<Element>,
    /// All visible text of the page, in order.
    text: String,
    /// The content of scripts and styles.
    hidden: String,
    tree: Tree,
}

/// An element. Its relatives are indexes into [`Dom::elements`], or [`NONE`].
pub(crate) struct Element {
    pub(crate) name: LocalName,
    pub(crate) parent: u32,
    /// The index after its last descendant.
    pub(crate) end: u32,
    /// The sibling before it.
    pub(crate) previous: u32,
    /// The number of its child elements.
    pub(crate) children: u32,
    /// One bit for each of its classes. Rules out most elements without reading their attributes.
    pub(crate) class_bits: u64,
    /// The line of the page on which it begins.
    pub(crate) line: u32,
    node: u32,
    text: (u32, u32),
    hidden: (u32, u32),
}

impl Dom {
    /// Builds the flat form of a tree.
    pub(super) fn new(mut tree: Tree) -> Self {
        let mut dom = Self {
            elements: Vec::with_capacity(tree.nodes.len() / 2),
            text: String::new(),
            hidden: String::new(),
            tree: Tree { nodes: Vec::new() },
        };
        let mut open: Vec<u32> = Vec::new();
        // The last closed child of each open element, and of the document.
        let mut last_child: Vec<u32> = vec![NONE];
        let mut hidden_in = 0_u32;
        let mut at = tree.nodes[0].first;
        while at != NONE {
            let node = &mut tree.nodes[at as usize];
            let (first, next) = (node.first, node.next);
            let mut is_open = false;
            match &mut node.data {
                Data::Text(text) if hidden_in > 0 => dom.hidden.push_str(text),
                Data::Text(text) => dom.text.push_str(text),
                Data::Element(attributes) => {
                    let name = &node.name.local;
                    let index = place(dom.elements.len());
                    if is_block(name) {
                        dom.text.push(' ');
                    }
                    hidden_in += u32::from(is_hidden(name));
                    let parent = open.last().copied().unwrap_or(NONE);
                    let previous = last_child.last().copied().unwrap_or(NONE);
                    if let Some(parent) = dom.elements.get_mut(parent as usize) {
                        parent.children += 1;
                    }
                    let (text, hidden) = (place(dom.text.len()), place(dom.hidden.len()));
                    dom.elements.push(Element {
                        name: name.clone(),
                        parent,
                        end: index + 1,
                        previous,
                        children: 0,
                        class_bits: class_bits(attributes),
                        line: node.line,
                        node: at,
                        text: (text, text),
                        hidden: (hidden, hidden),
                    });
                    open.push(index);
                    last_child.push(NONE);
                    is_open = true;
                }
                Data::Document | Data::Other => {}
            }
            if is_open && first != NONE {
                at = first;
                continue;
            }
            let (mut here, mut following) = (at, next);
            if is_open {
                dom.close(&mut open, &mut last_child, &mut hidden_in);
            }
            while following == NONE {
                here = tree.nodes[here as usize].parent;
                if here == NONE || open.is_empty() {
                    break;
                }
                dom.close(&mut open, &mut last_child, &mut hidden_in);
                following = tree.nodes[here as usize].next;
            }
            at = following;
        }
        dom.tree = tree;
        dom
    }

    fn close(&mut self, open: &mut Vec<u32>, last_child: &mut Vec<u32>, hidden_in: &mut u32) {
        last_child.pop();
        let Some(index) = open.pop() else { return };
        let end = place(self.elements.len());
        let element = &mut self.elements[index as usize];
        element.end = end;
        element.text.1 = place(self.text.len());
        element.hidden.1 = place(self.hidden.len());
        *hidden_in -= u32::from(is_hidden(&element.name));
        if is_block(&element.name) {
            self.text.push(' ');
        }
        if let Some(last) = last_child.last_mut() {
            *last = index;
        }
    }

    /// The text inside an element, whitespace included; `None` means the whole page.
    pub(crate) fn text(&self, element: Option<u32>) -> &str {
        let Some(element) = element else { return &self.text };
        let Element { text: (start, end), hidden, name, .. } = &self.elements[element as usize];
        if is_hidden(name) {
            return &self.hidden[hidden.0 as usize..hidden.1 as usize];
        }
        &self.text[*start as usize..*end as usize]
    }

    /// An attribute of an element.
    pub(crate) fn attribute(&self, element: u32, name: &str) -> Option<&str> {
        let found = self.attributes(element).iter().find(|attribute| *attribute.name.local == *name);
        found.map(|attribute| &*attribute.value)
    }

    /// An attribute by its interned name, which compares faster.
    pub(super) fn attribute_named(&self, element: u32, name: &LocalName) -> Option<&str> {
        let found = self.attributes(element).iter().find(|attribute| attribute.name.local == *name);
        found.map(|attribute| &*attribute.value)
    }

    /// The name of an element, with its namespace.
    pub(super) fn full_name(&self, element: u32) -> &QualName {
        &self.tree.nodes[self.elements[element as usize].node as usize].name
    }

    /// The attributes of an element.
    pub(crate) fn attributes(&self, element: u32) -> &[Attribute] {
        match &self.tree.nodes[self.elements[element as usize].node as usize].data {
            Data::Element(attributes) => attributes,
            _ => &[],
        }
    }

    /// The descendants of an element; `None` means the whole page.
    pub(crate) fn inside(&self, element: Option<u32>) -> std::ops::Range<u32> {
        match element {
            Some(element) => element + 1..self.elements[element as usize].end,
            None => 0..place(self.elements.len()),
        }
    }

    /// Appends the markup inside an element (or of the page), serialised according to the HTML standard, up to about
    /// `limit` bytes.
    pub(crate) fn write_markup(&self, element: Option<u32>, limit: usize, out: &mut String) {
        let nodes = &self.tree.nodes;
        let root = element.map_or(0, |element| self.elements[element as usize].node);
        let mut at = nodes[root as usize].first;
        while at != NONE && out.len() < limit {
            let node = &nodes[at as usize];
            match &node.data {
                Data::Text(text) => {
                    let is_raw = nodes.get(node.parent as usize).is_some_and(Self::holds_raw_text);
                    if is_raw { out.push_str(text) } else { escape(text, false, out) }
                }
                Data::Element(attributes) => {
                    out.push('<');
                    out.push_str(&node.name.local);
                    for attribute in attributes {
                        out.push(' ');
                        out.push_str(&attribute.name.local);
                        out.push_str("=\"");
                        escape(&attribute.value, true, out);
                        out.push('"');
                    }
                    out.push('>');
                    if node.first != NONE {
                        at = node.first;
                        continue;
                    }
                    close_tag(&node.name.local, out);
                }
                Data::Document | Data::Other => {}
            }
            while at != root && nodes[at as usize].next == NONE {
                at = nodes[at as usize].parent;
                if at == root || at == NONE {
                    return;
                }
                close_tag(&nodes[at as usize].name.local, out);
            }
            at = nodes[at as usize].next;
        }
    }

    fn holds_raw_text(node: &Node) -> bool {
        is_hidden(&node.name.local)
    }
}

fn close_tag(name: &LocalName, out: &mut String) {
    if !is_void(name) {
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
}

fn escape(text: &str, in_attribute: bool, out: &mut String) {
    for piece in text.split_inclusive(['&', '<', '>', '"', '\u{a0}']) {
        let Some(last) = piece.chars().next_back() else { continue };
        let escaped = match last {
            '&' => "&amp;",
            '\u{a0}' => "&nbsp;",
            '<' if !in_attribute => "&lt;",
            '>' if !in_attribute => "&gt;",
            '"' if in_attribute => "&quot;",
            _ => {
                out.push_str(piece);
                continue;
            }
        };
        out.push_str(&piece[..piece.len() - last.len_utf8()]);
        out.push_str(escaped);
    }
}

fn class_bits(attributes: &[Attribute]) -> u64 {
    let class = attributes.iter().find(|attribute| attribute.name.local == local_name!("class"));
    class.map_or(0, |class| {
        class.value.split_ascii_whitespace().fold(0, |bits, name| bits | class_bit(name_hash(name)))
    })
}

/// The FNV-1a hash of a class name or id.
pub(super) fn name_hash(name: &str) -> u32 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    name.bytes().fold(0x811c_9dc5, mix)
}

/// The bit in [`Element::class_bits`] of a class with this hash.
pub(super) fn class_bit(hash: u32) -> u64 {
    1 << (hash >> 26)
}

/// Whether browsers hide the content of an element.
fn is_hidden(name: &LocalName) -> bool {
    matches!(*name, local_name!("script") | local_name!("style"))
}

fn is_void(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("area")
            | local_name!("base")
            | local_name!("br")
            | local_name!("col")
            | local_name!("embed")
            | local_name!("hr")
            | local_name!("img")
            | local_name!("input")
            | local_name!("link")
            | local_name!("meta")
            | local_name!("source")
            | local_name!("track")
            | local_name!("wbr")
    )
}

/// Whether browsers show an element as a block, which separates the words before, in and after it.
fn is_block(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("address")
            | local_name!("article")
            | local_name!("aside")
            | local_name!("blockquote")
            | local_name!("br")
            | local_name!("caption")
            | local_name!("dd")
            | local_name!("details")
            | local_name!("div")
            | local_name!("dl")
            | local_name!("dt")
            | local_name!("fieldset")
            | local_name!("figcaption")
            | local_name!("figure")
            | local_name!("footer")
            | local_name!("form")
            | local_name!("h1")
            | local_name!("h2")
            | local_name!("h3")
            | local_name!("h4")
            | local_name!("h5")
            | local_name!("h6")
            | local_name!("header")
            | local_name!("hr")
            | local_name!("li")
            | local_name!("main")
            | local_name!("nav")
            | local_name!("ol")
            | local_name!("optgroup")
            | local_name!("option")
            | local_name!("p")
            | local_name!("pre")
            | local_name!("section")
            | local_name!("summary")
            | local_name!("table")
            | local_name!("tbody")
            | local_name!("td")
            | local_name!("tfoot")
            | local_name!("th")
            | local_name!("thead")
            | local_name!("title")
            | local_name!("tr")
            | local_name!("ul")
    )
}
