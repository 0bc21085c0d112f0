//! The parsed text as a reader sees it: values, members and elements.
//!
//! All of these are small copies (a reference and an index) into the tape. A value knows whether its source text is
//! already canonical, so a writer can copy it in one piece.

/// Flag of a [`Node`]: its source text is canonical.
pub(super) const VERBATIM: u8 = 1;
/// Flag of a string: it had escapes, so its text is in the tape's buffer.
pub(super) const DECODED: u8 = 2;
/// Flag of a string: it contained something that Postgres cannot store, replaced by U+FFFD.
pub(super) const REPLACED: u8 = 4;
/// Used instead of a position in [`Tape::order`] if the object's keys are already in order.
pub(super) const IN_ORDER: u32 = u32::MAX;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `false`
    False,
    /// `true`
    True,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// One value or key. A container is followed by its contents, a key by its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) flags: u8,
    /// Where its source text begins, including quotes and brackets.
    pub(super) start: u32,
    /// Where its source text ends.
    pub(super) end: u32,
    /// Container: the node after its last descendant. Decoded string: where it begins in the buffer.
    pub(super) next: u32,
    /// Object: where its order begins, or [`IN_ORDER`]. Decoded string: where it ends in the buffer.
    pub(super) extra: u32,
}

/// The result of parsing, in reusable buffers.
#[derive(Debug, Default)]
pub(super) struct Tape {
    pub(super) nodes: Vec<Node>,
    /// For each object whose keys are out of order: the number of keys, then their nodes in order.
    pub(super) order: Vec<u32>,
    /// The text of strings that had escapes.
    pub(super) decoded: String,
    pub(super) replaced: u32,
}

impl Tape {
    pub(super) fn clear(&mut self, kept: usize) {
        self.nodes.clear();
        self.nodes.shrink_to(kept);
        self.order.clear();
        self.order.shrink_to(kept);
        self.decoded.clear();
        self.decoded.shrink_to(kept);
        self.replaced = 0;
    }

    #[inline]
    pub(super) fn string<'t>(&'t self, text: &'t str, node: u32) -> &'t str {
        let node = self.nodes[node as usize];
        if node.flags & DECODED == 0 {
            &text[node.start as usize + 1..node.end as usize - 1]
        } else {
            &self.decoded[node.next as usize..node.extra as usize]
        }
    }

    /// The node after `node` and all its contents.
    #[inline]
    fn after(&self, node: u32) -> u32 {
        match self.nodes[node as usize] {
            Node { kind: Kind::Array | Kind::Object, next, .. } => next,
            _ => node + 1,
        }
    }
}

/// One parsed text. Borrows the text and the parser until the next one is parsed.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    text: &'a str,
    tape: &'a Tape,
}

impl<'a> Document<'a> {
    pub(super) fn new(text: &'a str, tape: &'a Tape) -> Self {
        Self { text, tape }
    }

    /// The value of the whole text.
    pub fn root(self) -> Value<'a> {
        Value { document: self, node: 0 }
    }

    /// Number of characters that Postgres cannot store, replaced by U+FFFD.
    pub fn replaced(self) -> u32 {
        self.tape.replaced
    }

    #[inline]
    fn append(self, start: u32, end: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text.as_bytes()[start as usize..end as usize]);
    }

    /// An upper bound for the size of most canonical forms, to reserve space once. Only a hint.
    pub(crate) fn canonical_size_hint(self) -> usize {
        self.text.len()
    }
}

/// A value or key of a document.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    document: Document<'a>,
    node: u32,
}

impl<'a> Value<'a> {
    #[inline]
    fn of(self) -> Node {
        self.document.tape.nodes[self.node as usize]
    }

    /// Its type.
    #[inline]
    pub fn kind(self) -> Kind {
        self.of().kind
    }

    /// Its exact source text, including quotes and brackets.
    #[inline]
    pub fn source(self) -> &'a str {
        let node = self.of();
        &self.document.text[node.start as usize..node.end as usize]
    }

    /// Appends its exact source text to `out`.
    #[inline]
    pub(crate) fn append_source(self, out: &mut Vec<u8>) {
        let node = self.of();
        self.document.append(node.start, node.end, out);
    }

    /// Whether [`source`](Self::source) is its canonical form.
    #[inline]
    pub fn is_canonical(self) -> bool {
        self.of().flags & VERBATIM != 0
    }

    /// Whether it is a string with replaced characters, which Postgres cannot store.
    pub fn was_replaced(self) -> bool {
        self.of().flags & REPLACED != 0
    }

    /// The text of a string, without quotes and escapes.
    #[inline]
    pub fn as_str(self) -> Option<&'a str> {
        (self.kind() == Kind::String).then(|| self.document.tape.string(self.document.text, self.node))
    }

    /// Whether it is null or the empty string, which count as no value in coverage.
    #[inline]
    pub fn is_blank(self) -> bool {
        let node = self.of();
        match node.kind {
            Kind::Null => true,
            Kind::String => node.end - node.start == 2,
            _ => false,
        }
    }

    /// The members of an object in source order. Empty for other values.
    pub fn members(self) -> Members<'a> {
        let end = if self.kind() == Kind::Object { self.of().next } else { self.node + 1 };
        Members { document: self.document, order: None, at: self.node + 1, end }
    }

    /// The members of an object in canonical order (UTF-16 code units, RFC 8785). Empty for other values.
    #[inline]
    pub fn sorted_members(self) -> Members<'a> {
        let node = self.of();
        if node.kind != Kind::Object || node.extra == IN_ORDER {
            return self.members();
        }
        let from = node.extra as usize;
        let order = &self.document.tape.order;
        let keys = &order[from + 1..=from + order[from] as usize];
        Members { document: self.document, order: Some(keys), at: 0, end: 0 }
    }

    /// The elements of an array. Empty for other values.
    pub fn elements(self) -> Elements<'a> {
        let end = if self.kind() == Kind::Array { self.of().next } else { self.node + 1 };
        Elements { document: self.document, at: self.node + 1, end }
    }

    /// The value of the field `name` of an object.
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        self.members().find(|member| member.name() == name).map(|member| member.value)
    }
}

/// A key of an object with its value.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// The key, always a string.
    pub key: Value<'a>,
    /// Its value.
    pub value: Value<'a>,
}

impl<'a> Member<'a> {
    /// The text of the key.
    #[inline]
    pub fn name(&self) -> &'a str {
        self.key.document.tape.string(self.key.document.text, self.key.node)
    }

    /// Appends key, colon and value in one piece if the source text is canonical; returns whether it did.
    #[inline]
    pub(crate) fn append_canonical_source(&self, out: &mut Vec<u8>) -> bool {
        let (key, value) = (self.key.of(), self.value.of());
        // The one byte between them can only be the colon.
        let canonical = value.start == key.end + 1 && key.flags & value.flags & VERBATIM != 0;
        if canonical {
            self.key.document.append(key.start, value.end, out);
        }
        canonical
    }
}

/// Iterates over the members of an object.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    document: Document<'a>,
    order: Option<&'a [u32]>,
    at: u32,
    end: u32,
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    #[inline]
    fn next(&mut self) -> Option<Member<'a>> {
        let key = match &mut self.order {
            Some(order) => {
                let (first, rest) = order.split_first()?;
                *order = rest;
                *first
            }
            None if self.at >= self.end => return None,
            None => {
                let key = self.at;
                self.at = self.document.tape.after(key + 1);
                key
            }
        };
        let value = |node| Value { document: self.document, node };
        Some(Member { key: value(key), value: value(key + 1) })
    }
}

/// Iterates over the elements of an array.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    document: Document<'a>,
    at: u32,
    end: u32,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        if self.at >= self.end {
            return None;
        }
        let value = Value { document: self.document, node: self.at };
        self.at = self.document.tape.after(self.at);
        Some(value)
    }
}
