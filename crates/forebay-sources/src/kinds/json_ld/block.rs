//! Reads one block of JSON-LD: removes wrappers, repairs it if necessary, and finds the wanted objects.

use std::borrow::Cow;

use forebay_domain::{
    json::{Kind, Parser, Value},
    reject::{Place, Reject, RejectReason},
};

use crate::{
    Block,
    block::{Rejected, Span, head},
    kinds::unreadable::MAX_PAGE_RECORDS,
};

/// Members whose values may contain wanted objects, if the object itself is not wanted.
const HOLDERS: [&str; 4] = ["@graph", "itemListElement", "item", "mainEntity"];

/// Maximum size of a block in bytes. Parsing takes up to twelve times as much memory.
const MAX_BLOCK: usize = 4 << 20;

/// What sites put before and after a block; several may be nested.
const WRAPPERS: [(&str, &str); 4] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("//", "//"), ("/*", "*/")];

/// Reads the blocks of a page.
pub(super) struct Blocks<'s> {
    types: &'s [String],
    parser: Parser,
}

impl<'s> Blocks<'s> {
    pub(super) fn new(types: &'s [String]) -> Self {
        Self { types, parser: Parser::default() }
    }

    /// Adds the records of a block that begins at `line`, or rejects the block if it is invalid.
    pub(super) fn read(&mut self, block: &str, line: u32, out: &mut Block) {
        let text = unwrapped(block);
        if text.is_empty() {
            return;
        }
        let place = Place { line: line.into(), offset: 0 };
        if text.len() > MAX_BLOCK {
            let problem = format!("the block has {} bytes, more than the limit of {MAX_BLOCK}", text.len());
            return out.rejected.push(rejected(
                place,
                Reject::new(RejectReason::RecordTooLong, problem),
                block,
            ));
        }
        if let Err(reject) = self.parser.parse(text.as_bytes()) {
            let repaired = repaired(text);
            if self.parser.parse(repaired.as_bytes()).is_err() {
                return out.rejected.push(rejected(place, reject, block));
            }
            return self.find(&repaired, place, out);
        }
        self.find(text, place, out);
    }

    /// Adds the wanted objects in document order.
    fn find(&mut self, text: &str, place: Place, out: &mut Block) {
        let types = self.types;
        let Ok(document) = self.parser.parse(text.as_bytes()) else { return };
        let mut stack = vec![document.root()];
        // One more is an error of the page.
        while out.records.len() <= MAX_PAGE_RECORDS
            && let Some(value) = stack.pop()
        {
            let from = stack.len();
            match value.kind() {
                Kind::Array => stack.extend(value.elements()),
                Kind::Object if is_wanted(value, types) => add(value, place, out),
                Kind::Object => {
                    let contained = value.members().filter(|member| HOLDERS.contains(&member.name()));
                    stack.extend(contained.map(|member| member.value));
                }
                _ => {}
            }
            // The stack returns its last value first.
            stack[from..].reverse();
        }
    }
}

fn rejected(place: Place, reject: Reject, block: &str) -> Rejected {
    Rejected { place, reject, raw: head(block.as_bytes()), raw_len: block.len() as u64 }
}

/// Whether an object has one of the types. Without types, every object is wanted, except containers (`@graph`).
fn is_wanted(object: Value<'_>, types: &[String]) -> bool {
    if types.is_empty() {
        return object.get("@graph").is_none();
    }
    let Some(written) = object.get("@type") else { return false };
    let is_one = |name: Value<'_>| {
        name.as_str().is_some_and(|name| types.iter().any(|wanted| short_type(wanted) == short_type(name)))
    };
    is_one(written) || written.elements().any(is_one)
}

/// The name of a type, without the schema.org prefix.
pub(super) fn short_type(name: &str) -> &str {
    let name = name.trim();
    let prefixes = [
        "https://schema.org/",
        "http://schema.org/",
        "https://www.schema.org/",
        "http://www.schema.org/",
        "schema:",
    ];
    prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// Adds an object as a record, without its `@context`.
fn add(object: Value<'_>, place: Place, out: &mut Block) {
    let start = out.bytes.len();
    if object.get("@context").is_none() {
        out.bytes.extend_from_slice(object.source().as_bytes());
    } else {
        out.bytes.push(b'{');
        for member in object.members().filter(|member| member.name() != "@context") {
            if out.bytes.len() > start + 1 {
                out.bytes.push(b',');
            }
            out.bytes.extend_from_slice(member.key.source().as_bytes());
            out.bytes.push(b':');
            out.bytes.extend_from_slice(member.value.source().as_bytes());
        }
        out.bytes.push(b'}');
    }
    out.records.push(Span { start, end: out.bytes.len(), place });
}

/// Removes what sites put around a block: comments, CDATA sections, a final semicolon.
fn unwrapped(block: &str) -> &str {
    let mut text = block.trim().trim_start_matches('\u{feff}').trim();
    // A few rounds cover all sensible nestings.
    for _ in 0..6 {
        let before = text;
        for (open, close) in WRAPPERS {
            text = text.strip_prefix(open).unwrap_or(text).trim_start();
            text = text.strip_suffix(close).unwrap_or(text).trim_end();
        }
        // In `/*<![CDATA[*/ … /*]]>*/`, the other half of each comment is left.
        text = text.strip_prefix("*/").unwrap_or(text).trim_start();
        text = text.strip_suffix("/*").unwrap_or(text).trim_end();
        text = text.strip_suffix(';').unwrap_or(text).trim_end();
        if text.len() == before.len() {
            break;
        }
    }
    text
}

/// Repairs a block. Control characters, such as line breaks inside strings, are invalid in JSON strings and become
/// spaces. If the whole block was escaped like an attribute, its entities are resolved.
fn repaired(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if text.contains(|c: char| c < ' ') {
        text = Cow::Owned(text.replace(|c: char| c < ' ', " "));
    }
    // If the block contains quotes, its entities are inside strings and may be intended.
    if !text.contains('"') {
        let entities = [
            ("&quot;", "\""),
            ("&#34;", "\""),
            ("&#x22;", "\""),
            ("&#39;", "'"),
            ("&#x27;", "'"),
            ("&apos;", "'"),
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&amp;", "&"),
        ];
        for (entity, character) in entities {
            if text.contains(entity) {
                text = Cow::Owned(text.replace(entity, character));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_are_removed() {
        for wrapped in [
            "{}",
            "\u{feff} {} ",
            "<!-- {} -->",
            "<![CDATA[ {} ]]>",
            "//<![CDATA[\n{}\n//]]>",
            "/*<![CDATA[*/{}/*]]>*/",
            "// <![CDATA[\n{};\n// ]]>",
            "<!--//--><![CDATA[//><!--\n{}\n//--><!]]>",
            "{};",
        ] {
            let text = unwrapped(wrapped);
            assert!(text == "{}" || wrapped.starts_with("<!--//-->"), "{wrapped} is {text}");
        }
        assert_eq!(unwrapped(r#"{"url": "https://example.edu//"}"#), r#"{"url": "https://example.edu//"}"#);
    }

    #[test]
    fn blocks_are_repaired_where_possible() {
        assert_eq!(repaired("{\"a\": \"b\nc &amp; d\"}"), "{\"a\": \"b c &amp; d\"}");
        assert_eq!(repaired("{&quot;a&quot;: &quot;b &amp;amp; c&quot;}"), "{\"a\": \"b &amp; c\"}");
    }

    #[test]
    fn types_match_with_and_without_schema_org() {
        for name in
            ["Event", "https://schema.org/Event", "http://schema.org/Event", "schema:Event", " Event "]
        {
            assert_eq!(short_type(name), "Event");
        }
    }
}
