-- Makes due what waited because of a pause: what the receiver refused, and what was put off to the end of the pause.
-- What an operator postponed stays postponed. Locked rows are skipped: a worker has them.
with
waiting as materialized (
    select h.reference_id, h.pipeline_id
    from forebay.ingestion_handoffs as h
    where h.pipeline_id = $1
        and ($2::text is null or h.limit_key = $2)
        and h.not_before > now()
        and h.receipt is null
        and h.state <> 'held'
        and h.reason_code <> 'snoozed'
        and (h.reason_code = 'throttled' or ($2 is not null and h.not_before >= $3))
    for update skip locked
)
update forebay.ingestion_handoffs as h
set not_before = now()
from waiting as w
where h.reference_id = w.reference_id and h.pipeline_id = w.pipeline_id
