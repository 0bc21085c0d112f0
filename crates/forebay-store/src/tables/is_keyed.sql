-- Whether rows of a table can be found by their reference_id: a uuid with a unique index of its own.
select exists (
    select
    from pg_index as i
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = to_regclass($1)
        and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indnkeyatts = 1
        and a.attname = 'reference_id' and a.atttypid = 'uuid'::regtype) as is_keyed
