//! Embeddings of chunks, stored and searched with pgvector if the database has it.
//!
//! pgvector is optional, and Forebay never installs it. Its types and operators are qualified with the schema it was
//! installed in, which need not be in the search path. The column `embedding` is added when the first pipeline needs
//! it. It has no fixed size because pipelines may use different models; each pipeline has its own index that casts to
//! its model's size, and statements must use exactly the same cast to use the index.
//!
//! An embedding takes a request to another server, and no transaction may wait for that. So [`Opened::pick`] leases
//! chunks, and [`Opened::store`] writes only to chunks with the same content. Expired leases are free again.

use std::{fmt::Write as _, time::Duration};

use forebay_domain::{
    chunk::ChunkId,
    identity::{ReferenceId, VersionHash},
    question::Question,
};
use tokio_postgres::{Client, GenericClient, types::Type};

use super::{
    Candidate, SearchFilter,
    search::{FilterParameters, Parameter, candidate},
};
use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlHash, SqlId},
};

const PICK: &str = include_str!("embeddings/pick.sql");
const RELEASE: &str = include_str!("embeddings/release.sql");
const DECLARE: &str = include_str!("embeddings/declare.sql");
/// "embeds" after two zero bytes: all changes of the tables use this lock.
const OPEN_LOCK: i64 = i64::from_be_bytes(*b"\0\0embeds");
/// Maximum number of dimensions that pgvector indexes.
const MAX_INDEXED: u32 = 2000;

/// A pipeline whose embeddings can be written and searched.
#[derive(Clone, Debug)]
pub struct Opened {
    pipeline_id: i32,
    model: String,
    dimensions: u32,
    /// The quoted schema of pgvector.
    schema: String,
}

/// A chunk to embed.
#[derive(Clone, Debug)]
pub struct Picked {
    /// Its reference.
    pub reference_id: ReferenceId,
    /// The chunk.
    pub chunk_id: ChunkId,
    /// The hash of heading and content.
    pub content_hash: VersionHash,
    /// The headings above it.
    pub heading: String,
    /// The text.
    pub content: String,
}

/// The quoted schema of pgvector; `None`: the database doesn't have it.
pub async fn vector_schema(client: &impl GenericClient) -> Result<Option<String>> {
    let statement = "select quote_ident(n.nspname) as schema_name from pg_extension as e \
         join pg_namespace as n on n.oid = e.extnamespace where e.extname = 'vector'";
    let row = client.query_typed_opt(statement, &[]).await?;
    row.map(|row| row.read("schema_name")).transpose()
}

/// Number of a pipeline's chunks that wait for an embedding. Needs no pgvector.
pub async fn num_waiting(client: &impl GenericClient, pipeline_id: i32) -> Result<u64> {
    let statement = "select count(*) as num_waiting from forebay.document_chunks \
         where pipeline_id = $1 and embedded_at is null and embedding_error is null";
    let row = client.query_typed_one(statement, &[(&pipeline_id, Type::INT4)]).await?;
    row.count("num_waiting")
}

/// Prepares a pipeline's embeddings; `None`: the database does not have pgvector. Embeddings of another model are
/// dropped, to be created again.
pub async fn open(
    client: &mut Client,
    pipeline_id: i32,
    model: &str,
    dimensions: u32,
) -> Result<Option<Opened>> {
    let Some(schema) = vector_schema(client).await? else { return Ok(None) };
    let opened = Opened { pipeline_id, model: model.to_owned(), dimensions, schema };
    if !opened.is_ready(client).await? {
        opened.prepare(client).await?;
    }
    Ok(Some(opened))
}

/// A pipeline's existing embeddings, for searching; `None`: there are none of this model yet.
pub async fn find(
    client: &impl GenericClient,
    pipeline_id: i32,
    model: &str,
    dimensions: u32,
) -> Result<Option<Opened>> {
    let Some(schema) = vector_schema(client).await? else { return Ok(None) };
    let opened = Opened { pipeline_id, model: model.to_owned(), dimensions, schema };
    Ok(opened.is_ready(client).await?.then_some(opened))
}

impl Opened {
    /// The pipeline.
    pub fn pipeline_id(&self) -> i32 {
        self.pipeline_id
    }

    /// Whether the column and the indexes exist and belong to this model.
    async fn is_ready(&self, client: &impl GenericClient) -> Result<bool> {
        let statement = "select exists (select from forebay.document_embeddings \
                 where pipeline_id = $1 and model = $2 and dimensions = $3) \
             and exists (select from pg_attribute where attrelid = 'forebay.document_chunks'::regclass \
                 and attname = 'embedding' and not attisdropped) \
             and to_regclass('forebay.document_chunks_unembedded') is not null as is_ready";
        let dimensions = signed(self.dimensions);
        let row = client
            .query_typed_one(
                statement,
                &[(&self.pipeline_id, Type::INT4), (&self.model, Type::TEXT), (&dimensions, Type::INT4)],
            )
            .await?;
        row.read("is_ready")
    }

    async fn prepare(&self, client: &mut Client) -> Result<()> {
        let Self { pipeline_id, dimensions, schema, .. } = self;
        let transaction = client.transaction().await?;
        transaction.batch_execute(&format!("select pg_advisory_xact_lock({OPEN_LOCK})")).await?;
        let column = format!(
            "alter table forebay.document_chunks add column if not exists embedding {schema}.vector; \
             comment on column forebay.document_chunks.embedding is \
                 'What a model makes of heading and content; see forebay.document_embeddings.'; \
             create index if not exists document_chunks_unembedded on forebay.document_chunks (pipeline_id) \
                 where embedded_at is null and embedding_error is null"
        );
        transaction.batch_execute(&column).await?;
        let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
            [(pipeline_id, Type::INT4), (&self.model, Type::TEXT), (&signed(*dimensions), Type::INT4)];
        if transaction.execute_typed(DECLARE, &parameters).await? > 0 {
            // The indexes of earlier sizes.
            let old = format!(
                "select format('drop index forebay.%I', relname) as statement from pg_class \
                 where relnamespace = 'forebay'::regnamespace and relkind = 'i' \
                     and relname like 'document\\_chunks\\_embedding\\_{pipeline_id}\\_%'"
            );
            for row in transaction.query_typed(&old, &[]).await? {
                transaction.batch_execute(row.read("statement")?).await?;
            }
            let reset = format!(
                "update forebay.document_chunks \
                 set embedding = null, embedded_at = null, embedding_error = null, embedding_lease_until = null \
                 where pipeline_id = {pipeline_id} and num_nonnulls(embedded_at, embedding_error) > 0"
            );
            transaction.batch_execute(&reset).await?;
        }
        if *dimensions <= MAX_INDEXED {
            // Dead rows that other transactions can still see are indexed too, and may have another size.
            let index = format!(
                "create index if not exists document_chunks_embedding_{pipeline_id}_{dimensions} \
                 on forebay.document_chunks \
                 using hnsw ((embedding::{schema}.vector({dimensions})) {schema}.vector_cosine_ops) \
                 where pipeline_id = {pipeline_id} and {schema}.vector_dims(embedding) = {dimensions}"
            );
            transaction.batch_execute(&index).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Leases up to `limit` chunks without an embedding.
    pub async fn pick(
        &self,
        client: &impl GenericClient,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<Picked>> {
        let rows = client
            .query_typed(
                PICK,
                &[
                    (&self.pipeline_id, Type::INT4),
                    (&i64::from(limit), Type::INT8),
                    (&lease.as_secs_f64(), Type::FLOAT8),
                ],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Picked {
                    reference_id: row.read::<SqlId>("reference_id")?.0,
                    chunk_id: ChunkId(row.read::<SqlId>("chunk_id")?.0.0),
                    content_hash: row.read::<SqlHash>("content_hash")?.0,
                    heading: row.read("heading")?,
                    content: row.read("content")?,
                })
            })
            .collect()
    }

    /// Writes embeddings, one per chunk, and returns the number written. Chunks that were deleted or are being written,
    /// and chunks of a pipeline that now has another model, are skipped.
    pub async fn store(
        &self,
        client: &impl GenericClient,
        picked: &[Picked],
        embeddings: &[Vec<f32>],
    ) -> Result<u64> {
        // As in release.sql, don't wait: chunks that another transaction is writing are embedded after their lease
        // expires.
        let statement = format!(
            "with free as materialized ( \
                 select c.reference_id, c.chunk_id, g.embedding \
                 from unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::text[]) \
                     as g (reference_id, chunk_id, content_hash, embedding) \
                 join forebay.document_chunks as c \
                     on c.reference_id = g.reference_id and c.pipeline_id = $1 and c.chunk_id = g.chunk_id \
                 where c.content_hash = g.content_hash and c.embedded_at is null \
                     and exists (select from forebay.document_embeddings as e \
                         where e.pipeline_id = $1 and e.model = $6 and e.dimensions = {1}) \
                 for update of c skip locked) \
             update forebay.document_chunks as c \
             set embedding = f.embedding::{0}.vector({1}), embedded_at = now(), embedding_lease_until = null \
             from free as f \
             where c.reference_id = f.reference_id and c.pipeline_id = $1 and c.chunk_id = f.chunk_id",
            self.schema, self.dimensions
        );
        let (references, chunks) = keys(picked);
        let hashes: Vec<SqlHash> = picked.iter().map(|chunk| SqlHash(chunk.content_hash)).collect();
        let texts: Vec<String> = embeddings.iter().map(|embedding| vector_text(embedding)).collect();
        let num_stored = client
            .execute_typed(
                &statement,
                &[
                    (&self.pipeline_id, Type::INT4),
                    (&references, Type::UUID_ARRAY),
                    (&chunks, Type::UUID_ARRAY),
                    (&hashes, Type::BYTEA_ARRAY),
                    (&texts, Type::TEXT_ARRAY),
                    (&self.model, Type::TEXT),
                ],
            )
            .await?;
        Ok(num_stored)
    }

    /// Releases leased chunks; with a reason, they are retried only when their content changes.
    pub async fn release(
        &self,
        client: &impl GenericClient,
        picked: &[Picked],
        refused: Option<&str>,
    ) -> Result<()> {
        let (references, chunks) = keys(picked);
        client
            .execute_typed(
                RELEASE,
                &[
                    (&self.pipeline_id, Type::INT4),
                    (&references, Type::UUID_ARRAY),
                    (&chunks, Type::UUID_ARRAY),
                    (&refused, Type::TEXT),
                ],
            )
            .await?;
        Ok(())
    }

    /// Finds the chunks nearest to the query's embedding, nearest first, among active references. All that binds in
    /// `question` holds for them too.
    pub async fn nearest(
        &self,
        client: &mut Client,
        embedding: &[f32],
        question: &Question,
        filter: &SearchFilter,
        limit: u32,
    ) -> Result<Vec<Candidate>> {
        let Self { pipeline_id, dimensions, schema, .. } = self;
        let binding = question.binding();
        let parameters = FilterParameters::of(filter);
        let is_filtered = binding.is_some() || parameters.is_selective();
        // The parameter $8 names a pipeline; here it is known by its id.
        let condition = if is_filtered {
            "and (c.search @@ websearch_to_tsquery(quote_ident(c.language)::regconfig, $9) or $9 is null) \
             and (c.language = $7 or $7 is null) \
             and exists ( \
                 select from forebay.\"references\" as r join forebay.sources as s using (source_id) \
                 where r.reference_id = c.reference_id and r.removed_at is null \
                     and (s.name = $3 or $3 is null) \
                     and (r.entity_type = $4 or $4 is null) \
                     and (r.scope = $5 or $5 is null) \
                     and (r.payload @@ $6::jsonpath or $6 is null))"
        } else {
            ""
        };
        let statement = format!(
            "with nearest as materialized ( \
                 select c.reference_id, c.chunk_id, \
                     c.embedding::{schema}.vector({dimensions}) operator({schema}.<=>) \
                         $1::text::{schema}.vector({dimensions}) as distance \
                 from forebay.document_chunks as c \
                 where c.pipeline_id = {pipeline_id} and {schema}.vector_dims(c.embedding) = {dimensions} {condition} \
                 order by distance limit $2) \
             select n.reference_id, {pipeline_id} as pipeline_id, n.chunk_id, (1 - n.distance)::float4 as rank \
             from nearest as n \
             join forebay.\"references\" as r using (reference_id) \
             where r.removed_at is null \
             order by n.distance, n.reference_id"
        );
        // The index returns a fixed number of rows and filters afterwards. A filter might leave none of them, so with a
        // filter all rows are scanned.
        let settings = if is_filtered {
            "set local enable_indexscan = off".to_owned()
        } else {
            format!("set local hnsw.ef_search = {}", limit.clamp(40, 1000))
        };
        let transaction = client.transaction().await?;
        transaction.batch_execute(&settings).await?;
        let (embedding, limit) = (vector_text(embedding), i64::from(limit));
        let first: [Parameter<'_>; 2] = [(&embedding, Type::TEXT), (&limit, Type::INT8)];
        let all = parameters.between(first, Some((&binding, Type::TEXT)));
        let rows = transaction.query_typed(&statement, &all).await?;
        transaction.commit().await?;
        rows.iter().map(candidate).collect()
    }

    /// The cosine similarities of the query and the chunks that have an embedding, from 0 (also for negative ones) to
    /// 1.
    pub async fn scores(
        &self,
        client: &impl GenericClient,
        embedding: &[f32],
        found: &[Candidate],
    ) -> Result<Vec<(ReferenceId, ChunkId, f32)>> {
        let Self { pipeline_id, dimensions, schema, .. } = self;
        let statement = format!(
            "select c.reference_id, c.chunk_id, greatest(0, 1 - d.distance)::float4 as score \
             from unnest($2::uuid[], $3::uuid[]) as f (reference_id, chunk_id) \
             join forebay.document_chunks as c using (reference_id, chunk_id) \
             cross join lateral ( \
                 select c.embedding::{schema}.vector({dimensions}) operator({schema}.<=>) \
                     $1::text::{schema}.vector({dimensions}) as distance) as d \
             where c.pipeline_id = {pipeline_id} and {schema}.vector_dims(c.embedding) = {dimensions} \
                 and d.distance <> 'NaN'"
        );
        let of_pipeline = found.iter().filter(|chunk| chunk.pipeline_id == *pipeline_id);
        let (references, chunks): (Vec<SqlId>, Vec<SqlId>) = of_pipeline
            .map(|chunk| (SqlId(chunk.reference_id), SqlId(ReferenceId(chunk.chunk_id.0))))
            .unzip();
        let parameters: [Parameter<'_>; 3] = [
            (&vector_text(embedding), Type::TEXT),
            (&references, Type::UUID_ARRAY),
            (&chunks, Type::UUID_ARRAY),
        ];
        let rows = client.query_typed(&statement, &parameters).await?;
        rows.iter()
            .map(|row| {
                let reference_id = row.read::<SqlId>("reference_id")?.0;
                Ok((reference_id, ChunkId(row.read::<SqlId>("chunk_id")?.0.0), row.read("score")?))
            })
            .collect()
    }
}

fn keys(picked: &[Picked]) -> (Vec<SqlId>, Vec<SqlId>) {
    picked.iter().map(|chunk| (SqlId(chunk.reference_id), SqlId(ReferenceId(chunk.chunk_id.0)))).unzip()
}

/// An embedding in pgvector's text form: `[0.5,-1]`.
fn vector_text(embedding: &[f32]) -> String {
    let mut text = String::with_capacity(2 + embedding.len() * 12);
    for (place, number) in embedding.iter().enumerate() {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{}{number}", if place == 0 { '[' } else { ',' });
    }
    text.push(']');
    text
}

fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
