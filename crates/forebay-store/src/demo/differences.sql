-- Both sides as the same columns of text, whatever the types of the table's columns.
with
told as (
    select r.reference_id, r.payload ->> 'id' as id, r.payload ->> 'title' as title,
        r.payload ->> 'instructor' as instructor, r.payload ->> 'semester' as semester,
        r.payload ->> 'description' as description, r.payload ->> 'seats' as seats
    from forebay."references" as r
    join forebay.sources as s using (source_id)
    where s.name = 'courses' and r.removed_at is null
),
held as (
    select c.reference_id, c.id::text, c.title::text, c.instructor::text, c.semester::text, c.description::text,
        c.seats::text
    from public.courses as c
)
select count(*)
from told as t
full join held as h using (reference_id)
where (t.id, t.title, t.instructor, t.semester, t.description, t.seats)
    is distinct from (h.id, h.title, h.instructor, h.semester, h.description, h.seats)
