//! Front matter for a text that has none.

use std::fmt::Write as _;

use super::{BOM, Document, scalar::written_text, split};

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// Text. It gets quotes if YAML would read it as another type or not at all.
    Text(&'a str),
    /// A list of texts. An empty list is left out.
    Texts(&'a [String]),
    /// A number.
    Number(u32),
}

/// Writes fields above a text, in their order. The text is returned as it is if it has front matter already, or if its
/// front matter is not closed, or if there is nothing to write. Line endings are those of the text. U+0000 is left out
/// of values, because no YAML can hold it.
pub fn compose(text: &str, path: &str, entries: &[(&str, Entry<'_>)]) -> String {
    let Ok(Document { has_bom, front: None, body, .. }) = split(text, path) else { return text.to_owned() };
    let eol = if text.split_inclusive('\n').next().is_some_and(|line| line.ends_with("\r\n")) {
        "\r\n"
    } else {
        "\n"
    };
    let mut fields = String::new();
    let value = |text: &str| written_text(&text.replace('\0', ""));
    for (name, entry) in entries {
        let name = value(name);
        // Writing to a string cannot fail.
        let _ = match entry {
            Entry::Text(text) => write!(fields, "{name}: {}{eol}", value(text)),
            Entry::Number(number) => write!(fields, "{name}: {number}{eol}"),
            Entry::Texts([]) => Ok(()),
            Entry::Texts(items) => {
                let items: Vec<String> =
                    items.iter().map(|item| format!("  - {}{eol}", value(item))).collect();
                write!(fields, "{name}:{eol}{}", items.concat())
            }
        };
    }
    if fields.is_empty() {
        return text.to_owned();
    }
    let body = &text[body];
    // A blank line between the fence and the first heading, as people write it.
    let gap = if body.is_empty() || body.starts_with(['\n', '\r']) { "" } else { eol };
    format!("{}---{eol}{fields}---{eol}{gap}{body}", if has_bom { BOM } else { "" })
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::content::yaml::{self, Value};

    #[test]
    fn fields_are_written_above_the_text() {
        let items = ["Read: code".to_owned(), "yes".to_owned()];
        let entries = [
            ("title", Entry::Text("A # B")),
            ("module", Entry::Number(1)),
            ("objectives", Entry::Texts(&items)),
        ];
        let expected =
            "---\ntitle: \"A # B\"\nmodule: 1\nobjectives:\n  - \"Read: code\"\n  - \"yes\"\n---\n\n# B\n";
        assert_eq!(compose("# B\n", "a.md", &entries), expected);
        let windows = format!("\u{feff}{}", expected.replace('\n', "\r\n"));
        assert_eq!(compose("\u{feff}# B\r\n", "a.md", &entries), windows);
        assert_eq!(compose("", "a.md", &[("a", Entry::Text("x\0y"))]), "---\na: xy\n---\n");
    }

    #[test]
    fn text_with_front_matter_or_without_fields_stays_as_it_is() {
        let entries = [("title", Entry::Text("New"))];
        for text in ["---\na: 1\n---\nB", "---\n---\n", "---\nnever closed", "\u{feff}---\n---\n"] {
            assert_eq!(compose(text, "a.md", &entries), text);
        }
        assert_eq!(compose("# B", "a.md", &[("list", Entry::Texts(&[]))]), "# B");
    }

    proptest! {
        #[test]
        fn what_is_composed_reads_back_equal(
            title in "[^\0]{0,60}|[ \\-:#'\"\\[\\]{}&*!|>%@`,?\n\r\t~yn0-9.]{0,12}",
            items in vec("[^\0]{0,40}|[ \\-:#'\"\n~]{0,6}|null|true|0x1f", 0..5),
            number in any::<u32>(),
            body in "(\\PC|\n|\r\n){0,60}",
        ) {
            prop_assume!(split(&body, "a.md").is_ok_and(|document| document.front.is_none()));
            let entries =
                [("t", Entry::Text(&title)), ("n", Entry::Number(number)), ("list", Entry::Texts(&items))];
            let text = compose(&body, "a.md", &entries);
            let document = split(&text, "a.md").unwrap();
            let root = yaml::parse(&text, document.front.unwrap(), "a.md").unwrap().unwrap();
            let field = |name: &str| root.pair(name).map(|(_, value)| value);
            prop_assert_eq!(field("t").unwrap().text(), Some(title.as_str()));
            prop_assert!(!field("t").unwrap().is_null());
            let number = number.to_string();
            prop_assert_eq!(field("n").unwrap().text(), Some(number.as_str()));
            let read: Option<Vec<&str>> = field("list").map(|list| match &list.value {
                Value::Sequence(items) => items.iter().filter_map(|item| item.text()).collect(),
                _ => Vec::new(),
            });
            prop_assert_eq!(read.unwrap_or_default(), items);
            let after = &text[document.body];
            let without_gap = after.strip_prefix(['\n', '\r']).map(|rest| rest.trim_start_matches('\n'));
            prop_assert!(after == body || text.ends_with(&body) && without_gap.is_some(), "{:?}", text);
        }
    }
}
