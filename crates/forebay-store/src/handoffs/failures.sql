-- The reasons of attempts that failed since a time, each with one example message.
select p.name as pipeline, a.failure_class, a.reason_code, count(*) as num_attempts, min(a.message) as message
from forebay.ingestion_attempts as a
join forebay.pipelines as p using (pipeline_id)
where a.failed_at >= $1
group by p.name, a.failure_class, a.reason_code
order by p.name, count(*) desc, a.reason_code
