create table forebay.documents (
    reference_id uuid not null,
    pipeline_id int not null,
    indexed_at timestamptz not null default now(),
    payload_hash bytea not null,
    title text not null,
    body text not null,
    language regconfig not null,
    search tsvector generated always as (
        setweight(to_tsvector(language, title), 'A') || setweight(to_tsvector(language, body), 'B')) stored,
    primary key (reference_id, pipeline_id)
);
create index documents_search on forebay.documents using gin (search);
comment on table forebay.documents is 'Text of references, indexed for search by the documents handler.';
comment on column forebay.documents.reference_id is 'The reference that the text is from.';
comment on column forebay.documents.pipeline_id is 'The pipeline that indexed it.';
comment on column forebay.documents.indexed_at is 'When.';
comment on column forebay.documents.payload_hash is 'The content that was indexed.';
comment on column forebay.documents.title is 'The first text to show and the heaviest to rank.';
comment on column forebay.documents.body is 'The rest of the text.';
comment on column forebay.documents.language is 'The text search configuration that was used.';
comment on column forebay.documents.search is 'What the full-text index holds.';
