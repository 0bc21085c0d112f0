//! One block of JSON-LD: unwrapped, repaired if need be, and searched for the objects that are wanted.

use std::borrow::Cow;

use forebay_domain::{
    json::{Kind, Parser, Value},
    reject::{Place, Reject},
};

use crate::{
    Block,
    block::{Rejected, Span, head},
};

/// Members in which an object that is not wanted itself may hold some that are.
const HOLDERS: [&str; 4] = ["@graph", "itemListElement", "item", "mainEntity"];

/// Openings and closings that sites put around a block, some of them several.
const WRAPPERS: [(&str, &str); 4] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("//", "//"), ("/*", "*/")];

/// Reads the blocks of a page, one after another.
pub(super) struct Blocks<'s> {
    types: &'s [String],
    parser: Parser,
}

impl<'s> Blocks<'s> {
    pub(super) fn new(types: &'s [String]) -> Self {
        Self { types, parser: Parser::default() }
    }

    /// Adds the records of a block that begins at `line`, or the block itself, rejected, if it is broken.
    pub(super) fn read(&mut self, block: &str, line: u32, out: &mut Block) {
        let text = unwrapped(block);
        if text.is_empty() {
            return;
        }
        let place = Place { line: line.into(), offset: 0 };
        if let Err(reject) = self.parser.parse(text.as_bytes()) {
            let repaired = repaired(text);
            if self.parser.parse(repaired.as_bytes()).is_err() {
                return out.rejected.push(rejected(place, reject, block));
            }
            return self.find(&repaired, place, out);
        }
        self.find(text, place, out);
    }

    /// Adds the objects that are wanted, in their order.
    fn find(&mut self, text: &str, place: Place, out: &mut Block) {
        let types = self.types;
        let Ok(document) = self.parser.parse(text.as_bytes()) else { return };
        let mut ahead = vec![document.root()];
        while let Some(value) = ahead.pop() {
            let from = ahead.len();
            match value.kind() {
                Kind::Array => ahead.extend(value.elements()),
                Kind::Object if is_wanted(value, types) => add(value, place, out),
                Kind::Object => {
                    let held = value.members().filter(|member| HOLDERS.contains(&member.name()));
                    ahead.extend(held.map(|member| member.value));
                }
                _ => {}
            }
            // The last is taken first.
            ahead[from..].reverse();
        }
    }
}

fn rejected(place: Place, reject: Reject, block: &str) -> Rejected {
    Rejected { place, reject, raw: head(block.as_bytes()), raw_len: block.len() as u64 }
}

/// Whether an object has one of the types. Without any to choose from, all are taken that do not merely hold others.
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

/// The name of a type without the vocabulary of schema.org before it.
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

/// The block without what sites wrap it in: comments, CDATA sections, a semicolon at its end.
fn unwrapped(block: &str) -> &str {
    let mut text = block.trim().trim_start_matches('\u{feff}').trim();
    // As many rounds as one can sensibly be put into another.
    for _ in 0..6 {
        let before = text;
        for (open, close) in WRAPPERS {
            text = text.strip_prefix(open).unwrap_or(text).trim_start();
            text = text.strip_suffix(close).unwrap_or(text).trim_end();
        }
        // The comment that hides `]]>` or `<![CDATA[` from scripts is closed or opened on the far side of it.
        text = text.strip_prefix("*/").unwrap_or(text).trim_start();
        text = text.strip_suffix("/*").unwrap_or(text).trim_end();
        text = text.strip_suffix(';').unwrap_or(text).trim_end();
        if text.len() == before.len() {
            break;
        }
    }
    text
}

/// The block with line breaks and other control characters as spaces, which JSON forbids in strings and ignores
/// elsewhere, and with entities resolved if the whole block was escaped like an attribute.
fn repaired(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if text.contains(|c: char| c < ' ') {
        text = Cow::Owned(text.replace(|c: char| c < ' ', " "));
    }
    // A block with its own quotes has its entities inside of strings, where they may be meant.
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
    fn wrappers_come_off() {
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
    fn what_can_be_mended_is() {
        assert_eq!(repaired("{\"a\": \"b\nc &amp; d\"}"), "{\"a\": \"b c &amp; d\"}");
        assert_eq!(repaired("{&quot;a&quot;: &quot;b &amp;amp; c&quot;}"), "{\"a\": \"b &amp; c\"}");
    }

    #[test]
    fn types_are_the_same_with_and_without_their_vocabulary() {
        for name in
            ["Event", "https://schema.org/Event", "http://schema.org/Event", "schema:Event", " Event "]
        {
            assert_eq!(short_type(name), "Event");
        }
    }
}
