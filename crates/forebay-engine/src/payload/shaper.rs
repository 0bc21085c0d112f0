//! Shortens stored JSON to a size that a language model can read, with a notice if something is left out.
//!
//! Most JSON readers parse numbers as doubles, so a number that a double cannot hold exactly becomes text rather than a
//! different number. Content below [`MAX_DEPTH`] is cut, so the recursion needs little stack.

use forebay_domain::{
    canonical::canonical_text,
    json::{Kind, MAX_DEPTH_LIMIT, Parser, Value as Node},
};
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// Every integer up to this is exact in a double (RFC 8259, section 6): 2⁵³.
const MAX_EXACT: u64 = 1 << 53;

/// Maximum nesting depth of the output.
const MAX_DEPTH: usize = 32;
/// Maximum number of omitted fields to name.
const MAX_OMITTED: usize = 50;
/// Maximum characters of a name.
const NAME_CHARS: usize = 200;

/// Shortens stored values to fit the remaining room.
#[derive(Debug)]
pub struct Shaper {
    /// Bytes that may still be written.
    room: usize,
    /// Maximum characters of one string.
    max_chars: usize,
    is_cut: bool,
    has_text_numbers: bool,
    omitted: Vec<String>,
    num_omitted: usize,
}

impl Shaper {
    /// Room for about `room` bytes, and for `max_chars` characters of each string.
    pub fn new(room: usize, max_chars: usize) -> Self {
        Self { room, max_chars, is_cut: false, has_text_numbers: false, omitted: Vec::new(), num_omitted: 0 }
    }

    /// A stored object: all its fields, or only those named in `only`.
    pub fn object(&mut self, text: &str, only: &[String]) -> Result<Map<String, Value>> {
        let mut parser = Parser::new(MAX_DEPTH_LIMIT);
        let document = parser.parse(text.as_bytes()).map_err(|reject| unreadable(&reject.message))?;
        let mut fields = Map::new();
        for member in document.root().sorted_members() {
            let name = member.name();
            if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
                continue;
            }
            if self.room == 0 {
                self.num_omitted += 1;
                if self.omitted.len() < MAX_OMITTED {
                    self.omitted.push(cut(name, NAME_CHARS));
                }
                continue;
            }
            let key = self.name(name);
            let value = self.value(member.value, 1);
            fields.insert(key, value);
        }
        Ok(fields)
    }

    /// A stored value of any type. A value that was already truncated is not valid JSON and is returned as text.
    pub fn stored(&mut self, text: &str, max_chars: usize) -> Result<Value> {
        if text.chars().nth(max_chars).is_some() {
            self.is_cut = true;
            return Ok(Value::String(format!("{}…", cut(text, max_chars))));
        }
        let mut parser = Parser::new(MAX_DEPTH_LIMIT);
        let document = parser.parse(text.as_bytes()).map_err(|reject| unreadable(&reject.message))?;
        Ok(self.value(document.root(), 1))
    }

    fn value(&mut self, node: Node<'_>, depth: usize) -> Value {
        match node.kind() {
            Kind::Null => self.leaf(4, Value::Null),
            Kind::False => self.leaf(5, Value::Bool(false)),
            Kind::True => self.leaf(4, Value::Bool(true)),
            Kind::Number => {
                let number = self.number(node.source());
                self.leaf(node.source().len(), number)
            }
            Kind::String => Value::String(self.string(node.as_str().unwrap_or_default())),
            Kind::Array if depth < MAX_DEPTH => {
                let mut items = Vec::new();
                for item in node.elements() {
                    if self.room == 0 {
                        self.is_cut = true;
                        break;
                    }
                    items.push(self.value(item, depth + 1));
                }
                self.leaf(2, Value::Array(items))
            }
            Kind::Object if depth < MAX_DEPTH => {
                let mut fields = Map::new();
                for member in node.sorted_members() {
                    if self.room == 0 {
                        self.is_cut = true;
                        break;
                    }
                    let key = self.name(member.name());
                    let value = self.value(member.value, depth + 1);
                    fields.insert(key, value);
                }
                self.leaf(2, Value::Object(fields))
            }
            Kind::Array | Kind::Object => {
                self.is_cut = true;
                self.leaf(3, Value::String("…".to_owned()))
            }
        }
    }

    fn leaf(&mut self, size: usize, value: Value) -> Value {
        self.room = self.room.saturating_sub(size + 1);
        value
    }

    fn name(&mut self, name: &str) -> String {
        let shown = cut(name, NAME_CHARS);
        self.is_cut |= shown.len() < name.len();
        self.room = self.room.saturating_sub(shown.len() + 3);
        shown
    }

    fn string(&mut self, text: &str) -> String {
        let mut shown = cut(text, self.max_chars.min(self.room.max(1)));
        self.room = self.room.saturating_sub(shown.len() + 3);
        if shown.len() < text.len() {
            self.is_cut = true;
            let num_more = text[shown.len()..].chars().count();
            shown.extend(["… (", &num_more.to_string(), " more characters)"]);
        }
        shown
    }

    /// A number if a double holds it exactly, otherwise its text.
    fn number(&mut self, text: &str) -> Value {
        if let Some(number) = text.parse::<i64>().ok().filter(|number| number.unsigned_abs() <= MAX_EXACT) {
            return Value::from(number);
        }
        let is_same = |number: &serde_json::Number| {
            let ours = canonical_text(text.as_bytes());
            let theirs = canonical_text(number.to_string().as_bytes());
            ours.ok().is_some_and(|ours| theirs.is_ok_and(|theirs| ours == theirs))
        };
        let double = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
        double.filter(is_same).map_or_else(
            || {
                self.has_text_numbers = true;
                Value::String(cut(text, self.max_chars))
            },
            Value::Number,
        )
    }

    /// Whether anything was left out.
    pub fn is_cut(&self) -> bool {
        self.is_cut || self.num_omitted > 0
    }

    /// Notices about omitted content, as sentences. `rest` says where to read all of it.
    pub fn notices(&self, rest: &str) -> Vec<String> {
        let mut notices = Vec::new();
        if self.is_cut {
            notices.push(format!("long values were cut; {rest}"));
        }
        if self.num_omitted > 0 {
            let names = self.omitted.join(", ");
            let others = self.num_omitted - self.omitted.len();
            let others = if others > 0 { format!(" and {others} others") } else { String::new() };
            notices.push(format!("these fields did not fit: {names}{others}; {rest}"));
        }
        if self.has_text_numbers {
            notices.push("numbers that a double does not hold exactly are given as text".to_owned());
        }
        notices
    }
}

/// At most `max_chars` characters of a text.
pub fn cut(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => text[..end].to_owned(),
        None => text.to_owned(),
    }
}

fn unreadable(why: &str) -> Error {
    Error::Payload(why.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_that_fit_are_unchanged() {
        let text = r#"{"a": [1, -2.50, 9007199254740992, null, true], "b": {"c": "é"}}"#;
        let mut shaper = Shaper::new(1000, 100);
        let object = Value::Object(shaper.object(text, &[]).unwrap());
        assert_eq!(object, json!({"a": [1, -2.5, 9_007_199_254_740_992_i64, null, true], "b": {"c": "é"}}));
        assert!(!shaper.is_cut() && shaper.notices("").is_empty());
    }

    #[test]
    fn no_number_changes_its_value() {
        let text = r#"{"n": [9007199254740993, 0.1, 1e3, 0.1000000000000000055, 1e400, 123456789012345678901234567890]}"#;
        let mut shaper = Shaper::new(1000, 100);
        let object = Value::Object(shaper.object(text, &[]).unwrap());
        assert_eq!(
            object["n"],
            json!([
                "9007199254740993",
                0.1,
                1000.0,
                "0.1000000000000000055",
                "1e400",
                "123456789012345678901234567890"
            ])
        );
        assert_eq!(shaper.notices("").len(), 1);
    }

    #[test]
    fn values_that_do_not_fit_are_reported() {
        let text = format!(r#"{{"a": "{}", "b": [{}1], "c": 1, "d": 2}}"#, "é".repeat(50), "1,".repeat(50));
        let mut shaper = Shaper::new(60, 10);
        let object = shaper.object(&text, &[]).unwrap();
        assert_eq!(object["a"], json!(format!("{}… (40 more characters)", "é".repeat(10))));
        assert!(object["b"].as_array().unwrap().len() < 51);
        let notices = shaper.notices("ask for fields").join("\n");
        assert!(notices.contains("were cut") && notices.contains("did not fit: c, d"), "{notices}");
        let only = Shaper::new(60, 10).object(&text, &["d".to_owned()]).unwrap();
        assert_eq!(Value::Object(only), json!({"d": 2}));
    }

    #[test]
    fn depth_and_size_are_bounded_for_any_value() {
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(1000), "]".repeat(1000));
        let mut shaper = Shaper::new(1000, 100);
        shaper.object(&deep, &[]).unwrap();
        assert!(shaper.is_cut());
        let wide = format!("{{\"a\": [{}0]}}", "{\"k\":0},".repeat(100_000));
        let mut shaper = Shaper::new(1000, 100);
        let shown = Value::Object(shaper.object(&wide, &[]).unwrap()).to_string();
        assert!(shown.len() < 3000 && shaper.is_cut(), "{}", shown.len());
    }

    #[test]
    fn a_truncated_value_is_text() {
        let mut shaper = Shaper::new(1000, 100);
        assert_eq!(shaper.stored("[1,2,3", 5).unwrap(), json!("[1,2,…"));
        assert_eq!(shaper.stored("[1,2]", 5).unwrap(), json!([1, 2]));
        assert!(shaper.is_cut());
    }
}
