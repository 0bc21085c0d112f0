-- The search index of the documents handler: one document for each reference and pipeline, cut into chunks. A chunk
-- keeps its row as long as its content is unchanged, so a changed document costs only its changed chunks. There is no
-- foreign key between the two tables: one transaction writes both (see 0006_integrity).
--
-- A language is the name of a text search configuration, not a regconfig: pg_upgrade refuses databases with columns of
-- that type. The lexemes depend on a configuration that is looked up by name, so no generated column can compute them;
-- the statements that write chunks do.

create table forebay.documents (
    reference_id uuid not null,
    indexed_at timestamptz not null default now(),
    pipeline_id int not null,
    num_chunks int not null constraint documents_num_chunks_check check (num_chunks >= 0),
    language text not null,
    is_cut boolean not null default false,
    payload_hash bytea not null constraint documents_payload_hash_check check (octet_length(payload_hash) = 32),
    title text not null,
    constraint documents_pkey primary key (reference_id, pipeline_id)
) with (fillfactor = 90);
-- A query runs once for each language. This index lists the languages without reading the table.
create index documents_language on forebay.documents (language);
comment on table forebay.documents is 'References that the documents handler indexed for search.';
comment on column forebay.documents.reference_id is 'The reference that contains the text.';
comment on column forebay.documents.indexed_at is 'When it was last written.';
comment on column forebay.documents.pipeline_id is 'The pipeline that indexed it.';
comment on column forebay.documents.num_chunks is 'Number of its chunks.';
comment on column forebay.documents.language is 'The name of the text search configuration of its chunks.';
comment on column forebay.documents.is_cut is 'True: the text was too long and its end is not indexed.';
comment on column forebay.documents.payload_hash is 'The content that was indexed: the version_hash.';
comment on column forebay.documents.title is 'Its title, which has the highest weight in ranking.';

create table forebay.document_chunks (
    reference_id uuid not null,
    chunk_id uuid not null,
    embedded_at timestamptz,
    embedding_lease_until timestamptz,
    pipeline_id int not null,
    ordinal int not null,
    language text not null,
    content_hash bytea not null
        constraint document_chunks_content_hash_check check (octet_length(content_hash) = 32),
    title text not null,
    heading text not null,
    content text not null,
    embedding_error text,
    search tsvector not null,
    constraint document_chunks_pkey primary key (reference_id, pipeline_id, chunk_id)
) with (fillfactor = 90);
create index document_chunks_search on forebay.document_chunks using gin (search);
comment on table forebay.document_chunks is
    'Parts of documents, each short enough to be shown and embedded as a whole.';
comment on column forebay.document_chunks.reference_id is 'The reference that contains the text.';
comment on column forebay.document_chunks.chunk_id is
    'Computed from reference and content: unchanged content keeps its id when it moves.';
comment on column forebay.document_chunks.embedded_at is 'When its embedding was created; null: it has none.';
comment on column forebay.document_chunks.embedding_lease_until is
    'Until when a worker has reserved it to create its embedding.';
comment on column forebay.document_chunks.pipeline_id is 'The pipeline that indexed it.';
comment on column forebay.document_chunks.ordinal is 'Its position in the document, from 0.';
comment on column forebay.document_chunks.language is 'The name of the text search configuration that was used.';
comment on column forebay.document_chunks.content_hash is 'SHA-256 of heading, a zero byte and content.';
comment on column forebay.document_chunks.title is 'The document''s title, searched with every chunk.';
comment on column forebay.document_chunks.heading is 'The headings above it, outermost first: Setup > Install.';
comment on column forebay.document_chunks.content is 'The text.';
comment on column forebay.document_chunks.embedding_error is
    'Why no embedding can be created for it; retried only when its content changes.';
comment on column forebay.document_chunks.search is 'The lexemes of the full-text index.';

create table forebay.document_embeddings (
    pipeline_id int primary key references forebay.pipelines on delete cascade,
    dimensions int not null constraint document_embeddings_dimensions_check check (dimensions between 1 and 16000),
    opened_at timestamptz not null default now(),
    model text not null
);
comment on table forebay.document_embeddings is
    'The model of a pipeline''s embeddings. When the model changes, all embeddings are created again.';
comment on column forebay.document_embeddings.pipeline_id is 'The pipeline.';
comment on column forebay.document_embeddings.dimensions is 'Length of an embedding.';
comment on column forebay.document_embeddings.opened_at is 'When this model was first used.';
comment on column forebay.document_embeddings.model is 'The model''s name.';
