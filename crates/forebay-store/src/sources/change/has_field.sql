-- Whether a reference has or had the field $2 and, unless $3 is null, the field $3 as well.
select exists (
    select from forebay."references" as r
    where r.source_id = $1
        and (r.payload ? $2 or exists (
            select from forebay.reference_revisions as v
            where v.reference_id = r.reference_id and v.change = 'updated' and v.field_name = $2))
        and ($3::text is null or r.payload ? $3 or exists (
            select from forebay.reference_revisions as v
            where v.reference_id = r.reference_id and v.change = 'updated' and v.field_name = $3))
) as has_field
