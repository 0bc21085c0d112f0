//! From the parser's events to the tree.

use std::{collections::HashSet, ops::Range};

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::{MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, Value, places::Places};
use crate::content::{Problem, ProblemCode, lines::Lines};

/// Parses the YAML in a byte range of a file.
pub(super) fn parse(text: &str, range: Range<usize>, path: &str) -> Result<Option<Node>, Problem> {
    let lines = Lines::new(text);
    let first_line = lines.line(range.start);
    let offset = range.start;
    let yaml = &text[range];
    if yaml.len() > MAX_BYTES {
        let message = format!("the YAML has {} bytes, and at most {MAX_BYTES} are allowed", yaml.len());
        return Err(Problem::error(ProblemCode::YamlBounds, path, message).at(first_line));
    }
    let mut tree = Tree {
        path,
        places: Places::new(yaml, offset, lines),
        open: Vec::new(),
        root: None,
        num_documents: 0,
        num_nodes: 0,
        last_end: offset,
    };
    for event in Parser::new_from_str(yaml) {
        let (event, span) = event.map_err(|error| {
            let info = error.info();
            // The parser has a limit of its own for brackets, and looks up the anchors of aliases.
            let is_bound = info.contains("recursion limit") || info.contains("unknown anchor");
            let code = if is_bound { ProblemCode::YamlBounds } else { ProblemCode::YamlSyntax };
            let message = format!("the YAML cannot be parsed: {info}");
            Problem::error(code, path, message).at(tree.places.line(error.marker()))
        })?;
        tree.event(event, span)?;
    }
    Ok(tree.root)
}

/// A sequence or mapping whose end has not come yet.
struct Open {
    node: Node,
    /// The key without its value.
    key: Option<Node>,
    /// The keys of the mapping so far.
    keys: HashSet<String>,
}

struct Tree<'a> {
    path: &'a str,
    places: Places<'a>,
    open: Vec<Open>,
    root: Option<Node>,
    num_documents: usize,
    num_nodes: usize,
    /// Where the last scalar ended.
    last_end: usize,
}

impl Tree<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        match event {
            Event::DocumentStart(_) => {
                self.num_documents += 1;
                if self.num_documents > 1 {
                    return Err(self.problem(
                        ProblemCode::YamlSyntax,
                        span,
                        "there is a second YAML document",
                    ));
                }
            }
            Event::Alias(_) => {
                return Err(self.problem(ProblemCode::YamlBounds, span, "aliases are not allowed"));
            }
            Event::Scalar(text, style, anchor, _) => {
                self.check(anchor, span)?;
                let node = self.scalar(text.into_owned(), style, span)?;
                self.place(node)?;
            }
            Event::SequenceStart(anchor, _) => self.begin(Value::Sequence(Vec::new()), anchor, span)?,
            Event::MappingStart(anchor, _) => self.begin(Value::Mapping(Vec::new()), anchor, span)?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { mut node, .. }) = self.open.pop() {
                    let is_flow = self.places.text(&node.span).starts_with(['[', '{']);
                    // The end of a block is reported where the next token begins.
                    node.span.end = if is_flow { self.places.range(span).end } else { end_of(&node) };
                    self.place(node)?;
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn begin(&mut self, value: Value, anchor: usize, span: Span) -> Result<(), Problem> {
        self.check(anchor, span)?;
        if self.open.len() >= MAX_DEPTH {
            let message = format!("the YAML is nested more than {MAX_DEPTH} levels deep");
            return Err(self.problem(ProblemCode::YamlBounds, span, message));
        }
        let node = Node { value, span: self.places.range(span), line: self.places.line(&span.start) };
        self.open.push(Open { node, key: None, keys: HashSet::new() });
        Ok(())
    }

    /// The bounds that hold for every node.
    fn check(&mut self, anchor: usize, span: Span) -> Result<(), Problem> {
        self.num_nodes += 1;
        if anchor != 0 {
            return Err(self.problem(ProblemCode::YamlBounds, span, "anchors are not allowed"));
        }
        if self.num_nodes > MAX_NODES {
            let message = format!("the YAML has more than {MAX_NODES} values");
            return Err(self.problem(ProblemCode::YamlBounds, span, message));
        }
        Ok(())
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, span: Span) -> Result<Node, Problem> {
        if text.contains('\0') {
            let message = "a value contains the character U+0000, which Postgres cannot store";
            return Err(self.problem(ProblemCode::NulCharacter, span, message));
        }
        let is_plain = style == ScalarStyle::Plain;
        let range = self.places.range(span);
        let range = match style {
            ScalarStyle::Plain => range,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => self.places.quoted(range),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                self.places.block(range, self.last_end, text.is_empty())
            }
        };
        self.last_end = range.end;
        let line = self.places.line_of(range.start);
        Ok(Node { value: Value::Scalar { text, is_plain }, span: range, line })
    }

    /// Puts a complete node into the innermost open one.
    fn place(&mut self, node: Node) -> Result<(), Problem> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.node.value {
            Value::Sequence(items) => items.push(node),
            Value::Mapping(pairs) => {
                if let Some(key) = open.key.take() {
                    let node = self.places.omitted_after(&key, node);
                    pairs.push((key, node));
                } else {
                    let (code, message) = match node.text() {
                        None => (ProblemCode::YamlSyntax, "a key is not a single value".to_owned()),
                        Some(key) if open.keys.insert(key.to_owned()) => {
                            open.key = Some(node);
                            return Ok(());
                        }
                        Some(key) => (ProblemCode::DuplicateKey, format!("the key {key:?} occurs twice")),
                    };
                    return Err(Problem::error(code, self.path, message).at(node.line));
                }
            }
            Value::Scalar { .. } => {}
        }
        Ok(())
    }

    fn problem(&self, code: ProblemCode, span: Span, message: impl Into<String>) -> Problem {
        Problem::error(code, self.path, message).at(self.places.line(&span.start))
    }
}

/// Where the last value inside a node ends.
fn end_of(node: &Node) -> usize {
    let last = match &node.value {
        Value::Sequence(items) => items.last(),
        Value::Mapping(pairs) => {
            pairs.last().map(|(key, value)| if value.span.is_empty() { key } else { value })
        }
        Value::Scalar { .. } => None,
    };
    last.map_or(node.span.start, |last| last.span.end.max(node.span.start))
}
