//! The field changes between two versions of a payload.
//!
//! History is kept as changes of top-level fields, compared in canonical form: `1.0` and `1` are the same. A change
//! contains both values, so history works in both directions: [`apply`] produces the later version and [`undo`] the
//! earlier one. An absent field (`None`) differs from a null field (`Some("null")`).

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use crate::{
    canonical,
    json::{MAX_DEPTH_LIMIT, Member, Parser, compare_keys},
    prepare::object_of,
    reject::Reject,
};

/// One changed top-level field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The field's name.
    pub field: String,
    /// The value before, as canonical JSON text; `None` if the field was absent.
    pub old: Option<String>,
    /// The value after, as canonical JSON text; `None` if the field is absent.
    pub new: Option<String>,
}

/// The changes from `old` to `new`, both JSON objects, in the order of canonical JSON keys.
pub fn diff(old: &[u8], new: &[u8]) -> Result<Vec<FieldChange>, Reject> {
    let (mut old_parser, mut new_parser) = (Parser::new(MAX_DEPTH_LIMIT), Parser::new(MAX_DEPTH_LIMIT));
    let mut before = object_of(old_parser.parse(old)?)?.root().sorted_members().peekable();
    let mut after = object_of(new_parser.parse(new)?)?.root().sorted_members().peekable();
    let (mut old_value, mut new_value) = (Vec::new(), Vec::new());
    let mut changes = Vec::new();
    loop {
        let order = match (before.peek(), after.peek()) {
            (Some(before), Some(after)) => compare_keys(before.name(), after.name()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Ok(changes),
        };
        let from = if order == Ordering::Greater { None } else { before.next() };
        let to = if order == Ordering::Less { None } else { after.next() };
        let Some(field) = from.or(to).map(|member| member.name()) else { return Ok(changes) };
        let old = value_text(from, &mut old_value);
        let new = value_text(to, &mut new_value);
        if old != new {
            changes.push(FieldChange { field: field.to_owned(), old: old.map(text), new: new.map(text) });
        }
    }
}

/// The canonical payload after `changes`: each changed field gets its new value. If a field occurs several times, the
/// first change counts.
///
/// The changes' old values are not checked: a source's rules can change over time, and history must stay readable.
pub fn apply(payload: &[u8], changes: &[FieldChange]) -> Result<String, Reject> {
    replace(payload, changes, |change| change.new.as_deref())
}

/// The canonical payload before `changes`: each changed field gets its old value.
pub fn undo(payload: &[u8], changes: &[FieldChange]) -> Result<String, Reject> {
    replace(payload, changes, |change| change.old.as_deref())
}

fn replace(
    payload: &[u8],
    changes: &[FieldChange],
    value_of: impl Fn(&FieldChange) -> Option<&str>,
) -> Result<String, Reject> {
    // The database sorts names by its own collation. A repeated field must not be written twice.
    let mut sorted: Vec<&FieldChange> = changes.iter().collect();
    sorted.sort_by(|a, b| compare_keys(&a.field, &b.field));
    sorted.dedup_by(|a, b| a.field == b.field);

    let (mut parser, mut value_parser) = (Parser::new(MAX_DEPTH_LIMIT), Parser::new(MAX_DEPTH_LIMIT));
    let document = object_of(parser.parse(payload)?)?;
    let mut fields = document.root().sorted_members().peekable();
    let mut replacements = sorted.into_iter().peekable();
    let mut out = Vec::with_capacity(payload.len());
    out.push(b'{');
    loop {
        let order = match (fields.peek(), replacements.peek()) {
            (Some(field), Some(change)) => compare_keys(field.name(), &change.field),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        let kept = if order == Ordering::Greater { None } else { fields.next() };
        let change = if order == Ordering::Less { None } else { replacements.next() };
        match (kept, change) {
            (_, Some(change)) => {
                let Some(value) = value_of(change) else { continue };
                separate(&mut out);
                canonical::write_string(&change.field, &mut out);
                out.push(b':');
                canonical::write(value_parser.parse(value.as_bytes())?.root(), &mut out);
            }
            (Some(member), None) => {
                separate(&mut out);
                canonical::write(member.key, &mut out);
                out.push(b':');
                canonical::write(member.value, &mut out);
            }
            (None, None) => break,
        }
    }
    out.push(b'}');
    Ok(canonical::into_string(out))
}

fn separate(out: &mut Vec<u8>) {
    if out.len() > 1 {
        out.push(b',');
    }
}

/// The canonical form of a member's value, in a reusable buffer.
fn value_text<'b>(member: Option<Member<'_>>, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
    buffer.clear();
    canonical::write(member?.value, buffer);
    Some(buffer)
}

fn text(canonical: &[u8]) -> String {
    String::from_utf8_lossy(canonical).into_owned()
}
