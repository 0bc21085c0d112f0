-- Pauses a pipeline or a key of its limits. A new bucket is full.
insert into forebay.ingestion_limits as l (pipeline_id, limit_key, tokens, refilled_at, paused_until)
select p.pipeline_id, $2::text, greatest(1, coalesce(case $2 when '' then p.rate_limit else p.key_rate_limit end, 1)),
    now(), $3::timestamptz
from forebay.pipelines as p
where p.pipeline_id = $1
on conflict on constraint ingestion_limits_pkey do update set paused_until = excluded.paused_until
