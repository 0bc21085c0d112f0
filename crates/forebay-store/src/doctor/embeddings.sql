-- Pipelines with embeddings and chunks that have none. Chunks of the last five minutes may be in work.
select p.name as pipeline, count(*) as num_missing, count(c.embedding_error) as num_refused,
    min(c.embedding_error) as error
from forebay.pipelines as p
join forebay.document_chunks as c using (pipeline_id)
join forebay.documents as d using (reference_id, pipeline_id)
where p.config ? 'embeddings'
    and c.embedded_at is null
    and (c.embedding_error is not null or d.indexed_at < now() - interval '5 minutes')
group by p.name
order by p.name
