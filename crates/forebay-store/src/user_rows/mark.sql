-- Copies the contract version from the payload to references that a run wrote. An invalid version (null, a word, more
-- than four digits) becomes 0.
with given as (
    -- The version in each reference's own payload.
    select
        r.reference_id,
        case when r.payload ->> $3 ~ '^[0-9]{1,4}$' then (r.payload ->> $3)::smallint else 0::smallint end
            as contract_version
    from unnest($1::uuid[]) as i (reference_id)
    join forebay."references" as r using (reference_id)
    where r.scrape_run_id = $2 and r.removed_at is null
)
update forebay."references" as r
set contract_version = g.contract_version
from given as g
where r.reference_id = g.reference_id and r.contract_version <> g.contract_version
