//! Reads the end line of JSON Lines: `{"$forebay":{"end":{"complete":true,"reason":"finished","num_errors":0}}}`.
//!
//! Lines whose first member is `$forebay` are reserved for messages to Forebay; they are never records.

use forebay_domain::end_line::EndLine;
use serde::{Deserialize, Serialize};

use crate::scan::skip_space;

/// The first member of a message.
const NAME: &[u8] = b"\"$forebay\"";

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Message {
    #[serde(rename = "$forebay")]
    content: Content,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    end: EndLine,
}

/// Whether a line is a message to Forebay instead of a record. `line` has no leading whitespace.
pub(crate) fn is_message(line: &[u8]) -> bool {
    line.first() == Some(&b'{') && skip_space(line, 1).is_some_and(|at| line[at..].starts_with(NAME))
}

/// Reads a message. The error says what is wrong with it.
pub(crate) fn read(line: &[u8]) -> Result<EndLine, String> {
    match serde_json::from_slice::<Message>(line) {
        Ok(message) => Ok(message.content.end),
        Err(error) => Err(format!("the line is not an end line: {error}")),
    }
}

/// An end line as text, without a newline.
pub fn end_line_text(end: EndLine) -> String {
    // A structure of texts and numbers always has a JSON form.
    serde_json::to_string(&Message { content: Content { end } }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_first_member_of_that_name_makes_a_message() {
        for line in ["{\"$forebay\":1}", "{ \t\"$forebay\" : {}}"] {
            assert!(is_message(line.as_bytes()), "{line}");
        }
        for line in ["", "{", "{}", "\"$forebay\"", "{\"id\":1,\"$forebay\":1}", "{\"$forebay2\":1}"] {
            assert!(!is_message(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn an_end_line_needs_complete_and_nothing_unknown() {
        let whole = r#" {"$forebay":{"end":{"complete":true,"reason":"finished","num_errors":2}}}"#;
        let end = EndLine { complete: true, reason: Some("finished".to_owned()), num_errors: 2 };
        assert_eq!(read(whole.as_bytes()), Ok(end.clone()));
        assert_eq!(end_line_text(end), whole.trim_start());
        let short = EndLine { complete: false, reason: None, num_errors: 0 };
        assert_eq!(read(br#"{"$forebay":{"end":{"complete":false,"reason":null}}}"#), Ok(short));
        for line in [
            r#"{"$forebay":{}}"#,
            r#"{"$forebay":{"end":{}}}"#,
            r#"{"$forebay":{"end":{"complete":1}}}"#,
            r#"{"$forebay":{"end":{"complete":true,"num_errors":-1}}}"#,
            r#"{"$forebay":{"end":{"complete":true,"errors":1}}}"#,
            r#"{"$forebay":{"end":{"complete":true},"state":1}}"#,
            r#"{"$forebay":{"end":{"complete":true}},"id":1}"#,
            r#"{"$forebay":{"end":{"complete":true}}"#,
        ] {
            assert!(read(line.as_bytes()).unwrap_err().contains("not an end line"), "{line}");
        }
    }
}
