//! The tree that the HTML parser builds.
//!
//! Nodes are stored in one vector and refer to each other by index, so no operation recurses, and dropping a deep page
//! is cheap.

use html5ever::{Attribute, QualName, tendril::StrTendril};

/// The index that means none.
pub(crate) const NONE: u32 = u32::MAX;

/// An index or length in its stored form. All values are far below the limit, because pages are bounded.
pub(super) fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}

/// A parsed page. The first node is the document.
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
}

/// A node. Its relatives are indexes into [`Tree::nodes`].
pub(super) struct Node {
    pub(super) parent: u32,
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) previous: u32,
    pub(super) next: u32,
    pub(super) depth: u32,
    pub(super) line: u32,
    /// The name of an element; empty for other nodes.
    pub(super) name: QualName,
    pub(super) data: Data,
}

/// The kind of a node, with its content.
pub(super) enum Data {
    Document,
    Element(Vec<Attribute>),
    Text(StrTendril),
    /// A comment or processing instruction; its content is dropped.
    Other,
}
