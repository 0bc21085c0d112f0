drop table forebay.rejected_records;
drop table forebay.scrape_run_fields;
drop table forebay.scrape_runs;
drop table forebay.pipelines;
drop table forebay.sources;
