-- The breakers that keep sources from being scraped, or that let only a probe through.
select s.name as source, b.state, b.reason_code, extract(epoch from now() - b.changed_at)::float8 as open_seconds
from forebay.circuit_breaker_state as b
join forebay.sources as s using (source_id)
where b.state in ('open', 'half_open', 'forced_open')
order by s.name
