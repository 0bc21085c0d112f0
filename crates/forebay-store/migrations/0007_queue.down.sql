drop function forebay_private.next_jobs(int, int);
drop function forebay_private.enqueue(
    uuid[], bytea[], int[], text[], int[], bigint, int, text, smallint, timestamptz);
drop function forebay_private.set_limit_keys(int, uuid[]);
drop function forebay_private.limit_key(jsonb, text[], boolean);
drop function forebay_private.find_pipeline(text);
