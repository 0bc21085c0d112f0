drop table forebay.rejected_records;
drop table forebay.scrape_run_fields;
drop function forebay_private.is_held;
drop table forebay.scope_leases;
drop table forebay.scrape_runs;
drop table forebay.pipelines;
drop table forebay.sources;
