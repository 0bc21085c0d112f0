with found as (
    select l.reference_id
    from forebay.course_lessons as l
    where l.reference_id = $1 and l.content_hash = $2 and l.piece_id = $10
), written as (
    update forebay.course_lessons as l
    set gps_score = coalesce($3, l.gps_score),
        didatica_score = coalesce($4, l.didatica_score),
        validation_status = coalesce($5, l.validation_status),
        validation_issues = coalesce($6, l.validation_issues),
        generation_seconds = coalesce($7, l.generation_seconds),
        generation_cost = coalesce($8, l.generation_cost),
        num_retries = coalesce($9, l.num_retries),
        updated_at = now()
    where l.reference_id = $1
        and l.content_hash = $2
        and l.piece_id = $10
        and (l.gps_score, l.didatica_score, l.validation_status, l.validation_issues, l.generation_seconds,
            l.generation_cost, l.num_retries)
            is distinct from (coalesce($3, l.gps_score), coalesce($4, l.didatica_score),
                coalesce($5, l.validation_status), coalesce($6, l.validation_issues),
                coalesce($7, l.generation_seconds), coalesce($8, l.generation_cost), coalesce($9, l.num_retries))
)
select f.reference_id from found as f
