-- A user table and its witness. The witness counts every write of a row, even one that changes nothing, and every
-- completed hand-off. Triggers write the counts in the transaction that they count, so both commit or neither.
create table public.chaos_rows (reference_id uuid primary key, key text, n bigint);
create table public.chaos_witness (
    reference_id uuid primary key,
    num_writes int not null default 0,
    num_done int not null default 0);
create function public.chaos_count_write() returns trigger language plpgsql as $$
begin
    insert into public.chaos_witness as w (reference_id, num_writes)
    values (case when tg_op = 'DELETE' then old.reference_id else new.reference_id end, 1)
    on conflict (reference_id) do update set num_writes = w.num_writes + 1;
    return null;
end $$;
create function public.chaos_count_done() returns trigger language plpgsql as $$
begin
    insert into public.chaos_witness as w (reference_id, num_done)
    select new.reference_id, 1 from forebay.pipelines as p where p.pipeline_id = new.pipeline_id and p.handler = 'table'
    on conflict (reference_id) do update set num_done = w.num_done + 1;
    return null;
end $$;
create trigger chaos_count_write after insert or update or delete on public.chaos_rows
for each row execute function public.chaos_count_write();
create trigger chaos_count_done after insert on forebay.ingestion_outcomes
for each row when (new.state = 'succeeded') execute function public.chaos_count_done();
