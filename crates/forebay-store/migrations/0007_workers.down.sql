-- The role stays: it may have been granted to others, and other databases of the server may use it.
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
drop function forebay.claim_jobs(text, int, interval, text);
drop function forebay_private.spend(forebay.pipelines, uuid[]);
drop function forebay_private.within_key_limits(forebay.pipelines, uuid[], int);
drop function forebay_private.next_jobs(int, int);
drop function forebay_private.allowance(forebay.pipelines, int);
drop function forebay_private.tokens(forebay.ingestion_limits, double precision);
drop function forebay_private.rescue_jobs(int, int);
drop function forebay_private.end_held(int, uuid[], uuid[], boolean);
drop function forebay_private.end_failed(int, uuid[], uuid[], text[], text[], text[], interval[]);
drop function forebay_private.retry_policy(int, text);
drop function forebay_private.limit_key(jsonb, text[], boolean);
drop function forebay_private.job(int, uuid);
drop function forebay_private.find_pipeline(text);
