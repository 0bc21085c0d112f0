drop function forebay_private.next_jobs(int, int);
drop function forebay_private.job(int, uuid);
drop function forebay_private.find_pipeline(text);
