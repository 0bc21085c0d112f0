-- Both sides as the same columns of text, whatever the types of the table's columns.
with
expected as (
    select r.reference_id, r.payload ->> 'id' as id, r.payload ->> 'title' as title,
        r.payload ->> 'instructor' as instructor, r.payload ->> 'semester' as semester,
        r.payload ->> 'description' as description, r.payload ->> 'seats' as seats
    from forebay."references" as r
    join forebay.sources as s using (source_id)
    where s.name = 'courses' and r.removed_at is null
),
found as (
    select c.reference_id, c.id::text, c.title::text, c.instructor::text, c.semester::text, c.description::text,
        c.seats::text
    from public.courses as c
)
select count(*)
from expected as e
full join found as f using (reference_id)
where (e.id, e.title, e.instructor, e.semester, e.description, e.seats)
    is distinct from (f.id, f.title, f.instructor, f.semester, f.description, f.seats)
