-- The number of active references of a source for each contract version.
select contract_version, count(*) as num_rows
from forebay."references"
where source_id = $1 and removed_at is null
group by contract_version
order by contract_version
