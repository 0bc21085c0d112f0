//! Changing a source as a whole: renaming a field, renaming or deleting the source. The caller's transaction holds
//! [`lock`] on the source.

use forebay_domain::identity::{ReferenceId, VersionHash};
use serde_json::Value;
use tokio_postgres::{GenericClient, types::Type};

use super::Source;
use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlHash, SqlId},
};

/// A field to rename.
#[derive(Clone, Copy, Debug)]
pub struct FieldRename<'a> {
    /// The source.
    pub source_id: i32,
    /// The name so far.
    pub from: &'a str,
    /// The name from now on.
    pub to: &'a str,
}

/// A payload with the new name of a field.
#[derive(Clone, Debug)]
pub struct Rehashed {
    /// The reference.
    pub reference_id: ReferenceId,
    /// The hash so far.
    pub old_hash: VersionHash,
    /// The hash of the payload; the hash so far until it is computed.
    pub version_hash: VersionHash,
    /// The payload as JSON.
    pub payload: String,
}

/// Locks a source until the transaction ends: no run of it can start.
pub async fn lock(client: &impl GenericClient, name: &str) -> Result<()> {
    let statement = "select source_id from forebay.sources where name = $1 for update";
    client.query_typed(statement, &[(&name, Type::TEXT)]).await?;
    Ok(())
}

/// The runs of the source that have not ended, with their scopes. Their processes may be dead.
pub async fn running(client: &impl GenericClient, source_id: i32) -> Result<Vec<(i64, String)>> {
    let statement = "select run_id, scope from forebay.scrape_runs \
         where source_id = $1 and status = 'running' order by run_id desc";
    let rows = client.query_typed(statement, &[(&source_id, Type::INT4)]).await?;
    rows.iter().map(|row| Ok((row.read("run_id")?, row.read("scope")?))).collect()
}

/// A run of the source that is held.
pub async fn held(client: &impl GenericClient, source_id: i32) -> Result<Option<i64>> {
    let statement =
        "select max(run_id) as run_id from forebay.scrape_runs where source_id = $1 and status = 'held'";
    client.query_typed_one(statement, &[(&source_id, Type::INT4)]).await?.read("run_id")
}

/// Whether any reference of the source has or had the field and, if another one is given, that one too.
pub async fn has_field(
    client: &impl GenericClient,
    source_id: i32,
    field: &str,
    other: Option<&str>,
) -> Result<bool> {
    let parameters = [(&source_id as _, Type::INT4), (&field as _, Type::TEXT), (&other as _, Type::TEXT)];
    client.query_typed_one(include_str!("change/has_field.sql"), &parameters).await?.read("has_field")
}

/// Payloads with the new name, in the order of their ids after `after`, at most `limit`.
pub async fn renamed_payloads(
    client: &impl GenericClient,
    rename: &FieldRename<'_>,
    after: Option<ReferenceId>,
    limit: i64,
) -> Result<Vec<Rehashed>> {
    let rows = client
        .query_typed(
            include_str!("change/renamed_payloads.sql"),
            &[
                (&rename.source_id, Type::INT4),
                (&rename.from, Type::TEXT),
                (&rename.to, Type::TEXT),
                (&after.map(SqlId), Type::UUID),
                (&limit, Type::INT8),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let SqlHash(old_hash) = row.read("version_hash")?;
            Ok(Rehashed {
                reference_id: row.read::<SqlId>("reference_id")?.0,
                old_hash,
                version_hash: old_hash,
                payload: row.read("payload")?,
            })
        })
        .collect()
}

/// Stores payloads with their hashes, and the hashes wherever the old ones are: hand-offs, jobs, attempts, documents.
pub async fn store_rehashed(client: &impl GenericClient, rehashed: &[Rehashed]) -> Result<()> {
    let ids: Vec<SqlId> = rehashed.iter().map(|one| SqlId(one.reference_id)).collect();
    let old: Vec<SqlHash> = rehashed.iter().map(|one| SqlHash(one.old_hash)).collect();
    let new: Vec<SqlHash> = rehashed.iter().map(|one| SqlHash(one.version_hash)).collect();
    let payloads: Vec<&str> = rehashed.iter().map(|one| one.payload.as_str()).collect();
    // A content is open or settled once. What was settled with the new hash before is the older of two lives.
    client
        .execute_typed(
            include_str!("change/drop_rehashed_outcomes.sql"),
            &[(&ids, Type::UUID_ARRAY), (&old, Type::BYTEA_ARRAY), (&new, Type::BYTEA_ARRAY)],
        )
        .await?;
    client
        .execute_typed(
            include_str!("change/store_rehashed.sql"),
            &[
                (&ids, Type::UUID_ARRAY),
                (&old, Type::BYTEA_ARRAY),
                (&new, Type::BYTEA_ARRAY),
                (&payloads, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Renames the field in revisions, in the coverage and drift of runs, and forgets pages, whose counts have the old
/// name. Returns the number of revisions.
pub async fn rename_in_history(client: &impl GenericClient, rename: &FieldRename<'_>) -> Result<u64> {
    let parameters = [
        (&rename.source_id as _, Type::INT4),
        (&rename.from as _, Type::TEXT),
        (&rename.to as _, Type::TEXT),
    ];
    client
        .query_typed_one(include_str!("change/rename_in_history.sql"), &parameters)
        .await?
        .count("num_revisions")
}

/// Stores key fields and policy of a source whose stored records already fit them.
pub async fn store_settings(
    client: &impl GenericClient,
    source_id: i32,
    key_fields: &[String],
    policy: &Value,
) -> Result<()> {
    let statement =
        "update forebay.sources set key_fields = $2, policy = $3, updated_at = now() where source_id = $1";
    let parameters =
        [(&source_id as _, Type::INT4), (&key_fields as _, Type::TEXT_ARRAY), (&policy as _, Type::JSONB)];
    client.execute_typed(statement, &parameters).await?;
    Ok(())
}

/// Whether a source has references, active or removed.
pub async fn has_references(client: &impl GenericClient, source_id: i32) -> Result<bool> {
    let statement =
        "select exists (select from forebay.\"references\" where source_id = $1) as has_references";
    client.query_typed_one(statement, &[(&source_id, Type::INT4)]).await?.read("has_references")
}

/// Renames a source without references, with the pipelines, fallbacks and tokens that name it.
pub async fn rename(client: &impl GenericClient, source: &Source, to: &str) -> Result<()> {
    let names = [(&source.name as _, Type::TEXT), (&to as _, Type::TEXT)];
    for statement in [
        "update forebay.sources set name = $2, updated_at = now() where name = $1",
        "update forebay.sources set fallback = array_replace(fallback, $1, $2) where $1 = any(fallback)",
        "update forebay.pipelines set source_name = $2, updated_at = now() where source_name = $1",
        "update forebay.sync_metadata set source_name = $2 where source_name = $1",
        "update forebay.api_tokens set sources = array_replace(sources, $1, $2) where $1 = any(sources)",
    ] {
        client.execute_typed(statement, &names).await?;
    }
    Ok(())
}

/// Deletes a source with everything that is stored about it. What belongs to a reference goes with it (the trigger
/// `references_forget`). The newest end of a run stays, because readers of the stream of changes have its number.
pub async fn delete(client: &impl GenericClient, source: &Source) -> Result<()> {
    let id = [(&source.source_id as _, Type::INT4)];
    for statement in [
        "delete from forebay.\"references\" where source_id = $1",
        "delete from forebay.reference_aliases where source_id = $1",
        "delete from forebay.scrape_logs as l using forebay.scrape_runs as r \
             where l.run_id = r.run_id and r.source_id = $1",
        "delete from forebay.run_ends as e using forebay.scrape_runs as r \
             where e.run_id = r.run_id and r.source_id = $1 \
                 and e.end_id < (select max(m.end_id) from forebay.run_ends as m)",
        "delete from forebay.released_changes as c using forebay.scrape_runs as r \
             where c.run_id = r.run_id and r.source_id = $1",
        "delete from forebay.scrape_runs where source_id = $1",
        "delete from forebay.sync_metadata as m using forebay.sources as s \
             where s.source_id = $1 and m.source_name = s.name",
        // A later source of the same name is another one.
        "update forebay.api_tokens as t set revoked_at = now(), revoked_by = 'source_deleted' from forebay.sources as s \
             where s.source_id = $1 and t.revoked_at is null and t.sources = array[s.name]",
        "update forebay.api_tokens as t set sources = array_remove(t.sources, s.name) from forebay.sources as s \
             where s.source_id = $1 and s.name = any (t.sources) and t.sources <> array[s.name]",
        "delete from forebay.sources where source_id = $1",
    ] {
        client.execute_typed(statement, &id).await?;
    }
    Ok(())
}
