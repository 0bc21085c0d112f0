insert into forebay.document_embeddings as e (pipeline_id, model, dimensions)
values ($1, $2, $3)
on conflict (pipeline_id) do update
set model = excluded.model, dimensions = excluded.dimensions, opened_at = now()
where (e.model, e.dimensions) is distinct from (excluded.model, excluded.dimensions)
