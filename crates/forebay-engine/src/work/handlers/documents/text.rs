//! Extracts a payload's text: the selected fields or all of them, in order, separated by blank lines.

use forebay_domain::{
    identity::KeyField,
    json::{Kind, Value},
};
use forebay_store::documents::MAX_TEXT_BYTES;

/// Returns the text, and whether it was truncated. If no fields are selected, `title` is left out, because every chunk
/// contains it anyway.
pub(super) fn of(payload: Value<'_>, fields: Option<&[KeyField]>, title: &str) -> (String, bool) {
    let left_out = if fields.is_none() { title } else { "" };
    let mut text = Text { kept: String::new(), is_cut: false, left_out };
    match fields {
        Some(fields) => {
            for value in fields.iter().filter_map(|field| field.locate(payload)) {
                text.append(value);
            }
        }
        None => text.append(payload),
    }
    (text.kept, text.is_cut)
}

struct Text<'a> {
    kept: String,
    is_cut: bool,
    left_out: &'a str,
}

impl Text<'_> {
    fn append(&mut self, value: Value<'_>) {
        if self.is_cut {
            return;
        }
        match value.kind() {
            Kind::Object => value.members().for_each(|member| self.append(member.value)),
            Kind::Array => value.elements().for_each(|element| self.append(element)),
            _ => {
                let text = value.as_str().map_or("", str::trim_end);
                let words = text.trim_start();
                if words.is_empty() || words == self.left_out {
                    return;
                }
                // Each value is a paragraph of its own, so that a chunk can end after it.
                if !self.kept.is_empty() {
                    self.kept.push_str("\n\n");
                }
                let room = MAX_TEXT_BYTES.saturating_sub(self.kept.len());
                let end = text.floor_char_boundary(room);
                self.is_cut = end < text.len();
                self.kept.push_str(&text[..end]);
            }
        }
    }
}
