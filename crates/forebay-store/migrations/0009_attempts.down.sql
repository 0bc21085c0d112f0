drop function forebay_private.rescue_jobs(int, int);
drop function forebay_private.lose_claim(forebay.ingestion_claims, text, text);
drop function forebay_private.end_attempts(int, uuid[], uuid[], text[], text[], text[], interval[], boolean, timestamptz);
drop function forebay_private.shrink_claims(uuid[]);
drop function forebay_private.retry_policy(int, text);
