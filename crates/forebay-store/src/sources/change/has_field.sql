select exists (
        select from forebay."references" as r where r.source_id = $1 and r.payload ? $2
    ) or exists (
        select from forebay.reference_revisions as v
        join forebay."references" as r using (reference_id)
        where r.source_id = $1 and v.change = 'updated' and v.field_name = $2
    ) as has_field
