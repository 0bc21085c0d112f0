//! A line as a call.

use forebay_domain::words::Word;
use forebay_views::{ContentCall, ContentMethod};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{failure::Failure, names::nearest};

/// A call whose method is known.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: ContentMethod,
    pub(super) params: Value,
}

/// Reads a call, and its id. The id is null if there is none or it cannot be read.
pub(super) fn parse(line: &[u8]) -> (Value, Result<Call, Failure>) {
    match serde_json::from_slice::<Value>(line) {
        Ok(value) => {
            let id = value.get("id").filter(|id| id.is_number() || id.is_string()).cloned();
            let id = id.unwrap_or_default();
            let call = call(value, &id);
            (id, call)
        }
        Err(error) => {
            let failure = Failure::usage("call_invalid", "the line is not JSON").because(&error);
            (Value::Null, Err(failure))
        }
    }
}

fn call(value: Value, id: &Value) -> Result<Call, Failure> {
    let ContentCall { id: given, method, params } = serde_json::from_value(value).map_err(|error| {
        let failure = Failure::usage("call_invalid", format!("the line is no call: {error}"));
        failure.hint("write {\"id\": 1, \"method\": \"open\", \"params\": {…}}")
    })?;
    if given != *id {
        return Err(Failure::usage("call_invalid", "the id must be a number or a text"));
    }
    let method = ContentMethod::parse(&method).ok_or_else(|| {
        let shown: String = method.chars().take(60).collect();
        let near = nearest(&method, ContentMethod::WORDS.iter().copied());
        Failure::usage("method_unknown", format!("there is no method {shown:?}")).hint(near.map_or_else(
            || format!("the methods are {}", ContentMethod::WORDS.join(", ")),
            |name| format!("did you mean `{name}`?"),
        ))
    })?;
    Ok(Call { method, params: params.unwrap_or_else(|| json!({})) })
}

/// Reads the parameters of a method.
pub(super) fn params<T: DeserializeOwned>(method: ContentMethod, params: Value) -> Result<T, Failure> {
    serde_json::from_value(params)
        .map_err(|error| Failure::usage("params_invalid", format!("the parameters of {method}: {error}")))
}

/// Mistakes in the parameters that their types do not express.
pub(super) fn wrong(method: ContentMethod, message: &str) -> Failure {
    Failure::usage("params_invalid", format!("the parameters of {method}: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: &str) -> (Value, forebay_views::Error) {
        let (id, call) = parse(line.as_bytes());
        (id, call.unwrap_err().view())
    }

    #[test]
    fn a_call_has_an_id_a_method_and_parameters() {
        let (id, call) = parse(br#"{"id": "a", "method": "counts"}"#);
        let call = call.unwrap();
        assert_eq!((id, call.method, call.params), (json!("a"), ContentMethod::Counts, json!({})));
        let (id, call) = parse(br#"{"method": "open", "params": {"folder": "x"}}"#);
        assert_eq!((id, call.unwrap().params), (Value::Null, json!({ "folder": "x" })));
    }

    #[test]
    fn mistakes_are_answered_with_the_id_where_it_is_known() {
        for (line, id, code) in [
            ("{\"id\": 1", json!(null), "call_invalid"),
            ("\u{0}", json!(null), "call_invalid"),
            ("[]", json!(null), "call_invalid"),
            (r#"{"id": 7}"#, json!(7), "call_invalid"),
            (r#"{"id": 7, "method": 3}"#, json!(7), "call_invalid"),
            (r#"{"id": 7, "method": "open", "extra": 1}"#, json!(7), "call_invalid"),
            (r#"{"id": {}, "method": "open"}"#, json!(null), "call_invalid"),
            (r#"{"id": 7, "method": "opne"}"#, json!(7), "method_unknown"),
        ] {
            let (found, error) = error(line);
            assert_eq!((found, error.code.as_str()), (id, code), "{line}");
        }
        assert_eq!(error(r#"{"method": "opne"}"#).1.hint.unwrap(), "did you mean `open`?");
        assert!(error(r#"{"method": "zzzzzzzz"}"#).1.hint.unwrap().contains("persist_lesson"));
        assert!(parse(b"\xff\xfe").1.is_err());
    }
}
