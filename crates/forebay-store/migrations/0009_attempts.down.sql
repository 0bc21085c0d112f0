drop function forebay_private.rescue_jobs(int, int);
drop function forebay_private.end_held(int, uuid[], uuid[], boolean);
drop function forebay_private.end_failed(int, uuid[], uuid[], text[], text[], text[], interval[]);
drop function forebay_private.shrink_claims(uuid[]);
drop function forebay_private.lock_attempts(int, uuid[], uuid[], boolean);
drop function forebay_private.retry_policy(int, text);
