//! Renames a field of a source in everything that is stored, so its history goes on under the new name.
//!
//! A site that renames a column changes no record. After the rename, stored payloads have the new name, and their
//! hashes are those of records that have it, so the next run finds them unchanged. Hand-offs keep counting as
//! delivered. Versions and times don't change. A past payload is read with the new name too: the field has one line of
//! revisions.
//!
//! When changing this: whatever stores the name of a field or the hash of a payload must be renamed here.

use std::sync::Arc;

use forebay_domain::{
    field_path::FieldPath,
    identity::{HASH_FIELD, SCOPE_FIELD, is_by_hash},
    json::DEFAULT_MAX_DEPTH,
    pointer,
    prepare::{MAX_FIELD_NAME_BYTES, Preparer, RecordPolicy},
    rules::FieldRules,
    run::OnDuplicate,
};
use forebay_store::{
    actions::{self, Action, ActionName, Actor},
    connect::Database,
    sources::{
        Source,
        change::{self, FieldRename, Rehashed},
    },
};
use serde_json::json;
use tokio_postgres::Transaction;

use super::locked::locked;
use crate::{
    error::{DeclarationError, Error, Result},
    persist::policy::{SourcePolicy, top_level},
};

/// How many payloads are read and hashed at a time.
const AT_ONCE: i64 = 2_000;

/// What a rename changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldRenamed {
    /// References whose payload has the field under either name, with tombstones.
    pub num_references: u64,
    /// Revisions of the field.
    pub num_revisions: u64,
    /// The key fields from now on.
    pub key_fields: Vec<String>,
}

/// Renames a top-level field of a source. With `dry_run`, nothing is written. A key field can be renamed: a record's
/// key consists of values only.
///
/// Errors: `field_name_invalid`, `no_such_field`, `field_exists`, `source_has_held_runs`, `source_is_course`,
/// `source_busy`, `key_is_hash`, `field_marks_removed`.
pub async fn rename_field(
    database: &Database,
    source_name: &str,
    from: &str,
    to: &str,
    dry_run: bool,
    by: &Actor,
) -> Result<FieldRenamed> {
    if to.is_empty() || to == from || to.len() > MAX_FIELD_NAME_BYTES || to.contains('\0') {
        return Err(DeclarationError::FieldName { field: to.to_owned() }.into());
    }
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let source = locked(&transaction, source_name).await?;
    if let Some(run_id) = change::held(&*transaction, source.source_id).await? {
        return Err(DeclarationError::Held { source_name: source.name, run_id }.into());
    }
    if is_by_hash(&source.key_fields) {
        return Err(DeclarationError::KeyIsHash { source_name: source.name }.into());
    }
    let rename = FieldRename { source_id: source.source_id, from, to };
    let policy = SourcePolicy::from_json(&source.policy)?;
    check_names(&transaction, &source, &policy, &rename).await?;
    let key_fields: Vec<String> =
        source.key_fields.iter().map(|field| renamed_key(field, from, to)).collect();
    let policy = renamed_policy(policy, from, to);
    let num_references = rehash(&transaction, &source, &policy.rules, &rename).await?;
    let num_revisions = change::rename_in_history(&*transaction, &rename).await?;
    change::store_settings(&*transaction, source.source_id, &key_fields, &policy.to_json()).await?;
    let action = Action {
        num_touched: num_references,
        parameters: json!({ "from": from, "to": to }),
        ..Action::on_source(ActionName::SourceFieldRenamed, &source.name)
    };
    actions::record(&*transaction, by, &action).await?;
    let ended = if dry_run { transaction.rollback().await } else { transaction.commit().await };
    ended.map_err(forebay_store::Error::from)?;
    Ok(FieldRenamed { num_references, num_revisions, key_fields })
}

/// The old name must be used. The new one may be used by references that never had the old one, such as those that a
/// run added after the site renamed its column; no reference may have both.
async fn check_names(
    transaction: &Transaction<'_>,
    source: &Source,
    policy: &SourcePolicy,
    rename: &FieldRename<'_>,
) -> Result<()> {
    let in_settings = |name: &str| !policy.settings_with(&source.key_fields, name).is_empty();
    let (source_name, source_id) = (source.name.clone(), source.source_id);
    let is_set = in_settings(rename.from);
    if !is_set && !change::has_field(transaction, source_id, rename.from, None).await? {
        return Err(DeclarationError::NoSuchField { source_name, field: rename.from.to_owned() }.into());
    }
    let marks_removed = |flag: &FieldPath| flag.top_level() == rename.to;
    if policy.removed_when.field().is_some_and(marks_removed) {
        let field = rename.to.to_owned();
        return Err(DeclarationError::FieldMarksRemoved { source_name, field }.into());
    }
    if is_set && in_settings(rename.to)
        || change::has_field(transaction, source_id, rename.from, Some(rename.to)).await?
    {
        return Err(DeclarationError::FieldExists { source_name, field: rename.to.to_owned() }.into());
    }
    Ok(())
}

/// Renames the field in all payloads, and stores the hashes of the result wherever the old ones are.
async fn rehash(
    transaction: &Transaction<'_>,
    source: &Source,
    rules: &FieldRules,
    rename: &FieldRename<'_>,
) -> Result<u64> {
    let mut preparer = Preparer::new(Arc::new(RecordPolicy {
        source: source.name.clone(),
        key: Vec::new(),
        rules: rules.clone(),
        removed_when: None,
        entity: None,
        max_depth: DEFAULT_MAX_DEPTH,
    }));
    let (mut after, mut num_references) = (None, 0);
    let mut payloads = Vec::new();
    loop {
        let renamed = change::renamed_payloads(transaction, rename, after, AT_ONCE).await?;
        let Some(last) = renamed.last() else { return Ok(num_references) };
        after = Some(last.reference_id);
        num_references += renamed.len() as u64;
        let mut rehashed = Vec::with_capacity(renamed.len());
        for stored in renamed {
            payloads.clear();
            let (version_hash, payload) = preparer
                .prepare_content(stored.payload.as_bytes(), &mut payloads)
                .map_err(|reject| Error::Payload(reject.message))?;
            let text = String::from_utf8_lossy(&payloads[payload]).into_owned();
            rehashed.push(Rehashed { version_hash, payload: text, ..stored });
        }
        change::store_rehashed(transaction, &rehashed).await?;
    }
}

/// A key field with the new name: a name, or a JSON pointer if it is nested, begins with a slash, or is the word for
/// the scope or the hash.
fn renamed_key(field: &str, from: &str, to: &str) -> String {
    if top_level(field).as_deref() != Some(from) {
        return field.to_owned();
    }
    // The first token ends at the second slash of a pointer.
    let below = field.strip_prefix('/').and_then(|tokens| tokens.find('/').map(|at| &tokens[at..]));
    if below.is_none() && !to.starts_with('/') && ![SCOPE_FIELD, HASH_FIELD].contains(&to) {
        return to.to_owned();
    }
    pointer::join(&[to]) + below.unwrap_or_default()
}

fn renamed_policy(mut policy: SourcePolicy, from: &str, to: &str) -> SourcePolicy {
    let rules = &mut policy.rules;
    for fields in [&mut rules.ignore, &mut rules.volatile] {
        if fields.remove(from) {
            fields.insert(to.to_owned());
        }
    }
    if let Some(normalise) = rules.normalise.remove(from) {
        rules.normalise.insert(to.to_owned(), normalise);
    }
    for field in [&mut policy.sequence_field, &mut policy.contract_version_column] {
        if field.as_deref() == Some(from) {
            *field = Some(to.to_owned());
        }
    }
    if let OnDuplicate::Newest(field) = &mut policy.on_duplicate {
        *field = field.renamed(from, to);
    }
    policy.removed_when = policy.removed_when.renamed(from, to);
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_fields_are_renamed_at_their_first_part() {
        for (field, from, to, expected) in [
            ("id", "id", "ID", "ID"),
            ("other", "id", "ID", "other"),
            ("/id", "id", "ID", "ID"),
            ("/course/id", "course", "class", "/class/id"),
            ("/course/id", "id", "ID", "/course/id"),
            ("/a~1b/id", "a/b", "c~/d", "/c~0~1d/id"),
            ("id", "id", "/id", "/~1id"),
            ("id", "id", "$scope", "/$scope"),
            ("$scope", "$scope", "ID", "$scope"),
        ] {
            let renamed = renamed_key(field, from, to);
            assert_eq!(renamed, expected);
            if field != expected {
                assert_eq!(top_level(&renamed).as_deref(), Some(to));
            }
        }
    }

    #[test]
    fn settings_name_the_field_as_it_is_now() {
        let policy = SourcePolicy {
            removed_when: "/meta/deleted".parse().unwrap(),
            on_duplicate: "newest_by=meta".parse().unwrap(),
            ..SourcePolicy::default()
        };
        let renamed = renamed_policy(policy.clone(), "meta", "info");
        assert_eq!(renamed.removed_when, "/info/deleted".parse().unwrap());
        assert_eq!(renamed.on_duplicate.to_string(), "newest_by=info");
        assert_eq!(renamed_policy(policy.clone(), "deleted", "gone"), policy);
    }
}
