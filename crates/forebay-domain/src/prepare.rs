//! Prepares a record: reads the source's text and produces its key, ids and canonical payload.
//!
//! This is the hot path of every run, especially of replays; SHA-256 should dominate its time. Keep one [`Preparer`]
//! per thread: it appends to the caller's buffers and allocates nothing per record. The result depends on the record
//! alone: no database, no clock, no order of records.

#[cfg(test)]
mod tests;

use std::{cmp::Ordering, ops::Range, sync::Arc};

use crate::{
    canonical,
    coverage::Coverage,
    drift::JsonType,
    entity::EntityCheck,
    field_path::FieldPath,
    identity::{KeyField, ReferenceId, VersionHash, append_record_key, fill_hash},
    json::{DEFAULT_MAX_DEPTH, Document, Kind, MAX_DEPTH_LIMIT, Member, Parser},
    reject::{Reject, RejectReason},
    removal_flag,
    rules::{FieldRules, RuleTable},
};

/// The longest name of a field, in bytes. Names are part of the index of revisions, and Postgres limits an entry of it.
pub const MAX_FIELD_NAME_BYTES: usize = 1024;

/// A source's rules for its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPolicy {
    /// The source's name; part of every id.
    pub source: String,
    /// The fields that make up the key, at least one.
    pub key: Vec<KeyField>,
    /// Field rules: what to store, what to compare.
    pub rules: FieldRules,
    /// The value by which a record says that it is gone.
    pub removed_when: Option<FieldPath>,
    /// The declaration of the records' entity type.
    pub entity: Option<EntityCheck>,
    /// Maximum nesting of a record, including the record itself; at most [`MAX_DEPTH_LIMIT`].
    pub max_depth: usize,
}

impl RecordPolicy {
    /// A policy without rules and without a removal flag, with the default depth.
    pub fn new(source: impl Into<String>, key: Vec<KeyField>) -> Self {
        Self {
            source: source.into(),
            key,
            rules: FieldRules::default(),
            removed_when: None,
            entity: None,
            max_depth: DEFAULT_MAX_DEPTH,
        }
    }
}

/// A record that is ready for the database. Its ranges refer to the buffers passed to [`Preparer::prepare`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The id of its reference.
    pub reference_id: ReferenceId,
    /// The hash of its content after field rules.
    pub version_hash: VersionHash,
    /// Range of its key in `keys`.
    pub key: Range<usize>,
    /// Range of its canonical payload in `payloads`.
    pub payload: Range<usize>,
    /// Number of characters that Postgres cannot store, replaced by U+FFFD.
    pub replaced: u32,
    /// Whether the record says that it is gone, so it removes its reference.
    pub removes: bool,
}

/// Prepares the records of one source. Keep one per thread.
#[derive(Debug)]
pub struct Preparer {
    policy: Arc<RecordPolicy>,
    rules: RuleTable,
    parser: Parser,
    coverage: Coverage,
    /// The canonical form to hash, if it differs from the payload.
    hashed: Vec<u8>,
    normalised: String,
}

impl Preparer {
    /// A preparer with its own buffers.
    pub fn new(policy: Arc<RecordPolicy>) -> Self {
        Self {
            rules: RuleTable::new(&policy.rules),
            parser: Parser::new(policy.max_depth),
            policy,
            coverage: Coverage::default(),
            hashed: Vec::new(),
            normalised: String::new(),
        }
    }

    /// Reads one record. Appends its canonical payload (after `ignore`) to `payloads` and its key to `keys`.
    ///
    /// On an error, nothing is appended and coverage does not change. A record that says that it is gone doesn't count
    /// in coverage: such records often have a key and nothing else.
    pub fn prepare(
        &mut self,
        text: &[u8],
        payloads: &mut Vec<u8>,
        keys: &mut String,
    ) -> Result<Prepared, Reject> {
        let document = object_of(self.parser.parse(text)?)?;
        check_names(document, text)?;
        let removes =
            self.policy.removed_when.as_ref().is_some_and(|flag| removal_flag::is_set(flag, document.root()));
        let keys_length = keys.len();
        let key = append_record_key(&self.policy.key, document.root(), keys)?;
        if let Some(entity) = &self.policy.entity
            && !removes
        {
            let checked = entity.check(document.root(), self.coverage.violations_mut());
            checked.inspect_err(|_| keys.truncate(keys_length))?;
        }
        let mut uncounted = Coverage::default();
        let coverage = if removes { &mut uncounted } else { &mut self.coverage };
        coverage.observe_record();
        let mut output = Output { payloads, hashed: &mut self.hashed, normalised: &mut self.normalised };
        let (version_hash, payload) = write(document, &self.rules, coverage, &mut output);
        fill_hash(&self.policy.key, keys, &key, &version_hash);
        Ok(Prepared {
            reference_id: ReferenceId::compute(&self.policy.source, &keys[key.clone()]),
            version_hash,
            key,
            payload,
            replaced: document.replaced(),
            removes,
        })
    }

    /// Reads content whose key is already known, such as two merged payloads; its fields need not contain the key.
    /// Appends the canonical payload to `payloads`; returns its hash and its range there.
    pub fn prepare_content(
        &mut self,
        text: &[u8],
        payloads: &mut Vec<u8>,
    ) -> Result<(VersionHash, Range<usize>), Reject> {
        let document = object_of(self.parser.parse(text)?)?;
        let mut output = Output { payloads, hashed: &mut self.hashed, normalised: &mut self.normalised };
        Ok(write(document, &self.rules, &mut self.coverage, &mut output))
    }

    /// The same for what a partial record and the stored one make together, which counts in coverage as a record does.
    pub fn prepare_merged(
        &mut self,
        text: &[u8],
        payloads: &mut Vec<u8>,
    ) -> Result<(VersionHash, Range<usize>), Reject> {
        let merged = self.prepare_content(text, payloads)?;
        self.coverage.observe_record();
        Ok(merged)
    }

    /// Takes the coverage of the records prepared since the last call.
    pub fn take_coverage(&mut self) -> Coverage {
        std::mem::take(&mut self.coverage)
    }
}

/// Error: a name is too long.
fn check_names(document: Document<'_>, text: &[u8]) -> Result<(), Reject> {
    // Nearly every record is shorter than the longest name.
    if text.len() <= MAX_FIELD_NAME_BYTES {
        return Ok(());
    }
    let long = document.root().sorted_members().find(|member| member.name().len() > MAX_FIELD_NAME_BYTES);
    long.map_or(Ok(()), |member| {
        let name = member.name();
        let start = name.chars().take(40).collect::<String>();
        let message = format!(
            "the name of the field {start:?}… has {} bytes; the longest allowed one has {MAX_FIELD_NAME_BYTES}",
            name.len()
        );
        Err(Reject::new(RejectReason::FieldNameTooLong, message))
    })
}

/// Writes the stored form of a record; returns its hash and its range in `payloads`.
#[inline]
fn write(
    document: Document<'_>,
    rules: &RuleTable,
    coverage: &mut Coverage,
    output: &mut Output<'_>,
) -> (VersionHash, Range<usize>) {
    let start = output.payloads.len();
    output.payloads.reserve(document.canonical_size_hint());
    let version_hash = if rules.is_empty() {
        write_plain(document, coverage, output.payloads);
        VersionHash::of(&output.payloads[start..])
    } else {
        output.hashed.clear();
        write_ruled(document, rules, coverage, output);
        VersionHash::of(if rules.hashes_apart() { output.hashed } else { &output.payloads[start..] })
    };
    (version_hash, start..output.payloads.len())
}

/// Writes the form that is both stored and hashed.
fn write_plain(document: Document<'_>, coverage: &mut Coverage, payloads: &mut Vec<u8>) {
    let record = document.root();
    let copied = record.is_canonical();
    if copied {
        payloads.extend_from_slice(record.source().as_bytes());
    }
    let mut filled = 0;
    let mut separator = b'{';
    for member in record.sorted_members() {
        if let Some(json_type) = JsonType::of_filled(member.value) {
            coverage.observe_typed(member.name(), filled, json_type);
            filled += 1;
        }
        if !copied {
            payloads.push(separator);
            separator = b',';
            write_member(member, payloads);
        }
    }
    if !copied {
        // An object without members has had no separator.
        if separator == b'{' {
            payloads.push(b'{');
        }
        payloads.push(b'}');
    }
}

/// The destination of a record with rules.
struct Output<'a> {
    payloads: &'a mut Vec<u8>,
    hashed: &'a mut Vec<u8>,
    normalised: &'a mut String,
}

/// Writes the stored form, and the hashed form if a rule makes it different.
fn write_ruled(document: Document<'_>, rules: &RuleTable, coverage: &mut Coverage, output: &mut Output<'_>) {
    let start = output.payloads.len();
    let mut filled = 0;
    let mut walk = rules.walk();
    output.payloads.push(b'{');
    output.hashed.push(b'{');
    for member in document.root().sorted_members() {
        let rule = walk.rule(member.name());
        if rule.ignore {
            continue;
        }
        if let Some(json_type) = JsonType::of_filled(member.value) {
            coverage.observe_typed(member.name(), filled, json_type);
            filled += 1;
        }
        if output.payloads.len() > start + 1 {
            output.payloads.push(b',');
        }
        let from = output.payloads.len();
        write_member(member, output.payloads);
        if rule.volatile || !rules.hashes_apart() {
            continue;
        }
        if output.hashed.len() > 1 {
            output.hashed.push(b',');
        }
        if rule.normalise.is_none() {
            output.hashed.extend_from_slice(&output.payloads[from..]);
        } else {
            canonical::write(member.key, output.hashed);
            output.hashed.push(b':');
            canonical::write_normalised(member.value, rule.normalise, output.normalised, output.hashed);
        }
    }
    output.payloads.push(b'}');
    output.hashed.push(b'}');
}

#[inline]
fn write_member(member: Member<'_>, out: &mut Vec<u8>) {
    if !member.append_canonical_source(out) {
        canonical::write(member.key, out);
        out.push(b':');
        canonical::write(member.value, out);
    }
}

/// Overrides the top-level fields of `earlier` with those of `later`; returns the merged object as JSON text.
///
/// Keys and values are copied from the source text, so preparing the result makes the same replacements and counts.
pub fn merge(earlier: &[u8], later: &[u8]) -> Result<Vec<u8>, Reject> {
    let (mut parser, mut later_parser) = (Parser::new(MAX_DEPTH_LIMIT), Parser::new(MAX_DEPTH_LIMIT));
    let mut merged = Vec::with_capacity(earlier.len() + later.len());
    let mut under = object_of(parser.parse(earlier)?)?.root().sorted_members().peekable();
    let mut over = object_of(later_parser.parse(later)?)?.root().sorted_members().peekable();
    loop {
        let order = match (under.peek(), over.peek()) {
            (Some(under), Some(over)) => crate::json::compare_keys(under.name(), over.name()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        let from_under = if order == Ordering::Greater { None } else { under.next() };
        let from_over = if order == Ordering::Less { None } else { over.next() };
        let Some(member) = from_over.or(from_under) else { break };
        merged.push(if merged.is_empty() { b'{' } else { b',' });
        merged.extend_from_slice(member.key.source().as_bytes());
        merged.push(b':');
        merged.extend_from_slice(member.value.source().as_bytes());
    }
    if merged.is_empty() {
        merged.push(b'{');
    }
    merged.push(b'}');
    Ok(merged)
}

/// The document, if it is an object.
pub(crate) fn object_of(document: Document<'_>) -> Result<Document<'_>, Reject> {
    let found = match document.root().kind() {
        Kind::Object => return Ok(document),
        Kind::Array => "an array",
        Kind::String => "a string",
        Kind::Number => "a number",
        Kind::True | Kind::False => "a boolean",
        Kind::Null => "null",
    };
    Err(Reject::new(RejectReason::NotAnObject, format!("expected a JSON object, found {found}")))
}
