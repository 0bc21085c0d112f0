//! Parses the text of a page into a tree, as browsers do, within limits.
//!
//! html5ever follows the HTML standard, also for broken markup, but the standard has no limits: elements may nest
//! without end, an unclosed `<b>` is reopened in each paragraph, and each attribute of a tag is compared with all
//! attributes before it. The parser therefore gets the text in pieces, and checks limits after each piece.

use std::{
    borrow::Cow,
    cell::{Cell, Ref, RefCell},
};

use html5ever::{
    Attribute, QualName, TokenizerResult,
    buffer_queue::BufferQueue,
    interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
    local_name,
    tendril::StrTendril,
    tokenizer::{Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
    tree_builder::{TreeBuilder, TreeBuilderOpts},
};
use memchr::memchr;

use super::dom::Dom;
use super::tree::{Data, NONE, Node, Tree, place};

/// Maximum nesting of elements, as in browsers.
const MAX_DEPTH: u32 = 512;
/// Maximum number of attributes kept for one element.
const MAX_ATTRIBUTES: usize = 256;
/// Maximum number of attributes of one tag; a page that exceeds it is refused.
const MAX_WRITTEN_ATTRIBUTES: usize = 8192;
/// Maximum size of a page, in bytes.
const MAX_BYTES: usize = 16 << 20;
/// Maximum number of nodes of a page: one for each byte, within these limits. Ordinary pages have far fewer.
const NODES: std::ops::RangeInclusive<usize> = 10_000..=1_000_000;
/// How many bytes the parser gets at a time. Between two checks, a hostile page can grow by about the square of this.
const PIECE: usize = 4 << 10;
/// A page up to this size cannot contain a tag whose attributes are too expensive.
const SMALL: usize = 32 << 10;

/// Parses a page. The error says why the page is refused.
pub(crate) fn parse(text: &str) -> Result<Dom, &'static str> {
    if text.len() > MAX_BYTES {
        return Err("it is larger than 16 MiB");
    }
    let options =
        TreeBuilderOpts { scripting_enabled: false, drop_doctype: true, ..TreeBuilderOpts::default() };
    let sink = Watched { builder: TreeBuilder::new(Sink::new(text.len()), options), tokens: Cell::new(0) };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let queue = BufferQueue::default();
    let max_nodes = text.len().clamp(*NODES.start(), *NODES.end());
    let is_small = text.len() <= SMALL;
    // The start of a tag or comment that is still open at the end of the last piece.
    let mut unfinished: Option<usize> = None;
    let mut start = 0;
    while start < text.len() {
        let end = piece_end(text, start, if is_small { PIECE } else { 1 });
        let before = tokenizer.sink.tokens.get();
        queue.push_back(StrTendril::from_slice(&text[start..end]));
        // The parser stops at scripts and encoding declarations. Both are ignored here.
        while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {}
        let sink = &tokenizer.sink.builder.sink;
        if sink.deepest.get() > MAX_DEPTH {
            return Err("its elements are nested deeper than 512 levels");
        }
        if sink.nodes.borrow().len() > max_nodes {
            return Err("it has too many elements, or broken markup that multiplies them");
        }
        if tokenizer.sink.tokens.get() != before {
            unfinished = None;
        } else if !is_small {
            let tag = *unfinished.get_or_insert(start);
            let is_long = end - tag > SMALL && start - tag <= SMALL;
            if is_long && has_too_many_attributes(&text.as_bytes()[tag..]) {
                return Err("a tag has more than 8192 attributes");
            }
        }
        start = end;
    }
    tokenizer.end();
    Ok(Dom::new(Tree { nodes: tokenizer.sink.builder.sink.nodes.into_inner() }))
}

/// The end of the piece that begins at `start`: before the first `<` after at least `least` bytes, or at a fixed size
/// if there is none.
fn piece_end(text: &str, start: usize, least: usize) -> usize {
    let from = (start + least).min(text.len());
    let window = &text.as_bytes()[from..text.len().min(from + PIECE)];
    let mut end = memchr(b'<', window).map_or(from + window.len(), |at| from + at);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end
}

/// Whether the tag at the start of the text has more than [`MAX_WRITTEN_ATTRIBUTES`] attributes.
fn has_too_many_attributes(tag: &[u8]) -> bool {
    if !tag.get(1).is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    let mut count = 0;
    let mut at = tag.iter().position(|byte| is_between(*byte)).unwrap_or(tag.len());
    while at < tag.len() && tag[at] != b'>' && count <= MAX_WRITTEN_ATTRIBUTES {
        if is_between(tag[at]) {
            at += 1;
            continue;
        }
        count += 1;
        let rest = &tag[at + 1..];
        at += 1 + rest
            .iter()
            .position(|byte| is_between(*byte) || matches!(byte, b'=' | b'>'))
            .unwrap_or(rest.len());
        at += tag[at.min(tag.len())..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if tag.get(at) != Some(&b'=') {
            continue;
        }
        at += 1;
        at += tag[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let value = &tag[at..];
        at += match value.first() {
            Some(quote @ (b'"' | b'\'')) => {
                memchr(*quote, &value[1..]).map_or(value.len(), |length| length + 2)
            }
            _ => value
                .iter()
                .position(|byte| byte.is_ascii_whitespace() || *byte == b'>')
                .unwrap_or(value.len()),
        };
    }
    count > MAX_WRITTEN_ATTRIBUTES
}

fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'/'
}

/// Passes tokens on to the tree builder, counts them, and drops the attributes above [`MAX_ATTRIBUTES`].
struct Watched {
    builder: TreeBuilder<u32, Sink>,
    tokens: Cell<u64>,
}

impl TokenSink for Watched {
    type Handle = u32;

    fn process_token(&self, mut token: Token, line: u64) -> TokenSinkResult<u32> {
        // A parse error inside a tag doesn't end the tag.
        let is_remark = matches!(token, Token::ParseError(_));
        self.tokens.set(self.tokens.get() + u64::from(!is_remark));
        if let Token::TagToken(tag) = &mut token {
            tag.attrs.truncate(MAX_ATTRIBUTES);
        }
        self.builder.process_token(token, line)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// Receives the nodes from the tree builder.
struct Sink {
    nodes: RefCell<Vec<Node>>,
    deepest: Cell<u32>,
    line: Cell<u32>,
}

impl Sink {
    fn new(bytes: usize) -> Self {
        let mut nodes = Vec::with_capacity((bytes / 20 + 16).min(NODES.end() / 4));
        nodes.push(new_node(nameless(), Data::Document, 1));
        Self { nodes: RefCell::new(nodes), deepest: Cell::new(0), line: Cell::new(1) }
    }

    fn create(&self, name: QualName, data: Data) -> u32 {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(new_node(name, data, self.line.get()));
        place(nodes.len() - 1)
    }

    fn append_node(&self, nodes: &mut [Node], parent: u32, child: u32) {
        detach(nodes, child);
        let depth = nodes[parent as usize].depth + 1;
        self.deepest.set(self.deepest.get().max(depth));
        let last = nodes[parent as usize].last;
        let node = &mut nodes[child as usize];
        (node.parent, node.previous, node.depth) = (parent, last, depth);
        match nodes.get_mut(last as usize) {
            Some(last) => last.next = child,
            None => nodes[parent as usize].first = child,
        }
        nodes[parent as usize].last = child;
    }

    fn insert_before(&self, nodes: &mut [Node], sibling: u32, child: u32) {
        detach(nodes, child);
        let Node { parent, previous, depth, .. } = nodes[sibling as usize];
        self.deepest.set(self.deepest.get().max(depth));
        let node = &mut nodes[child as usize];
        (node.parent, node.previous, node.next, node.depth) = (parent, previous, sibling, depth);
        nodes[sibling as usize].previous = child;
        if let Some(previous) = nodes.get_mut(previous as usize) {
            previous.next = child;
        } else if let Some(parent) = nodes.get_mut(parent as usize) {
            parent.first = child;
        }
    }
}

fn new_node(name: QualName, data: Data, line: u32) -> Node {
    Node { parent: NONE, first: NONE, last: NONE, previous: NONE, next: NONE, depth: 0, line, name, data }
}

/// The name of nodes that are not elements.
fn nameless() -> QualName {
    QualName::new(None, html5ever::ns!(), local_name!(""))
}

fn detach(nodes: &mut [Node], child: u32) {
    let Node { parent, previous, next, .. } = nodes[child as usize];
    if parent == NONE {
        return;
    }
    match nodes.get_mut(previous as usize) {
        Some(previous) => previous.next = next,
        None => nodes[parent as usize].first = next,
    }
    match nodes.get_mut(next as usize) {
        Some(next) => next.previous = previous,
        None => nodes[parent as usize].last = previous,
    }
    let node = &mut nodes[child as usize];
    (node.parent, node.previous, node.next) = (NONE, NONE, NONE);
}

/// Appends to a text node. Returns false if the node is not a text node.
fn add_text(nodes: &mut [Node], node: u32, more: &StrTendril) -> bool {
    match nodes.get_mut(node as usize) {
        Some(Node { data: Data::Text(text), .. }) => {
            text.push_tendril(more);
            true
        }
        _ => false,
    }
}

impl TreeSink for Sink {
    type Handle = u32;
    type Output = Self;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Self {
        self
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> u32 {
        0
    }

    fn elem_name<'a>(&'a self, target: &'a u32) -> Ref<'a, QualName> {
        Ref::map(self.nodes.borrow(), |nodes| &nodes[*target as usize].name)
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> u32 {
        self.create(name, Data::Element(attributes))
    }

    fn create_comment(&self, _: StrTendril) -> u32 {
        self.create(nameless(), Data::Other)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> u32 {
        self.create(nameless(), Data::Other)
    }

    fn append(&self, parent: &u32, child: NodeOrText<u32>) {
        let child = match child {
            NodeOrText::AppendNode(child) => child,
            NodeOrText::AppendText(text) => {
                let nodes = &mut *self.nodes.borrow_mut();
                let last = nodes[*parent as usize].last;
                if add_text(nodes, last, &text) {
                    return;
                }
                nodes.push(new_node(nameless(), Data::Text(text), self.line.get()));
                place(nodes.len() - 1)
            }
        };
        self.append_node(&mut self.nodes.borrow_mut(), *parent, child);
    }

    fn append_based_on_parent_node(&self, element: &u32, previous: &u32, child: NodeOrText<u32>) {
        let has_parent = self.nodes.borrow()[*element as usize].parent != NONE;
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    // Keep the content of a template inside its element, so selectors find it.
    fn get_template_contents(&self, target: &u32) -> u32 {
        *target
    }

    fn same_node(&self, one: &u32, other: &u32) -> bool {
        one == other
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &u32, child: NodeOrText<u32>) {
        let child = match child {
            NodeOrText::AppendNode(child) => child,
            NodeOrText::AppendText(text) => {
                let nodes = &mut *self.nodes.borrow_mut();
                let previous = nodes[*sibling as usize].previous;
                if add_text(nodes, previous, &text) {
                    return;
                }
                nodes.push(new_node(nameless(), Data::Text(text), self.line.get()));
                place(nodes.len() - 1)
            }
        };
        self.insert_before(&mut self.nodes.borrow_mut(), *sibling, child);
    }

    fn add_attrs_if_missing(&self, target: &u32, more: Vec<Attribute>) {
        if let Data::Element(attributes) = &mut self.nodes.borrow_mut()[*target as usize].data {
            for attribute in more {
                let is_new = attributes.iter().all(|known| known.name != attribute.name);
                if is_new && attributes.len() < MAX_ATTRIBUTES {
                    attributes.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &u32) {
        detach(&mut self.nodes.borrow_mut(), *target);
    }

    fn reparent_children(&self, node: &u32, new_parent: &u32) {
        let nodes = &mut *self.nodes.borrow_mut();
        while nodes[*node as usize].first != NONE {
            let child = nodes[*node as usize].first;
            self.append_node(nodes, *new_parent, child);
        }
    }

    fn set_current_line(&self, line: u64) {
        self.line.set(u32::try_from(line).unwrap_or(u32::MAX));
    }
}
