-- Whether the table has a key column: a reference_id of type uuid with its own unique index.
select exists (
    select
    from pg_index as i
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = to_regclass($1)
        and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indnkeyatts = 1
        and a.attname = 'reference_id' and a.atttypid = 'uuid'::regtype) as is_keyed
