with approved as (
    select $6::text as curriculum
    where $6 is not null
    union all
    -- Only the file that was approved: it may have changed since.
    select r.payload ->> 'content'
    from forebay."references" as r
    where $6 is null
        and r.reference_id = forebay.reference_id($2, 'curriculum')
        and r.removed_at is null
        and r.payload ->> 'content_hash' = encode($5, 'hex')
), kept as (
    insert into forebay.curriculum_approvals (piece_id, approved_at, approved_by, curriculum, content_hash)
    select $1, $3, $4, a.curriculum, $5
    from approved as a
    on conflict (piece_id, approved_at) do nothing
)
select true as is_stored from approved
