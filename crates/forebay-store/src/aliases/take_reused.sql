-- Takes back the additions of a run under keys that active references of its source used to have. A reference that has
-- moved to another key has an alias.
delete from forebay.scrape_run_changes as c
where c.run_id = $1 and c.change = 'seen'
    and not exists (select from forebay."references" as r where r.reference_id = c.reference_id)
    and c.record_key in (
        select k.record_key
        from forebay.scrape_runs as u
        join forebay.reference_aliases as a on a.source_id = u.source_id
        join forebay."references" as r on r.reference_id = a.reference_id
        cross join lateral jsonb_array_elements_text(r.lineage -> 'previous_keys') as k (record_key)
        where u.run_id = $1 and r.removed_at is null and k.record_key <> r.record_key
    )
returning c.reference_id, c.version_hash, c.record_key, c.payload::text, coalesce(c.line, 0) as line, c.url,
    c.fetched_at, false as removes, c.base_version
