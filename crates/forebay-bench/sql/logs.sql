-- Measures searches of the log at 10 million lines: three months, 2,000 runs, one of them with 200,000 lines, 1.5 % of
-- warnings and errors. Run it with psql on a database of its own that `forebay db up` has prepared:
--     psql --file crates/forebay-bench/sql/logs.sql DATABASE
-- The second of each pair of plans counts: the first one reads the pages into memory.
\set ON_ERROR_STOP on
\timing on
set timezone = 'UTC';
select forebay_private.ensure_month('scrape_logs', month) from unnest('{2026-01-01, 2026-02-01, 2026-03-01}'::timestamptz[]) as m (month);
insert into forebay.scrape_logs (run_id, logged_at, level, message, metadata)
select
    case when n % 50 = 0 then 7 else n / 5000 + 1 end,
    '2026-01-01'::timestamptz + n * interval '0.775 seconds',
    case when n % 200 = 0 then 'error' when n % 100 = 0 then 'warn' else 'info' end,
    case
        when n % 200 = 0 then 'the page could not be read: status ' || 400 + n % 199
        when n % 1000 = 1 then 'retrying ' || md5((n / 5000)::text) || ' after a timeout'
        else 'fetched a page of ' || n % 4000 || ' bytes'
    end,
    jsonb_build_object('url', 'https://site-' || n % 500 || '.example.test/courses/' || md5(n::text), 'status', 200 + n % 299)
from generate_series(0, 9999999) as n;
vacuum analyze forebay.scrape_logs;
select relname, pg_size_pretty(pg_table_size(i.inhrelid)) as lines, pg_size_pretty(pg_indexes_size(i.inhrelid)) as indexes
from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
where i.inhparent = 'forebay.scrape_logs'::regclass order by relname;

\echo The warnings and errors of a run with 5,000 lines
\set run_and_level 'explain (analyze, buffers, costs off, timing off) select * from forebay.scrape_logs where run_id = 1200 and level in (''warn'', ''error'') order by log_id limit 1000'
:run_and_level;
:run_and_level;
\echo The errors of a run with 200,000 lines, and its last lines of any level
\set errors 'explain (analyze, buffers, costs off, timing off) select * from forebay.scrape_logs where run_id = 7 and level in (''warn'', ''error'') and level = ''error'' order by log_id limit 1000'
:errors;
:errors;
\set tail 'explain (analyze, buffers, costs off, timing off) select * from forebay.scrape_logs where run_id = 7 order by log_id desc limit 1000'
:tail;
:tail;
\echo Words within a month: on 1, on 3,400 and on 17,000 lines of it, on nearly all lines, and a phrase on 17,000 and on none
\set one 'select count(*) from forebay.search_logs(md5(''300''), ''2026-01-01'', ''2026-02-01'')'
:one;
:one;
\set some 'select count(*) from forebay.search_logs(''retrying timeout'', ''2026-01-01'', ''2026-02-01'')'
:some;
:some;
\set many 'select count(*) from forebay.search_logs(''could read'', ''2026-01-01'', ''2026-02-01'')'
:many;
:many;
\set most 'select count(*) from forebay.search_logs(''fetched page'', ''2026-01-01'', ''2026-02-01'')'
:most;
:most;
\set phrase 'select count(*) from forebay.search_logs(''"could not be read"'', ''2026-01-01'', ''2026-02-01'')'
:phrase;
:phrase;
\set apart 'select count(*) from forebay.search_logs(''"read could be"'', ''2026-01-01'', ''2026-02-01'')'
:apart;
:apart;
