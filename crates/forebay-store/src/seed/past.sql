-- What Forebay's own calls can't make: times in the past, and what a process leaves that died.
with
-- A run took place when it observed its source.
placed as (
    update forebay.scrape_runs as r
    set started_at = r.observed_at,
        heartbeat_at = r.observed_at + make_interval(secs => 20 + r.run_id % 40),
        ended_at = r.observed_at + make_interval(secs => 20 + r.run_id % 40),
        duration_ms = (20 + r.run_id % 40) * 1000
    from forebay.sources as s
    where s.source_id = r.source_id and s.name like 'seed.%' and r.scope = 'campus=seed' and r.ended_at is not null
),
-- The course was written to a temporary folder.
renamed as (
    update forebay.scrape_runs as r
    set input = 'rust-basics'
    from forebay.sources as s
    where s.source_id = r.source_id and s.name = 'content.seed.rust-basics'
),
-- A run that was killed.
killed as (
    insert into forebay.scrape_runs (
        source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at, started_at, heartbeat_at,
        num_seen)
    select s.source_id, 'campus=seed,semester=Spring 2027', 'running', true, true, 'scrapy', 'courses.jsonl',
        now() - interval '3 hours', now() - interval '3 hours', now() - interval '2 hours', 7
    from forebay.sources as s
    where s.name = 'seed.courses'
    on conflict do nothing
)
-- A worker that was killed.
insert into forebay.workers (worker, host, pid, version, pipelines, started_at, last_seen_at)
values ('seed-worker-2', 'worker.example.com', 4711, '0.1.0', '{seed.index}',
    now() - interval '3 hours', now() - interval '1 hour')
on conflict do nothing
