//! The id of a message that is too long to keep, found while its bytes pass by.

use serde_json::Value;

/// Maximum bytes of an id or a name. A longer one is not kept, so its message has no id.
const MAX_TOKEN: usize = 512;

/// Reads the bytes of one JSON object and remembers the value of its member `id`.
#[derive(Debug, Default)]
pub(super) struct MessageId {
    depth: u32,
    in_string: bool,
    is_escaped: bool,
    /// The text of the name or value that is being read, in the outermost object only.
    token: Vec<u8>,
    is_id: bool,
    id: Option<Value>,
}

impl MessageId {
    /// Reads further bytes of the message.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.next(*byte);
        }
    }

    /// The id, a number or a text; `None`: the message has none.
    pub(super) fn get(self) -> Option<Value> {
        self.id
    }

    fn next(&mut self, byte: u8) {
        if self.in_string {
            self.keep(byte);
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => {
                self.end_of_value();
                self.depth = self.depth.saturating_sub(1);
            }
            b',' => self.end_of_value(),
            b':' if self.depth == 1 => {
                self.is_id = self.token == b"\"id\"";
                self.token.clear();
            }
            b'"' => {
                self.in_string = true;
                self.keep(byte);
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.token.len() <= MAX_TOKEN {
            self.token.push(byte);
        }
    }

    fn end_of_value(&mut self) {
        if self.depth != 1 {
            return;
        }
        if self.is_id {
            let value: Option<Value> = serde_json::from_slice(&self.token).ok();
            self.id = value.filter(|value| value.is_number() || value.is_string());
        }
        self.is_id = false;
        self.token.clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(message: &str) -> Option<Value> {
        let mut id = MessageId::default();
        message.as_bytes().chunks(3).for_each(|part| id.read(part));
        id.get()
    }

    #[test]
    fn the_id_of_the_outermost_object_is_found() {
        assert_eq!(id(r#"{"jsonrpc": "2.0", "id": 17, "method": "x"}"#), Some(json!(17)));
        assert_eq!(
            id(r#"{"params": {"id": 1, "a": ["id", {"id": 2}]}, "id": "q\"} 7"}"#),
            Some(json!("q\"} 7"))
        );
        assert_eq!(id(r#"{"name": "id", "params": {"text": "\",\"id\":5"}}"#), None);
        assert_eq!(id(r#"{"id": null}"#), None);
        assert_eq!(id(r#"{"id": {"id": 4}}"#), None);
        assert_eq!(id("[1, 2]"), None);
        // Cut within the id.
        assert_eq!(id(r#"{"id": 12"#), None);
        let long = format!(r#"{{"{}": "{}", "id": 3}}"#, "n".repeat(9_000), "v".repeat(9_000));
        assert_eq!(id(&long), Some(json!(3)));
    }
}
