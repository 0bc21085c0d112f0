with given as materialized (
    select
        g.file_path, g.content_hash, g.gps_score, g.didatica_score, g.validation_status, g.validation_issues,
        g.generation_seconds, g.generation_cost, g.num_retries
    from unnest($2::text[], $3::bytea[], $4::float8[], $5::float8[], $6::text[], $7::jsonb[], $8::float8[], $9::float8[],
        $10::int[]) as g (file_path, content_hash, gps_score, didatica_score, validation_status, validation_issues,
        generation_seconds, generation_cost, num_retries)
), found as (
    -- The hash makes sure that the text in the database is the one that was measured.
    select l.reference_id, g.*
    from given as g
    join forebay.course_lessons as l
        on l.piece_id = $1 and l.file_path = g.file_path and l.content_hash = g.content_hash
), written as (
    update forebay.course_lessons as l
    set gps_score = coalesce(f.gps_score, l.gps_score),
        didatica_score = coalesce(f.didatica_score, l.didatica_score),
        validation_status = coalesce(f.validation_status, l.validation_status),
        validation_issues = coalesce(f.validation_issues, l.validation_issues),
        generation_seconds = coalesce(f.generation_seconds, l.generation_seconds),
        generation_cost = coalesce(f.generation_cost, l.generation_cost),
        num_retries = coalesce(f.num_retries, l.num_retries),
        updated_at = now()
    from found as f
    where l.reference_id = f.reference_id
        and (l.gps_score, l.didatica_score, l.validation_status, l.validation_issues, l.generation_seconds,
            l.generation_cost, l.num_retries)
            is distinct from (coalesce(f.gps_score, l.gps_score), coalesce(f.didatica_score, l.didatica_score),
                coalesce(f.validation_status, l.validation_status),
                coalesce(f.validation_issues, l.validation_issues),
                coalesce(f.generation_seconds, l.generation_seconds), coalesce(f.generation_cost, l.generation_cost),
                coalesce(f.num_retries, l.num_retries))
)
select f.file_path, f.reference_id from found as f
