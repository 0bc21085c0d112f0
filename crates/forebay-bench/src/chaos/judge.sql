-- Losses and duplicates after everything was drained. All but the last two must be 0.
select
    -- The table must have one row for each active reference, with its current content, and no other rows.
    (
        select count(*)
        from forebay."references" as r
        full join public.chaos_rows as t on t.reference_id = r.reference_id
        where (r.reference_id is null or r.removed_at is not null) and t.reference_id is not null
            or r.removed_at is null and r.reference_id is not null
                and (t.key, t.n) is distinct from (r.record_key, (r.payload ->> 'n')::int8)
    ) as num_differing,
    -- More writes than completions: an effect was committed without its completion.
    (select count(*) from public.chaos_witness as w where w.num_writes > w.num_done) as num_twice,
    -- More completions than hand-offs.
    (
        select count(*)
        from public.chaos_witness as w
        where w.num_done > (
            select coalesce(sum(h.generation), 0)
            from forebay.handoffs as h
            join forebay.pipelines as p using (pipeline_id)
            where h.reference_id = w.reference_id and p.handler = 'table')
    ) as num_surplus,
    (select count(*) from forebay.ingestion_handoffs) as num_open,
    (select count(*) from forebay.ingestion_claims) as num_claims,
    (
        select count(*)
        from forebay.ingestion_outcomes as o
        where o.state not in ('succeeded', 'superseded')
    ) as num_failed,
    (select count(*) from forebay.ingestion_attempts) as num_attempts_failed,
    (select coalesce(sum(w.num_writes), 0)::int8 from public.chaos_witness as w) as num_writes
