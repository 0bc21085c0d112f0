//! Partial records: a record that is laid over what is stored (JSON Merge Patch, RFC 7396).
//!
//! A patch replaces the values that it has, merges objects, and removes what it has as null. A patch over nothing is
//! the patch without its nulls. Two patches are laid one after the other; they can't be merged into one first, because
//! null followed by an object would not remove what the object doesn't have.

use std::cmp::Ordering;

use crate::{
    json::{Document, Kind, MAX_DEPTH_LIMIT, Member, Parser, Value, compare_keys},
    prepare::object_of,
    reject::Reject,
};

crate::words! {
    /// What the records of a source are.
    #[derive(Default)]
    pub enum RecordMode {
        /// Whole records, which replace what is stored.
        #[default]
        Replace = "replace",
        /// Partial records, which are laid over what is stored.
        Patch = "patch",
    }
}

/// Lays a patch over a record, or over nothing; returns JSON text that is not canonical.
///
/// Keys and values are copied from the source texts, so preparing the result makes the same replacements.
pub fn lay_over(record: Option<&[u8]>, patch: &[u8]) -> Result<Vec<u8>, Reject> {
    let (mut under, mut over) = (Parser::new(MAX_DEPTH_LIMIT), Parser::new(MAX_DEPTH_LIMIT));
    let record = record.map(|record| under.parse(record).and_then(object_of)).transpose()?;
    let patch = object_of(over.parse(patch)?)?;
    let mut out = Vec::with_capacity(record.map_or(0, |record| record.root().source().len()));
    lay_value(record.map(Document::root), patch.root(), &mut out);
    Ok(out)
}

fn lay_value(target: Option<Value<'_>>, patch: Value<'_>, out: &mut Vec<u8>) {
    if patch.kind() != Kind::Object {
        out.extend_from_slice(patch.source().as_bytes());
        return;
    }
    // Anything but an object has no members to keep.
    let mut under = target.into_iter().flat_map(Value::sorted_members).peekable();
    let mut over = patch.sorted_members().peekable();
    let start = out.len();
    out.push(b'{');
    loop {
        let order = match (under.peek(), over.peek()) {
            (Some(under), Some(over)) => compare_keys(under.name(), over.name()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        let kept = if order == Ordering::Greater { None } else { under.next() };
        let patched = if order == Ordering::Less { None } else { over.next() };
        match (kept, patched) {
            (_, Some(patched)) if patched.value.kind() == Kind::Null => {}
            (kept, Some(patched)) => {
                write_key(patched, start, out);
                lay_value(kept.map(|kept| kept.value), patched.value, out);
            }
            (Some(kept), None) => {
                write_key(kept, start, out);
                out.extend_from_slice(kept.value.source().as_bytes());
            }
            (None, None) => {}
        }
    }
    out.push(b'}');
}

fn write_key(member: Member<'_>, start: usize, out: &mut Vec<u8>) {
    if out.len() > start + 1 {
        out.push(b',');
    }
    out.extend_from_slice(member.key.source().as_bytes());
    out.push(b':');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value as Json, json};

    use super::*;
    use crate::json::samples::{object, spelled};

    /// The algorithm of RFC 7396, section 2.
    fn merge_patch(target: Json, patch: Json) -> Json {
        let Json::Object(patch) = patch else { return patch };
        let mut target = if let Json::Object(target) = target { target } else { Map::new() };
        for (name, value) in patch {
            if value.is_null() {
                target.remove(&name);
            } else {
                let old = target.remove(&name).unwrap_or(Json::Null);
                target.insert(name, merge_patch(old, value));
            }
        }
        Json::Object(target)
    }

    fn laid(record: Option<&Json>, patch: &Json) -> Json {
        let record = record.map(Json::to_string);
        let text = lay_over(record.as_deref().map(str::as_bytes), patch.to_string().as_bytes()).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    #[test]
    fn the_examples_of_the_standard() {
        // RFC 7396, appendix A, those with an object on both sides.
        for (record, patch, expected) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            let [record, patch, expected] =
                [record, patch, expected].map(|text| serde_json::from_str::<Json>(text).unwrap());
            assert_eq!(laid(Some(&record), &patch), expected, "{record} {patch}");
        }
        assert_eq!(laid(None, &json!({"a": 1, "b": null})), json!({"a": 1}));
        assert!(lay_over(Some(b"[]"), b"{}").is_err() && lay_over(None, b"1").is_err());
    }

    #[test]
    fn patches_are_laid_in_order() {
        let record = json!({"a": {"x": 1}});
        let one_by_one = laid(Some(&laid(Some(&record), &json!({"a": null}))), &json!({"a": {"y": 2}}));
        assert_eq!(one_by_one, json!({"a": {"y": 2}}));
    }

    proptest! {
        #[test]
        fn the_result_is_that_of_the_standard(record in object(), patch in object(), seed in any::<u64>()) {
            let text = lay_over(Some(spelled(&record, seed).as_bytes()), spelled(&patch, !seed).as_bytes()).unwrap();
            let exact = lay_over(Some(record.to_string().as_bytes()), patch.to_string().as_bytes()).unwrap();
            let canonical = |text: &[u8]| crate::canonical::canonical_text(text).unwrap();
            let expected = merge_patch(record.clone(), patch.clone());
            prop_assert_eq!(canonical(&text), canonical(expected.to_string().as_bytes()));
            prop_assert_eq!(canonical(&exact), canonical(&text));
            let over_nothing = lay_over(None, patch.to_string().as_bytes()).unwrap();
            let expected = merge_patch(Json::Object(Map::new()), patch);
            prop_assert_eq!(canonical(&over_nothing), canonical(expected.to_string().as_bytes()));
        }

        #[test]
        fn a_patch_that_is_laid_again_changes_nothing(record in object(), patch in object()) {
            let once = laid(Some(&record), &patch);
            prop_assert_eq!(laid(Some(&once), &patch), once);
        }
    }
}
