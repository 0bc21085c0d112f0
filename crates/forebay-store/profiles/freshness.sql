-- The profile "freshness": the ledger as a table that services write. A table, because ON CONFLICT works on no view
-- with triggers. {schema} is the quoted name of the user's schema; {columns} are the quoted columns of the scope,
-- {definitions} the same with their type, and {arguments} the same as literals.

create table if not exists {schema}.sync_metadata (
    id uuid not null default gen_random_uuid() primary key,
    entity_type text not null,
    {definitions},
    last_sync timestamptz,
    sync_status text not null check (sync_status in ('in_progress', 'success', 'failed')),
    error_message text,
    created_at timestamptz not null default now(),
    unique nulls not distinct (entity_type, {columns})
);
comment on table {schema}.sync_metadata is
    'Forebay profile freshness: the freshness ledger. An INSERT or UPDATE reports a sync; only success moves last_sync.';
comment on column {schema}.sync_metadata.id is 'Id of the row.';
comment on column {schema}.sync_metadata.entity_type is 'The entity type.';
comment on column {schema}.sync_metadata.last_sync is 'When a sync of the whole scope last succeeded; it never moves back.';
comment on column {schema}.sync_metadata.sync_status is 'in_progress, success or failed.';
comment on column {schema}.sync_metadata.error_message is 'Why the last sync failed; null: it did not.';
comment on column {schema}.sync_metadata.created_at is 'When the row was created.';

create or replace trigger forebay_check
    before insert or update of entity_type, {columns}, last_sync, sync_status, error_message on {schema}.sync_metadata
    for each row execute function forebay_private.check_sync_row({arguments});
create or replace trigger forebay_report
    after insert or delete or update of entity_type, {columns}, last_sync, sync_status, error_message
    on {schema}.sync_metadata
    for each row execute function forebay_private.report_sync_row({arguments});

-- Rows without an entry, if the table was there before the triggers, and entries without an equal row.
delete from {schema}.sync_metadata as t
where not exists (
    select from forebay.sync_metadata as m
    where m.entity_type = t.entity_type
        and m.scope = forebay_private.row_scope(to_jsonb(t), array[{arguments}]));
select forebay_private.show_sync(m.entity_type, m.scope) from forebay.sync_metadata as m;
