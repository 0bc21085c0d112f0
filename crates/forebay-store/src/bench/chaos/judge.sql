-- What is not as it should be when nothing is left to do; each is 0 if all is well.
select
    -- The table is what the references are: a row for each that is there, as it is now, and none for the others.
    (
        select count(*)
        from forebay."references" as r
        full join public.chaos_rows as t on t.reference_id = r.reference_id
        where (r.reference_id is null or r.removed_at is not null) and t.reference_id is not null
            or r.removed_at is null and r.reference_id is not null
                and (t.key, t.n) is distinct from (r.record_key, (r.payload ->> 'n')::int8)
    ) as num_differing,
    -- Written more often than ended as done: an effect that did not count as one.
    (select count(*) from public.chaos_witness as w where w.num_writes > w.num_done) as num_twice,
    -- Ended as done more often than handed off.
    (
        select count(*)
        from public.chaos_witness as w
        where w.num_done > (
            select coalesce(sum(h.generation), 0)
            from forebay.ingestion_handoffs as h
            join forebay.pipelines as p using (pipeline_id)
            where h.reference_id = w.reference_id and p.handler = 'table')
    ) as num_surplus,
    (select count(*) from forebay.ingestion_jobs) as num_jobs,
    (select count(*) from forebay.ingestion_claims) as num_claims,
    (
        select count(*)
        from forebay.ingestion_handoffs as h
        where h.state not in ('succeeded', 'superseded')
    ) as num_open,
    (select count(*) from forebay.ingestion_attempts) as num_attempts_failed,
    (select coalesce(sum(w.num_writes), 0)::int8 from public.chaos_witness as w) as num_writes
