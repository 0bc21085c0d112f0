drop function forebay.enqueue(text, uuid[], timestamptz);
-- The role stays: other roles may be members of it, and other databases of the server may use it.
do $$
begin
    if exists (select from pg_roles where rolname = 'forebay_worker') then
        revoke usage on schema forebay from forebay_worker;
    end if;
end $$;
drop function forebay.fail_jobs(text, jsonb);
drop function forebay.release_jobs(text, uuid[], uuid[]);
drop function forebay.complete_jobs(text, uuid[], uuid[]);
drop function forebay.heartbeat_jobs(text, uuid[], interval);
drop function forebay.claim_jobs(text, int, interval, text, boolean);
drop function forebay_private.heartbeat(int, uuid[], interval);
drop function forebay_private.claim(forebay.pipelines, int, interval, text, boolean, uuid);
drop function forebay_private.external_pipeline(text);
drop function forebay_private.release_worker(text);
drop function forebay_private.note_worker(text, text);
drop table forebay.workers;
